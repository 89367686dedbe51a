/* What the lines of a run depend on, so that a later run goes on with them only where nothing has changed. */
#ifndef CLI_RUN_IDENTITY_H
#define CLI_RUN_IDENTITY_H

#include <stdbool.h>

#include "model/config.h"
#include "support/failure.h"

/* Sizes and digests of contents, as text. */
typedef struct {
    char input[48], checkpoint[48], program[48];
} run_identity;

/* Reads the input file, and the files of the checkpoint directory that `config` was read from. */
bool run_identify(run_identity *identity, const char *input, const char *directory, const model_config *config,
                  failure *why);

/* Writes the file `path`, and syncs it. */
bool run_identity_write(const run_identity *identity, const char *path, failure *why);

/* Fails where the file `path` is missing or holds another identity; `partial` is what it was written for. */
bool run_identity_check(const run_identity *identity, const char *path, const char *partial, failure *why);

#endif
