/* float32: attention's products, softmax, layer normalisation, swish. Part of level_body.h. */
#include <math.h>

#include "kernels/lanes.h"
#include "kernels/level.h"

enum { FLOAT_OUTPUTS = 4 };

/* x is read soon: with one query, reading the memory takes longer than the products, and the columns behind these are
 * the next head's. */
static inline void prefetch(const float *x)
{
    __builtin_prefetch(x);
}

/* Row i of x, or row 0 when there are only n. */
static inline const float *row_of(const float *x, size_t stride, size_t i, size_t n)
{
    return x + (i < n ? i : 0) * stride;
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
        rows[j] = row_of(b, b_stride, j, n);
        sums[j] = lanes_of(0.0f);
    }
    size_t i = 0;
    for (; i + LANES <= k; i += LANES) {
        for (size_t j = 0; j < LANES; j++)
            prefetch(rows[j] + k + i);
        add_products(sums, a, rows, i);
    }
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

enum { QUERIES = 2 * SETS }; /* of a tile */

/* to [QUERIES]: dots of m <= QUERIES rows of a; k is a multiple of LANES. */
static inline __attribute__((always_inline)) void tall_dots(lanes to[QUERIES], const float *a, size_t a_stride,
                                                            const float *b, size_t b_stride, size_t m, size_t n,
                                                            size_t k)
{
    const float *rows[LANES], *rows_of_a[QUERIES];
    wide sums[2][LANES];
#pragma GCC unroll 8
    for (size_t j = 0; j < LANES; j++) {
        rows[j] = row_of(b, b_stride, j, n);
        sums[0][j] = sums[1][j] = wide_of(0.0f);
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < QUERIES; r++)
        rows_of_a[r] = row_of(a, a_stride, r, m);
    for (size_t i = 0; i < k; i += LANES) {
        wide first = wide_rows(rows_of_a[0] + i, rows_of_a[SETS - 1] + i);
        wide second = wide_rows(rows_of_a[SETS] + i, rows_of_a[QUERIES - 1] + i);
#pragma GCC unroll 8
        for (size_t j = 0; j < LANES; j++) {
            wide of_b = wide_repeated(lanes_load(rows[j] + i));
            sums[0][j] = wide_add(sums[0][j], wide_multiply(first, of_b));
            sums[1][j] = wide_add(sums[1][j], wide_multiply(second, of_b));
        }
    }
    wide_sums(to, sums[0]);
    wide_sums(to + SETS, sums[1]);
}

/* out [m, n], n <= LANES */
static inline __attribute__((always_inline)) void products_with(float *out, size_t out_stride, const float *a,
                                                                size_t a_stride, const float *b, size_t b_stride,
                                                                size_t m, size_t n, size_t k, float factor)
{
    for (size_t i = 0, n_rows; i < m; i += n_rows, a += n_rows * a_stride) {
        lanes sums[QUERIES];
        n_rows = m - i < QUERIES ? m - i : QUERIES;
        if (SETS > 1 && n_rows > 1 && k % LANES == 0)
            tall_dots(sums, a, a_stride, b, b_stride, n_rows, n, k);
        else {
            n_rows = 1;
            sums[0] = dots(a, b, b_stride, n, k);
        }
        for (size_t r = 0; r < n_rows; r++, out += out_stride) {
            lanes_store_part(out, n, lanes_multiply(lanes_of(factor), sums[r]));
        }
    }
}

/* LANES rows of b at a time, which stay in the first-level cache while rows of a pass by. */
static void product_transposed_lanes(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                                     size_t b_stride, size_t m, size_t n, size_t k, float factor)
{
    for (; n >= LANES; n -= LANES, out += LANES, b += LANES * b_stride)
        products_with(out, out_stride, a, a_stride, b, b_stride, m, LANES, k, factor);
    if (n > 0)
        products_with(out, out_stride, a, a_stride, b, b_stride, m, n, k, factor);
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
            const float *at = b + i * b_stride + v * WIDE_LANES;
            wide of_b = wide_load(at);
            if (n_rows == 1)
                prefetch(at + n_vectors * WIDE_LANES);
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

static void product_lanes(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                          size_t b_stride, size_t m, size_t n, size_t k)
{
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

static float largest_lanes(const float *x, size_t n)
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

static void layer_norm_lanes(float *out, const float *x, const float *weight, const float *bias, size_t n_rows,
                             size_t d)
{
    size_t n_whole = d / LANES * LANES;
    for (size_t row = 0; row < n_rows; row++, x += d, out += d) {
        double sums[LANES] = {0}, squares[LANES] = {0};
        for (size_t i = 0; i < n_whole; i += LANES)
            for (size_t j = 0; j < LANES; j++)
                sums[j] += (double)x[i + j];
        for (size_t i = n_whole; i < d; i++)
            sums[i - n_whole] += (double)x[i];
        double mean = sum_of_eight(sums) / (double)d;
        for (size_t i = 0; i < n_whole; i += LANES)
            for (size_t j = 0; j < LANES; j++)
                squares[j] += ((double)x[i + j] - mean) * ((double)x[i + j] - mean);
        for (size_t i = n_whole; i < d; i++)
            squares[i - n_whole] += ((double)x[i] - mean) * ((double)x[i] - mean);
        double inverse = 1.0 / sqrt(sum_of_eight(squares) / (double)d + EPSILON);
        for (size_t i = 0; i < d; i++)
            out[i] = (float)(((double)x[i] - mean) * inverse) * weight[i] + bias[i];
    }
}
