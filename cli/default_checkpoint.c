/* Finds the checkpoint of a run without --model. */
#include "cli/default_checkpoint.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUNDLED "transformer.c/checkpoints/en-de"

const char *bundled_checkpoint(const char *program, const char *data)
{
    static char found[PATH_MAX];
    char path[PATH_MAX];
    const char *end = strrchr(program, '/');
    int n_directory = end ? (int)(end - program) : 0;
    static const char *const beside[] = {"../share", "share"};
    for (size_t i = 0; end && i < sizeof beside / sizeof *beside; i++)
        if (snprintf(path, sizeof path, "%.*s/%s/" BUNDLED, n_directory, program, beside[i]) < PATH_MAX &&
            realpath(path, found))
            return found;
    return snprintf(path, sizeof path, "%s/" BUNDLED, data) < PATH_MAX ? realpath(path, found) : NULL;
}

const char *default_checkpoint(failure *why)
{
    char program[PATH_MAX] = ""; /* with links resolved: a link to the program may be anywhere */
    const char *named = getenv("TRANSFORMER_CHECKPOINT"), *found;
    if (named && *named)
        return named;
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        *program = '\0';
    if (!(found = bundled_checkpoint(program, TRANSFORMER_DATA)))
        failure_set(why,
                    "%s: the bundled checkpoint is not there, nor beside the program; install it again, "
                    "or name a checkpoint with --model or TRANSFORMER_CHECKPOINT",
                    TRANSFORMER_DATA "/" BUNDLED);
    return found;
}
