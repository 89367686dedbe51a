/* Residual connection and layer normalization. */
#include "model/layers.h"

void model_add_and_norm(float *x, const float *sublayer, const norm_weights *weights, size_t n_rows, size_t d_model,
                        const trace_reader *reader)
{
    kernels_add(x, sublayer, n_rows * d_model);
    kernels_layer_norm(x, x, weights->weight, weights->bias, n_rows, d_model);
    trace_tensor(reader, weights->name, "", x, n_rows, d_model);
}
