/* The position-wise feed-forward network and what stands between two sublayers. */
#ifndef MODEL_FEED_FORWARD_H
#define MODEL_FEED_FORWARD_H

#include "model/model.h"

/* out [n_rows, d_model] = activation(x W1 + b1) W2 + b2 (Vaswani et al. 2017, equation 2, with any of
 * the family's activations); x [n_rows, d_model], inner [n_rows, d_ff] is scratch. */
void feed_forward(float *out, float *inner, const feed_forward_weights *weights, const float *x, size_t n_rows,
                  linear_scratch *scratch, const trace_reader *reader);

/* x [n_rows, d_model] = LayerNorm(x + sublayer) (Vaswani et al. 2017, 3.1): the norm comes after. */
void add_and_norm(float *x, const float *sublayer, const norm_weights *weights, size_t n_rows, size_t d_model,
                  const trace_reader *reader);

#endif
