/* The arithmetic. The only room that knows BLAS; nothing here knows what a Transformer is.
 *
 * Outputs come first, then inputs, then dimensions. Matrices are row-major, shapes are [rows, columns].
 * Nothing here allocates or fails. An output must not overlap an input unless a comment allows it. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Call before anything else, as often as you like: BLAS then computes in the calling thread only, process-wide. */
void kernels_start(void);

/* The processor that OpenBLAS found and chose its kernels for, such as "Haswell" or "Cooperlake". */
const char *kernels_blas_core(void);

/* A linear layer y = W x + b, its weight stored as float32 or as int8 with one scale per output:
 * exactly one of `weight` and `weight_int8` is not NULL. Callers need not know which. */
typedef struct {
    size_t d_out, d_in;
    const float *weight;       /* [d_out, d_in] */
    const int8_t *weight_int8; /* [d_out, d_in], W[o, i] = weight_int8[o, i] * scale[o] */
    const float *scale;        /* [d_out] */
    const float *bias;         /* [d_out], or NULL for none */
} linear_weights;

/* Room for int8 products of at most n rows of at most d values. */
typedef struct {
    int16_t *values;     /* [n, d], rows rounded to -127 … 127, widened once for all products with them */
    float *scales;       /* [n] */
    int16_t *weight_row; /* [d], one row of the weight, widened */
} linear_scratch;

/* out [n_rows, d_out] = x [n_rows, d_in] Wᵀ + b.
 * int8: each row of x is rounded to 127 steps of its largest magnitude, products are summed exactly in
 * int32, and out = sum * (scale of the row * scale of the output) + b; so a row's result does not
 * depend on the other rows. float32: BLAS, whose sums differ in the last bits with n_rows. */
void linear(float *out, const float *x, const linear_weights *weights, size_t n_rows, linear_scratch *scratch);

/* out [d_in] = row `row` of the weight as float32: an embedding is a linear layer's row. */
void linear_row(float *out, const linear_weights *weights, size_t row);

/* out [m, n] = factor * a [m, k] bᵀ [k, n]; b is stored [n, k]; the strides are floats from row to row. */
void product_transposed(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                        size_t m, size_t n, size_t k, float factor);

/* out [m, n] = a [m, k] b [k, n]. */
void product(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride, size_t m,
             size_t n, size_t k);

/* x [n] += y [n] */
void add(float *x, const float *y, size_t n);

/* out [n_rows, d] = (x - mean) / sqrt(variance + 1e-5) * weight + bias, mean and biased variance of each
 * row (Ba, Kiros and Hinton 2016, equation 4; epsilon as in torch.nn.LayerNorm). out may be x. */
void layer_norm(float *out, const float *x, const float *weight, const float *bias, size_t n_rows, size_t d);

/* x [n] = exp(x_i) / sum_j exp(x_j), computed from x - max(x) so that nothing overflows. n > 0. */
void softmax(float *x, size_t n);

/* log(softmax(x))[i]; x [n] */
float log_softmax_at(const float *x, size_t n, size_t i);

/* The functions between the two layers of a feed-forward network; x [n] in place. */
void relu(float *x, size_t n);  /* max(0, x) */
void swish(float *x, size_t n); /* x / (1 + exp(-x)) (Ramachandran, Zoph and Le 2017; SiLU in PyTorch) */
void gelu(float *x, size_t n);  /* x/2 (1 + erf(x/sqrt 2)) (Hendrycks and Gimpel 2016, the exact form) */

/* The index of the largest of x [n], the lowest one among equals; n when some x is not a number. */
size_t argmax(const float *x, size_t n);

#endif
