/* float32: attention's products, softmax, layer normalisation, swish. Part of level_body.h. */
#include <math.h>

#include "kernels/lanes.h"
#include "kernels/level.h"

/* Asks for n columns of n_rows rows of x. With one query, reading the memory takes longer than the products, and the
 * columns behind those of a head are those of the next one. Behind the end of the memory it does nothing. */
static inline void prefetch(const float *x, size_t stride, size_t n_rows, size_t n)
{
    enum { LINE = 16 };
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < n; j += LINE)
            __builtin_prefetch(x + i * stride + j);
}

/* Adds the products of LANES columns of a and of LANES rows of b. */
static inline __attribute__((always_inline)) void add_products(lanes sums[LANES], const float *a,
                                                               const float *const b[LANES], size_t column)
{
    lanes of_a = lanes_load(a + column);
    for (size_t j = 0; j < LANES; j++)
        sums[j] = lanes_add(sums[j], lanes_multiply(of_a, lanes_load(b[j] + column)));
}

/* The products of a with n <= LANES rows of b, each k long. */
static inline __attribute__((always_inline)) lanes dots(const float *a, const float *b, size_t b_stride, size_t n,
                                                        size_t k)
{
    const float *rows[LANES];
    lanes sums[LANES];
    for (size_t j = 0; j < LANES; j++) {
        rows[j] = b + (j < n ? j : 0) * b_stride; /* the first one in place of those that are not there */
        sums[j] = lanes_of(0.0f);
    }
    size_t i = 0;
    for (; i + LANES <= k; i += LANES)
        add_products(sums, a, rows, i);
    if (i < k) {
        float rest_of_a[LANES], rest[LANES][LANES];
        lanes_store(rest_of_a, lanes_load_part(a + i, k - i, 0.0f));
        for (size_t j = 0; j < LANES; j++) {
            lanes_store(rest[j], lanes_load_part(rows[j] + i, k - i, 0.0f));
            rows[j] = rest[j];
        }
        add_products(sums, rest_of_a, rows, 0);
    }
    return lanes_sums(sums);
}

/* LANES rows of b at a time, which stay in the first-level cache while rows of a pass by. */
static void matmul_transposed_lanes(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                                    size_t b_stride, size_t m, size_t n, size_t k, float factor)
{
    for (size_t j = 0; j < n; j += LANES, b += LANES * b_stride) {
        size_t left = n - j < LANES ? n - j : LANES;
        if (m == 1)
            prefetch(b + k, b_stride, left, k);
        for (size_t i = 0; i < m; i++) {
            const float *row = a + i * a_stride;
            lanes sums = left == LANES ? dots(row, b, b_stride, LANES, k) : dots(row, b, b_stride, left, k);
            lanes_store_part(out + i * out_stride + j, left, lanes_multiply(lanes_of(factor), sums));
        }
    }
}

enum { PRODUCT_ROWS = 2 * SETS, PRODUCT_VECTORS = 4 }; /* of a tile, whose sums stay in registers */

/* n_vectors * WIDE_LANES columns of n_rows rows of the product, each summed over k in order. */
static inline __attribute__((always_inline)) void product_tile(float *out, size_t out_stride, const float *a,
                                                               size_t a_stride, const float *b, size_t b_stride,
                                                               size_t k, size_t n_rows, size_t n_vectors)
{
    wide sums[PRODUCT_ROWS][PRODUCT_VECTORS];
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 4
        for (size_t v = 0; v < n_vectors; v++)
            sums[r][v] = wide_of(0.0f);
    for (size_t i = 0; i < k; i++)
#pragma GCC unroll 4
        for (size_t v = 0; v < n_vectors; v++) {
            wide of_b = wide_load(b + i * b_stride + v * WIDE_LANES);
#pragma GCC unroll 4
            for (size_t r = 0; r < n_rows; r++)
                sums[r][v] = wide_add(sums[r][v], wide_multiply(wide_of(a[r * a_stride + i]), of_b));
        }
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 4
        for (size_t v = 0; v < n_vectors; v++)
            wide_store(out + r * out_stride + v * WIDE_LANES, sums[r][v]);
}

static inline __attribute__((always_inline)) void product_rows(float *out, size_t out_stride, const float *a,
                                                               size_t a_stride, const float *b, size_t b_stride,
                                                               size_t n_rows, size_t n, size_t k)
{
    size_t j = 0;
    for (; j + PRODUCT_VECTORS * WIDE_LANES <= n; j += PRODUCT_VECTORS * WIDE_LANES)
        product_tile(out + j, out_stride, a, a_stride, b + j, b_stride, k, n_rows, PRODUCT_VECTORS);
    for (; j + WIDE_LANES <= n; j += WIDE_LANES)
        product_tile(out + j, out_stride, a, a_stride, b + j, b_stride, k, n_rows, 1);
    for (; j < n; j++)
        for (size_t r = 0; r < n_rows; r++) {
            float sum = 0.0f;
            for (size_t i = 0; i < k; i++)
                sum += a[r * a_stride + i] * b[i * b_stride + j];
            out[r * out_stride + j] = sum;
        }
}

static void matmul_lanes(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                         size_t b_stride, size_t m, size_t n, size_t k)
{
    if (m == 1)
        prefetch(b + n, b_stride, k, n);
    for (; m >= PRODUCT_ROWS; m -= PRODUCT_ROWS, a += PRODUCT_ROWS * a_stride, out += PRODUCT_ROWS * out_stride)
        product_rows(out, out_stride, a, a_stride, b, b_stride, PRODUCT_ROWS, n, k);
    for (; m > 0; m--, a += a_stride, out += out_stride)
        product_rows(out, out_stride, a, a_stride, b, b_stride, 1, n, k);
}

/* exp(x): 2^n exp(r) with n = x/ln 2 rounded and |r| <= ln(2)/2, exp(r) by its Taylor series to r^7/7!, whose rest is
 * below 6e-9. At most 2 units in the last place off, where the result is a normal number (tests/test_kernels.c); below
 * -87.3 it is 0, above 88.4 it stays at 2^127.5. */
static inline lanes exp_lanes(lanes x)
{
    const lanes lowest = lanes_of(-87.3f), highest = lanes_of(88.4f);
    lanes clamped = lanes_smaller(highest, lanes_larger(lowest, x)); /* x, when it is not a number */
    int_lanes exponent = lanes_rounded(lanes_multiply(clamped, lanes_of(1.44269504f)));
    lanes n = lanes_of_ints(exponent);
    /* ln 2 in two parts, of which the first has so few bits that n times it is exact */
    lanes r = lanes_subtract(clamped, lanes_multiply(n, lanes_of(0.693359375f)));
    r = lanes_subtract(r, lanes_multiply(n, lanes_of(-2.12194440e-4f)));
    static const float series[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
    lanes sum = lanes_of(1.0f / 5040);
    for (size_t i = 0; i < sizeof series / sizeof *series; i++)
        sum = lanes_add(lanes_multiply(sum, r), lanes_of(series[i]));
    return lanes_less(x, lowest, lanes_of(0.0f), lanes_multiply(sum, lanes_power_of_two(exponent)));
}

static float max_lanes(const float *x, size_t n)
{
    lanes largest = lanes_of(-INFINITY), check = lanes_of(0.0f);
    for (size_t i = 0; i < n; i += LANES) {
        lanes v = n - i < LANES ? lanes_load_part(x + i, n - i, x[i]) : lanes_load(x + i);
        largest = lanes_larger(v, largest);
        check = lanes_add(check, lanes_larger(lanes_of(-1.0f), v)); /* not a number from here on, if v is none */
    }
    return isnan(lanes_sum(check)) ? NAN : lanes_largest(largest);
}

/* Something that is not a number, or +infinity, makes the sum none and with it the whole row. */
static void softmax_lanes(float *x, size_t n)
{
    size_t n_whole = (n - 1) / LANES * LANES, n_last = n - n_whole;
    lanes last = lanes_load_part(x + n_whole, n_last, -INFINITY), largest = last, sum = lanes_of(0.0f);
    for (size_t i = 0; i < n_whole; i += LANES)
        largest = lanes_larger(lanes_load(x + i), largest);
    largest = lanes_of(lanes_largest(largest));
    for (size_t i = 0; i < n_whole; i += LANES) {
        lanes e = exp_lanes(lanes_subtract(lanes_load(x + i), largest));
        sum = lanes_add(sum, e);
        lanes_store(x + i, e);
    }
    last = exp_lanes(lanes_subtract(last, largest)); /* 0 in the lanes that are not there */
    lanes total = lanes_of(lanes_sum(lanes_add(sum, last)));
    for (size_t i = 0; i < n_whole; i += LANES)
        lanes_store(x + i, lanes_divide(lanes_load(x + i), total));
    lanes_store_part(x + n_whole, n_last, lanes_divide(last, total));
}

static void swish_lanes(float *x, size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        size_t left = n - i;
        lanes v = left < LANES ? lanes_load_part(x + i, left, 0.0f) : lanes_load(x + i);
        lanes e = exp_lanes(lanes_subtract(lanes_of(0.0f), v));
        v = lanes_divide(v, lanes_add(lanes_of(1.0f), e));
        if (left < LANES)
            lanes_store_part(x + i, left, v);
        else
            lanes_store(x + i, v);
    }
}

#define EPSILON 1e-5

/* Sums in double: eight of them, added in one order. */
static double sum_of_eight(const double sums[LANES])
{
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

/* n_rows <= 2 rows at once: an addition waits for the one before it, and those of two rows take turns. */
static inline __attribute__((always_inline)) void norm_rows(float *out, const float *x, const float *weight,
                                                            const float *bias, size_t d, size_t n_rows)
{
    size_t n_whole = d / LANES * LANES;
    double sums[2][LANES] = {{0}}, squares[2][LANES] = {{0}}, mean[2], inverse[2];
    for (size_t i = 0; i < n_whole; i += LANES)
        for (size_t r = 0; r < n_rows; r++)
            for (size_t j = 0; j < LANES; j++)
                sums[r][j] += (double)x[r * d + i + j];
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t i = n_whole; i < d; i++)
            sums[r][i - n_whole] += (double)x[r * d + i];
        mean[r] = sum_of_eight(sums[r]) / (double)d;
    }
    for (size_t i = 0; i < n_whole; i += LANES)
        for (size_t r = 0; r < n_rows; r++)
            for (size_t j = 0; j < LANES; j++)
                squares[r][j] += ((double)x[r * d + i + j] - mean[r]) * ((double)x[r * d + i + j] - mean[r]);
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t i = n_whole; i < d; i++)
            squares[r][i - n_whole] += ((double)x[r * d + i] - mean[r]) * ((double)x[r * d + i] - mean[r]);
        inverse[r] = 1.0 / sqrt(sum_of_eight(squares[r]) / (double)d + EPSILON);
    }
    for (size_t r = 0; r < n_rows; r++)
        for (size_t i = 0; i < d; i++)
            out[r * d + i] = (float)(((double)x[r * d + i] - mean[r]) * inverse[r]) * weight[i] + bias[i];
}

static void layer_norm_lanes(float *out, const float *x, const float *weight, const float *bias, size_t n_rows,
                             size_t d)
{
    for (; n_rows >= 2; n_rows -= 2, x += 2 * d, out += 2 * d)
        norm_rows(out, x, weight, bias, d, 2);
    if (n_rows)
        norm_rows(out, x, weight, bias, d, 1);
}
