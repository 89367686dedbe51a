/* dot_tile in registers, for the levels with vectors of bytes. Included by their files, which define
 * beforehand
 *
 *   CHUNK, ROWS, OFFSET          bytes of a vector; rows of activations in a tile; see level_body.h
 *   chunk, weight_chunk          a vector of bytes or sums; weights as multiply_add wants them
 *   zero_chunk, load_chunk, load_values (rounded activations), prepare_weights, multiply_add, sum_chunks */
#include <stdint.h>

#include "kernels/level_body.h"

/* A vector of sums. Kept as what it is: gcc 12 copies a __m512i before each instruction that adds to it. */
typedef int32_t int_chunk __attribute__((vector_size(CHUNK)));

/* The first n bytes of x and zeros. */
static inline chunk load_part(const int8_t *x, size_t n)
{
    int8_t part[CHUNK] = {0};
    memcpy(part, x, n);
    return load_chunk(part);
}

/* Adds the products of CHUNK columns of 4 weights and n_rows rows, in registers. */
static inline __attribute__((always_inline)) void add_chunk(int_chunk sum[ROWS][OUTPUTS], const int8_t *w,
                                                            size_t w_stride, const int8_t *x, size_t x_stride,
                                                            size_t n_columns, size_t n_rows)
{
    chunk values[ROWS];
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++)
        values[r] = load_values(x + r * x_stride);
#pragma GCC unroll 4
    for (size_t j = 0; j < OUTPUTS; j++) {
        const int8_t *at = w + j * w_stride;
        const weight_chunk weights = prepare_weights(n_columns < CHUNK ? load_part(at, n_columns) : load_chunk(at));
#pragma GCC unroll 4
        for (size_t r = 0; r < n_rows; r++)
            sum[r][j] = (int_chunk)multiply_add((chunk)sum[r][j], weights, values[r]);
    }
}

static inline __attribute__((always_inline)) void dot(int32_t (*sums)[OUTPUTS], const int8_t *w, size_t w_stride,
                                                      const int8_t *x, size_t x_stride, size_t d, size_t n_rows)
{
    int_chunk sum[ROWS][OUTPUTS];
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 4
        for (size_t j = 0; j < OUTPUTS; j++)
            sum[r][j] = (int_chunk){0};
    size_t i = 0;
    for (; i + CHUNK <= d; i += CHUNK)
        add_chunk(sum, w + i, w_stride, x + i, x_stride, CHUNK, n_rows);
    if (i < d)
        add_chunk(sum, w + i, w_stride, x + i, x_stride, d - i, n_rows);
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++) {
        const chunk of[OUTPUTS] = {(chunk)sum[r][0], (chunk)sum[r][1], (chunk)sum[r][2], (chunk)sum[r][3]};
        sum_chunks(sums[r], of);
    }
}

static void dot_tile(int32_t (*sums)[OUTPUTS], const int8_t *w, size_t w_stride, const int8_t *x, size_t x_stride,
                     size_t d, size_t n_rows)
{
    if (n_rows == ROWS)
        dot(sums, w, w_stride, x, x_stride, d, ROWS);
    else if (n_rows == 2)
        dot(sums, w, w_stride, x, x_stride, d, 2);
    else
        dot(sums, w, w_stride, x, x_stride, d, 1);
}
