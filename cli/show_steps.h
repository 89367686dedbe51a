/* Shows the steps of decoding. */
#ifndef CLI_SHOW_STEPS_H
#define CLI_SHOW_STEPS_H

#include "translator/translator.h"

/* Prints every step of decoding on standard error: the chosen piece and the five runners-up, with log-probabilities,
 * which must have been requested from translator_translate. */
bool show_steps(translator *t, const text_line *line, const translation *result, size_t number, failure *why);

#endif
