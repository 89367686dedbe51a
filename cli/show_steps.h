#ifndef CLI_SHOW_STEPS_H
#define CLI_SHOW_STEPS_H

#include "translator/translator.h"

/* Every step of decoding: the chosen piece and the five most probable others, with log-probabilities, which must be
 * there. On standard error. */
bool show_steps(translator *t, const text_line *line, const translation *result, size_t number, failure *why);

#endif
