#include "kernels/level.h"
#include "tests/random.h"
#include "tests/suite.h"

#include <dirent.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST_ROWS = 42, MOST_IN = 130, MOST_OUT = 300, PADDED = 192, MOST_THREADS = 3 };

/* Room for linear layers of up to these sizes. */
typedef struct {
    int8_t values[MOST_ROWS * PADDED];
    float scales[MOST_ROWS];
    int32_t offsets[MOST_ROWS];
    float block[MOST_THREADS * MOST_ROWS * LINEAR_BLOCK];
    linear_best best[MOST_THREADS * MOST_ROWS];
} room;

static linear_scratch scratch_in(room *r, thread_team *team)
{
    memset(r, 0x55, sizeof *r);
    return (linear_scratch){r->values, r->scales, r->offsets, r->block, r->best, team};
}

/* ---- cases checked by hand ---- */

START_TEST(linear_adds_products_and_bias)
{
    const float weight[] = {1, 2, 3, 4, 5, 6}, bias[] = {10, 20}, x[] = {1, 0, 2, 0, 1, 0};
    const linear_weights w = {.d_out = 2, .d_in = 3, .weight = weight, .bias = bias};
    float out[4];
    linear_scratch scratch = {0};
    kernels_linear(out, x, &w, 2, &scratch);
    ck_assert_float_eq(out[0], 1 + 6 + 10);
    ck_assert_float_eq(out[1], 4 + 12 + 20);
    ck_assert_float_eq(out[2], 2 + 10);
    ck_assert_float_eq(out[3], 5 + 20);
    kernels_linear(out, x, &w, 1, &scratch); /* one row is a tile of another height */
    ck_assert_float_eq(out[0], 17);
    ck_assert_float_eq(out[1], 36);
}
END_TEST

START_TEST(linear_int8_in_the_head)
{
    /* x = (127, 0, -127) is quantized exactly, with scale 1; the weight's scales are 1/2 and 2. */
    const int8_t weight[] = {1, 50, 3, -127, 7, 127};
    const float scale[] = {0.5f, 2.0f}, bias[] = {1, 0}, x[] = {127, 0, -127};
    const linear_weights w = {.d_out = 2, .d_in = 3, .weight_int8 = weight, .scale = scale, .bias = bias};
    room r;
    float out[2], row[3];
    linear_scratch scratch = scratch_in(&r, NULL);
    kernels_linear(out, x, &w, 1, &scratch);
    ck_assert_float_eq(out[0], (127 - 3 * 127) * 0.5f + 1);
    ck_assert_float_eq(out[1], -2 * 127 * 127 * 2.0f);
    kernels_linear_row(row, &w, 1);
    ck_assert_float_eq(row[0], -254);
    ck_assert_float_eq(row[2], 254);
}
END_TEST

START_TEST(softmax_in_the_head)
{
    float equal[] = {5, 5, 5, 5}, one[] = {-3}, far[] = {1e4f, 0, -1e4f}, two[] = {0, logf(3)};
    kernels_softmax(equal, 4);
    kernels_softmax(one, 1);
    kernels_softmax(far, 3);
    kernels_softmax(two, 2);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq(equal[i], 0.25f);
    ck_assert_float_eq(one[0], 1);
    ck_assert_float_eq(far[0], 1);
    ck_assert_float_eq(far[1], 0);
    ck_assert_float_eq_tol(two[1], 0.75f, 1e-6f);
    float x[] = {0, logf(3)}, large[] = {1e4f, 1e4f, -1e4f};
    ck_assert_double_eq_tol(kernels_log_sum_exp(x, 2), log(4), 1e-6);
    ck_assert_float_eq_tol(x[1], 0.75f, 1e-6f);
    ck_assert_double_eq_tol(kernels_log_sum_exp(large, 3), 1e4 + log(2), 1e-6);
}
END_TEST

START_TEST(layer_norm_in_the_head)
{
    /* mean 3, variance 4: (x - 3) / 2, except for epsilon */
    float x[] = {1, 5, 1, 5, 2, 2, 2, 2};
    const float weight[] = {1, 1, 10, 1}, bias[] = {0, 0, 0, 7};
    kernels_layer_norm(x, x, weight, bias, 1e-5, 2, 4);
    ck_assert_float_eq_tol(x[0], -1, 1e-5f);
    ck_assert_float_eq_tol(x[1], 1, 1e-5f);
    ck_assert_float_eq_tol(x[2], -10, 1e-4f);
    ck_assert_float_eq_tol(x[3], 8, 1e-5f);
    ck_assert_float_eq(x[4], 0); /* a constant row becomes its bias */
    ck_assert_float_eq(x[7], 7);

    float small[] = {-1e-3f, 1e-3f}; /* variance 1e-6, a tenth of epsilon */
    kernels_layer_norm(small, small, weight, bias, 1e-5, 1, 2);
    ck_assert_float_eq_tol(small[1], 1e-3f / sqrtf(1.1e-5f), 1e-5f);
}
END_TEST

START_TEST(activations_in_the_head)
{
    float r[] = {-2, 0, 3}, s[] = {0, 100, -100}, g[] = {0, 100, 1};
    kernels_relu(r, 3);
    kernels_swish(s, 3);
    kernels_gelu(g, 3);
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
    ck_assert_uint_eq(kernels_argmax((const float[]){1, 3, 3, 2}, 4), 1);
    ck_assert_uint_eq(kernels_argmax((const float[]){-INFINITY, -1}, 2), 1);
    ck_assert_uint_eq(kernels_argmax((const float[]){5}, 1), 0);
    ck_assert_uint_eq(kernels_argmax((const float[]){1, NAN, 2}, 3), 3);
    ck_assert_uint_eq(kernels_argmax((const float[]){NAN, 1}, 2), 2);
    ck_assert_uint_eq(kernels_argmax((const float[]){-INFINITY, -INFINITY}, 2), 2);
    ck_assert_uint_eq(kernels_argmax((const float[]){1, INFINITY, 2}, 3), 3);
}
END_TEST

/* ---- two implementations that must agree ---- */

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

/* kernels_linear on the level in use against a loop in double, for up to MOST_ROWS rows, with and without bias. */
static void check_linear_against_loop(void)
{
    static float weight[MOST_OUT * MOST_IN], bias[MOST_OUT], x[MOST_ROWS * MOST_IN], out[MOST_ROWS * MOST_OUT];
    linear_scratch scratch = {0};
    random_floats(weight, MOST_OUT * MOST_IN, 1);
    random_floats(bias, MOST_OUT, 2);
    random_floats(x, MOST_ROWS * MOST_IN, 3);
    for (size_t n_rows = 1; n_rows <= MOST_ROWS; n_rows++)
        for (size_t d_in = 1; d_in <= MOST_IN; d_in += 43)
            for (size_t d_out = 1; d_out <= 70; d_out += 23) {
                const linear_weights w = {
                    .d_out = d_out, .d_in = d_in, .weight = weight, .bias = n_rows % 3 ? bias : NULL};
                kernels_linear(out, x, &w, n_rows, &scratch);
                for (size_t row = 0; row < n_rows; row++)
                    for (size_t o = 0; o < d_out; o++)
                        ck_assert_float_eq_tol(out[row * d_out + o], (float)naive(x, &w, row, o), 1e-4f);
            }
}

START_TEST(linear_agrees_with_a_loop_on_every_level)
{
    const char *name;
    for (size_t i = 0; (name = kernels_level_name(i)) != NULL; i++) {
        ck_assert(kernels_start(name));
        check_linear_against_loop();
    }
    kernels_start(NULL);
}
END_TEST

START_TEST(linear_through_blas_agrees_with_a_loop)
{
    failure why;
    ck_assert(kernels_start("plain"));
    ck_assert_ok(kernels_open_blas(&why), why);
    ck_assert_ptr_nonnull(kernels_blas_core());
    check_linear_against_loop();
    kernels_start(NULL);
}
END_TEST

START_TEST(linear_int8_agrees_with_widened_weights)
{
    static int8_t weight[MOST_OUT * MOST_IN];
    static room r;
    static float scale[MOST_OUT], x[MOST_ROWS * MOST_IN], out[MOST_ROWS * MOST_OUT], alone[MOST_OUT];
    linear_scratch scratch = scratch_in(&r, NULL);
    double squares = 0.0, expected = 0.0;
    random_bytes(weight, sizeof weight, 4);
    random_floats(x, MOST_ROWS * MOST_IN, 5);
    for (size_t o = 0; o < MOST_OUT; o++)
        scale[o] = 0.001f * (float)(o + 1);
    const linear_weights w = {.d_out = MOST_OUT, .d_in = MOST_IN, .weight_int8 = weight, .scale = scale};
    kernels_linear(out, x, &w, MOST_ROWS, &scratch);
    for (size_t row = 0; row < MOST_ROWS; row++) {
        float largest = 0;
        for (size_t i = 0; i < MOST_IN; i++)
            largest = fmaxf(largest, fabsf(x[row * MOST_IN + i]));
        for (size_t o = 0; o < MOST_OUT; o++) {
            squares += pow((double)out[row * MOST_OUT + o] - naive(x, &w, row, o), 2);
            for (size_t i = 0; i < MOST_IN; i++) /* errors uniform within half a step: their variance is step^2 / 12 */
                expected += pow((double)((float)weight[o * MOST_IN + i] * scale[o] * largest / 127), 2) / 12;
        }
        kernels_linear(alone, x + row * MOST_IN, &w, 1, &scratch); /* a row does not depend on the others */
        ck_assert_int_eq(memcmp(alone, out + row * MOST_OUT, sizeof alone), 0);
    }
    ck_assert_double_eq_tol(sqrt(squares / expected), 1.0, 0.05); /* truncation would double it */
}
END_TEST

START_TEST(linear_int8_propagates_nan)
{
    const int8_t weight[] = {1, 2, 3};
    const float scale[] = {1}, bias[] = {5};
    const linear_weights w = {.d_out = 1, .d_in = 3, .weight_int8 = weight, .scale = scale, .bias = bias};
    room r;
    float out;
    linear_scratch scratch = scratch_in(&r, NULL);
    kernels_linear(&out, (const float[]){1, NAN, 1}, &w, 1, &scratch);
    ck_assert(isnan(out));
    kernels_linear(&out, (const float[]){1, INFINITY, 1}, &w, 1, &scratch);
    ck_assert(isnan(out));
    kernels_linear(&out, (const float[]){0, 0, 0}, &w, 1, &scratch);
    ck_assert_float_eq(out, 5);
    kernels_linear(&out, (const float[]){FLT_MIN, 0, 0}, &w, 1, &scratch);
    ck_assert_float_eq(out, 5);
    kernels_linear(&out, (const float[]){1e38f, 0, 0}, &w, 1, &scratch);
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
        kernels_matmul_transposed(out, STRIDE, a, STRIDE, b, STRIDE, m, N, K, 0.5f);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < N; j++) {
                float sum = 0;
                for (size_t k = 0; k < K; k++)
                    sum += a[i * STRIDE + k] * b[j * STRIDE + k];
                ck_assert_float_eq_tol(out[i * STRIDE + j], 0.5f * sum, 1e-5f);
            }
        for (size_t i = 0; i < m * STRIDE; i++)
            out[i] = 0.25f;
        kernels_matmul_add(out, STRIDE, a, STRIDE, b, STRIDE, m, N, K);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < N; j++) {
                float sum = 0.25f;
                for (size_t k = 0; k < K; k++)
                    sum += a[i * STRIDE + k] * b[k * STRIDE + j];
                ck_assert_float_eq_tol(out[i * STRIDE + j], sum, 1e-5f);
            }
    }
}
END_TEST

/* Compares all levels bit by bit: those that this CPU can run, and the others emulated in plain C. */

#ifdef KERNELS_SIMULATED
extern const kernel_level kernels_avx_vnni_simulated, kernels_avx512_vnni_simulated, kernels_neon_dot_simulated;
#endif

static const kernel_level *const simulated[] = {
#ifdef KERNELS_SIMULATED
    &kernels_avx_vnni_simulated, &kernels_avx512_vnni_simulated, &kernels_neon_dot_simulated,
#endif
    NULL};

enum { MOST_LEVELS = 8 };

static size_t levels_to_compare(const kernel_level *levels[MOST_LEVELS])
{
    size_t n = 0;
    const char *name;
    for (size_t i = 0; (name = kernels_level_name(i)) != NULL; i++) {
        ck_assert(kernels_start(name) && n < MOST_LEVELS);
        levels[n++] = kernels_active;
    }
    kernels_start(NULL);
    for (size_t i = 0; simulated[i]; i++) {
        ck_assert_uint_lt(n, MOST_LEVELS);
        levels[n++] = simulated[i];
    }
    return n;
}

typedef struct {
    const char *what;
    void (*fill)(float *x, int8_t *weight, uint64_t seed);
} numbers;

static void fill_random(float *x, int8_t *weight, uint64_t seed)
{
    random_floats(x, MOST_ROWS * MOST_IN, seed);
    random_bytes(weight, MOST_OUT * MOST_IN, seed + 1);
}

/* The largest possible products: every weight -128, every activation 127 or -127. */
static void fill_extreme(float *x, int8_t *weight, uint64_t seed)
{
    random_floats(x, MOST_ROWS * MOST_IN, seed);
    for (size_t i = 0; i < MOST_ROWS * MOST_IN; i++)
        x[i] = seed % 2 ? 1.0f : x[i] < 0.0f ? -1.0f : 1.0f;
    memset(weight, -128, MOST_OUT * MOST_IN);
}

/* Neighbouring weights that add up to 65 + second or its negative, times the largest activations. */
static void fill_pairs(float *x, int8_t *weight, uint64_t seed, int second)
{
    for (size_t i = 0; i < MOST_ROWS * MOST_IN; i++)
        x[i] = (seed + i / MOST_IN) % 3 ? 1.0f : -1.0f;
    for (size_t i = 0; i < MOST_OUT * MOST_IN; i++)
        weight[i] = (int8_t)((seed / 2 % 2 ? 1 : -1) * (i % 2 ? second : 65));
}

/* The largest pairs that the AVX2 level adds in 16 bits: 254 * 129 fits. */
static void fill_pairs_of_129(float *x, int8_t *weight, uint64_t seed)
{
    fill_pairs(x, weight, seed, 64);
}

/* The smallest that it must not add there: 254 * 130 does not fit. */
static void fill_pairs_of_130(float *x, int8_t *weight, uint64_t seed)
{
    fill_pairs(x, weight, seed, 65);
}

static void fill_zeros_and_ties(float *x, int8_t *weight, uint64_t seed)
{
    random_bytes(weight, MOST_OUT * MOST_IN, seed);
    for (size_t i = 0; i < MOST_ROWS * MOST_IN; i++)
        x[i] = i % 5 == 0 ? 127.0f : i % 3 == 0 ? 0.5f * (float)(i % 7) - 1.5f : 0.0f; /* halves round to even */
    memset(x, 0, MOST_IN * sizeof *x);
}

/* Output o of a row x [d_in], as defined in weights/FORMAT.md: the row quantized to 127 steps of its largest magnitude,
 * ties to even like rintf; products summed in integers; then two scales and the bias, each rounded once. */
static float exact_int8_output(const float *x, const linear_weights *w, size_t o)
{
    float largest = 0.0f, bias = w->bias ? w->bias[o] : 0.0f;
    int64_t sum = 0;
    for (size_t i = 0; i < w->d_in; i++)
        largest = fmaxf(largest, fabsf(x[i]));
    if (largest == 0.0f)
        return bias;
    for (size_t i = 0; i < w->d_in; i++)
        sum += (int64_t)rintf(x[i] * (127.0f / largest)) * w->weight_int8[o * w->d_in + i];
    return (float)sum * (w->scale[o] * (largest / 127.0f)) + bias;
}

START_TEST(int8_layers_are_exact_on_every_level)
{
    static const numbers kinds[] = {{"random", fill_random},
                                    {"extreme", fill_extreme},
                                    {"pairs of 129", fill_pairs_of_129},
                                    {"pairs of 130", fill_pairs_of_130},
                                    {"zeros and ties", fill_zeros_and_ties}};
    static const size_t rows[] = {1, 2, 4, 7, 8, 12, 13, 27, MOST_ROWS}; /* tiles of every height, and remainders */
    static float x[MOST_ROWS * MOST_IN], scale[MOST_OUT], bias[MOST_OUT];
    static float expected[MOST_ROWS * MOST_OUT], out[MOST_ROWS * MOST_OUT];
    static int8_t weight[MOST_OUT * MOST_IN];
    static room r;
    const kernel_level *levels[MOST_LEVELS];
    size_t n_levels = levels_to_compare(levels);
    random_floats(scale, MOST_OUT, 11);
    random_floats(bias, MOST_OUT, 12);
    for (size_t kind = 0; kind < N_ELEMENTS(kinds); kind++)
        for (size_t d_in = 1; d_in <= MOST_IN; d_in++)
            for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                size_t n_rows = rows[i], d_out = 1 + (d_in * 7 + n_rows) % 70;
                linear_weights w = {.d_out = d_out,
                                    .d_in = d_in,
                                    .weight_int8 = weight,
                                    .scale = scale,
                                    .bias = d_in % 2 ? bias : NULL};
                kinds[kind].fill(x, weight, d_in);
                for (size_t row = 0; row < n_rows; row++)
                    for (size_t o = 0; o < d_out; o++)
                        expected[row * d_out + o] = exact_int8_output(x + row * d_in, &w, o);
                for (size_t l = 0; l < n_levels; l++) {
                    kernels_active = levels[l];
                    linear_scratch scratch = scratch_in(&r, NULL);
                    memset(out, 0x55, n_rows * d_out * sizeof *out); /* not what the previous level wrote */
                    kernels_linear(out, x, &w, n_rows, &scratch);
                    ck_assert_msg(memcmp(out, expected, n_rows * d_out * sizeof *out) == 0,
                                  "%s is not exact for %s numbers, %zu rows, %zu columns, %zu outputs",
                                  kernels_active->name, kinds[kind].what, n_rows, d_in, d_out);
                }
            }
    kernels_start(NULL);
}
END_TEST

START_TEST(layers_of_mixed_storage_give_what_each_gives_alone)
{
    static float weight[MOST_OUT * MOST_IN], bias[MOST_OUT], scale[MOST_OUT], x[MOST_ROWS * MOST_IN];
    static float out[3][MOST_ROWS * MOST_OUT], alone[MOST_ROWS * MOST_OUT];
    static int8_t weight_int8[MOST_OUT * MOST_IN];
    room *r = malloc(sizeof *r);
    failure why;
    random_floats(weight, MOST_OUT * MOST_IN, 51);
    random_floats(bias, MOST_OUT, 52);
    random_floats(scale, MOST_OUT, 53);
    random_floats(x, MOST_ROWS * MOST_IN, 54);
    random_bytes(weight_int8, MOST_OUT * MOST_IN, 55);
    const linear_weights stored[] = {
        {.d_out = MOST_OUT, .d_in = MOST_IN, .weight = weight, .bias = bias},
        {.d_out = MOST_OUT, .d_in = MOST_IN, .weight_int8 = weight_int8, .scale = scale, .bias = bias}};
    for (size_t n_threads = 1; n_threads <= MOST_THREADS; n_threads++) {
        thread_team *team = team_open(n_threads, &why);
        ck_assert_ok(team != NULL, why);
        for (size_t mix = 0; mix < 8; mix++) { /* bit l: how layer l is stored */
            linear_layer layers[3];
            for (size_t l = 0; l < N_ELEMENTS(layers); l++)
                layers[l] = (linear_layer){out[l], &stored[mix >> l & 1]};
            memset(out, 0, sizeof out);
            linear_scratch scratch = scratch_in(r, team);
            kernels_linear_together(layers, N_ELEMENTS(layers), x, MOST_ROWS, &scratch);
            for (size_t l = 0; l < N_ELEMENTS(layers); l++) {
                scratch = scratch_in(r, NULL);
                kernels_linear(alone, x, layers[l].weights, MOST_ROWS, &scratch);
                ck_assert_msg(memcmp(out[l], alone, sizeof alone) == 0, "layer %zu of the mix %zu, %zu threads", l, mix,
                              n_threads);
            }
        }
        team_close(team);
    }
    free(r);
}
END_TEST

/* Every output is bit-identical to the one computed alone, and close to a loop in double. */
START_TEST(float_outputs_depend_on_nothing_else)
{
    enum { ROWS = 14, IN = 1301, OUT = 21 }; /* columns for three passes and a remainder */
    static const size_t widths[] = {1, 3, 7, 8, 15, 16, 17, 31, 33, 130, 320, 511, 512, 513, 1024, 1025, IN};
    static float weight[OUT * IN], bias[OUT], x[ROWS * IN], out[ROWS * OUT], some[ROWS * OUT];
    const kernel_level *levels[MOST_LEVELS];
    size_t n_levels = levels_to_compare(levels);
    random_floats(weight, OUT * IN, 61);
    random_floats(bias, OUT, 62);
    random_floats(x, ROWS * IN, 63);
    for (size_t l = 0; l < n_levels; l++)
        for (size_t i = 0; i < N_ELEMENTS(widths); i++) {
            linear_weights w = {.d_out = OUT, .d_in = widths[i], .weight = weight, .bias = i % 2 ? bias : NULL};
            levels[l]->linear_float32(out, OUT, x, &w, 0, OUT, ROWS);
            for (size_t row = 0; row < ROWS; row++)
                for (size_t o = 0; o < OUT; o++)
                    ck_assert_float_eq_tol(out[row * OUT + o], (float)naive(x, &w, row, o), 1e-4f);
            for (size_t n_rows = 1; n_rows <= ROWS; n_rows++)
                for (size_t first = 0; first < OUT; first += 5) {
                    size_t row = ROWS - n_rows, last = first + 1 + (n_rows + i) % (OUT - first);
                    levels[l]->linear_float32(some, OUT, x + row * w.d_in, &w, first, last, n_rows);
                    for (size_t r = 0; r < n_rows; r++)
                        ck_assert_msg(
                            memcmp(some + r * OUT, out + (row + r) * OUT + first, (last - first) * sizeof *out) == 0,
                            "%s: outputs %zu to %zu of %zu rows and %zu columns differ from all", levels[l]->name,
                            first, last, n_rows, w.d_in);
                }
        }
}
END_TEST

START_TEST(float_outputs_propagate_nan)
{
    enum { ROWS = 4, IN = 37, OUT = 9 };
    static float weight[OUT * IN], x[ROWS * IN], out[ROWS * OUT];
    const linear_weights w = {.d_out = OUT, .d_in = IN, .weight = weight};
    const kernel_level *levels[MOST_LEVELS];
    size_t n_levels = levels_to_compare(levels);
    random_floats(weight, OUT * IN, 64);
    for (size_t l = 0; l < n_levels; l++)
        for (size_t column = 0; column < IN; column++)
            for (size_t row = 0; row < ROWS; row++) {
                random_floats(x, ROWS * IN, 65);
                x[row * IN + column] = NAN;
                levels[l]->linear_float32(out, OUT, x, &w, 0, OUT, ROWS);
                for (size_t i = 0; i < ROWS * OUT; i++)
                    ck_assert_int_eq(isnan(out[i]) != 0, i / OUT == row); /* but not in the other rows */
            }
}
END_TEST

/* The outputs of every kernel except the linear layers, one after the other. */
static size_t run_float_kernels(float *out, const float *x, size_t n)
{
    enum { COLUMNS = 37 };
    size_t used = 0;
    kernels_active->matmul_transposed(out, n, x, n, x + 1000, n, 3, n, n, 0.3f);
    used += 3 * n;
    memcpy(out + used, x + 500, 3 * COLUMNS * sizeof *x);
    kernels_active->matmul_add(out + used, COLUMNS, x, n, x + 1000, COLUMNS, 3, COLUMNS, n);
    used += 3 * COLUMNS;
    kernels_active->layer_norm(out + used, x, x + 500, x + 700, 1e-5, 2, n);
    used += 2 * n;
    memcpy(out + used, x, n * sizeof *x);
    kernels_active->softmax(out + used, n);
    used += n;
    memcpy(out + used, x, n * sizeof *x);
    kernels_active->swish(out + used, n);
    used += n;
    out[used++] = kernels_active->max(x, n);
    return used;
}

START_TEST(float_levels_give_the_same_bits)
{
    static float x[20000], expected[2000], out[2000];
    const kernel_level *levels[MOST_LEVELS];
    size_t n_levels = levels_to_compare(levels);
    random_floats(x, 20000, 21);
    for (size_t i = 0; i < 20000; i++)
        x[i] *= 30.0f;
    for (size_t n = 1; n <= 130; n++) {
        kernels_active = &kernels_plain;
        size_t used = run_float_kernels(expected, x, n);
        for (size_t l = 0; l < n_levels; l++) {
            kernels_active = levels[l];
            memset(out, 0x55, sizeof out); /* not what the previous level wrote */
            ck_assert_uint_eq(run_float_kernels(out, x, n), used);
            ck_assert_msg(memcmp(out, expected, used * sizeof *out) == 0, "%s differs for %zu values",
                          kernels_active->name, n);
        }
    }
    kernels_start(NULL);
}
END_TEST

/* Bit-identical, or both NaN. */
static bool same_floats(const float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(x + i, y + i, sizeof *x) != 0 && !(isnan(x[i]) && isnan(y[i])))
            return false;
    return true;
}

enum { MOST_M = 9, MOST_N = 70, MOST_K = 64, PRODUCT_STRIDE = MOST_N + 3 };

typedef struct {
    float a[MOST_M * PRODUCT_STRIDE], b[MOST_N * PRODUCT_STRIDE]; /* b is used [n, k] and [k, n] */
    float out[MOST_M * PRODUCT_STRIDE], expected[MOST_M * PRODUCT_STRIDE];
} product_room;

/* Sums of eight, one for each column modulo 8, added as add_eight of plain.c does. */
static float dot_in_order(const float *a, const float *b, size_t k)
{
    float s[8] = {0};
    for (size_t i = 0; i < k; i++)
        s[i % 8] += a[i] * b[i];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static void check_products(product_room *r, size_t m, size_t n, size_t k)
{
    enum { S = PRODUCT_STRIDE };
    memset(r->out, 0x55, sizeof r->out); /* must stay where nothing is written */
    memset(r->expected, 0x55, sizeof r->expected);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            r->expected[i * S + j] = 0.3f * dot_in_order(r->a + i * S, r->b + j * S, k);
    kernels_active->matmul_transposed(r->out, S, r->a, S, r->b, S, m, n, k, 0.3f);
    ck_assert_msg(same_floats(r->out, r->expected, MOST_M * S), "%s: %zu rows times %zu rows of %zu",
                  kernels_active->name, m, n, k);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float sum = r->expected[i * S + j]; /* to which the product is added */
            for (size_t l = 0; l < k; l++)
                sum += r->a[i * S + l] * r->b[l * S + j];
            r->expected[i * S + j] = sum;
        }
    kernels_active->matmul_add(r->out, S, r->a, S, r->b, S, m, n, k);
    ck_assert_msg(same_floats(r->out, r->expected, MOST_M * S), "%s: [%zu, %zu] times [%zu, %zu]", kernels_active->name,
                  m, k, k, n);
}

START_TEST(products_of_all_shapes_keep_the_order_of_sums)
{
    static const size_t sizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 20, 37, MOST_K}; /* tiles, and every remainder */
    static product_room r;
    const kernel_level *levels[MOST_LEVELS];
    size_t n_levels = levels_to_compare(levels), n_sizes = N_ELEMENTS(sizes);
    for (int strange = 0; strange <= 1; strange++) {
        random_floats(r.a, N_ELEMENTS(r.a), 61);
        random_floats(r.b, N_ELEMENTS(r.b), 62);
        if (strange) {
            r.a[2 * PRODUCT_STRIDE] = r.b[3 * PRODUCT_STRIDE + 5] = INFINITY;
            r.a[PRODUCT_STRIDE + 6] = r.b[6] = NAN;
            r.a[4 * PRODUCT_STRIDE] = r.b[PRODUCT_STRIDE] = -0.0f;
        }
        for (size_t l = 0; l < n_levels; l++) {
            kernels_active = levels[l];
            for (size_t m = 1; m <= MOST_M; m++)
                for (size_t i = 0; i < n_sizes; i++) {
                    for (size_t n = 1; n <= 18; n++)
                        check_products(&r, m, n, sizes[i]);
                    check_products(&r, m, MOST_N, sizes[i]);
                }
        }
    }
    kernels_start(NULL);
}
END_TEST

START_TEST(softmax_is_exact_to_some_units_in_the_last_place)
{
    for (float x = -87.0f; x <= 0.0f; x += 0.0078125f * 0.37f) {
        float pair[] = {0.0f, x};
        double e = exp((double)x), exact = e / (1.0 + e);
        kernels_softmax(pair, 2);
        /* in half units: exp 2 units, sum and quotient half a unit each, and more */
        ck_assert_double_lt(fabs((double)pair[1] - exact) / exact / 5.9604645e-8, 8.0);
    }
    for (float x = -80.0f; x <= 80.0f; x += 0.37f) {
        float y = x;
        double exact = (double)x / (1.0 + exp(-(double)x));
        kernels_swish(&y, 1);
        ck_assert_double_lt(fabs((double)y - exact), 5e-7 * fabs(exact) + 1e-30);
    }
}
END_TEST

START_TEST(nan_stays_nan_at_every_level)
{
    const kernel_level *levels[MOST_LEVELS];
    size_t n_levels = levels_to_compare(levels);
    for (size_t l = 0; l < n_levels; l++)
        for (size_t n = 1; n <= 20; n++) {
            float x[20] = {0}, y[20] = {0};
            x[n / 2] = y[n / 2] = NAN;
            kernels_active = levels[l];
            kernels_active->swish(y, n);
            ck_assert(isnan(y[n / 2]) && isnan(kernels_active->max(y, n)));
            static const float wrong[] = {NAN, INFINITY, -INFINITY};
            for (int i = 0; i < 3; i++) { /* makes the row NaN, and so do only -infinities */
                for (size_t j = 0; j < n; j++)
                    x[j] = i == 2 || j == n / 2 ? wrong[i] : (float)j;
                kernels_active->softmax(x, n);
                for (size_t j = 0; j < n; j++)
                    ck_assert(isnan(x[j]));
            }
            for (size_t j = 0; j < n; j++) /* one -infinity among numbers is 0 */
                x[j] = j == n / 2 ? -INFINITY : 0.0f;
            if (n > 1) {
                kernels_active->softmax(x, n);
                ck_assert(x[n / 2] == 0.0f && x[n - 1 - (n / 2 == n - 1)] == 1.0f / (float)(n - 1));
            }
        }
    kernels_start(NULL);
}
END_TEST

START_TEST(argmax_of_a_layer_is_that_of_its_outputs)
{
    static float weight[MOST_OUT * MOST_IN], bias[MOST_OUT], scale[MOST_OUT], x[MOST_ROWS * MOST_IN];
    static float out[MOST_ROWS * MOST_OUT];
    static int8_t weight_int8[MOST_OUT * MOST_IN];
    static room r;
    failure why;
    random_floats(weight, MOST_OUT * MOST_IN, 31);
    random_bytes(weight_int8, MOST_OUT * MOST_IN, 32);
    random_floats(bias, MOST_OUT, 33);
    random_floats(scale, MOST_OUT, 34);
    random_floats(x, MOST_ROWS * MOST_IN, 35);
    for (size_t n_threads = 1; n_threads <= MOST_THREADS; n_threads++) {
        thread_team *team = team_open(n_threads, &why);
        ck_assert_ptr_nonnull(team);
        linear_scratch scratch = scratch_in(&r, team);
        for (size_t d_out = 1; d_out <= MOST_OUT; d_out += 13)
            for (int is_int8 = 0; is_int8 <= 1; is_int8++) {
                linear_weights w = {.d_out = d_out, .d_in = MOST_IN, .bias = bias};
                if (is_int8) {
                    w.weight_int8 = weight_int8;
                    w.scale = scale;
                } else
                    w.weight = weight;
                linear_scratch alone = scratch_in(&r, NULL);
                size_t best[MOST_ROWS];
                kernels_linear(out, x, &w, MOST_ROWS, &alone);
                const int32_t without[] = {(int32_t)kernels_argmax(out, d_out), (int32_t)d_out - 1};
                kernels_linear_argmax(best, x, &w, MOST_ROWS, without, 2, &scratch);
                for (size_t row = 0; row < MOST_ROWS; row++) {
                    float *logits = out + row * d_out;
                    logits[without[0]] = logits[without[1]] = -INFINITY;
                    ck_assert_uint_eq(best[row], kernels_argmax(logits, d_out));
                }
            }
        team_close(team);
    }
    static const float wrong[][2] = {{0, NAN}, {0, INFINITY}, {-INFINITY, -INFINITY}};
    for (int i = 0; i < 3; i++) {
        const linear_weights w = {.d_out = 2, .d_in = 1, .weight = (const float[]){1, 1}, .bias = wrong[i]};
        linear_scratch scratch = scratch_in(&r, NULL);
        size_t best;
        kernels_linear_argmax(&best, x, &w, 1, NULL, 0, &scratch);
        ck_assert_uint_eq(best, 2);
    }
}
END_TEST

/* Ties within a block, across blocks, across threads, and of all outputs: the lowest allowed index wins. */
START_TEST(ties_of_a_layer_go_to_the_lowest_output)
{
    enum { D_OUT = 2 * LINEAR_BLOCK + 40 };
    static const struct {
        int32_t largest[4], n_largest, without, best;
    } cases[] = {
        {{10, 20}, 2, -1, 10},
        {{LINEAR_BLOCK - 1, LINEAR_BLOCK}, 2, -1, LINEAR_BLOCK - 1},
        {{5, LINEAR_BLOCK + 5, 2 * LINEAR_BLOCK + 5}, 3, -1, 5},
        {{5, LINEAR_BLOCK + 5, 2 * LINEAR_BLOCK + 5}, 3, 5, LINEAR_BLOCK + 5},
        {{LINEAR_BLOCK, 2 * LINEAR_BLOCK, D_OUT - 1}, 3, -1, LINEAR_BLOCK},
        {{0, D_OUT - 1}, 2, -1, 0},
        {{0, D_OUT - 1}, 2, 0, D_OUT - 1},
        {{D_OUT - 2, D_OUT - 1}, 2, -1, D_OUT - 2},
        {{0}, 0, -1, 0}, /* all are equal */
        {{0}, 0, 0, 1},
    };
    static const float weight[D_OUT * MOST_IN], scale[D_OUT];
    static const int8_t weight_int8[D_OUT * MOST_IN];
    static float x[MOST_ROWS * MOST_IN], bias[D_OUT];
    room *r = malloc(sizeof *r);
    failure why;
    random_floats(x, MOST_ROWS * MOST_IN, 36);
    for (size_t n_threads = 1; n_threads <= MOST_THREADS; n_threads++) {
        thread_team *team = team_open(n_threads, &why);
        ck_assert_ok(team != NULL, why);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
            for (int is_int8 = 0; is_int8 <= 1; is_int8++) {
                linear_weights w = {.d_out = D_OUT, .d_in = MOST_IN, .bias = bias};
                if (is_int8) {
                    w.weight_int8 = weight_int8;
                    w.scale = scale;
                } else
                    w.weight = weight;
                size_t best[MOST_ROWS];
                memset(bias, 0, sizeof bias);
                for (int32_t l = 0; l < cases[i].n_largest; l++)
                    bias[cases[i].largest[l]] = 1.0f;
                linear_scratch scratch = scratch_in(r, team);
                kernels_linear_argmax(best, x, &w, MOST_ROWS, &cases[i].without, cases[i].without >= 0, &scratch);
                for (size_t row = 0; row < MOST_ROWS; row++)
                    ck_assert_msg(best[row] == (size_t)cases[i].best, "case %zu, %zu threads: %zu, expected %d", i,
                                  n_threads, best[row], cases[i].best);
            }
        team_close(team);
    }
    free(r);
}
END_TEST

/* With teams of up to MOST_THREADS, `times` each, every output is within `tolerance` of one thread's. */
static void check_threads(const linear_weights *w, int times, float tolerance)
{
    static float x[MOST_ROWS * MOST_IN], alone[MOST_ROWS * MOST_OUT], shared[MOST_ROWS * MOST_OUT];
    static room r;
    failure why;
    random_floats(x, MOST_ROWS * MOST_IN, 42);
    linear_scratch scratch = scratch_in(&r, NULL);
    kernels_linear(alone, x, w, MOST_ROWS, &scratch);
    for (size_t n_threads = 1; n_threads <= MOST_THREADS; n_threads++) {
        thread_team *team = team_open(n_threads, &why);
        ck_assert_ptr_nonnull(team);
        for (int again = 0; again < times; again++) {
            memset(shared, 0, sizeof shared);
            scratch = scratch_in(&r, team);
            kernels_linear(shared, x, w, MOST_ROWS, &scratch);
            size_t n_wrong = 0;
            for (size_t i = 0; i < MOST_ROWS * MOST_OUT; i++)
                n_wrong += !(fabsf(alone[i] - shared[i]) <= tolerance); /* NaN is wrong, too */
            ck_assert_uint_eq(n_wrong, 0);
        }
        team_close(team);
    }
}

START_TEST(threads_change_nothing)
{
    static int8_t weight_int8[MOST_OUT * MOST_IN];
    static float weight[MOST_OUT * MOST_IN], scale[MOST_OUT], bias[MOST_OUT];
    random_bytes(weight_int8, sizeof weight_int8, 41);
    random_floats(weight, MOST_OUT * MOST_IN, 44);
    random_floats(scale, MOST_OUT, 43);
    random_floats(bias, MOST_OUT, 45);
    linear_weights w = {.d_out = MOST_OUT, .d_in = MOST_IN, .weight_int8 = weight_int8, .scale = scale, .bias = bias};
    check_threads(&w, 50, 0.0f);
    w = (linear_weights){.d_out = MOST_OUT, .d_in = MOST_IN, .weight = weight, .bias = bias};
    check_threads(&w, 50, 0.0f);
    failure why; /* now through OpenBLAS, which all threads call at once, and whose sums depend on the number of outputs
                    in a call */
    ck_assert(kernels_start("plain") && kernels_open_blas(&why));
    ck_assert_ptr_nonnull(kernels_blas_core());
    check_threads(&w, 50, 1e-4f);
    kernels_start(NULL);
}
END_TEST

static size_t count_threads(void)
{
    size_t n = 0;
    DIR *tasks = opendir("/proc/self/task");
    while (readdir(tasks))
        n++;
    closedir(tasks);
    return n - 2; /* without . and .. */
}

START_TEST(openblas_starts_no_threads)
{
    failure why;
    setenv("OPENBLAS_NUM_THREADS", "2", true);
    size_t before = count_threads();
    ck_assert(kernels_start("plain"));
    ck_assert_ok(kernels_open_blas(&why), why);
    ck_assert_uint_eq(count_threads(), before);
    kernels_start(NULL);
}
END_TEST

START_TEST(a_level_is_chosen_by_its_name)
{
    ck_assert(kernels_start("plain"));
    ck_assert_str_eq(kernels_level(), "plain");
    ck_assert(!kernels_start("mmx"));
    ck_assert(kernels_start(NULL));
    ck_assert_str_eq(kernels_level(), kernels_level_name(0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    kernels_start(NULL);
    add_test(suite, "linear_adds_products_and_bias", linear_adds_products_and_bias);
    add_test(suite, "linear_int8_in_the_head", linear_int8_in_the_head);
    add_test(suite, "softmax_in_the_head", softmax_in_the_head);
    add_test(suite, "layer_norm_in_the_head", layer_norm_in_the_head);
    add_test(suite, "activations_in_the_head", activations_in_the_head);
    add_test(suite, "argmax_takes_the_first_of_equals", argmax_takes_the_first_of_equals);
    add_test(suite, "linear_agrees_with_a_loop_on_every_level", linear_agrees_with_a_loop_on_every_level);
    add_test(suite, "linear_int8_agrees_with_widened_weights", linear_int8_agrees_with_widened_weights);
    add_test(suite, "linear_int8_propagates_nan", linear_int8_propagates_nan);
    add_test(suite, "products_agree_with_loops", products_agree_with_loops);
    add_test(suite, "int8_layers_are_exact_on_every_level", int8_layers_are_exact_on_every_level);
    add_test(suite, "layers_of_mixed_storage_give_what_each_gives_alone",
             layers_of_mixed_storage_give_what_each_gives_alone);
    add_test(suite, "float_outputs_depend_on_nothing_else", float_outputs_depend_on_nothing_else);
    add_test(suite, "float_outputs_propagate_nan", float_outputs_propagate_nan);
    add_test(suite, "float_levels_give_the_same_bits", float_levels_give_the_same_bits);
    add_test(suite, "products_of_all_shapes_keep_the_order_of_sums", products_of_all_shapes_keep_the_order_of_sums);
    add_test(suite, "softmax_is_exact_to_some_units_in_the_last_place",
             softmax_is_exact_to_some_units_in_the_last_place);
    add_test(suite, "nan_stays_nan_at_every_level", nan_stays_nan_at_every_level);
    add_test(suite, "argmax_of_a_layer_is_that_of_its_outputs", argmax_of_a_layer_is_that_of_its_outputs);
    add_test(suite, "ties_of_a_layer_go_to_the_lowest_output", ties_of_a_layer_go_to_the_lowest_output);
    add_test(suite, "threads_change_nothing", threads_change_nothing);
    add_test(suite, "linear_through_blas_agrees_with_a_loop", linear_through_blas_agrees_with_a_loop);
    add_test(suite, "openblas_starts_no_threads", openblas_starts_no_threads);
    add_test(suite, "a_level_is_chosen_by_its_name", a_level_is_chosen_by_its_name);
    return run_suite(suite);
}
