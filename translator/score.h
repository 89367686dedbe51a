/* Scores many pairs of a source and its translation, on several threads. Private to translator/. */
#ifndef TRANSLATOR_SCORE_H
#define TRANSLATOR_SCORE_H

#include "translator/batches.h"

/* Fills in the log-probabilities of each pair [n] that has a target. */
bool score_pairs(const batch_workers *workers, translated_sentence *pairs, size_t n, failure *why);

#endif
