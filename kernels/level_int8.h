/* int8 linear layers: rounding rows of activations, and the outputs of a layer from tiles of exact integer sums.
 * Part of level_body.h. Sums of products are exact in int32 for d <= 2^16, so their order does not matter. */
#include <math.h>

#include "kernels/lanes.h"
#include "kernels/level.h"

enum { OUTPUTS = 4 }; /* of dot_tile */

#define SMALLEST_ROW 1e-30f /* rows of smaller magnitude count as zeros: their reciprocal would overflow */
#define L1_BUDGET 20480     /* bytes of rounded rows that stay in the first-level cache while weights pass by */

/* sums [n_rows, 4] = rows of rounded x times 4 rows of w, each d long; n_rows is ROWS, 2 or 1, and rows of x go on up
 * to a multiple of 64 values. */
static void dot_tile(int32_t (*sums)[OUTPUTS], const int8_t *w, size_t w_stride, const int8_t *x, size_t x_stride,
                     size_t d, size_t n_rows);

/* out [n_rows, outputs first … last - 1] of as many outputs as the level has a quicker way for; returns the first one
 * that is left. */
static size_t many_rows(float *out, size_t out_stride, const rounded_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows);

static float round_row(int8_t *values, int32_t *offset, const float *x, size_t d, size_t stride)
{
    lanes largest = lanes_of(0.0f), check = largest;
    for (size_t i = 0; i < d; i += LANES) {
        lanes v = d - i < LANES ? lanes_load_part(x + i, d - i, 0.0f) : lanes_load(x + i);
        largest = lanes_larger(lanes_magnitude(v), largest);
        check = lanes_add(check, lanes_subtract(v, v)); /* not a number from here on, if v is infinite or none */
    }
    float top = lanes_largest(largest), bad = lanes_sum(check);
    *offset = 0;
    if (isnan(bad) || top < SMALLEST_ROW) {
        memset(values, 0, stride);
        return bad;
    }
    lanes steps = lanes_of(127.0f / top);
    int_lanes sum = int_lanes_of(0);
    for (size_t i = 0; i < d; i += LANES) {
        lanes v = d - i < LANES ? lanes_load_part(x + i, d - i, 0.0f) : lanes_load(x + i);
        int_lanes rounded = lanes_rounded(lanes_multiply(v, steps));
        sum = int_lanes_add(sum, rounded);
        int_lanes_store_bytes(values + i, int_lanes_add(rounded, int_lanes_of(STORED_PLUS)), STORED_PLUS);
    }
    size_t written = (d + LANES - 1) / LANES * LANES;
    memset(values + written, 0, stride - written);
    *offset = OFFSET * int_lanes_sum(sum);
    return top / 127.0f;
}

typedef float four_floats __attribute__((vector_size(16)));
typedef int32_t four_ints __attribute__((vector_size(16)));

/* out [n_rows, n_outputs] from the sums of a tile: (sum - offset) * (row's scale * output's scale) + bias. */
static inline void finish_tile(float *out, size_t out_stride, int32_t (*sums)[OUTPUTS], const rounded_rows *x,
                               size_t row, size_t n_rows, const linear_weights *w, size_t o, size_t n_outputs)
{
    four_floats scales = {0}, bias = {0};
    memcpy(&scales, w->scale + o, n_outputs * sizeof *out);
    if (w->bias)
        memcpy(&bias, w->bias + o, n_outputs * sizeof *out);
    for (size_t r = 0; r < n_rows; r++, out += out_stride) {
        four_ints sum;
        memcpy(&sum, sums[r], sizeof sum);
        four_floats result = __builtin_convertvector(sum - x->offsets[row + r], four_floats);
        result = result * (scales * x->scales[row + r]) + bias;
        memcpy(out, &result, n_outputs * sizeof *out);
    }
}

/* sums [n_rows, n_outputs] of what does not fill a tile. */
static void dot_rows(int32_t (*sums)[OUTPUTS], const int8_t *w, size_t w_stride, const int8_t *x, size_t x_stride,
                     size_t d, size_t n_rows, size_t n_outputs)
{
    for (size_t r = 0, n; r < n_rows; r += n, x += n * x_stride) {
        n = n_rows - r < 2 ? 1 : 2;
        if (n_outputs == OUTPUTS)
            dot_tile(sums + r, w, w_stride, x, x_stride, d, n);
        else
            for (size_t j = 0; j < n_outputs; j++) { /* the same output four times */
                int32_t four[2][OUTPUTS];
                dot_tile(four, w + j * w_stride, 0, x, x_stride, d, n);
                for (size_t i = 0; i < n; i++)
                    sums[r + i][j] = four[i][0];
            }
    }
}

static void any_rows(float *out, size_t out_stride, const rounded_rows *x, const linear_weights *w, size_t first,
                     size_t last, size_t n_rows)
{
    size_t d_in = w->d_in, most = L1_BUDGET / x->stride / ROWS * ROWS;
    most = most ? most : ROWS;
    for (size_t begin = 0; begin < n_rows; begin += most) {
        size_t end = begin + most < n_rows ? begin + most : n_rows;
        for (size_t o = first; o < last; o += OUTPUTS) {
            size_t n_outputs = last - o < OUTPUTS ? last - o : OUTPUTS;
            const int8_t *weights = w->weight_int8 + o * d_in;
            for (size_t row = begin; row < end; row += ROWS) {
                const int8_t *values = x->values + row * x->stride;
                float *to = out + row * out_stride + (o - first);
                int32_t sums[ROWS][OUTPUTS];
                size_t n = end - row < ROWS ? end - row : ROWS;
                if (n_outputs == OUTPUTS && n == ROWS)
                    dot_tile(sums, weights, d_in, values, x->stride, d_in, ROWS);
                else
                    dot_rows(sums, weights, d_in, values, x->stride, d_in, n, n_outputs);
                if (n_outputs == OUTPUTS) /* a constant, for the compiler */
                    finish_tile(to, out_stride, sums, x, row, n, w, o, OUTPUTS);
                else
                    finish_tile(to, out_stride, sums, x, row, n, w, o, n_outputs);
            }
        }
    }
}

static void int8_outputs(float *out, size_t out_stride, const rounded_rows *x, const linear_weights *w, size_t first,
                         size_t last, size_t n_rows)
{
    size_t left = many_rows(out, out_stride, x, w, first, last, n_rows);
    any_rows(out + (left - first), out_stride, x, w, left, last, n_rows);
}
