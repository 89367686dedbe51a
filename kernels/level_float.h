/* float32: attention's products, softmax, layer normalisation, swish. Part of level_body.h. */
#include <math.h>

#include "kernels/lanes.h"
#include "kernels/level.h"

enum { FLOAT_OUTPUTS = 4 };

/* out [n]: factor times the products of a [k] with n rows of b. */
static inline __attribute__((always_inline)) void dots(float *out, const float *a, const float *b, size_t b_stride,
                                                       size_t k, float factor, size_t n)
{
    lanes sums[FLOAT_OUTPUTS];
    size_t i = 0;
    for (size_t j = 0; j < n; j++)
        sums[j] = lanes_of(0.0f);
    for (; i + LANES <= k; i += LANES) {
        lanes of_a = lanes_load(a + i);
        for (size_t j = 0; j < n; j++)
            sums[j] = lanes_add(sums[j], lanes_multiply(of_a, lanes_load(b + j * b_stride + i)));
    }
    if (i < k) {
        lanes of_a = lanes_load_part(a + i, k - i, 0.0f);
        for (size_t j = 0; j < n; j++)
            sums[j] = lanes_add(sums[j], lanes_multiply(of_a, lanes_load_part(b + j * b_stride + i, k - i, 0.0f)));
    }
    for (size_t j = 0; j < n; j++)
        out[j] = factor * lanes_sum(sums[j]);
}

static void product_transposed_lanes(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                                     size_t b_stride, size_t m, size_t n, size_t k, float factor)
{
    for (size_t i = 0; i < m; i++, a += a_stride, out += out_stride) {
        size_t j = 0;
        for (; j + FLOAT_OUTPUTS <= n; j += FLOAT_OUTPUTS)
            dots(out + j, a, b + j * b_stride, b_stride, k, factor, FLOAT_OUTPUTS);
        for (; j < n; j++)
            dots(out + j, a, b + j * b_stride, b_stride, k, factor, 1);
    }
}

/* n_lanes * LANES columns of one row of the product, each summed over k in order. */
static inline __attribute__((always_inline)) void product_columns(float *out, const float *a, const float *b,
                                                                  size_t b_stride, size_t k, size_t n_lanes)
{
    lanes sums[8];
    for (size_t l = 0; l < n_lanes; l++)
        sums[l] = lanes_of(0.0f);
    for (size_t i = 0; i < k; i++) {
        lanes factor = lanes_of(a[i]);
        for (size_t l = 0; l < n_lanes; l++)
            sums[l] = lanes_add(sums[l], lanes_multiply(factor, lanes_load(b + i * b_stride + l * LANES)));
    }
    for (size_t l = 0; l < n_lanes; l++)
        lanes_store(out + l * LANES, sums[l]);
}

static void product_lanes(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                          size_t b_stride, size_t m, size_t n, size_t k)
{
    for (size_t i = 0; i < m; i++, a += a_stride, out += out_stride) {
        size_t j = 0;
        for (; j + 8 * LANES <= n; j += 8 * LANES)
            product_columns(out + j, a, b + j, b_stride, k, 8);
        for (; j + LANES <= n; j += LANES)
            product_columns(out + j, a, b + j, b_stride, k, 1);
        for (; j < n; j++) {
            float sum = 0.0f;
            for (size_t l = 0; l < k; l++)
                sum += a[l] * b[l * b_stride + j];
            out[j] = sum;
        }
    }
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

static void softmax_lanes(float *x, size_t n)
{
    size_t n_whole = n / LANES * LANES, rest = n - n_whole;
    lanes largest = lanes_of(largest_lanes(x, n)), sum = lanes_of(0.0f);
    lanes last = lanes_load_part(x + n_whole, rest, -INFINITY);
    for (size_t i = 0; i < n_whole; i += LANES) {
        lanes e = exp_lanes(lanes_subtract(lanes_load(x + i), largest));
        sum = lanes_add(sum, e);
        lanes_store(x + i, e);
    }
    last = exp_lanes(lanes_subtract(last, largest)); /* 0 in the lanes that are not there */
    lanes total = lanes_of(lanes_sum(lanes_add(sum, last)));
    for (size_t i = 0; i < n_whole; i += LANES)
        lanes_store(x + i, lanes_divide(lanes_load(x + i), total));
    lanes_store_part(x + n_whole, rest, lanes_divide(last, total));
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
