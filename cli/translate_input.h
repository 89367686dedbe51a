/* One run over an input: TEXT, a file or standard input. */
#ifndef CLI_TRANSLATE_INPUT_H
#define CLI_TRANSLATE_INPUT_H

#include <stdbool.h>

#include "cli/arguments.h"
#include "cli/session.h"

/* Opens the input and all outputs, translates or scores every line, shows the views, for TEXT also those of the
 * session's original, and closes everything. The outputs
 * are complete, or as far as --resume can go on from, or not there at all. */
bool translate_input(const arguments *a, const session *s, failure *why);

#endif
