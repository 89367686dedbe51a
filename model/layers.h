/* Embedding, feed-forward network, and residual connection with normalization: all parts of the model except attention
 * and the output layer. Private to model/. */
#ifndef MODEL_LAYERS_H
#define MODEL_LAYERS_H

#include "model/model.h"

/* positions [max_positions, d_model]: row p holds the sines of p / 10000^(2i/d_model) in the first half of its columns,
 * rounded up, and the cosines in the rest. The paper interleaves sines and cosines (Vaswani et al. 2017, 3.5); MarianMT
 * does not. Computed in double. */
void embedding_positions(float *positions, size_t max_positions, size_t d_model);

/* x [n, d_model] = rows ids [n] of the table, scaled, plus positions first_position … first_position + n - 1. */
void model_embed(float *x, const transformer *model, const linear_weights *table, const int32_t *ids, size_t n,
                 size_t first_position);

/* out [n_rows, d_model] = activation(x W1 + b1) W2 + b2 (Vaswani et al. 2017, equation 2, with ReLU as the activation);
 * x [n_rows, d_model]; inner [n_rows, d_ff] is scratch. */
void model_feed_forward(float *out, float *inner, const feed_forward_weights *weights, const float *x, size_t n_rows,
                        linear_scratch *scratch, const trace_reader *reader);

/* x [n_rows, d_model] = LayerNorm(x + sublayer [n_rows, d_model]): post-norm, as in Vaswani et al. 2017, 3.1. */
void model_add_and_norm(float *x, const float *sublayer, const norm_weights *weights, size_t n_rows, size_t d_model,
                        const trace_reader *reader);

#endif
