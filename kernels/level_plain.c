/* Plain C, for any machine: what the other levels are compared with. */
#include <stddef.h>
#include <stdint.h>

enum { OFFSET = 0, STORED_PLUS = 0 };

#include "kernels/level_body.h"

static size_t many_rows(float *out, size_t out_stride, const quantized_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows)
{
    (void)out, (void)out_stride, (void)x, (void)w, (void)last, (void)n_rows;
    return first;
}

static void any_rows(float *out, size_t out_stride, const quantized_rows *x, const linear_weights *w, size_t first,
                     size_t last, size_t n_rows)
{
    for (size_t row = 0; row < n_rows; row++, out += out_stride)
        for (size_t o = first; o < last; o++) {
            int32_t sum = 0;
            for (size_t i = 0; i < w->d_in; i++)
                sum += (int32_t)w->weight_int8[o * w->d_in + i] * (int32_t)x->values[row * x->stride + i];
            finish(out + (o - first), &sum, x, row, w, o, 1);
        }
}

static bool runs_here(void)
{
    return true;
}

const kernel_level kernels_plain = {.name = "plain", .runs_here = runs_here, .wants_blas = true, LEVEL_KERNELS};
