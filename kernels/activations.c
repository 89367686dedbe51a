#include <math.h>

#include "kernels/level.h"

void kernels_relu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] < 0.0f ? 0.0f : x[i]; /* keeps what is not a number */
}

void kernels_swish(float *x, size_t n)
{
    kernels_active->swish(x, n);
}

void kernels_gelu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678f)); /* 1/sqrt(2) */
}
