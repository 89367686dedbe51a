/* any_rows in registers, for the levels with vectors of bytes: tiles of SUMS sums, of as many outputs as fit for 4, 2
 * or 1 rows of activations. Each sum is spread over a vector; at the end the vectors are brought together into one.
 * Included by the levels' files, which define beforehand
 *
 *   CHUNK, ROWS, OFFSET          bytes of a vector; rows of activations in a tile; see level_body.h
 *   chunk, weight_chunk          a vector of bytes; weights as multiply_add wants them
 *   int_chunk                    a vector of sums, kept as what it is: gcc 12 copies a __m512i before each instruction
 *                                that adds to it
 *   zero_chunk, load_chunk, load_values (rounded activations), prepare_weights, multiply_add
 *   sum_chunks                   to [SUMS / 4, 4]: the sums of the values of each of as many vectors */
#include <stdint.h>

#include "kernels/level_body.h"

enum { SUMS = CHUNK / 4 };

#define L1_BUDGET 20480 /* bytes of rounded rows that stay in the first-level cache while weights pass by */
#define AHEAD 8192      /* bytes from the weights in use to those that are asked of memory */

/* The first n bytes of x and zeros. */
static inline chunk load_part(const int8_t *x, size_t n)
{
    int8_t part[CHUNK] = {0};
    memcpy(part, x, n);
    return load_chunk(part);
}

/* Adds the products of CHUNK columns of n_rows rows and n_outputs outputs' weights to sums [n_rows, 4], in registers.
 */
static inline __attribute__((always_inline)) void add_chunk(int_chunk *sums, size_t n_outputs, const int8_t *w,
                                                            size_t w_stride, const int8_t *x, size_t x_stride,
                                                            size_t n_columns, size_t n_rows)
{
    chunk values[ROWS];
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++)
        values[r] = load_values(x + r * x_stride);
#pragma GCC unroll 4
    for (size_t j = 0; j < n_outputs; j++) {
        const int8_t *at = w + j * w_stride;
        const weight_chunk weights = prepare_weights(n_columns < CHUNK ? load_part(at, n_columns) : load_chunk(at));
        __builtin_prefetch((const void *)((uintptr_t)at + AHEAD)); /* which may lie outside of the weights */
#pragma GCC unroll 4
        for (size_t r = 0; r < n_rows; r++)
            sums[4 * r + j] = (int_chunk)multiply_add((chunk)sums[4 * r + j], weights, values[r]);
    }
}

/* to [SUMS / 4, 4]: for four outputs after four, the sums of each of n_rows rows. Weights are d long, rows of x go on
 * up to a multiple of 64 values. For one row each output's weights are read to their end before the next one's: memory
 * is quicker in order. */
static inline __attribute__((always_inline)) void dot_tile(int32_t (*to)[4], const int8_t *w, size_t w_stride,
                                                           const int8_t *x, size_t x_stride, size_t d, size_t n_rows)
{
    int_chunk sums[SUMS];
    const size_t n_outputs = n_rows == 1 ? 1 : 4; /* at once */
    const size_t n_groups = SUMS / n_rows / n_outputs;
#pragma GCC unroll 16
    for (size_t group = 0; group < n_groups; group++) {
        int_chunk *of = sums + group * n_outputs * n_rows;
        const int8_t *of_w = w + group * n_outputs * w_stride;
#pragma GCC unroll 16
        for (size_t j = 0; j < n_rows * n_outputs; j++)
            of[j] = (int_chunk){0};
        size_t i = 0;
        for (; i + CHUNK <= d; i += CHUNK)
            add_chunk(of, n_outputs, of_w + i, w_stride, x + i, x_stride, CHUNK, n_rows);
        if (i < d)
            add_chunk(of, n_outputs, of_w + i, w_stride, x + i, x_stride, d - i, n_rows);
    }
    sum_chunks(to, sums);
}

/* out [n_rows, outputs o … o + n_outputs - 1], n_outputs <= SUMS. */
static inline __attribute__((always_inline)) void tiles(float *out, size_t out_stride, const quantized_rows *x,
                                                        size_t row, const linear_weights *w, size_t o, size_t n_outputs,
                                                        size_t n_rows)
{
    const int8_t *values = x->values + row * x->stride, *weights = w->weight_int8 + o * w->d_in;
    const size_t width = SUMS / n_rows;
    int32_t sums[SUMS / 4][4];
    for (size_t j = 0; j < n_outputs;) {
        bool whole = j + width <= n_outputs; /* otherwise the same output as often as it takes */
        dot_tile(sums, weights + j * w->d_in, whole ? w->d_in : 0, values, x->stride, w->d_in, n_rows);
        if (whole)
#pragma GCC unroll 4
            for (size_t q = 0; q < SUMS / 4; q++) {
                size_t r = q % n_rows, at = j + q / n_rows * 4;
                finish(out + r * out_stride + at, sums[q], x, row + r, w, o + at, 4);
            }
        else
            for (size_t r = 0; r < n_rows; r++)
                finish(out + r * out_stride + j, sums[r], x, row + r, w, o + j, 1);
        j += whole ? width : 1;
    }
}

static void any_rows(float *out, size_t out_stride, const quantized_rows *rows, const linear_weights *weights,
                     size_t first, size_t last, size_t n_rows)
{
    const quantized_rows copied_rows = *rows,
                         *x = &copied_rows; /* which no write to out can change, for the compiler */
    const linear_weights copied_weights = *weights, *w = &copied_weights;
    size_t most = L1_BUDGET / x->stride / ROWS * ROWS;
    most = most ? most : ROWS;
    for (size_t begin = 0; begin < n_rows; begin += most) {
        size_t end = begin + most < n_rows ? begin + most : n_rows;
        for (size_t o = first; o < last; o += SUMS) {
            size_t n = last - o < SUMS ? last - o : SUMS, row = begin;
            float *to = out + (o - first);
            for (; row + ROWS <= end; row += ROWS)
                tiles(to + row * out_stride, out_stride, x, row, w, o, n, ROWS);
            if (ROWS > 2 && row + 2 <= end) {
                tiles(to + row * out_stride, out_stride, x, row, w, o, n, 2);
                row += 2;
            }
            if (row < end)
                tiles(to + row * out_stride, out_stride, x, row, w, o, n, 1);
        }
    }
}
