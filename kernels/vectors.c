/* What is computed at the level in use (level.h), and sums of vectors. */
#include <math.h>

#include "kernels/level.h"

void product_transposed(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                        size_t m, size_t n, size_t k, float factor)
{
    level->product_transposed(out, out_stride, a, a_stride, b, b_stride, m, n, k, factor);
}

void product(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride, size_t m,
             size_t n, size_t k)
{
    level->product(out, out_stride, a, a_stride, b, b_stride, m, n, k);
}

void add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

void layer_norm(float *out, const float *x, const float *weight, const float *bias, size_t n_rows, size_t d)
{
    level->layer_norm(out, x, weight, bias, n_rows, d);
}

void softmax(float *x, size_t n)
{
    level->softmax(x, n);
}

float log_softmax_at(const float *x, size_t n, size_t i)
{
    float largest = level->largest(x, n);
    double sum = 0.0;
    for (size_t j = 0; j < n; j++)
        sum += exp((double)(x[j] - largest));
    return (float)((double)(x[i] - largest) - log(sum));
}

size_t argmax(const float *x, size_t n)
{
    float largest = level->largest(x, n);
    if (!(largest < INFINITY && largest > -INFINITY)) /* or not a number */
        return n;
    size_t i = 0;
    while (x[i] != largest)
        i++;
    return i;
}
