/* The position-wise feed-forward network: two linear layers with an activation between them. */
#include "model/layers.h"

#include <string.h>

static void activate(float *x, size_t n, activation function)
{
    switch (function) {
    case ACTIVATION_RELU: kernels_relu(x, n); break;
    case ACTIVATION_SWISH: kernels_swish(x, n); break;
    case ACTIVATION_GELU: kernels_gelu(x, n); break;
    case ACTIVATION_GELU_TANH: kernels_gelu_tanh(x, n); break;
    }
}

void model_feed_forward(float *out, float *inner, const feed_forward_weights *weights, const float *x, size_t n_rows,
                        linear_scratch *scratch, const trace_reader *reader)
{
    size_t d_ff = weights->inner.d_out;
    kernels_linear(inner, x, &weights->inner, n_rows, scratch);
    activate(inner, n_rows * d_ff, weights->activation);
    trace_tensor(reader, weights->name, ".inner", inner, n_rows, d_ff);
    kernels_linear(out, inner, &weights->outer, n_rows, scratch);
    if (weights->off)
        memset(out, 0, n_rows * weights->outer.d_out * sizeof *out);
    trace_tensor(reader, weights->name, "", out, n_rows, weights->outer.d_out);
}
