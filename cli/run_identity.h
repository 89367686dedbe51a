/* What the lines of a run depend on. A run is resumed only if none of that has changed. */
#ifndef CLI_RUN_IDENTITY_H
#define CLI_RUN_IDENTITY_H

#include <stdbool.h>

#include "cli/arguments.h"
#include "cli/input_encoding.h"
#include "model/config.h"
#include "support/failure.h"

/* Sizes and digests of the files, the program's version, whether text is protected ("on", "off"), how it is searched,
 * which parts of the model are switched off, the output's format ("text", "jsonl"), and the encoding of the input and
 * the language of translations, or "default". */
typedef struct {
    char input[48], checkpoint[48], program[48], protection[4], search[192], experiment[28], format[6],
        encoding[INPUT_ENCODING_NAME + 1], language[64];
} run_identity;

/* Sets names to those of the files that a checkpoint directory with this configuration has; NULL for those it lacks. */
enum { CHECKPOINT_FILES = 7 };
void checkpoint_file_names(const char *names[CHECKPOINT_FILES], const model_config *config);

/* Identifies the run of these arguments: digests the input file, and the files of the checkpoint directory, which
 * `config` was read from. */
bool run_identify(run_identity *identity, const arguments *a, const model_config *config, failure *why);

/* Replaces the content of the open file `path` by the identity, and syncs it. */
bool run_identity_write(const run_identity *identity, int descriptor, const char *path, failure *why);

/* Whether the file holds an identity, whichever. */
bool run_identity_is_one(int descriptor);

/* Fails if the file holds another identity. The message names `partial`, the output so far. */
bool run_identity_check(const run_identity *identity, int descriptor, const char *partial, failure *why);

#endif
