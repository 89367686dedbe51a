/* What else was likely at a step of decoding. */
#ifndef MODEL_TOP_TOKENS_H
#define MODEL_TOP_TOKENS_H

#include "model/config.h"

typedef struct {
    int32_t id;
    float probability, log_probability;
} token_probability;

/* The n most probable tokens by a row of logits [n_target_vocabulary], which become the probabilities of all tokens:
 * best first, the lowest id first among equals. Suppressed tokens have no probability, as in greedy search. Returns how
 * many there are, fewer than n if the others cannot be chosen, 0 if a logit is +infinity or NaN. */
size_t model_top_tokens(token_probability *top, size_t n, float *logits, const model_config *config);

#endif
