/* int8 linear layers: rounding rows of activations, and the outputs of a layer from tiles of exact integer sums.
 * Part of level_body.h. Sums of products are exact in int32 for d <= 2^16, so their order does not matter. */
#include <math.h>

#include "kernels/lanes.h"
#include "kernels/level.h"

#define SMALLEST_ROW 1e-30f /* rows of smaller magnitude count as zeros: their reciprocal would overflow */

/* out [n_rows, outputs first … last - 1] of as many outputs as the level has a quicker way for; returns the first one
 * that is left. */
static size_t many_rows(float *out, size_t out_stride, const quantized_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows);

/* out [n_rows, outputs first … last - 1], for any number of rows and outputs. */
static void any_rows(float *out, size_t out_stride, const quantized_rows *x, const linear_weights *w, size_t first,
                     size_t last, size_t n_rows);

enum { QUANTIZED = 4 * LANES }; /* values that are rounded and stored together */

/* Rounds x [QUANTIZED]; the sum of what it became. */
static inline int_lanes quantize_some(int8_t *values, const float *x, lanes steps)
{
    int_lanes stored[4], sum = int_lanes_of(0);
    for (size_t i = 0; i < 4; i++) {
        int_lanes rounded = lanes_rounded(lanes_multiply(lanes_load(x + i * LANES), steps));
        sum = int_lanes_add(sum, rounded);
        stored[i] = int_lanes_add(rounded, int_lanes_of(STORED_PLUS));
    }
    int_lanes_store_bytes(values, stored, STORED_PLUS);
    return sum;
}

static float quantize_row(int8_t *values, int32_t *offset, const float *x, size_t d, size_t stride)
{
    int_lanes largest = int_lanes_of(0), sum = largest;
    size_t i = 0;
    for (; i + LANES <= d; i += LANES)
        largest = int_lanes_larger(lanes_magnitude_bits(lanes_load(x + i)), largest);
    largest = int_lanes_larger(lanes_magnitude_bits(lanes_load_part(x + i, d - i, 0.0f)), largest);
    int32_t bits = int_lanes_largest(largest);
    float top; /* infinite or not a number when some x is */
    memcpy(&top, &bits, sizeof top);
    *offset = 0;
    if (!isfinite(top) || top < SMALLEST_ROW) {
        memset(values, 0, stride);
        return isfinite(top) ? 0.0f : NAN;
    }
    lanes steps = lanes_of(127.0f / top);
    for (i = 0; i + QUANTIZED <= d; i += QUANTIZED)
        sum = int_lanes_add(sum, quantize_some(values + i, x + i, steps));
    if (i < d) {
        float last[QUANTIZED] = {0};
        memcpy(last, x + i, (d - i) * sizeof *x);
        sum = int_lanes_add(sum, quantize_some(values + i, last, steps));
        i += QUANTIZED;
    }
    memset(values + i, 0, stride - i);
    *offset = OFFSET * int_lanes_sum(sum);
    return top / 127.0f;
}

typedef float four_floats __attribute__((vector_size(16)));
typedef int32_t four_ints __attribute__((vector_size(16)));

/* out [n_outputs <= 4] of one row: (sum - offset) * (row's scale * output's scale) + bias. */
static inline void finish(float *out, const int32_t *sums, const quantized_rows *x, size_t row, const linear_weights *w,
                          size_t o, size_t n_outputs)
{
    size_t size = n_outputs * sizeof *out;
    four_floats scales = {0}, bias = {0};
    four_ints four = {0};
    memcpy(&four, sums, size);
    memcpy(&scales, w->scale + o, size);
    if (w->bias)
        memcpy(&bias, w->bias + o, size);
    four_floats result = __builtin_convertvector(four - x->offsets[row], four_floats);
    result = result * (scales * x->scales[row]) + bias;
    memcpy(out, &result, size);
}

static void linear_int8(float *out, size_t out_stride, const quantized_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows)
{
    size_t left = many_rows(out, out_stride, x, w, first, last, n_rows);
    any_rows(out + (left - first), out_stride, x, w, left, last, n_rows);
}
