/* What else was likely at a step of decoding. */
#ifndef MODEL_TOP_TOKENS_H
#define MODEL_TOP_TOKENS_H

#include "model/config.h"

/* The most probable tokens of a row of logits [n_target_vocabulary], which are used up: their ids and log-probabilities
 * [n], best first, the lowest id first among equals. Suppressed tokens have no probability, as in greedy search.
 * Returns how many there are, fewer than n if the others cannot be chosen, 0 if a logit is +infinity or NaN. */
size_t model_top_tokens(int32_t *ids, float *log_probabilities, size_t n, float *logits, const model_config *config);

#endif
