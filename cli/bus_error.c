/* The weights are mapped, so that the program starts quickly and processes share them. The price: if the file is
 * truncated or its disk fails, an access raises SIGBUS where a read would have returned an error. */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bus_error.h"
#include "cli/say.h"
#include "support/utf8.h"

static text_buffer said = {text_empty, 0, 0}; /* made before, as a handler can only write */
static atomic_flag ending = ATOMIC_FLAG_INIT;

static void end_with_sentence(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code == BUS_ADRERR) { /* the mapped file has no such page */
        while (atomic_flag_test_and_set(&ending))
            pause(); /* another thread is already ending the program */
        cli_say_safely(said.bytes);
        _exit(EXIT_FAILURE);
    }
    signal(number, SIG_DFL); /* any other cause: the access is retried, which ends the program */
}

bool cli_catch_bus_errors(const char *directory, failure *why)
{
    static const char problem[] = "/model.safetensors: truncated or unreadable while in use; copy the checkpoint "
                                  "again and run the program again";
    struct sigaction action = {.sa_sigaction = end_with_sentence, .sa_flags = SA_SIGINFO};
    text_free(&said); /* of another checkpoint */
    size_t length;
    for (const char *at = directory, *end = at + strlen(at); at < end; at += length) {
        utf8_shown shown = utf8_show(at, (size_t)(end - at), &length);
        if (!text_append(&said, shown.bytes, shown.size, why))
            return false;
    }
    if (!text_append(&said, problem, sizeof problem - 1, why))
        return false;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
    return true;
}
