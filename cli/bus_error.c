/* The weights are mapped, which makes starting quick and lets processes share them. The price: when the file becomes
 * shorter, or its disk cannot be read, an access raises SIGBUS where a read would have failed. */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bus_error.h"
#include "cli/say.h"
#include "support/utf8.h"

static text_buffer said; /* made before, as a handler can only write */
static atomic_flag ending = ATOMIC_FLAG_INIT;

static void end_with_sentence(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code == BUS_ADRERR) { /* no file behind the address */
        while (atomic_flag_test_and_set(&ending))
            pause(); /* another thread came here first, and ends the program */
        cli_say_safely(said.bytes);
        _exit(EXIT_FAILURE);
    }
    signal(number, SIG_DFL); /* another kind: the access is tried again, and ends the program */
}

bool cli_catch_bus_errors(const char *directory, failure *why)
{
    static const char problem[] = "/model.safetensors: became shorter or unreadable while it was in use; copy the "
                                  "checkpoint again and run the program again";
    struct sigaction action = {.sa_sigaction = end_with_sentence, .sa_flags = SA_SIGINFO};
    said = TEXT_EMPTY;
    if (!utf8_append_line(&said, directory, strlen(directory), why) ||
        !text_append(&said, problem, sizeof problem - 1, why))
        return false;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
    return true;
}
