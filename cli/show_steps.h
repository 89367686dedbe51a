#ifndef CLI_SHOW_STEPS_H
#define CLI_SHOW_STEPS_H

#include "cli/terminal.h"
#include "translator/translator.h"

/* Every step of decoding, from the recorded pass of a sentence with log-probabilities: the chosen piece and the five
 * most probable others. */
bool show_steps(const translator *t, const translated_sentence *sentence, const trace_record *pass,
                const terminal *term, failure *why);

#endif
