/* An instruction-set level: the kernels that exist once per instruction set. plain.c says what each of them computes;
 * simd/ has the others. Private to kernels/. */
#ifndef KERNELS_LEVEL_H
#define KERNELS_LEVEL_H

#include "kernels/kernels.h"

#define SMALLEST_ROW 1e-30f /* a row of smaller magnitude is quantized to zeros: 127 / magnitude would overflow */

/* Quantized rows of activations: x[row, i] ≈ values[row, i] * scales[row]. */
typedef struct {
    const int8_t *values;   /* [n_rows, stride] in the level's format; 0 past column d_in */
    const float *scales;    /* [n_rows] */
    const int32_t *offsets; /* [n_rows], to subtract from the level's dot products with the row */
    size_t stride;
} quantized_rows;

typedef struct {
    const char *name;
    bool (*runs_here)(void); /* whether this CPU has the instructions; NULL if every CPU does */
    bool wants_blas;         /* for float32 layers of many rows */

    float (*quantize_row)(int8_t *values, int32_t *offset, const float *x, size_t d, size_t stride);
    void (*linear_int8)(float *out, size_t out_stride, const quantized_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows);
    void (*linear_float32)(float *out, size_t out_stride, const float *x, const linear_weights *w, size_t first,
                           size_t last, size_t n_rows);
    void (*matmul_transposed)(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                              size_t b_stride, size_t m, size_t n, size_t k, float factor);
    void (*matmul)(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                   size_t m, size_t n, size_t k);
    void (*layer_norm)(float *out, const float *x, const float *weight, const float *bias, double epsilon,
                       size_t n_rows, size_t d);
    float (*max)(const float *x, size_t n);
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

/* The level in use. */
extern const kernel_level *kernels_active;

#endif
