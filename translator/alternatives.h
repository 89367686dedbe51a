/* Alternatives: how the translation of a sentence could continue after its first words. Private to translator/. */
#ifndef TRANSLATOR_ALTERNATIVES_H
#define TRANSLATOR_ALTERNATIVES_H

#include "tokenizer/tokenizer.h"
#include "translator/batches.h"

/* Sets the hypotheses of each translated sentence of lines [n_lines] to the n alternatives after its first `position`
 * words, without texts, best first. A line of several sentences gets its translation alone. */
bool alternatives_find(const batch_workers *workers, const tokenizer *t, size_t position, size_t n, translation *lines,
                       size_t n_lines, failure *why);

#endif
