/* Softmax, from x - max(x): the same value, and exp never overflows. */
#include <math.h>

#include "kernels/kernels.h"

static float largest_of(const float *x, size_t n)
{
    float largest = x[0];
    for (size_t i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

void softmax(float *x, size_t n)
{
    float largest = largest_of(x, n), sum = 0.0f;
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(x[i] - largest);
        sum += x[i];
    }
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
}

float log_softmax_at(const float *x, size_t n, size_t i)
{
    float largest = largest_of(x, n);
    double sum = 0.0;
    for (size_t j = 0; j < n; j++)
        sum += (double)expf(x[j] - largest);
    return (float)((double)(x[i] - largest) - log(sum));
}
