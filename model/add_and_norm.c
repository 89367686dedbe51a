/* Residual connection and layer normalization. */
#include "model/layers.h"

void model_norm(float *out, const float *x, const norm_weights *weights, size_t n_rows, const trace_reader *reader)
{
    kernels_layer_norm(out, x, weights->weight, weights->bias, weights->epsilon, n_rows, weights->d_model);
    trace_tensor(reader, weights->name, "_norm", out, n_rows, weights->d_model);
}

const float *model_norm_before(float *normed, const float *x, const norm_weights *weights, size_t n_rows,
                               const trace_reader *reader)
{
    if (!weights->before)
        return x;
    model_norm(normed, x, weights, n_rows, reader);
    return normed;
}

void model_add_and_norm(float *x, const float *sublayer, const norm_weights *weights, size_t n_rows,
                        const trace_reader *reader)
{
    kernels_add(x, sublayer, n_rows * weights->d_model);
    if (weights->before)
        trace_tensor(reader, weights->name, "_residual", x, n_rows, weights->d_model);
    else
        model_norm(x, x, weights, n_rows, reader);
}
