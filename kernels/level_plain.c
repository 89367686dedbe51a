/* Plain C, for any machine: what the other levels are compared with. */
#include <stddef.h>
#include <stdint.h>

enum { ROWS = 4, OFFSET = 0 };

#include "kernels/level_body.h"

static void look_at_weights(weight_tile *tile, size_t n_rows)
{
    (void)tile;
    (void)n_rows;
}

static void dot_tile(int32_t (*sums)[OUTPUTS], const weight_tile *tile, const int8_t *x, size_t x_stride, size_t n_rows)
{
    for (size_t r = 0; r < n_rows; r++, x += x_stride)
        for (size_t j = 0; j < OUTPUTS; j++) {
            const int8_t *w = tile->w + j * tile->stride;
            int32_t sum = 0;
            for (size_t i = 0; i < tile->d; i++)
                sum += (int32_t)w[i] * (int32_t)x[i];
            sums[r][j] = sum;
        }
}

static bool runs_here(void)
{
    return true;
}

const kernel_level level_plain = {.name = "plain", .runs_here = runs_here, LEVEL_KERNELS};
