/* Shows the steps of decoding. */
#ifndef CLI_SHOW_STEPS_H
#define CLI_SHOW_STEPS_H

#include "cli/terminal.h"
#include "translator/translator.h"

/* Prints every step of decoding, from the recorded pass of a sentence: the piece fed → the chosen piece, and the five
 * runners-up, with log-probabilities, which must have been requested from translator_translate. */
bool show_steps(const translator *t, const translated_sentence *sentence, const trace_record *pass,
                const terminal *term, failure *why);

#endif
