/* Token ids to vectors: embedding, times sqrt(d_model), plus position. */
#ifndef MODEL_EMBEDDING_H
#define MODEL_EMBEDDING_H

#include "model/model.h"

/* positions [max_positions, d_model]: row p holds the sines of p / 10000^(2i/d_model) in the first half of its columns
 * (rounded up), and the cosines in the rest. The paper alternates sines and cosines (Vaswani et al. 2017, 3.5);
 * MarianMT does not. Computed in double. */
void embedding_positions(float *positions, size_t max_positions, size_t d_model);

/* x [n, d_model] = rows ids [n] of the table, times sqrt(d_model) if it is scaled, plus rows [n] of positions. */
void model_embed(float *x, const linear_weights *table, bool scaled, const float *positions, const int32_t *ids,
                 size_t n);

#endif
