/* Finds the checkpoint of a run without --model. */
#ifndef CLI_DEFAULT_CHECKPOINT_H
#define CLI_DEFAULT_CHECKPOINT_H

#include <stdbool.h>

#include "support/failure.h"

/* The directory that TRANSFORMER_CHECKPOINT names, or that of the bundled checkpoint. Sets *why and returns NULL if
 * the latter is not installed. The string is static. */
const char *default_checkpoint(failure *why);

/* Finds the bundled checkpoint of a program, given its path: in ../share, as installed under any prefix, in share/
 * beside it, as in a build directory, or in `data`, the data directory. Returns a static string, or NULL. */
const char *bundled_checkpoint(const char *program, const char *data);

#endif
