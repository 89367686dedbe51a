/* The end of every sublayer: residual connection and layer normalization. */
#ifndef MODEL_ADD_AND_NORM_H
#define MODEL_ADD_AND_NORM_H

#include "model/model.h"

/* x [n_rows, d_model] = LayerNorm(x + sublayer [n_rows, d_model]): post-norm, as in Vaswani et al. 2017, 3.1. */
void model_add_and_norm(float *x, const float *sublayer, const norm_weights *weights, size_t n_rows, size_t d_model,
                        const trace_reader *reader);

#endif
