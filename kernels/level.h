/* Instruction-set levels: what is computed in vectors is compiled once for each of them, from the same source
 * (level_body.h), and all levels give the same bits, but for linear_float32. Private to kernels/. */
#ifndef KERNELS_LEVEL_H
#define KERNELS_LEVEL_H

#include <stdbool.h>

#include "kernels/kernels.h"

/* Rows of activations rounded to int8, as one level's integer products take them. */
typedef struct {
    const int8_t *values;   /* [n_rows, stride], the columns behind d_in are 0 */
    const float *scales;    /* [n_rows], x[i] = values[i] * scale */
    const int32_t *offsets; /* [n_rows], what the level's sums of products are too large by */
    size_t stride;          /* values from row to row */
} quantized_rows;

typedef struct {
    const char *name;
    bool (*runs_here)(void);

    /* Rounds x [d] to steps of the returned scale, its largest magnitude to 127; values [stride]. A row of zeros has
     * the scale 0; a row with something infinite or not a number has a scale that is not a number. */
    float (*quantize_row)(int8_t *values, int32_t *offset, const float *x, size_t d, size_t stride);
    /* out [n_rows, outputs first … last - 1] of an int8 layer; out points to output `first`. */
    void (*linear_int8)(float *out, size_t out_stride, const quantized_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows);

    /* The same for a float32 layer. x [n_rows, d_in]. The last bits differ between levels, but for one level an output
     * of a row does not depend on the other rows and outputs. */
    void (*linear_float32)(float *out, size_t out_stride, const float *x, const linear_weights *w, size_t first,
                           size_t last, size_t n_rows);
    bool wants_blas; /* for float32 layers of many rows */

    void (*matmul_transposed)(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                              size_t b_stride, size_t m, size_t n, size_t k, float factor);
    void (*matmul)(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                   size_t m, size_t n, size_t k);
    void (*layer_norm)(float *out, const float *x, const float *weight, const float *bias, size_t n_rows, size_t d);
    float (*max)(const float *x, size_t n); /* not a number when some x is none; n > 0 */
    void (*softmax)(float *x, size_t n);
    void (*swish)(float *x, size_t n);
} kernel_level;

extern const kernel_level kernels_plain;
#ifdef __x86_64__
extern const kernel_level kernels_avx2, kernels_avx_vnni, kernels_avx512_vnni;
#endif
#ifdef __aarch64__
extern const kernel_level kernels_neon_dot;
#endif
#ifdef KERNELS_SIMULATED /* their vector instructions in plain C, for tests on processors that lack them */
extern const kernel_level kernels_avx_vnni_simulated, kernels_avx512_vnni_simulated, kernels_neon_dot_simulated;
#endif

/* The level in use. */
extern const kernel_level *kernels_active;

#endif
