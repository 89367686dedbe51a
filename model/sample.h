/* Sampling: draws each token at random, with the probability that the model gives it. */
#ifndef MODEL_SAMPLE_H
#define MODEL_SAMPLE_H

#include "model/transformer.h"

/* Changes the logits [n] such that their softmax is what tokens are drawn from, in the order of transformers' warpers:
 * divides them by the temperature; then sets those of all but the top_k largest to -infinity, except ties with the last
 * of them; then those of all but the fewest of the most probable tokens, at least one, whose probabilities add up to
 * top_p or more. On a tie there, the lowest id remains. probabilities [n] and order [n] are scratch memory. Returns
 * false if a logit is NaN or +infinity, or if all are -infinity. */
bool sample_warp(float *logits, size_t n, const sampling_options *options, float *probabilities, int32_t *order);

/* Warps the logits [n] and draws a token: the first such that its probability and those of the ids before it add up to
 * more than `random`, in [0, 1). Returns n where sample_warp returns false. */
size_t sample_token(float *logits, size_t n, const sampling_options *options, float *probabilities, int32_t *order,
                    double random);

/* The random number for the token after `step` others at this place: a function of these and the seed alone. */
double sample_random(size_t seed, const sample_place *place, size_t step);

#endif
