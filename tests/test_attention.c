#include "attention/attention.h"
#include "tests/random.h"
#include "tests/suite.h"

#include <math.h>
#include <string.h>

/* ---- cases checked by hand ---- */

/* Both steps of the core. */
static void attend(float *context, float *weights, const float *q, const float *k, const float *v, size_t n_queries,
                   size_t n_keys, size_t n_masked, size_t n_heads, size_t d_head)
{
    const kv_run all = {k, v, n_keys};
    attention_scores(weights, q, &all, n_queries, n_keys, n_heads, d_head, true);
    attention_context(context, weights, &all, n_queries, n_keys, n_masked, n_heads, d_head);
}

START_TEST(a_strong_match_gives_its_value)
{
    /* query i matches only key i, so softmax is one-hot and the output is row i of v */
    enum { N = 3, D = 3 };
    const float k[N * D] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, v[N * D] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    float q[N * D], context[N * D], weights[N * N];
    for (int i = 0; i < N * D; i++)
        q[i] = 1e4f * k[i];
    attend(context, weights, q, k, v, N, N, 0, 1, D);
    for (int i = 0; i < N * D; i++) {
        ck_assert_float_eq(context[i], v[i]);
        ck_assert_float_eq(weights[i], k[i]);
    }
}
END_TEST

START_TEST(no_preference_gives_the_mean)
{
    enum { N = 4, D = 2 };
    const float q[N * D] = {0}, k[N * D] = {1, 2, 3, 4, 5, 6, 7, 8}, v[N * D] = {1, 10, 2, 20, 3, 30, 4, 40};
    float context[N * D], weights[N * N];
    attend(context, weights, q, k, v, N, N, 0, 1, D);
    for (int i = 0; i < N; i++) {
        ck_assert_float_eq(context[i * D], 2.5f);
        ck_assert_float_eq(context[i * D + 1], 25.0f);
    }
}
END_TEST

START_TEST(causality_is_a_length)
{
    /* equal scores: query i gets the mean of the values it sees */
    enum { N_KEYS = 5, N_NEW = 3 };
    const float q[N_NEW] = {0}, k[N_KEYS] = {1, 1, 1, 1, 1}, v[N_KEYS] = {10, 20, 30, 40, 50};
    float context[N_NEW], weights[N_NEW * N_KEYS];
    attend(context, weights, q, k, v, N_NEW, N_KEYS, N_NEW - 1, 1, 1);
    ck_assert_float_eq(context[0], 20); /* sees 10, 20, 30 */
    ck_assert_float_eq(context[1], 25);
    ck_assert_float_eq(context[2], 30);
    ck_assert_float_eq(weights[3], 0);
    ck_assert_float_eq(weights[4], 0);
    ck_assert_float_eq(weights[N_KEYS + 4], 0);
    ck_assert_float_eq(weights[2 * N_KEYS + 4], 0.2f);
}
END_TEST

START_TEST(scores_are_divided_by_the_root_of_d_head)
{
    /* two heads of 4 columns; scores 4/sqrt(4) = 2 against 0 */
    enum { D = 8 };
    const float q[D] = {1, 1, 1, 1, 0, 0, 0, 0}, k[2 * D] = {1, 1, 1, 1, 9, 9, 9, 9}, v[2 * D] = {0};
    float context[D], weights[4];
    attention_scores(weights, q, &(kv_run){k, v, 2}, 1, 2, 2, D / 2, false);
    ck_assert_float_eq(weights[0], 4);
    attention_scores(weights, q, &(kv_run){k, v, 2}, 1, 2, 2, D / 2, true);
    ck_assert_float_eq(weights[0], 2);
    attention_context(context, weights, &(kv_run){k, v, 2}, 1, 2, 0, 2, D / 2);
    ck_assert_float_eq_tol(weights[0], 1 / (1 + expf(-2)), 1e-6f);
    ck_assert_float_eq_tol(weights[2], 0.5f, 1e-6f); /* head 1: its query is zero */
}
END_TEST

START_TEST(heads_do_not_mix)
{
    /* head 0 attends to key 0, head 1 to key 1; each takes its own columns of v */
    const float q[] = {1e4f, 1e4f}, k[] = {1, 0, 0, 1}, v[] = {1, 2, 3, 4};
    float context[2], weights[4];
    attend(context, weights, q, k, v, 1, 2, 0, 2, 1);
    ck_assert_float_eq(context[0], 1);
    ck_assert_float_eq(context[1], 4);
}
END_TEST

/* ---- two implementations that must agree ---- */

enum { D_MODEL = 12, N_HEADS = 3, N_ROWS = 9 };

typedef struct {
    attention_weights weights;
    linear_scratch linear;
    attention_scratch scratch;
    float projections[4][D_MODEL * D_MODEL], biases[4][D_MODEL];
    float q[N_ROWS * D_MODEL], k[N_ROWS * D_MODEL], v[N_ROWS * D_MODEL], context[N_ROWS * D_MODEL];
    float scores[N_HEADS * N_ROWS * N_ROWS];
    kv_run runs[N_ROWS];
    float past_keys[N_ROWS * D_MODEL], past_values[N_ROWS * D_MODEL];
} fixture;

static fixture *new_fixture(void)
{
    fixture *f = calloc(1, sizeof *f);
    linear_weights *parts[] = {&f->weights.query, &f->weights.key, &f->weights.value, &f->weights.output};
    for (size_t i = 0; i < 4; i++) {
        random_floats(f->projections[i], D_MODEL * D_MODEL, i);
        random_floats(f->biases[i], D_MODEL, 10 + i);
        *parts[i] =
            (linear_weights){.d_out = D_MODEL, .d_in = D_MODEL, .weight = f->projections[i], .bias = f->biases[i]};
    }
    f->weights.n_heads = N_HEADS;
    f->scratch = (attention_scratch){f->q, f->k, f->v, f->context, f->scores, f->runs, &f->linear};
    return f;
}

static kv_cache past_of(fixture *f)
{
    return (kv_cache){f->past_keys, f->past_values, 0, N_ROWS, NULL};
}

START_TEST(whole_and_step_by_step_agree)
{
    fixture *f = new_fixture();
    float x[N_ROWS * D_MODEL], whole[N_ROWS * D_MODEL], steps[N_ROWS * D_MODEL];
    random_floats(x, N_ROWS * D_MODEL, 20);
    kv_cache past = past_of(f);
    attention_decoder_self(whole, &f->weights, x, &(row_stack){1, (size_t[]){0, N_ROWS}, (size_t[]){0}}, &past,
                           &f->scratch, NULL);
    for (size_t n = 1; n < N_ROWS; n++) { /* n rows per step, the last step shorter */
        past = past_of(f);
        for (size_t first = 0; first < N_ROWS; first += n) {
            size_t rows = first + n <= N_ROWS ? n : N_ROWS - first;
            attention_decoder_self(steps + first * D_MODEL, &f->weights, x + first * D_MODEL,
                                   &(row_stack){1, (size_t[]){0, rows}, (size_t[]){0}}, &past, &f->scratch, NULL);
        }
        ck_assert_uint_eq(past.n_keys, N_ROWS);
        for (size_t i = 0; i < N_ROWS * D_MODEL; i++)
            ck_assert_float_eq_tol(steps[i], whole[i], 1e-5f);
    }
    free(f);
}
END_TEST

START_TEST(later_rows_change_nothing_before_them)
{
    fixture *f = new_fixture();
    float x[N_ROWS * D_MODEL], before[N_ROWS * D_MODEL], after[N_ROWS * D_MODEL];
    const row_stack one = {1, (size_t[]){0, N_ROWS}, (size_t[]){0}};
    random_floats(x, N_ROWS * D_MODEL, 21);
    kv_cache past = past_of(f);
    attention_decoder_self(before, &f->weights, x, &one, &past, &f->scratch, NULL);
    random_floats(x + 4 * D_MODEL, (N_ROWS - 4) * D_MODEL, 22);
    past = past_of(f);
    attention_decoder_self(after, &f->weights, x, &one, &past, &f->scratch, NULL);
    for (size_t i = 0; i < 4 * D_MODEL; i++)
        ck_assert_float_eq_tol(after[i], before[i], 1e-6f);
    ck_assert(fabsf(after[4 * D_MODEL] - before[4 * D_MODEL]) > 1e-3f);
    free(f);
}
END_TEST

START_TEST(a_sentence_does_not_depend_on_its_batch)
{
    fixture *f = new_fixture();
    float x[N_ROWS * D_MODEL], batch[N_ROWS * D_MODEL], alone[N_ROWS * D_MODEL];
    size_t first[] = {0, 2, 3, N_ROWS};
    random_floats(x, N_ROWS * D_MODEL, 23);
    attention_encoder_self(batch, &f->weights, x, &(row_stack){3, first, NULL}, &f->scratch, NULL);
    for (size_t s = 0; s < 3; s++) {
        size_t rows = first[s + 1] - first[s];
        attention_encoder_self(alone, &f->weights, x + first[s] * D_MODEL,
                               &(row_stack){1, (size_t[]){0, rows}, (size_t[]){0}}, &f->scratch, NULL);
        for (size_t i = 0; i < rows * D_MODEL; i++)
            ck_assert_float_eq_tol(alone[i], batch[first[s] * D_MODEL + i], 1e-5f);
    }
    free(f);
}
END_TEST

/* The first rows are in the caches of two other hypotheses, in turns; a copy has them all in its own. */
START_TEST(rows_of_other_caches_are_like_copies)
{
    enum { N_PAST = 6, N_FLOATS = N_ROWS * D_MODEL };
    static const size_t path[N_PAST + 1] = {2, 0, 0, 2, 0, 1, 1};
    fixture *f = new_fixture();
    float keys[3][N_FLOATS], values[3][N_FLOATS], all_keys[N_FLOATS] = {0}, all_values[N_FLOATS] = {0};
    float x[D_MODEL], referred[D_MODEL], copied[D_MODEL];
    kv_cache caches[3], copy = {all_keys, all_values, N_PAST, N_ROWS, NULL};
    kv_run runs[N_ROWS];
    random_floats(x, D_MODEL, 25);
    for (size_t c = 0; c < 3; c++) {
        random_floats(keys[c], N_FLOATS, 30 + c);
        random_floats(values[c], N_FLOATS, 40 + c);
        caches[c] = (kv_cache){keys[c], values[c], N_PAST, N_ROWS, path};
    }
    for (size_t j = 0; j < N_PAST; j++) {
        memcpy(all_keys + j * D_MODEL, keys[path[j]] + j * D_MODEL, D_MODEL * sizeof *x);
        memcpy(all_values + j * D_MODEL, values[path[j]] + j * D_MODEL, D_MODEL * sizeof *x);
    }
    size_t first[] = {0, 1};
    attention_decoder_self(referred, &f->weights, x, &(row_stack){1, first, (size_t[]){1}}, caches, &f->scratch, NULL);
    attention_decoder_self(copied, &f->weights, x, &(row_stack){1, first, (size_t[]){0}}, &copy, &f->scratch, NULL);
    ck_assert_mem_eq(referred, copied, sizeof copied);
    kv_cache_list_runs(runs, caches, 1, D_MODEL);
    ck_assert_ptr_eq(runs[1].k, keys[0] + D_MODEL);
    ck_assert_uint_eq(runs[1].n, 2);
    ck_assert_ptr_eq(runs[4].v, values[1] + 5 * D_MODEL);
    ck_assert_uint_eq(runs[4].n, 2); /* with the new row */
    free(f);
}
END_TEST

START_TEST(cross_over_its_own_rows_is_encoder_self)
{
    fixture *f = new_fixture();
    float x[N_ROWS * D_MODEL], self[N_ROWS * D_MODEL], cross[N_ROWS * D_MODEL];
    const row_stack one = {1, (size_t[]){0, N_ROWS}, (size_t[]){0}};
    random_floats(x, N_ROWS * D_MODEL, 24);
    attention_encoder_self(self, &f->weights, x, &one, &f->scratch, NULL);
    kv_cache source = past_of(f);
    attention_cross_fill_cache(&source, &f->weights, x, &one, &f->scratch, NULL);
    attention_cross(cross, &f->weights, x, &one, &source, &f->scratch, NULL);
    for (size_t i = 0; i < N_ROWS * D_MODEL; i++)
        ck_assert_float_eq_tol(cross[i], self[i], 1e-5f);
    free(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attention");
    kernels_start(NULL);
    add_test(suite, "a_strong_match_gives_its_value", a_strong_match_gives_its_value);
    add_test(suite, "no_preference_gives_the_mean", no_preference_gives_the_mean);
    add_test(suite, "causality_is_a_length", causality_is_a_length);
    add_test(suite, "scores_are_divided_by_the_root_of_d_head", scores_are_divided_by_the_root_of_d_head);
    add_test(suite, "heads_do_not_mix", heads_do_not_mix);
    add_test(suite, "whole_and_step_by_step_agree", whole_and_step_by_step_agree);
    add_test(suite, "later_rows_change_nothing_before_them", later_rows_change_nothing_before_them);
    add_test(suite, "a_sentence_does_not_depend_on_its_batch", a_sentence_does_not_depend_on_its_batch);
    add_test(suite, "rows_of_other_caches_are_like_copies", rows_of_other_caches_are_like_copies);
    add_test(suite, "cross_over_its_own_rows_is_encoder_self", cross_over_its_own_rows_is_encoder_self);
    return run_suite(suite);
}
