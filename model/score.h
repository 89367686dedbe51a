/* Scores a translation that is already known: one forward pass gives the probability of each of its tokens. */
#ifndef MODEL_SCORE_H
#define MODEL_SCORE_H

#include "model/transformer.h"

/* Sets log_probabilities [n_tgt] to those of target_ids [n_tgt], end token included, each given the source and the
 * tokens before it (teacher forcing): logarithms of a softmax over the whole vocabulary. The state must have just been
 * laid out for this sentence, with n_tgt new tokens and logits. Fails if a logit is NaN or +infinity. */
bool score_target(float *log_probabilities, transformer_state *state, const transformer *model,
                  const int32_t *source_ids, const int32_t *target_ids, size_t n_tgt, failure *why);

#endif
