/* What is computed at the level in use (level.h), and sums of vectors. */
#include <math.h>

#include "kernels/level.h"

void kernels_matmul_transposed(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                               size_t b_stride, size_t m, size_t n, size_t k, float factor)
{
    kernels_active->matmul_transposed(out, out_stride, a, a_stride, b, b_stride, m, n, k, factor);
}

void kernels_matmul(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                    size_t m, size_t n, size_t k)
{
    kernels_active->matmul(out, out_stride, a, a_stride, b, b_stride, m, n, k);
}

void kernels_add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

void kernels_layer_norm(float *out, const float *x, const float *weight, const float *bias, size_t n_rows, size_t d)
{
    kernels_active->layer_norm(out, x, weight, bias, n_rows, d);
}

void kernels_softmax(float *x, size_t n)
{
    kernels_active->softmax(x, n);
}

float kernels_log_softmax_at(const float *x, size_t n, size_t i)
{
    float largest = kernels_active->max(x, n);
    double sum = 0.0;
    for (size_t j = 0; j < n; j++)
        sum += exp((double)(x[j] - largest));
    return (float)((double)(x[i] - largest) - log(sum));
}

size_t kernels_argmax(const float *x, size_t n)
{
    float largest = kernels_active->max(x, n);
    if (!(largest < INFINITY && largest > -INFINITY)) /* or not a number */
        return n;
    size_t i = 0;
    while (x[i] != largest)
        i++;
    return i;
}
