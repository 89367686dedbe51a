/* The arithmetic. The only room that knows BLAS and vector instructions; nothing here knows what a Transformer is.
 *
 * Outputs come first, then inputs, then dimensions. Matrices are row-major, shapes are [rows, columns].
 * Nothing here allocates or fails but for kernels_open_blas. An output must not overlap an input unless a comment
 * allows it. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/failure.h"
#include "support/team.h"

/* Call before anything else, as often as you like, while nothing is computed; process-wide. Chooses the
 * instruction-set level: `wanted` by its name, or the best that runs here when it is NULL; false when the processor
 * lacks it or it does not exist. All levels give the same bits, but for the last ones of float32 layers. */
bool kernels_start(const char *wanted);

/* The i-th level that runs on this processor, the best first; NULL behind the last. */
const char *kernels_level_name(size_t i);

/* The level in use, such as "avx512_vnni", "avx_vnni", "avx2" or "plain". */
const char *kernels_level(void);

/* Loads OpenBLAS where the level wants it (that is "plain", whose float32 layers of many rows are slower without it),
 * as often as you like, while nothing is computed; process-wide. `kernels_linear` uses it in the calling thread only.
 */
bool kernels_open_blas(failure *why);

/* The processor that OpenBLAS chose its kernels for, such as "Haswell" or "SkylakeX"; NULL when it is not loaded. */
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

/* The largest of some outputs. */
typedef struct {
    float value;
    size_t output;
} linear_best;

/* Room for linear layers over at most n rows of at most d values (linear_padded of them). */
typedef struct {
    int8_t *values;    /* [n, d], rows rounded to -127 … 127 */
    float *scales;     /* [n] */
    int32_t *offsets;  /* [n] */
    float *block;      /* [threads, n, LINEAR_BLOCK], for kernels_linear_argmax */
    linear_best *best; /* [threads, n], likewise */
    thread_team *team; /* shares out the outputs; NULL: the calling thread computes alone */
} linear_scratch;

enum { LINEAR_BLOCK = 128 };

/* Values that a rounded row of d_in takes in the scratch: up to the next multiple of 64. */
size_t kernels_linear_padded(size_t d_in);

/* out [n_rows, d_out] = x [n_rows, d_in] Wᵀ + b.
 * int8: each row of x is rounded to 127 steps of its largest magnitude, products are summed exactly in
 * int32 (d_in <= 2^16), and out = sum * (scale of the row * scale of the output) + b.
 * float32: the last bits of sums differ between levels. Either way a row's result does not depend on the other rows,
 * nor on the threads, unless BLAS computes it. */
void kernels_linear(float *out, const float *x, const linear_weights *weights, size_t n_rows, linear_scratch *scratch);

/* A linear layer and where its outputs go. */
typedef struct {
    float *out; /* [n_rows, d_out] */
    const linear_weights *weights;
} linear_layer;

/* The same for n_layers >= 1 layers of the same rows, which are rounded once and shared out once. */
void kernels_linear_together(const linear_layer *layers, size_t n_layers, const float *x, size_t n_rows,
                             linear_scratch *scratch);

/* best [n_rows]: the output that is the largest, the lowest one among equals, of those not in without [n_without];
 * d_out when some output is +infinity or not a number, or all are -infinity. The outputs are those of `kernels_linear`,
 * but never written down. */
void kernels_linear_argmax(size_t *best, const float *x, const linear_weights *weights, size_t n_rows,
                           const int32_t *without, size_t n_without, linear_scratch *scratch);

/* out [d_in] = row `row` of the weight as float32: an embedding is a linear layer's row. */
void kernels_linear_row(float *out, const linear_weights *weights, size_t row);

/* out [m, n] = factor * a [m, k] bᵀ [k, n]; b is stored [n, k]; the strides are floats from row to row. */
void kernels_matmul_transposed(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                               size_t b_stride, size_t m, size_t n, size_t k, float factor);

/* out [m, n] = a [m, k] b [k, n]. */
void kernels_matmul(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                    size_t m, size_t n, size_t k);

/* x [n] += y [n] */
void kernels_add(float *x, const float *y, size_t n);

/* out [n_rows, d] = (x - mean) / sqrt(variance + 1e-5) * weight + bias, mean and biased variance of each
 * row (Ba, Kiros and Hinton 2016, equation 4; epsilon as in torch.nn.LayerNorm). out may be x. */
void kernels_layer_norm(float *out, const float *x, const float *weight, const float *bias, size_t n_rows, size_t d);

/* x [n] = exp(x_i) / sum_j exp(x_j), computed from x - max(x) so that nothing overflows. n > 0. */
void kernels_softmax(float *x, size_t n);

/* log(softmax(x))[i]; x [n] */
float kernels_log_softmax_at(const float *x, size_t n, size_t i);

/* The functions between the two layers of a feed-forward network; x [n] in place. */
void kernels_relu(float *x, size_t n);  /* max(0, x) */
void kernels_swish(float *x, size_t n); /* x / (1 + exp(-x)) (Ramachandran, Zoph and Le 2017; SiLU in PyTorch) */
void kernels_gelu(float *x, size_t n);  /* x/2 (1 + erf(x/sqrt 2)) (Hendrycks and Gimpel 2016, the exact form) */

/* The index of the largest of x [n], the lowest one among equals; n when some x is +infinity or not a number, or all
 * are -infinity. n > 0. */
size_t kernels_argmax(const float *x, size_t n);

#endif
