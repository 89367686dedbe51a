/* Shows the steps of beam search. */
#ifndef CLI_SHOW_BEAM_H
#define CLI_SHOW_BEAM_H

#include "cli/terminal.h"
#include "translator/translator.h"

/* Prints the hypotheses of a sentence at every step, best first: a star if the translation came of it, the sum of its
 * log-probabilities, its score if it ends there, what became of it, and its pieces, of which the last fit the terminal.
 * A hypothesis "ended", was "dropped" (no continuation is among the next step's), or was "open" when the search ended.
 */
void show_beam(const translator *t, const translated_sentence *sentence, const terminal *term);

#endif
