/* The one product that OpenBLAS computes. Private to kernels/. */
#ifndef KERNELS_BLAS_H
#define KERNELS_BLAS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether kernels_open_blas has loaded OpenBLAS. */
bool kernels_blas_is_open(void);

/* out [m, n] = a [m, k] bᵀ, b [n, k]. Safe to call from any thread, once OpenBLAS is open. */
void kernels_blas_matmul_transposed(float *out, size_t out_stride, const float *a, const float *b, size_t m, size_t n,
                                    size_t k);

#endif
