/* What the lines of a run depend on. A run is resumed only if none of that has changed. */
#ifndef CLI_RUN_IDENTITY_H
#define CLI_RUN_IDENTITY_H

#include <stdbool.h>

#include "model/config.h"
#include "support/failure.h"

/* Sizes and digests of the files, the program's version, whether text is protected ("on", "off"), and the output's
 * format ("text", "jsonl"). */
typedef struct {
    char input[48], checkpoint[48], program[48], protection[4], format[6];
} run_identity;

/* Digests the input file, and the files of the checkpoint directory that `config` was read from. */
bool run_identify(run_identity *identity, const char *input, const char *directory, const model_config *config,
                  bool protection, bool json_lines, failure *why);

/* Writes the identity to the file `path`, and syncs it. */
bool run_identity_write(const run_identity *identity, const char *path, failure *why);

/* Fails if the file `path` is missing or holds another identity. The message names `partial`, the output so far. */
bool run_identity_check(const run_identity *identity, const char *path, const char *partial, failure *why);

#endif
