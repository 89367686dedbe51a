#include <math.h>

#include "kernels/kernels.h"

size_t argmax(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            return n;
        if (x[i] > x[best])
            best = i;
    }
    return best;
}
