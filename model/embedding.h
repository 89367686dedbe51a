/* Token ids to vectors: the embedding, times sqrt(d_model), plus the position. */
#ifndef MODEL_EMBEDDING_H
#define MODEL_EMBEDDING_H

#include "model/model.h"

/* positions [max_positions, d_model]: row p holds the sines of p / 10000^(2i/d_model) in the first half of its columns,
 * rounded up, and the cosines in the rest. The paper interleaves sines and cosines (Vaswani et al. 2017, 3.5); MarianMT
 * does not. Computed in double. */
void embedding_positions(float *positions, size_t max_positions, size_t d_model);

/* x [n, d_model] = rows ids [n] of the table, scaled, plus positions first_position … first_position + n - 1. */
void model_embed(float *x, const transformer *model, const linear_weights *table, const int32_t *ids, size_t n,
                 size_t first_position);

#endif
