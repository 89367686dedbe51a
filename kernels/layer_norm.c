/* Layer normalisation; sums in double, so that the order of a sum is no source of difference. */
#include <math.h>

#include "kernels/kernels.h"

#define EPSILON 1e-5

void layer_norm(float *out, const float *x, const float *weight, const float *bias, size_t n_rows, size_t d)
{
    for (size_t row = 0; row < n_rows; row++, x += d, out += d) {
        double sum = 0.0, squares = 0.0;
        for (size_t i = 0; i < d; i++)
            sum += (double)x[i];
        double mean = sum / (double)d;
        for (size_t i = 0; i < d; i++)
            squares += ((double)x[i] - mean) * ((double)x[i] - mean);
        double inverse = 1.0 / sqrt(squares / (double)d + EPSILON);
        for (size_t i = 0; i < d; i++)
            out[i] = (float)(((double)x[i] - mean) * inverse) * weight[i] + bias[i];
    }
}
