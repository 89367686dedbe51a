/* What the two VNNI levels share: one way for all weights. */
#include "kernels/level_tile.h"

static void look_at_weights(weight_tile *tile, size_t n_rows)
{
    (void)tile;
    (void)n_rows;
}

static void dot_tile(int32_t (*sums)[OUTPUTS], const weight_tile *tile, const int8_t *x, size_t x_stride, size_t n_rows)
{
    if (n_rows == ROWS)
        dot(sums, tile, x, x_stride, ROWS);
    else
        dot(sums, tile, x, x_stride, 1);
}
