/* Embedding, feed-forward network, and residual connection with normalization: all parts of the model except attention
 * and the output layer. Private to model/. */
#ifndef MODEL_LAYERS_H
#define MODEL_LAYERS_H

#include "model/model.h"

/* positions [max_positions, d_model]: row p holds the sines of p / 10000^(2i/d_model) in the first half of its columns,
 * rounded up, and the cosines in the rest. The paper interleaves sines and cosines (Vaswani et al. 2017, 3.5); MarianMT
 * does not. Computed in double. */
void embedding_positions(float *positions, size_t max_positions, size_t d_model);

/* x [n, d_model] = rows ids [n] of the table, times sqrt(d_model) if it is scaled, plus rows [n] of positions. */
void model_embed(float *x, const linear_weights *table, bool scaled, const float *positions, const int32_t *ids,
                 size_t n);

/* out [n_rows, d_model] = activation(x W1 + b1) W2 + b2 (Vaswani et al. 2017, equation 2, with ReLU as the activation);
 * x [n_rows, d_model]; inner [n_rows, d_ff] is scratch. */
void model_feed_forward(float *out, float *inner, const feed_forward_weights *weights, const float *x, size_t n_rows,
                        linear_scratch *scratch, const trace_reader *reader);

/* Layer normalization comes after each sublayer (post-norm, Vaswani et al. 2017, 3.1) or before it (pre-norm, Xiong et
 * al. 2020, figure 1); the weights say which. Names in traces are theirs, with a suffix.
 *
 * out [n_rows, d_model] = LayerNorm(x), traced as "…_norm". out may be x. */
void model_norm(float *out, const float *x, const norm_weights *weights, size_t n_rows, const trace_reader *reader);

/* The input of a sublayer: x itself in a post-norm model; in a pre-norm model LayerNorm(x), in normed
 * [n_rows, d_model]. */
const float *model_norm_before(float *normed, const float *x, const norm_weights *weights, size_t n_rows,
                               const trace_reader *reader);

/* x [n_rows, d_model] = LayerNorm(x + sublayer [n_rows, d_model]); in a pre-norm model x + sublayer, traced as
 * "…_residual". */
void model_add_and_norm(float *x, const float *sublayer, const norm_weights *weights, size_t n_rows,
                        const trace_reader *reader);

#endif
