/* Plain C, for any machine: what the other levels are compared with. */
#include <stddef.h>
#include <stdint.h>

enum { ROWS = 4, OFFSET = 0, STORED_PLUS = 0 };

#include "kernels/level_body.h"

static size_t many_rows(float *out, size_t out_stride, const rounded_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows)
{
    (void)out, (void)out_stride, (void)x, (void)w, (void)last, (void)n_rows;
    return first;
}

static void dot_tile(int32_t (*sums)[OUTPUTS], const int8_t *w, size_t w_stride, const int8_t *x, size_t x_stride,
                     size_t d, size_t n_rows)
{
    for (size_t r = 0; r < n_rows; r++, x += x_stride)
        for (size_t j = 0; j < OUTPUTS; j++) {
            int32_t sum = 0;
            for (size_t i = 0; i < d; i++)
                sum += (int32_t)w[j * w_stride + i] * (int32_t)x[i];
            sums[r][j] = sum;
        }
}

static bool runs_here(void)
{
    return true;
}

const kernel_level level_plain = {.name = "plain", .runs_here = runs_here, LEVEL_KERNELS};
