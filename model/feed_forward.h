/* The position-wise feed-forward network of each layer. */
#ifndef MODEL_FEED_FORWARD_H
#define MODEL_FEED_FORWARD_H

#include "model/model.h"

/* out [n_rows, d_model] = activation(x W1 + b1) W2 + b2 (Vaswani et al. 2017, equation 2, with ReLU as the activation);
 * x [n_rows, d_model]; inner [n_rows, d_ff] is scratch. */
void model_feed_forward(float *out, float *inner, const feed_forward_weights *weights, const float *x, size_t n_rows,
                        linear_scratch *scratch, const trace_reader *reader);

#endif
