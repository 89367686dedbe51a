/* An instruction-set level: the kernels that have one implementation per instruction set. plain.c specifies what they
 * compute; simd/ has the other levels. Private to kernels/. */
#ifndef KERNELS_LEVEL_H
#define KERNELS_LEVEL_H

#include "kernels/kernels.h"

#define SMALLEST_ROW 1e-30f /* rows of smaller magnitude become zeros: 127 / magnitude would overflow */

/* Quantized rows of activations: x[row, i] ≈ values[row, i] * scales[row]. */
typedef struct {
    const int8_t *values;   /* [n_rows, stride] in the level's format; zeros from column d_in on */
    const float *scales;    /* [n_rows] */
    const int32_t *offsets; /* [n_rows], subtracted from the level's dot products with the row */
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
    void (*matmul_add)(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                       size_t m, size_t n, size_t k);
    void (*layer_norm)(float *out, const float *x, const float *weight, const float *bias, double epsilon,
                       size_t n_rows, size_t d);
    float (*max)(const float *x, size_t n);
    void (*softmax)(float *x, size_t n);
    void (*swish)(float *x, size_t n);
} kernel_level;

/* The functions of a level, in this order. In every level they have the same names and are static. */
#define LEVEL_FUNCTIONS                                                                                                \
    quantize_row, linear_int8, linear_float32, matmul_transposed, matmul_add, layer_norm, max, softmax, swish

/* The sum of eight partial sums, in the order that all levels share. */
static inline double add_eight_double(const double s[8])
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

extern const kernel_level kernels_plain;
#ifdef __x86_64__
extern const kernel_level kernels_avx2, kernels_avx_vnni, kernels_avx512_vnni;
#endif
#ifdef __aarch64__
extern const kernel_level kernels_neon_dot;
#endif

/* The level in use. */
extern const kernel_level *kernels_active;

/* Whether kernels_open_blas has loaded OpenBLAS. */
bool kernels_blas_is_open(void);

/* out [m, n] = a [m, k] bᵀ, b [n, k], by OpenBLAS, which must be open. Safe to call from any thread. */
void kernels_blas_matmul_transposed(float *out, size_t out_stride, const float *a, const float *b, size_t m, size_t n,
                                    size_t k);

#endif
