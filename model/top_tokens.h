/* The most probable tokens at a step of decoding. */
#ifndef MODEL_TOP_TOKENS_H
#define MODEL_TOP_TOKENS_H

#include "model/config.h"

/* Sets ids and log_probabilities [n] to the most probable tokens of a row of logits [n_target_vocabulary], best first,
 * the lowest id first on a tie. Overwrites the logits. Suppressed tokens have no probability, as in greedy search.
 * Returns the number of tokens: fewer than n if the rest cannot be chosen, 0 if a logit is NaN or +infinity. */
size_t model_top_tokens(int32_t *ids, float *log_probabilities, size_t n, float *logits, const model_config *config);

#endif
