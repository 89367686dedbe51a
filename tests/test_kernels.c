#include "kernels/kernels.h"
#include "tests/random.h"
#include "tests/suite.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* First what can be checked in the head. */

START_TEST(linear_adds_products_and_bias)
{
    const float weight[] = {1, 2, 3, 4, 5, 6}, bias[] = {10, 20}, x[] = {1, 0, 2, 0, 1, 0};
    const linear_weights w = {.d_out = 2, .d_in = 3, .weight = weight, .bias = bias};
    float out[4];
    linear(out, x, &w, 2, NULL);
    ck_assert_float_eq(out[0], 1 + 6 + 10);
    ck_assert_float_eq(out[1], 4 + 12 + 20);
    ck_assert_float_eq(out[2], 2 + 10);
    ck_assert_float_eq(out[3], 5 + 20);
    linear(out, x, &w, 1, NULL); /* one row is another way through BLAS */
    ck_assert_float_eq(out[0], 17);
    ck_assert_float_eq(out[1], 36);
}
END_TEST

START_TEST(linear_int8_in_the_head)
{
    /* x = (127, 0, -127) rounds to itself with scale 1; the weight's scales are 1/2 and 2. */
    const int8_t weight[] = {1, 50, 3, -127, 7, 127};
    const float scale[] = {0.5f, 2.0f}, bias[] = {1, 0}, x[] = {127, 0, -127};
    const linear_weights w = {.d_out = 2, .d_in = 3, .weight_int8 = weight, .scale = scale, .bias = bias};
    int16_t values[3], weight_row[3];
    float scales[1], out[2], row[3];
    linear_scratch scratch = {values, scales, weight_row};
    linear(out, x, &w, 1, &scratch);
    ck_assert_float_eq(out[0], (127 - 3 * 127) * 0.5f + 1);
    ck_assert_float_eq(out[1], -2 * 127 * 127 * 2.0f);
    linear_row(row, &w, 1);
    ck_assert_float_eq(row[0], -254);
    ck_assert_float_eq(row[2], 254);
}
END_TEST

START_TEST(softmax_in_the_head)
{
    float equal[] = {5, 5, 5, 5}, one[] = {-3}, far[] = {1e4f, 0, -1e4f}, two[] = {0, logf(3)};
    softmax(equal, 4);
    softmax(one, 1);
    softmax(far, 3);
    softmax(two, 2);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq(equal[i], 0.25f);
    ck_assert_float_eq(one[0], 1);
    ck_assert_float_eq(far[0], 1);
    ck_assert_float_eq(far[1], 0);
    ck_assert_float_eq_tol(two[1], 0.75f, 1e-6f);
    const float x[] = {0, logf(3)};
    ck_assert_float_eq_tol(log_softmax_at(x, 2, 0), logf(0.25f), 1e-6f);
}
END_TEST

START_TEST(layer_norm_in_the_head)
{
    /* mean 3, variance 4: (x - 3) / 2 but for epsilon */
    float x[] = {1, 5, 1, 5, 2, 2, 2, 2};
    const float weight[] = {1, 1, 10, 1}, bias[] = {0, 0, 0, 7};
    layer_norm(x, x, weight, bias, 2, 4);
    ck_assert_float_eq_tol(x[0], -1, 1e-5f);
    ck_assert_float_eq_tol(x[1], 1, 1e-5f);
    ck_assert_float_eq_tol(x[2], -10, 1e-4f);
    ck_assert_float_eq_tol(x[3], 8, 1e-5f);
    ck_assert_float_eq(x[4], 0); /* a constant row becomes its bias */
    ck_assert_float_eq(x[7], 7);

    float small[] = {-1e-3f, 1e-3f}; /* variance 1e-6, a tenth of epsilon */
    layer_norm(small, small, weight, bias, 1, 2);
    ck_assert_float_eq_tol(small[1], 1e-3f / sqrtf(1.1e-5f), 1e-5f);
}
END_TEST

START_TEST(activations_in_the_head)
{
    float r[] = {-2, 0, 3}, s[] = {0, 100, -100}, g[] = {0, 100, 1};
    relu(r, 3);
    swish(s, 3);
    gelu(g, 3);
    ck_assert(r[0] == 0 && r[1] == 0 && r[2] == 3);
    ck_assert_float_eq(s[0], 0);
    ck_assert_float_eq(s[1], 100);
    ck_assert_float_eq_tol(s[2], 0, 1e-30f);
    ck_assert_float_eq(g[0], 0);
    ck_assert_float_eq(g[1], 100);
    ck_assert_float_eq_tol(g[2], 0.841345f, 1e-6f); /* the normal distribution at 1 */
}
END_TEST

START_TEST(argmax_takes_the_first_of_equals)
{
    ck_assert_uint_eq(argmax((const float[]){1, 3, 3, 2}, 4), 1);
    ck_assert_uint_eq(argmax((const float[]){-INFINITY, -1}, 2), 1);
    ck_assert_uint_eq(argmax((const float[]){5}, 1), 0);
    ck_assert_uint_eq(argmax((const float[]){1, NAN, 2}, 3), 3);
    ck_assert_uint_eq(argmax((const float[]){NAN, 1}, 2), 2);
}
END_TEST

/* Then two ways that must agree. */

enum { MOST_ROWS = 7, MOST_IN = 130, MOST_OUT = 70 };

static double naive(const float *x, const linear_weights *w, size_t row, size_t o)
{
    double sum = w->bias ? (double)w->bias[o] : 0.0;
    for (size_t i = 0; i < w->d_in; i++) {
        double weight = w->weight ? (double)w->weight[o * w->d_in + i]
                                  : (double)w->weight_int8[o * w->d_in + i] * (double)w->scale[o];
        sum += (double)x[row * w->d_in + i] * weight;
    }
    return sum;
}

START_TEST(linear_agrees_with_a_loop)
{
    static float weight[MOST_OUT * MOST_IN], bias[MOST_OUT], x[MOST_ROWS * MOST_IN], out[MOST_ROWS * MOST_OUT];
    random_floats(weight, MOST_OUT * MOST_IN, 1);
    random_floats(bias, MOST_OUT, 2);
    random_floats(x, MOST_ROWS * MOST_IN, 3);
    for (size_t n_rows = 1; n_rows <= MOST_ROWS; n_rows++)
        for (size_t d_in = 1; d_in <= MOST_IN; d_in += 43)
            for (size_t d_out = 1; d_out <= MOST_OUT; d_out += 23) {
                const linear_weights w = {.d_out = d_out, .d_in = d_in, .weight = weight, .bias = bias};
                linear(out, x, &w, n_rows, NULL);
                for (size_t row = 0; row < n_rows; row++)
                    for (size_t o = 0; o < d_out; o++)
                        ck_assert_float_eq_tol(out[row * d_out + o], (float)naive(x, &w, row, o), 1e-4f);
            }
}
END_TEST

START_TEST(linear_int8_agrees_with_widened_weights)
{
    static int8_t weight[MOST_OUT * MOST_IN];
    static int16_t values[MOST_ROWS * MOST_IN], weight_row[MOST_IN];
    static float scale[MOST_OUT], x[MOST_ROWS * MOST_IN], out[MOST_ROWS * MOST_OUT], alone[MOST_OUT];
    float scales[MOST_ROWS];
    linear_scratch scratch = {values, scales, weight_row};
    random_bytes(weight, sizeof weight, 4);
    random_floats(x, MOST_ROWS * MOST_IN, 5);
    for (size_t o = 0; o < MOST_OUT; o++)
        scale[o] = 0.001f * (float)(o + 1);
    const linear_weights w = {.d_out = MOST_OUT, .d_in = MOST_IN, .weight_int8 = weight, .scale = scale};
    linear(out, x, &w, MOST_ROWS, &scratch);
    for (size_t row = 0; row < MOST_ROWS; row++) {
        float largest = 0, sum = 0;
        for (size_t i = 0; i < MOST_IN; i++)
            largest = fmaxf(largest, fabsf(x[row * MOST_IN + i]));
        for (size_t o = 0; o < MOST_OUT; o++) {
            sum = 0;
            for (size_t i = 0; i < MOST_IN; i++)
                sum += fabsf((float)weight[o * MOST_IN + i]) * scale[o];
            /* x is off by half a step at most, in each of the products */
            float bound = sum * largest / 127 / 2 * 1.001f + 1e-4f;
            ck_assert_float_eq_tol(out[row * MOST_OUT + o], (float)naive(x, &w, row, o), bound);
        }
        linear(alone, x + row * MOST_IN, &w, 1, &scratch); /* a row does not depend on the others */
        ck_assert_int_eq(memcmp(alone, out + row * MOST_OUT, sizeof alone), 0);
    }
}
END_TEST

START_TEST(linear_int8_keeps_what_is_not_a_number)
{
    const int8_t weight[] = {1, 2, 3};
    const float scale[] = {1}, bias[] = {5};
    const linear_weights w = {.d_out = 1, .d_in = 3, .weight_int8 = weight, .scale = scale, .bias = bias};
    int16_t values[3], weight_row[3];
    float scales[1], out;
    linear_scratch scratch = {values, scales, weight_row};
    linear(&out, (const float[]){1, NAN, 1}, &w, 1, &scratch);
    ck_assert(isnan(out));
    linear(&out, (const float[]){1, INFINITY, 1}, &w, 1, &scratch);
    ck_assert(isnan(out));
    linear(&out, (const float[]){0, 0, 0}, &w, 1, &scratch);
    ck_assert_float_eq(out, 5);
    linear(&out, (const float[]){FLT_MIN, 0, 0}, &w, 1, &scratch);
    ck_assert_float_eq(out, 5);
    linear(&out, (const float[]){1e38f, 0, 0}, &w, 1, &scratch);
    ck_assert_float_eq_tol(out / 1e38f, 1, 1e-6f);
}
END_TEST

START_TEST(products_agree_with_loops)
{
    enum { M = 5, N = 6, K = 7, STRIDE = 11 };
    float a[M * STRIDE], b[K * STRIDE], out[M * STRIDE];
    random_floats(a, M * STRIDE, 6);
    random_floats(b, K * STRIDE, 7);
    for (size_t m = 1; m <= M; m += M - 1) {
        product_transposed(out, STRIDE, a, STRIDE, b, STRIDE, m, N, K, 0.5f);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < N; j++) {
                float sum = 0;
                for (size_t k = 0; k < K; k++)
                    sum += a[i * STRIDE + k] * b[j * STRIDE + k];
                ck_assert_float_eq_tol(out[i * STRIDE + j], 0.5f * sum, 1e-5f);
            }
        product(out, STRIDE, a, STRIDE, b, STRIDE, m, N, K);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < N; j++) {
                float sum = 0;
                for (size_t k = 0; k < K; k++)
                    sum += a[i * STRIDE + k] * b[k * STRIDE + j];
                ck_assert_float_eq_tol(out[i * STRIDE + j], sum, 1e-5f);
            }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    kernels_start();
    add_test(suite, "linear_adds_products_and_bias", linear_adds_products_and_bias);
    add_test(suite, "linear_int8_in_the_head", linear_int8_in_the_head);
    add_test(suite, "softmax_in_the_head", softmax_in_the_head);
    add_test(suite, "layer_norm_in_the_head", layer_norm_in_the_head);
    add_test(suite, "activations_in_the_head", activations_in_the_head);
    add_test(suite, "argmax_takes_the_first_of_equals", argmax_takes_the_first_of_equals);
    add_test(suite, "linear_agrees_with_a_loop", linear_agrees_with_a_loop);
    add_test(suite, "linear_int8_agrees_with_widened_weights", linear_int8_agrees_with_widened_weights);
    add_test(suite, "linear_int8_keeps_what_is_not_a_number", linear_int8_keeps_what_is_not_a_number);
    add_test(suite, "products_agree_with_loops", products_agree_with_loops);
    return run_suite(suite);
}
