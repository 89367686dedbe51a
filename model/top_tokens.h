/* The most probable tokens at a step of decoding. */
#ifndef MODEL_TOP_TOKENS_H
#define MODEL_TOP_TOKENS_H

#include "model/config.h"

typedef struct {
    int32_t id;
    float probability, log_probability;
} token_probability;

/* Sets top [n] to the most probable tokens of a row of logits [n_target_vocabulary], best first; on a tie, the lowest
 * id first. Replaces the logits by the probabilities of all tokens; those of suppressed tokens are 0, as in greedy
 * search. Returns the number of tokens: fewer than n if no other can be chosen, 0 if a logit is NaN or +infinity. */
size_t model_top_tokens(token_probability *top, size_t n, float *logits, const model_config *config);

#endif
