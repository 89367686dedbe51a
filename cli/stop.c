/* Records signals. SA_RESETHAND makes the second one end the program. */
#include "cli/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_int signal_that_came;

static void note(int number)
{
    signal_that_came = number;
}

void stop_listen(void)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct sigaction before, action = {.sa_handler = note, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
}

int stop_signal(void)
{
    return signal_that_came;
}
