/* The arithmetic of the model. No other room uses BLAS or vector instructions. plain.c specifies every kernel in plain
 * loops; simd/ computes the same with vectors.
 *
 * Outputs come first, then inputs, then dimensions. Matrices are row-major, shapes are [rows, columns]. An output must
 * not overlap an input unless a comment allows it. Only kernels_start and kernels_open_blas can fail. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/failure.h"
#include "support/team.h"

/* Selects the instruction-set level named `wanted`; NULL selects the best that this CPU can run. Returns false if the
 * level is unknown or the CPU lacks it. Call before any other kernel; idempotent and process-wide; must not run
 * concurrently with a kernel. All levels are bit-identical, except in the last bits of float32 linear layers. */
bool kernels_start(const char *wanted);

/* The level in use, such as "avx2" or "plain". */
const char *kernels_level(void);

/* The i-th level that this CPU can run, best first; NULL past the last. */
const char *kernels_level_name(size_t i);

/* Loads OpenBLAS if the level in use wants it: "plain" and "neon_dot" do, for float32 layers of many rows. Idempotent
 * and process-wide; must not run concurrently with a kernel. */
bool kernels_open_blas(failure *why);

/* The CPU that OpenBLAS chose its kernels for, such as "Haswell"; NULL if OpenBLAS is not loaded. */
const char *kernels_blas_core(void);

/* A linear layer y = W x + b. Either `weight` or `weight_int8`, which has one scale per output, is not NULL. Callers
 * need not know which. */
typedef struct {
    size_t d_out, d_in;
    const float *weight;       /* [d_out, d_in] */
    const int8_t *weight_int8; /* [d_out, d_in], W[o, i] = weight_int8[o, i] * scale[o] */
    const float *scale;        /* [d_out] */
    const float *bias;         /* [d_out], or NULL for none */
} linear_weights;

typedef struct {
    float value;
    size_t output; /* its index */
} linear_best;

enum { LINEAR_BLOCK = 128 }; /* outputs that kernels_linear_argmax computes at once */

size_t kernels_linear_padded(size_t d_in); /* d_in rounded up to a multiple of 64 */

/* Scratch memory for linear layers of at most n rows and d_in columns; d = kernels_linear_padded(d_in). */
typedef struct {
    int8_t *values;    /* [n, d], rows quantized to -127 … 127 */
    float *scales;     /* [n] */
    int32_t *offsets;  /* [n] */
    float *block;      /* [threads, n, LINEAR_BLOCK], for kernels_linear_argmax */
    linear_best *best; /* [threads, n], likewise */
    thread_team *team; /* the threads that share the outputs; NULL for the calling thread alone */
} linear_scratch;

/* out [n_rows, d_out] = x [n_rows, d_in] Wᵀ + b.
 * int8: each row of x is quantized, its largest magnitude to 127; products are summed exactly in int32 (d_in <= 2^16),
 * and out = sum * (scale of the row * scale of the output) + b.
 * float32: the last bits of sums differ between levels.
 * Except with BLAS, a row's result depends neither on the other rows nor on the number of threads. */
void kernels_linear(float *out, const float *x, const linear_weights *weights, size_t n_rows, linear_scratch *scratch);

typedef struct {
    float *out; /* [n_rows, d_out] */
    const linear_weights *weights;
} linear_layer;

/* The same for n_layers >= 1 layers of the same input x, whose rows are quantized only once. */
void kernels_linear_together(const linear_layer *layers, size_t n_layers, const float *x, size_t n_rows,
                             linear_scratch *scratch);

/* out [n_rows] = kernels_argmax of each row of kernels_linear's outputs, except the outputs without [n_without]. Never
 * stores all outputs at once. */
void kernels_linear_argmax(size_t *out, const float *x, const linear_weights *w, size_t n_rows, const int32_t *without,
                           size_t n_without, linear_scratch *scratch);

/* out [d_in] = row `row` of the weight, as float32. An embedding table is stored like a linear layer. */
void kernels_linear_row(float *out, const linear_weights *w, size_t row);

/* out [m, n] = factor * a [m, k] bᵀ, b [n, k]. A stride is the distance in floats between the starts of two rows. */
void kernels_matmul_transposed(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                               size_t b_stride, size_t m, size_t n, size_t k, float factor);

/* out [m, n] += a [m, k] b [k, n]. Each output is one sum, in the order of k: the product of parts of a and b, added
 * one after another, is bit-identical. */
void kernels_matmul_add(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                        size_t m, size_t n, size_t k);

/* x [n] += y [n] */
void kernels_add(float *x, const float *y, size_t n);

/* out [n_rows, d] = (x - mean) / sqrt(variance + epsilon) * weight + bias for each row. out may be x. */
void kernels_layer_norm(float *out, const float *x, const float *weight, const float *bias, double epsilon,
                        size_t n_rows, size_t d);

/* x [n] = exp(x_i) / sum_j exp(x_j); n > 0. A NaN or +infinity makes the whole row NaN. */
void kernels_softmax(float *x, size_t n);

/* Returns log(sum_j exp(x_j)), and turns x [n] into its softmax. */
double kernels_log_sum_exp(float *x, size_t n);

/* The activations of a feed-forward network; x [n] in place. */
void kernels_relu(float *x, size_t n);
void kernels_swish(float *x, size_t n);
void kernels_gelu(float *x, size_t n);
void kernels_gelu_tanh(float *x, size_t n);

/* The index of the largest of x [n], n > 0; the first on a tie. n if a value is NaN or +infinity, or all are
 * -infinity. */
size_t kernels_argmax(const float *x, size_t n);

#endif
