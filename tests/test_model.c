#include "kernels/level.h"
#include "model/alignment.h"
#include "model/beam.h"
#include "model/forward.h"
#include "model/greedy.h"
#include "model/model.h"
#include "model/sample.h"
#include "model/search.h"
#include "model/state.h"
#include "model/top_tokens.h"
#include "support/philox.h"
#include "tests/golden.h"
#include "translator/open_tokenizer.h"

#include <math.h>
#include <unistd.h>

#define TOLERANCE 1e-4f /* relative to the tensor's largest magnitude, if that is above 1 */

static transformer *open_golden(const char *variant)
{
    failure why;
    transformer *model = model_open(golden_path(variant, ""), &why);
    ck_assert_ok(model != NULL, why);
    return model;
}

/* ---- against PyTorch ---- */

typedef struct {
    weights_file *golden;
    float largest; /* difference of all tensors */
} comparison;

static void compare(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    comparison *c = user;
    failure why;
    const float *expected = weights_take(c->golden, name, TENSOR_F32, (size_t[]){rows, columns}, 2, &why);
    ck_assert_ok(expected != NULL, why);
    float magnitude = 1.0f;
    for (size_t i = 0; i < rows * columns; i++)
        magnitude = fmaxf(magnitude, fabsf(expected[i]));
    for (size_t i = 0; i < rows * columns; i++) {
        float difference = fabsf(data[i] - expected[i]) / magnitude;
        ck_assert_msg(difference <= TOLERANCE, "%s [%zu, %zu]: %g, expected %g", name, i / columns, i % columns,
                      (double)data[i], (double)expected[i]);
        c->largest = fmaxf(c->largest, difference);
    }
}

/* A state for one sentence, with logits. */
static bool lay_out_one(transformer_state *state, const transformer *model, size_t n_src, size_t n_tgt, size_t n_new,
                        failure *why)
{
    const batch_shape shape = {1, &n_src, &n_tgt, &n_new, 1, true, NULL};
    return state_lay_out(state, &model->config, &shape, why);
}

START_TEST(every_tensor_is_that_of_PyTorch)
{
    const char *variant = golden_float32[_i];
    transformer *model = open_golden(variant);
    cJSON *root = golden_json(golden_path(variant, "golden.json"));
    const cJSON *sentence = cJSON_GetArrayItem(golden_sentences(root), GOLDEN_TRACED);
    token_ids source = golden_ids(sentence, "source"), target = golden_ids(sentence, "target");
    memmove(target.at + 1, target.at, (target.n - 1) * sizeof *target.at);
    target.at[0] = model->config.target_start;

    failure why;
    comparison c = {weights_open(golden_path(variant, "golden.safetensors"), 1000, &why), 0};
    ck_assert_ok(c.golden != NULL, why);
    transformer_state state = {0};
    trace_reader reader = {compare, &c};
    ck_assert_ok(lay_out_one(&state, model, source.n, target.n, target.n, &why), why);
    model_forward(&state, model, source.at, target.at, target.n, &reader);
    ck_assert_ok(weights_check(c.golden, &why), why); /* PyTorch has no other tensor */
    ck_assert(c.largest > 0.0f);

    state_free(&state);
    weights_close(c.golden);
    token_ids_free(&source);
    token_ids_free(&target);
    cJSON_Delete(root);
    model_close(model);
}
END_TEST

/* Greedy search for n sentences in one batch; the state holds what was generated. */
static void search_with(transformer_state *state, const transformer *model, const token_ids *sources, size_t n,
                        bool with_log_probabilities, thread_team *team)
{
    size_t n_src[64], n_tgt[64], n_new[64];
    token_ids all = {0};
    failure why;
    for (size_t s = 0; s < n; s++) {
        n_src[s] = sources[s].n;
        n_tgt[s] = search_length_cap(&model->config, sources[s].n);
        n_new[s] = 1;
        for (size_t i = 0; i < sources[s].n; i++)
            ck_assert(token_ids_append(&all, sources[s].at[i], &why));
    }
    const batch_shape shape = {n, n_src, n_tgt, n_new, 1, with_log_probabilities, team};
    ck_assert_ok(state_lay_out(state, &model->config, &shape, &why), why);
    ck_assert_ok(greedy_search(state, model, all.at, &(search_options){.n_beams = 1}, with_log_probabilities, &why),
                 why);
    token_ids_free(&all);
}

static void search(transformer_state *state, const transformer *model, const token_ids *sources, size_t n)
{
    search_with(state, model, sources, n, true, NULL);
}

START_TEST(greedy_ids_are_those_of_PyTorch)
{
    const char *variant = golden_float32[_i];
    transformer *model = open_golden(variant);
    cJSON *root = golden_json(golden_path(variant, "golden.json"));
    const cJSON *sentence;
    transformer_state state = {0};
    cJSON_ArrayForEach(sentence, golden_sentences(root))
    {
        token_ids source = golden_ids(sentence, "source"), target = golden_ids(sentence, "target");
        search(&state, model, &source, 1);
        assert_same_ids(golden_text(sentence), state.generated[0].ids, state.generated[0].n, &target);
        token_ids_free(&source);
        token_ids_free(&target);
    }
    state_free(&state);
    cJSON_Delete(root);
    model_close(model);
}
END_TEST

/* ---- two implementations that must agree ---- */

/* BLAS, which computes float32 layers of many rows, adds in another order. In a float32 model this changes the last
 * bits. But a value that is then quantized may move by a whole step, and the effect of many such steps has no useful
 * bound. So models with int8 layers run without BLAS here, and must be bit-identical. */
START_TEST(a_batch_of_64_gives_what_each_gives_alone)
{
    transformer *model = open_golden(golden_variants[_i]);
    const kernel_level *level = kernels_active;
    kernel_level without_blas = *level;
    without_blas.wants_blas = false;
    float tolerance = 1e-3f;
    if (strcmp(model->dtype, "float32") != 0) {
        kernels_active = &without_blas;
        tolerance = 1e-30f; /* bit-identical: the sums of a row depend on no other row */
    }
    int32_t n_vocabulary = (int32_t)model->config.n_source_vocabulary;
    transformer_state batch = {0}, alone = {0};
    token_ids sources[64] = {0};
    failure why;
    for (int32_t s = 0; s < 64; s++) /* lengths 1 to 64, the number of positions */
        for (int32_t i = 0; i <= s; i++)
            ck_assert(token_ids_append(&sources[s], i == s ? 0 : (7 * s + 11 * i * i + 2) % n_vocabulary, &why));
    thread_team *team = team_open(3, &why);
    ck_assert_ok(team != NULL, why);
    search(&batch, model, sources, 64);
    for (size_t s = 0; s < 64; s++) {
        search_with(&alone, model, &sources[s], 1, false, team); /* without logits, with three threads */
        assert_same_ids("alone", alone.generated[0].ids, alone.generated[0].n,
                        &(token_ids){batch.generated[s].ids, batch.generated[s].n, 0});
        search_with(&alone, model, &sources[s], 1, true, team);
        token_ids expected = {alone.generated[0].ids, alone.generated[0].n, 0};
        assert_same_ids("batch", batch.generated[s].ids, batch.generated[s].n, &expected);
        ck_assert_int_eq(batch.generated[s].truncated, alone.generated[0].truncated);
        for (size_t i = 0; i < expected.n; i++)
            ck_assert_float_eq_tol(batch.generated[s].log_probabilities[i], alone.generated[0].log_probabilities[i],
                                   tolerance);
        token_ids_free(&sources[s]);
    }
    team_close(team);
    state_free(&batch);
    state_free(&alone);
    model_close(model);
    kernels_active = level;
}
END_TEST

/* Keeps one named tensor of a forward pass. */
typedef struct {
    const char *name;
    float *data; /* [rows, columns] */
    size_t rows, columns;
} kept_tensor;

static void keep(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    kept_tensor *kept = user;
    if (strcmp(name, kept->name) != 0)
        return;
    kept->data = realloc(kept->data, rows * columns * sizeof *data);
    memcpy(kept->data, data, rows * columns * sizeof *data);
    kept->rows = rows;
    kept->columns = columns;
}

enum { N_SOURCE = 9, N_TARGET = 7 };
static const int32_t a_source[N_SOURCE] = {5, 9, 33, 12, 60, 7, 41, 22, 0};
static const int32_t a_target[N_TARGET] = {97, 14, 25, 36, 47, 58, 69};

static kept_tensor logits_of(const transformer *model, transformer_state *state)
{
    kept_tensor logits = {.name = "output"};
    trace_reader reader = {keep, &logits};
    failure why;
    ck_assert_ok(lay_out_one(state, model, N_SOURCE, N_TARGET, N_TARGET, &why), why);
    model_forward(state, model, a_source, a_target, N_TARGET, &reader);
    ck_assert_uint_eq(logits.rows, N_TARGET);
    return logits;
}

START_TEST(the_whole_target_and_steps_agree)
{
    transformer *model = open_golden(golden_variants[_i]);
    transformer_state state = {0};
    kept_tensor whole = logits_of(model, &state);
    model_encode(&state, model, a_source, NULL);
    model_decode_begin(&state, model, NULL);
    state_take_target(&state, 1, 1);
    for (size_t step = 0; step < N_TARGET; step++) {
        model_decode_step(&state, model, a_target + step, NULL);
        model_output(&state, model, NULL);
        for (size_t i = 0; i < whole.columns; i++)
            ck_assert_float_eq_tol(state.logits[i], whole.data[step * whole.columns + i], 1e-4f);
    }
    free(whole.data);
    state_free(&state);
    model_close(model);
}
END_TEST

START_TEST(int8_is_near_the_float32_it_was_made_of)
{
    transformer *exact = open_golden("swish"), *quantized = open_golden(golden_int8[_i]);
    ck_assert_str_eq(exact->dtype, "float32");
    ck_assert_str_eq(quantized->dtype, strcmp(golden_int8[_i], "int8") == 0 ? "int8" : "float32 and int8");
    transformer_state state = {0};
    kept_tensor a = logits_of(exact, &state), b = logits_of(quantized, &state);
    double difference = 0, magnitude = 0;
    for (size_t i = 0; i < a.rows * a.columns; i++) {
        difference += pow((double)(a.data[i] - b.data[i]), 2);
        magnitude += pow((double)a.data[i], 2);
    }
    /* 30 quantizations, each with an error of up to 1/254 of the largest magnitude, in layers that amplify: a few
     * percent */
    ck_assert_msg(sqrt(difference / magnitude) < 0.1, "relative difference %g", sqrt(difference / magnitude));
    ck_assert(difference > 0);
    free(a.data);
    free(b.data);
    state_free(&state);
    model_close(exact);
    model_close(quantized);
}
END_TEST

/* ---- rules of the search ---- */

START_TEST(the_length_cap)
{
    model_config config = {.length_factor = 2, .length_extra = 30, .max_length = 100};
    ck_assert_uint_eq(search_length_cap(&config, 1), 32);
    ck_assert_uint_eq(search_length_cap(&config, 35), 100);
    ck_assert_uint_eq(search_length_cap(&config, 36), 100);
    ck_assert_uint_eq(search_length_cap(&config, SIZE_MAX), 100);
    config.length_factor = 0; /* a fixed number */
    ck_assert_uint_eq(search_length_cap(&config, SIZE_MAX), 30);
    config.max_length = 5;
    ck_assert_uint_eq(search_length_cap(&config, 1), 5);
}
END_TEST

/* A copy of the model's output bias that a test may change. */
static float *own_bias(transformer *model)
{
    size_t n = model->output.d_out;
    float *bias = malloc(n * sizeof *bias);
    memcpy(bias, model->output.bias, n * sizeof *bias);
    model->output.bias = bias;
    return bias;
}

/* Greedy search with room for n_tgt tokens. */
static const generated_tokens *translate_within(transformer_state *state, const transformer *model,
                                                const token_ids *source, size_t n_tgt)
{
    failure why;
    const batch_shape shape = {1, &source->n, &n_tgt, (size_t[]){1}, 1, true, NULL};
    const search_options options = {.n_beams = 1};
    ck_assert_ok(state_lay_out(state, &model->config, &shape, &why), why);
    const generated_tokens *found = greedy_search(state, model, source->at, &options, true, &why);
    ck_assert_ok(found != NULL, why);
    return found;
}

START_TEST(a_translation_that_ends_at_the_cap_is_not_truncated)
{
    transformer *model = open_golden("swish");
    transformer_state state = {0};
    const token_ids source = {(int32_t[]){5, 9, 0}, 3, 3};
    float *bias = own_bias(model);
    for (size_t cap = 1; cap <= 2; cap++) {
        bias[model->config.target_end] = 1e6f;
        const generated_tokens *found = translate_within(&state, model, &source, cap);
        ck_assert(found->n == 1 && !found->truncated);
        bias[model->config.target_end] = -1e6f;
        found = translate_within(&state, model, &source, cap);
        ck_assert(found->n == cap && found->truncated);
    }
    state_free(&state);
    model_close(model);
    free(bias);
}
END_TEST

START_TEST(pad_and_suppressed_ids_are_never_chosen)
{
    transformer *model = open_golden("swish");
    transformer_state state = {0};
    token_ids source = {(int32_t[]){5, 9, 0}, 3, 3};
    float *bias = own_bias(model);
    const model_config *config = &model->config; /* includes pad, whatever the file says */
    ck_assert_int_eq(config->suppressed.at[config->suppressed.n - 1], config->target_pad);
    bias[model->config.target_pad] = 1e6f;
    bias[17] = 1e5f;
    bias[18] = 1e4f;
    search(&state, model, &source, 1);
    ck_assert_int_eq(state.generated[0].ids[0], 17);
    model->config.suppressed.at[model->config.suppressed.n++] = 17;
    search(&state, model, &source, 1);
    const generated_tokens *tokens = &state.generated[0];
    ck_assert_int_eq(tokens->ids[0], 18);
    ck_assert_uint_eq(tokens->n, search_length_cap(&model->config, 3));
    ck_assert(tokens->truncated); /* only 18 until the forced end */
    ck_assert_int_eq(tokens->ids[tokens->n - 2], 18);
    ck_assert_int_eq(tokens->ids[tokens->n - 1], model->config.target_end);
    model->config.forced_end = false;
    search(&state, model, &source, 1);
    ck_assert_int_eq(state.generated[0].ids[tokens->n - 1], 18);
    free(bias);
    state_free(&state);
    model_close(model);
}
END_TEST

START_TEST(top_tokens_are_the_most_probable)
{
    const model_config config = {.n_target_vocabulary = 5, .suppressed = {1, {4}}};
    const float weights[] = {1.0f, 2.0f, 4.0f, 2.0f, 100.0f}; /* the last one is not chosen: 9 in all */
    const int32_t ids[] = {2, 1, 3, 0};
    token_probability top[9];
    for (size_t n = 1; n <= N_ELEMENTS(top); n++) {
        float logits[5];
        for (size_t i = 0; i < 5; i++)
            logits[i] = logf(weights[i]);
        ck_assert_uint_eq(model_top_tokens(top, n, logits, &config), n < 4 ? n : 4);
        for (size_t i = 0; i < n && i < 4; i++) {
            ck_assert_int_eq(top[i].id, ids[i]);
            ck_assert_float_eq_tol(top[i].probability, weights[ids[i]] / 9.0f, 1e-6f);
            ck_assert_float_eq_tol(top[i].log_probability, logf(weights[ids[i]] / 9.0f), 1e-6f);
        }
        for (size_t i = 0; i < 4; i++)
            ck_assert_float_eq_tol(logits[i], weights[i] / 9.0f, 1e-6f);
        ck_assert(logits[4] == 0.0f);
    }
    ck_assert_uint_eq(model_top_tokens(top, 3, (float[]){0.0f, NAN, 0.0f, 0.0f, 0.0f}, &config), 0);
    ck_assert_uint_eq(model_top_tokens(top, 3, (float[]){0.0f, INFINITY, 0.0f, 0.0f, 0.0f}, &config), 0);
}
END_TEST

/* With log-probabilities, which need all logits, and without, like ordinary translations. */
START_TEST(ties_go_to_the_lowest_id)
{
    transformer *model = open_golden("swish");
    transformer_state state = {0};
    token_ids source = {(int32_t[]){5, 9, 0}, 3, 3};
    failure why;
    thread_team *team = team_open(3, &why);
    ck_assert_ok(team != NULL, why);
    float *bias = own_bias(model);
    bias[40] = bias[30] = bias[50] = 1e30f; /* so large that the logits are equal */
    for (int with_log_probabilities = 0; with_log_probabilities <= 1; with_log_probabilities++) {
        search_with(&state, model, &source, 1, with_log_probabilities, NULL);
        ck_assert_int_eq(state.generated[0].ids[0], 30);
        search_with(&state, model, &source, 1, with_log_probabilities, team);
        ck_assert_int_eq(state.generated[0].ids[0], 30);
    }
    team_close(team);
    free(bias);
    state_free(&state);
    model_close(model);
}
END_TEST

START_TEST(a_logit_that_is_nan_is_an_error)
{
    transformer *model = open_golden("swish");
    transformer_state state = {0};
    failure why;
    float *bias = own_bias(model);
    bias[40] = NAN;
    ck_assert_ok(lay_out_one(&state, model, 3, 10, 1, &why), why);
    ck_assert(!greedy_search(&state, model, (int32_t[]){5, 9, 0}, &(search_options){.n_beams = 1}, false, &why));
    ck_assert_ptr_nonnull(strstr(why.sentence, "NaN or infinite"));
    free(bias);
    state_free(&state);
    model_close(model);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    transformer *model = open_golden("swish");
    transformer_state state = {0};
    failure why;
    ck_assert(!lay_out_one(&state, model, SIZE_MAX / 2, 10, 1, &why));
    ck_assert_ptr_nonnull(strstr(why.sentence, "memory"));
    state_free(&state);
    model_close(model);
}
END_TEST

START_TEST(an_n_gram_that_has_occurred_is_a_repeat)
{
    const int32_t ids[] = {7, 1, 2, 3, 1, 2};
    const struct {
        size_t n, n_gram;
        int32_t next;
        bool repeats;
    } cases[] = {{6, 3, 3, true},  {6, 3, 1, false}, {6, 2, 3, true},  {6, 2, 1, false}, {6, 1, 7, true},
                 {6, 1, 4, false}, {6, 4, 3, false}, {5, 2, 2, true},  {5, 3, 2, false}, {1, 1, 7, true},
                 {1, 2, 7, false}, {0, 1, 7, false}, {6, 6, 7, false}, {6, 0, 7, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(search_repeats(ids, cases[i].n, cases[i].n_gram, cases[i].next), cases[i].repeats);
}
END_TEST

/* ---- beam search ---- */

/* Searches n sentences of at most n_tgt tokens, or as many as the length cap allows if that is 0. */
static const generated_tokens *beam_with(transformer_state *state, const transformer *model, const token_ids *sources,
                                         size_t n, size_t n_tgt, size_t n_beams, double length_penalty,
                                         thread_team *team, failure *why)
{
    size_t n_src[64], most[64], n_new[64];
    token_ids all = {0};
    for (size_t s = 0; s < n; s++) {
        n_src[s] = sources[s].n;
        most[s] = n_tgt ? n_tgt : search_length_cap(&model->config, sources[s].n);
        n_new[s] = 1;
        for (size_t i = 0; i < sources[s].n; i++)
            ck_assert(token_ids_append(&all, sources[s].at[i], why));
    }
    const batch_shape shape = {n, n_src, most, n_new, n_beams, true, team};
    ck_assert_ok(state_lay_out(state, &model->config, &shape, why), *why);
    const search_options options = {.n_beams = n_beams, .length_penalty = length_penalty};
    const generated_tokens *found = beam_search(state, model, all.at, &options, true, why);
    token_ids_free(&all);
    return found;
}

/* A language of five tokens. The probability of each depends on the one before it, as `table` says. */
enum { START, A, B, C, D, END, N_TOKENS };
static const float (*table)[N_TOKENS];

void __real_model_output(transformer_state *state, const transformer *model, const trace_reader *reader);
void __wrap_model_output(transformer_state *state, const transformer *model, const trace_reader *reader);

void __wrap_model_output(transformer_state *state, const transformer *model, const trace_reader *reader)
{
    size_t n_vocabulary = model->config.n_target_vocabulary;
    if (!table) {
        __real_model_output(state, model, reader);
        return;
    }
    for (size_t row = 0; row < row_stack_rows(&state->target); row++)
        for (size_t i = 0; i < n_vocabulary; i++)
            state->logits[row * n_vocabulary + i] = i < N_TOKENS ? logf(table[state->newest[row]][i]) : -INFINITY;
}

/* Greedy search would choose A, C and the end, of probability 0.6 * 0.5 = 0.3. */
static const float greedy_loses[N_TOKENS][N_TOKENS] = {[START] = {[A] = 0.6f, [B] = 0.4f},
                                                       [A] = {[C] = 0.5f, [D] = 0.3f, [END] = 0.2f},
                                                       [B] = {[C] = 0.1f, [END] = 0.9f},
                                                       [C] = {[END] = 1.0f},
                                                       [D] = {[END] = 1.0f}};

static transformer *open_language(const float (*of)[N_TOKENS])
{
    transformer *model = open_golden("swish");
    model->config.target_start = START;
    model->config.target_end = END;
    table = of;
    return model;
}

static void assert_hypothesis(const generated_tokens *found, const int32_t *ids, size_t n, double probability,
                              double length_penalty, bool truncated)
{
    assert_same_ids("hypothesis", found->ids, found->n, &(token_ids){(int32_t *)(uintptr_t)ids, n, n});
    ck_assert_double_eq_tol(found->score, log(probability) / pow((double)n, length_penalty), 1e-6);
    ck_assert_int_eq(found->truncated, truncated);
}

/* The language does not depend on the source. */
static const token_ids any_source = {(int32_t[]){5, 9, 0}, 3, 3};

static void close_language(transformer *model, transformer_state *state)
{
    table = NULL;
    state_free(state);
    model_close(model);
}

START_TEST(beam_search_finds_what_greedy_search_misses)
{
    transformer *model = open_language(greedy_loses);
    transformer_state state = {0};
    failure why;
    /* Step 1: A 0.6, B 0.4. Step 2: B END 0.36 ends, A C 0.3 and A D 0.18 go on, A END 0.12 is not among the first two.
     * Step 3: A C END 0.3 and A D END 0.18 end. */
    const generated_tokens *found = beam_with(&state, model, &any_source, 1, 9, 2, 0.0, NULL, &why);
    ck_assert_ok(found != NULL, why);
    assert_hypothesis(&found[0], (int32_t[]){B, END}, 2, 0.36, 0.0, false);
    assert_hypothesis(&found[1], (int32_t[]){A, C, END}, 3, 0.3, 0.0, false);
    ck_assert_float_eq_tol(found[1].log_probabilities[0], logf(0.6f), 1e-6f);
    ck_assert_float_eq_tol(found[1].log_probabilities[1], logf(0.5f), 1e-6f);
    ck_assert_float_eq_tol(found[1].log_probabilities[2], 0.0f, 1e-6f);
    /* per token, the longer one is better */
    found = beam_with(&state, model, &any_source, 1, 9, 2, 1.0, NULL, &why);
    assert_hypothesis(&found[0], (int32_t[]){A, C, END}, 3, 0.3, 1.0, false);
    assert_hypothesis(&found[1], (int32_t[]){B, END}, 2, 0.36, 1.0, false);
    /* with four beams, B C and what grows out of it remain as well */
    found = beam_with(&state, model, &any_source, 1, 9, 4, 0.0, NULL, &why);
    assert_hypothesis(&found[2], (int32_t[]){A, D, END}, 3, 0.18, 0.0, false);
    assert_hypothesis(&found[3], (int32_t[]){A, END}, 2, 0.12, 0.0, false);
    close_language(model, &state);
}
END_TEST

START_TEST(the_steps_of_beam_search_are_kept)
{
    transformer *model = open_language(greedy_loses);
    transformer_state state = {0};
    failure why;
    const struct {
        size_t parent, n;
        int32_t id;
        bool ended;
        double probability;
    } expected[] = {{NO_PARENT, 1, A, false, 0.6}, {NO_PARENT, 1, B, false, 0.4}, {1, 2, END, true, 0.36},
                    {0, 2, C, false, 0.3},         {0, 2, D, false, 0.18},        {3, 3, END, true, 0.3},
                    {4, 3, END, true, 0.18}};
    const generated_tokens *found = beam_with(&state, model, &any_source, 1, 9, 2, 0.5, NULL, &why);
    ck_assert_ok(found != NULL, why);
    ck_assert_uint_eq(found->n_steps, N_ELEMENTS(expected));
    for (size_t i = 0; i < N_ELEMENTS(expected); i++) {
        ck_assert_uint_eq(found->steps[i].parent, expected[i].parent);
        ck_assert_uint_eq(found->steps[i].n, expected[i].n);
        ck_assert_int_eq(found->steps[i].id, expected[i].id);
        ck_assert_int_eq(found->steps[i].ended, expected[i].ended);
        ck_assert_double_eq_tol(found->steps[i].sum, log(expected[i].probability), 1e-6);
        ck_assert_double_eq_tol(found->steps[i].score, log(expected[i].probability) / sqrt((double)expected[i].n),
                                1e-6);
    }
    close_language(model, &state);
}
END_TEST

START_TEST(hypotheses_end_at_the_length_cap)
{
    transformer *model = open_language(greedy_loses);
    transformer_state state = {0};
    failure why;
    ck_assert(model->config.forced_end); /* which costs nothing */
    const generated_tokens *found = beam_with(&state, model, &any_source, 1, 2, 2, 1.0, NULL, &why);
    assert_hypothesis(&found[0], (int32_t[]){A, END}, 2, 0.6, 1.0, true);
    assert_hypothesis(&found[1], (int32_t[]){B, END}, 2, 0.4, 1.0, false);
    model->config.forced_end = false;
    found = beam_with(&state, model, &any_source, 1, 2, 2, 1.0, NULL, &why);
    assert_hypothesis(&found[0], (int32_t[]){B, END}, 2, 0.36, 1.0, false);
    assert_hypothesis(&found[1], (int32_t[]){A, C}, 2, 0.3, 1.0, true);
    /* forced at the beginning: nothing else is considered there */
    model->config.target_forced = (id_list){1, {D}};
    found = beam_with(&state, model, &any_source, 1, 9, 2, 1.0, NULL, &why);
    assert_hypothesis(&found[0], (int32_t[]){D, END}, 2, 1.0, 1.0, false);
    ck_assert_uint_eq(found[1].n, 0);
    close_language(model, &state);
}
END_TEST

/* A, C and the end would have a better mean, but A and C alone are no better than what has ended. */
START_TEST(a_tie_ends_the_search)
{
    static const float even[N_TOKENS][N_TOKENS] = {
        [START] = {[A] = 0.5f, [END] = 0.5f}, [A] = {[C] = 0.5f, [END] = 0.5f}, [C] = {[END] = 1.0f}};
    transformer *model = open_language(even);
    transformer_state state = {0};
    failure why;
    const generated_tokens *found = beam_with(&state, model, &any_source, 1, 9, 2, 1.0, NULL, &why);
    assert_hypothesis(&found[0], (int32_t[]){END}, 1, 0.5, 1.0, false);
    assert_hypothesis(&found[1], (int32_t[]){A, END}, 2, 0.25, 1.0, false);
    close_language(model, &state);
}
END_TEST

START_TEST(beam_search_refuses_a_logit_that_is_nan)
{
    static const float damaged[N_TOKENS][N_TOKENS] = {[START] = {[A] = 0.6f, [B] = 0.4f},
                                                      [A] = {[C] = NAN, [END] = 0.5f},
                                                      [B] = {[END] = 1.0f},
                                                      [C] = {[END] = 1.0f}};
    transformer *model = open_language(damaged);
    transformer_state state = {0};
    failure why;
    ck_assert(!beam_with(&state, model, &any_source, 1, 9, 2, 1.0, NULL, &why));
    ck_assert_ptr_nonnull(strstr(why.sentence, "NaN or infinite at target token 2"));
    close_language(model, &state);
}
END_TEST

START_TEST(suppressed_ids_have_a_probability_but_are_never_chosen)
{
    transformer *model = open_language(greedy_loses);
    transformer_state state = {0};
    failure why;
    model->config.suppressed = (id_list){1, {A}};
    const generated_tokens *found = beam_with(&state, model, &any_source, 1, 9, 2, 0.0, NULL, &why);
    assert_hypothesis(&found[0], (int32_t[]){B, END}, 2, 0.36, 0.0, false);
    assert_hypothesis(&found[1], (int32_t[]){B, C, END}, 3, 0.04, 0.0, false);
    model->config.suppressed = (id_list){2, {A, B}};
    ck_assert(!beam_with(&state, model, &any_source, 1, 9, 2, 0.0, NULL, &why));
    ck_assert_ptr_nonnull(strstr(why.sentence, "NaN or infinite"));
    close_language(model, &state);
}
END_TEST

/* The better hypothesis of the step before comes first, then the lower id. */
START_TEST(ties_keep_their_order)
{
    static const float ties[N_TOKENS][N_TOKENS] = {[START] = {[A] = 0.5f, [B] = 0.5f},
                                                   [A] = {[D] = 0.75f, [END] = 0.25f},
                                                   [B] = {[C] = 0.75f, [END] = 0.25f},
                                                   [C] = {[END] = 1.0f},
                                                   [D] = {[END] = 1.0f}};
    transformer *model = open_language(ties);
    transformer_state state = {0};
    failure why;
    const generated_tokens *found = beam_with(&state, model, &any_source, 1, 9, 4, 0.0, NULL, &why);
    assert_hypothesis(&found[0], (int32_t[]){A, D, END}, 3, 0.375, 0.0, false);
    assert_hypothesis(&found[1], (int32_t[]){B, C, END}, 3, 0.375, 0.0, false);
    assert_hypothesis(&found[2], (int32_t[]){A, END}, 2, 0.125, 0.0, false);
    assert_hypothesis(&found[3], (int32_t[]){B, END}, 2, 0.125, 0.0, false);
    close_language(model, &state);
}
END_TEST

/* A hypothesis of the plain implementation below, with all its tokens. */
typedef struct {
    int32_t ids[64]; /* after the start token */
    size_t n;
    double sum, score;
} plain_hypothesis;

/* The logits of what follows a hypothesis, computed from its first token on. */
static void plain_logits(float *logits, transformer_state *state, const transformer *model, const token_ids *source,
                         const plain_hypothesis *hypothesis)
{
    int32_t decoder_ids[64] = {model->config.target_start};
    size_t n = hypothesis->n + 1, n_vocabulary = model->config.n_target_vocabulary;
    failure why;
    memcpy(decoder_ids + 1, hypothesis->ids, hypothesis->n * sizeof *decoder_ids);
    ck_assert_ok(lay_out_one(state, model, source->n, n, n, &why), why);
    model_forward(state, model, source->at, decoder_ids, n, NULL);
    memcpy(logits, state->logits + (n - 1) * n_vocabulary, n_vocabulary * sizeof *logits);
}

static int best_score_first(const void *a, const void *b)
{
    const plain_hypothesis *left = a, *right = b;
    return left->score < right->score ? 1 : left->score > right->score ? -1 : 0;
}

/* Beam search without caches, which computes every hypothesis again at each step and sorts all continuations. Sets
 * finished [n_beams] and returns how many there are. */
static size_t plain_beam(plain_hypothesis *finished, const transformer *model, const token_ids *source, size_t n_beams,
                         double length_penalty)
{
    enum { MOST = 128 };
    const model_config *config = &model->config;
    size_t cap = search_length_cap(config, source->n), n_live = 1, n_finished = 0, n_vocabulary = 0;
    plain_hypothesis live[MAX_BEAMS] = {{.n = 0}}, *all = malloc(MAX_BEAMS * MOST * sizeof *all);
    transformer_state state = {0};
    n_vocabulary = config->n_target_vocabulary;
    ck_assert(cap < 64 && n_vocabulary <= MOST);
    for (size_t n = 1; n <= cap && n_live > 0; n++) {
        size_t n_all = 0;
        for (size_t b = 0; b < n_live; b++) {
            float logits[MOST], softmax[MOST];
            plain_logits(logits, &state, model, source, &live[b]);
            memcpy(softmax, logits, sizeof softmax);
            double log_sum = kernels_log_sum_exp(softmax, n_vocabulary);
            for (size_t id = 0; id < n_vocabulary; id++) {
                bool is_forced = n == cap && config->forced_end;
                if (id_list_has(&config->suppressed, (int32_t)id) || (is_forced && (int32_t)id != config->target_end))
                    continue;
                all[n_all] = live[b];
                all[n_all].ids[all[n_all].n++] = (int32_t)id;
                all[n_all].sum += is_forced ? 0.0 : (double)logits[id] - log_sum;
                all[n_all].score = all[n_all].sum;
                n_all++;
            }
        }
        qsort(all, n_all, sizeof *all, best_score_first);
        n_live = 0;
        for (size_t c = 0; c < 2 * n_beams && c < n_all; c++) {
            bool ends = all[c].ids[n - 1] == config->target_end || n == cap;
            if (!ends && n_live < n_beams)
                live[n_live++] = all[c];
            if (!ends || c >= n_beams)
                continue;
            all[c].score = all[c].sum / pow((double)n, length_penalty);
            if (n_finished < n_beams)
                finished[n_finished++] = all[c];
            else if (all[c].score > finished[n_beams - 1].score)
                finished[n_beams - 1] = all[c];
            qsort(finished, n_finished, sizeof *finished, best_score_first);
        }
        if (n_live > 0 && n_finished == n_beams &&
            live[0].sum / pow((double)n, length_penalty) <= finished[n_beams - 1].score)
            n_live = 0;
    }
    free(all);
    state_free(&state);
    return n_finished;
}

START_TEST(entropy_leaves_the_end_token_out)
{
    ck_assert_double_eq_tol(alignment_entropy((float[]){0.25f, 0.25f, 0.25f, 0.25f, 0.0f}, 5), log(4.0), 1e-9);
    ck_assert_double_eq_tol(alignment_entropy((float[]){0.125f, 0.0f, 0.125f, 0.75f}, 4), log(2.0), 1e-9);
    ck_assert_double_eq(alignment_entropy((float[]){0.5f, 0.5f}, 2), 0.0);
}
END_TEST

/* The alignment in one pass over a whole target: of the layer with the lowest entropy. */
typedef struct {
    size_t n_tgt, n_read; /* target tokens; layers */
    double lowest;
    int32_t alignment[64];
} pass_alignment;

static void align(void *user, const char *name, const float *weights, size_t rows, size_t n_src)
{
    pass_alignment *a = user;
    if (!strstr(name, ".cross_attention.weights"))
        return;
    size_t n_tgt = a->n_tgt, n_heads = rows / n_tgt;
    double entropy = 0.0;
    int32_t alignment[64];
    for (size_t i = 0; i < n_tgt; i++) {
        float mean[64] = {0};
        size_t best = 0;
        for (size_t j = 0; j < n_src; j++)
            for (size_t h = 0; h < n_heads; h++)
                mean[j] += weights[(h * n_tgt + i) * n_src + j] / (float)n_heads;
        for (size_t j = 1; j + 1 < n_src; j++)
            best = mean[j] > mean[best] ? j : best;
        alignment[i] = (int32_t)best;
        entropy += alignment_entropy(mean, n_src);
    }
    if (a->n_read++ > 0 && entropy >= a->lowest)
        return;
    a->lowest = entropy;
    memcpy(a->alignment, alignment, sizeof alignment);
}

static void assert_aligned(transformer_state *state, const transformer *model, const token_ids *source,
                           const generated_tokens *found)
{
    pass_alignment expected = {.n_tgt = found->n};
    const trace_reader reader = {align, &expected};
    int32_t decoder_ids[64] = {model->config.target_start};
    failure why;
    memcpy(decoder_ids + 1, found->ids, (found->n - 1) * sizeof *decoder_ids);
    ck_assert_ok(lay_out_one(state, model, source->n, found->n, found->n, &why), why);
    model_forward(state, model, source->at, decoder_ids, found->n, &reader);
    ck_assert_mem_eq(found->alignment, expected.alignment, found->n * sizeof *found->alignment);
}

START_TEST(caches_by_reference_give_what_computing_again_gives)
{
    const char *variant = golden_variants[_i];
    transformer *model = open_golden(variant);
    const kernel_level *level = kernels_active;
    kernel_level without_blas = *level;
    without_blas.wants_blas = false;
    kernels_active = &without_blas;
    transformer_state state = {0}, other = {0};
    failure why;
    float *bias = own_bias(model);
    bias[model->config.target_end] += 2.0f; /* so that many hypotheses end, at different lengths */
    for (size_t n_beams = 2; n_beams <= 5; n_beams++)
        for (size_t s = 0; s < 3; s++) {
            token_ids source = {(int32_t[]){5, 9, 33, (int32_t)(12 + 20 * s), 60, 7}, 4 + s % 3, 6};
            plain_hypothesis expected[MAX_BEAMS];
            size_t n = plain_beam(expected, model, &source, n_beams, 0.8);
            const generated_tokens *found = beam_with(&state, model, &source, 1, 0, n_beams, 0.8, NULL, &why);
            ck_assert_uint_eq(n, n_beams);
            for (size_t k = 0; k < n; k++) {
                assert_same_ids(variant, found[k].ids, found[k].n, &(token_ids){expected[k].ids, expected[k].n, 64});
                ck_assert_double_eq_tol(found[k].score, expected[k].score, 1e-5);
                assert_aligned(&other, model, &source, &found[k]);
            }
        }
    free(bias);
    state_free(&state);
    state_free(&other);
    model_close(model);
    kernels_active = level;
}
END_TEST

/* As in a_batch_of_64_gives_what_each_gives_alone. */
START_TEST(hypotheses_do_not_depend_on_the_batch)
{
    enum { N = 16, N_BEAMS = 4 };
    transformer *model = open_golden(golden_variants[_i]);
    const kernel_level *level = kernels_active;
    kernel_level without_blas = *level;
    without_blas.wants_blas = false;
    kernels_active = &without_blas;
    int32_t n_vocabulary = (int32_t)model->config.n_source_vocabulary;
    transformer_state batch = {0}, alone = {0};
    token_ids sources[N] = {0};
    failure why;
    thread_team *team = team_open(3, &why);
    float *bias = own_bias(model);
    bias[model->config.target_end] += 2.0f;
    for (int32_t s = 0; s < N; s++)
        for (int32_t i = 0; i <= s; i++)
            ck_assert(token_ids_append(&sources[s], i == s ? 0 : (7 * s + 11 * i * i + 2) % n_vocabulary, &why));
    const generated_tokens *found = beam_with(&batch, model, sources, N, 0, N_BEAMS, 1.0, NULL, &why);
    ck_assert_ok(found != NULL, why);
    for (size_t s = 0; s < N; s++) {
        const generated_tokens *expected = beam_with(&alone, model, &sources[s], 1, 0, N_BEAMS, 1.0, team, &why);
        for (size_t k = 0; k < N_BEAMS; k++) {
            const generated_tokens *a = &found[s * N_BEAMS + k], *b = &expected[k];
            assert_same_ids("batch", a->ids, a->n, &(token_ids){b->ids, b->n, 0});
            ck_assert_double_eq(a->score, b->score);
            ck_assert_mem_eq(a->log_probabilities, b->log_probabilities, a->n * sizeof *a->log_probabilities);
            ck_assert_mem_eq(a->alignment, b->alignment, a->n * sizeof *a->alignment);
        }
        token_ids_free(&sources[s]);
    }
    free(bias);
    team_close(team);
    state_free(&batch);
    state_free(&alone);
    model_close(model);
    kernels_active = level;
}
END_TEST

/* ---- sampling ---- */

START_TEST(a_token_is_drawn_with_its_probability)
{
    const struct {
        sampling_options options;
        float expected[6]; /* probabilities */
    } cases[] = {
        {{1.0, 0, 1.0, 0}, {0.1f, 0.4f, 0.1f, 0.2f, 0.0f, 0.2f}},
        {{0.5, 0, 1.0, 0}, {1 / 26.0f, 16 / 26.0f, 1 / 26.0f, 4 / 26.0f, 0.0f, 4 / 26.0f}}, /* squares */
        {{1.0, 1, 1.0, 0}, {0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f}},
        {{1.0, 2, 1.0, 0}, {0.0f, 0.5f, 0.0f, 0.25f, 0.0f, 0.25f}}, /* a tie with the second is kept */
        {{1.0, 9, 1.0, 0}, {0.1f, 0.4f, 0.1f, 0.2f, 0.0f, 0.2f}},
        {{1.0, 0, 0.0, 0}, {0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f}}, /* at least one */
        {{1.0, 0, 0.39, 0}, {0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f}},
        {{1.0, 0, 0.41, 0}, {0.0f, 4 / 6.0f, 0.0f, 2 / 6.0f, 0.0f, 0.0f}}, /* the lower of two equal ids */
        {{1.0, 0, 0.79, 0}, {0.0f, 0.5f, 0.0f, 0.25f, 0.0f, 0.25f}},
        {{1.0, 2, 0.74, 0}, {0.0f, 4 / 6.0f, 0.0f, 2 / 6.0f, 0.0f, 0.0f}}, /* top_p after top_k: of 0.8 */
        {{0.5, 0, 16 / 26.0 + 0.01, 0}, {0.0f, 16 / 20.0f, 0.0f, 4 / 20.0f, 0.0f, 0.0f}}, /* and after temperature */
    };
    for (size_t c = 0; c < N_ELEMENTS(cases); c++) {
        float logits[6] = {logf(1.0f), logf(4.0f), logf(1.0f), logf(2.0f), -INFINITY, logf(2.0f)}, scratch[6];
        int32_t order[6];
        ck_assert(sample_warp(logits, 6, &cases[c].options, scratch, order));
        kernels_softmax(logits, 6);
        for (size_t i = 0; i < 6; i++)
            ck_assert_float_eq_tol(logits[i], cases[c].expected[i], 1e-6f);
        double below = 0.0;
        for (size_t i = 0; i < 6; i++) {
            double middle = below + (double)cases[c].expected[i] / 2;
            below += (double)cases[c].expected[i];
            float again[6] = {logf(1.0f), logf(4.0f), logf(1.0f), logf(2.0f), -INFINITY, logf(2.0f)};
            if (cases[c].expected[i] > 0.0f)
                ck_assert_uint_eq(sample_token(again, 6, &cases[c].options, scratch, order, middle), i);
        }
    }
}
END_TEST

START_TEST(what_keeps_all_tokens_changes_none)
{
    static const sampling_options all[] = {{1.0, 3, 1.0, 0}, {1.0, 4, 1.0, 0}, {1.0, 0, 0.9999999, 0}};
    for (size_t c = 0; c < N_ELEMENTS(all); c++) {
        float logits[3] = {1.0f, 3.0f, 2.0f}, scratch[3];
        int32_t order[3];
        ck_assert(sample_warp(logits, 3, &all[c], scratch, order));
        ck_assert_mem_eq(logits, ((float[]){1.0f, 3.0f, 2.0f}), sizeof logits);
    }
}
END_TEST

START_TEST(the_last_token_is_drawn_if_rounding_leaves_no_other)
{
    float logits[5] = {-INFINITY, 0.0f, 0.1f, 0.2f, -INFINITY}, scratch[5];
    int32_t order[5];
    ck_assert_uint_eq(sample_token(logits, 5, &(sampling_options){1.0, 0, 1.0, 0}, scratch, order, 1.0), 3);
}
END_TEST

static const float *compared;

static int descending(const void *a, const void *b)
{
    float left = compared[*(const size_t *)a], right = compared[*(const size_t *)b];
    return left < right ? 1 : left > right ? -1 : 0;
}

/* All tokens sorted, as transformers does it. */
START_TEST(a_heap_keeps_what_sorting_keeps)
{
    enum { N = 1000 };
    for (uint32_t seed = 0; seed < 60; seed++) {
        float logits[N], expected[N], scratch[N];
        int32_t order[N];
        size_t sorted[N], k = seed % 3 ? 1 + seed * 7 : 0, n_kept = k ? k : N;
        double p = seed % 4 ? 0.25 * (seed % 4) : 1.0, sum = 0.0, all = 0.0;
        for (size_t i = 0; i < N; i++) {
            uint32_t bits[4] = {(uint32_t)i, seed, 0, 0};
            philox(bits, 7);
            logits[i] = expected[i] = (float)(10.0 * philox_uniform(bits));
            sorted[i] = i;
        }
        compared = logits;
        qsort(sorted, N, sizeof *sorted, descending);
        for (size_t i = 0; i < n_kept; i++)
            all += exp((double)logits[sorted[i]] / 0.8);
        for (size_t i = 0; i < N; i++) {
            if (i >= n_kept || (i > 0 && sum >= p * all))
                expected[sorted[i]] = -INFINITY;
            sum += exp((double)logits[sorted[i]] / 0.8);
        }
        ck_assert(sample_warp(logits, N, &(sampling_options){0.8, k, p, 0}, scratch, order));
        for (size_t i = 0; i < N; i++)
            ck_assert_msg(logits[i] == expected[i] / 0.8f, "seed %u, token %zu", seed, i);
    }
}
END_TEST

START_TEST(sampling_refuses_a_logit_that_is_nan)
{
    const float bad[][3] = {
        {0.0f, NAN, 1.0f}, {0.0f, INFINITY, 1.0f}, {-INFINITY, -INFINITY, -INFINITY}, {1e38f, 0, 0}};
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        float logits[3], scratch[3];
        int32_t order[3];
        memcpy(logits, bad[i], sizeof logits);
        ck_assert(!sample_warp(logits, 3, &(sampling_options){0.1, 1, 0.5, 0}, scratch, order));
        memcpy(logits, bad[i], sizeof logits);
        ck_assert_uint_eq(sample_token(logits, 3, &(sampling_options){0.1, 1, 0.5, 0}, scratch, order, 0.0), 3);
    }
}
END_TEST

/* Draws 64 translations at a time, of lines number `first` and following. */
static const generated_tokens *draw(transformer_state *state, const transformer *model, size_t seed, uint64_t first)
{
    enum { N = 64 };
    size_t n_src[N], n_tgt[N], n_new[N];
    int32_t source[3 * N];
    sample_place places[N];
    failure why;
    for (size_t s = 0; s < N; s++) {
        n_src[s] = 3;
        n_tgt[s] = 9;
        n_new[s] = 1;
        places[s] = (sample_place){first + s, 0};
        memcpy(source + 3 * s, any_source.at, 3 * sizeof *source);
    }
    const batch_shape shape = {N, n_src, n_tgt, n_new, 1, true, NULL};
    const search_options options = {.n_beams = 1, .sampling = {1.0, 0, 1.0, seed}, .places = places};
    ck_assert_ok(state_lay_out(state, &model->config, &shape, &why), why);
    const generated_tokens *found = greedy_search(state, model, source, &options, true, &why);
    ck_assert_ok(found != NULL, why);
    return found;
}

/* Chi-squared with four degrees of freedom exceeds 18.47 once in a thousand seeds. */
START_TEST(translations_are_drawn_as_often_as_they_are_probable)
{
    const struct {
        int32_t ids[3];
        double probability;
    } all[] = {{{A, C, END}, 0.3}, {{A, D, END}, 0.18}, {{A, END}, 0.12}, {{B, C, END}, 0.04}, {{B, END}, 0.36}};
    enum { N_DRAWN = 64 * 32 };
    transformer *model = open_language(greedy_loses);
    transformer_state state = {0};
    for (size_t seed = 1; seed <= 3; seed++) {
        size_t n[N_ELEMENTS(all)] = {0}, n_found = 0;
        for (uint64_t first = 0; first < N_DRAWN; first += 64) {
            const generated_tokens *found = draw(&state, model, seed, first);
            for (size_t s = 0; s < 64; s++)
                for (size_t i = 0; i < N_ELEMENTS(all); i++)
                    if (memcmp(found[s].ids, all[i].ids, found[s].n * sizeof(int32_t)) == 0) {
                        double sum = 0.0;
                        for (size_t j = 0; j < found[s].n; j++)
                            sum += (double)found[s].log_probabilities[j];
                        ck_assert_double_eq_tol(sum, log(all[i].probability), 1e-6);
                        n[i]++;
                        n_found++;
                    }
        }
        ck_assert_uint_eq(n_found, N_DRAWN);
        double chi_squared = 0.0;
        for (size_t i = 0; i < N_ELEMENTS(all); i++) {
            double expected = N_DRAWN * all[i].probability;
            chi_squared += pow((double)n[i] - expected, 2.0) / expected;
        }
        ck_assert_double_lt(chi_squared, 18.47);
        ck_assert_double_gt(chi_squared, 0.1); /* a random number used again would even them out */
    }
    close_language(model, &state);
}
END_TEST

START_TEST(random_numbers_depend_on_seed_place_and_step)
{
    const sample_place place = {3, 5}, other_line = {4, 5}, far_line = {3 + ((uint64_t)1 << 40), 5}, elsewhere = {3, 6};
    double same = sample_random(1, &place, 2);
    ck_assert_double_eq(sample_random(1, &place, 2), same);
    ck_assert_double_ne(sample_random(2, &place, 2), same);
    ck_assert_double_ne(sample_random(1, &other_line, 2), same);
    ck_assert_double_ne(sample_random(1, &far_line, 2), same);
    ck_assert_double_ne(sample_random(1, &elsewhere, 2), same);
    ck_assert_double_ne(sample_random(1, &place, 3), same);
}
END_TEST

/* ---- truncated checkpoints ---- */

/* Copies a file of the golden checkpoint relu into `directory`; returns its size. */
static size_t copy_file(const char *directory, const char *name)
{
    text_buffer file;
    failure why;
    char path[4096];
    ck_assert_ok(file_read(&file, golden_path("relu", name), 1 << 20, &why), why);
    ck_assert_ok(file_path(path, sizeof path, directory, name, &why), why);
    FILE *copy = fopen(path, "wb");
    ck_assert(copy && fwrite(file.bytes, 1, file.size, copy) == file.size && fclose(copy) == 0);
    size_t size = file.size;
    text_free(&file);
    return size;
}

static bool opens(const char *directory, failure *why)
{
    transformer *model = model_open(directory, why);
    tokenizer *t = model ? open_tokenizer(directory, &model->config, why) : NULL;
    tokenizer_close(t);
    model_close(model);
    return t != NULL;
}

/* Truncates every file at every byte, but the tensors' data only at some. */
START_TEST(a_checkpoint_cut_anywhere_is_refused)
{
    enum { HEADER_END = 10000, MOST_SKIPPED = 400 }; /* the header is shorter */
    static const char *const names[] = {"config.json", "model.safetensors", "source.spm", "source.vocab"};
    char directory[] = "/tmp/test_model_XXXXXX", path[4096];
    failure why;
    ck_assert(mkdtemp(directory));
    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        copy_file(directory, names[i]);
    ck_assert_ok(opens(directory, &why), why);
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        size_t size = copy_file(directory, names[i]) - 1;
        ck_assert_ok(file_path(path, sizeof path, directory, names[i], &why), why);
        if (i == 0)
            size--; /* only the line end after the object */
        while (size > 0) {
            ck_assert(truncate(path, (off_t)size) == 0);
            ck_assert_msg(!opens(directory, &why), "%s opens with %zu bytes", names[i], size);
            ck_assert_msg(strncmp(why.sentence, path, strlen(path)) == 0, "%s", why.sentence);
            size -= size > HEADER_END ? size * 7919 % MOST_SKIPPED + 1 : 1;
        }
        copy_file(directory, names[i]);
    }
    ck_assert_ok(opens(directory, &why), why);
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        ck_assert_ok(file_path(path, sizeof path, directory, names[i], &why), why);
        unlink(path);
    }
    rmdir(directory);
}
END_TEST

int main(void)
{
    kernels_start(NULL);
    Suite *suite = suite_create("model");
    add_loop_test(suite, "every_tensor_is_that_of_PyTorch", every_tensor_is_that_of_PyTorch,
                  N_ELEMENTS(golden_float32));
    add_loop_test(suite, "greedy_ids_are_those_of_PyTorch", greedy_ids_are_those_of_PyTorch,
                  N_ELEMENTS(golden_float32));
    add_loop_test(suite, "a_batch_of_64_gives_what_each_gives_alone", a_batch_of_64_gives_what_each_gives_alone,
                  N_ELEMENTS(golden_variants));
    add_loop_test(suite, "the_whole_target_and_steps_agree", the_whole_target_and_steps_agree,
                  N_ELEMENTS(golden_variants));
    add_loop_test(suite, "int8_is_near_the_float32_it_was_made_of", int8_is_near_the_float32_it_was_made_of,
                  N_ELEMENTS(golden_int8));
    add_test(suite, "entropy_leaves_the_end_token_out", entropy_leaves_the_end_token_out);
    add_test(suite, "the_length_cap", the_length_cap);
    add_test(suite, "a_translation_that_ends_at_the_cap_is_not_truncated",
             a_translation_that_ends_at_the_cap_is_not_truncated);
    add_test(suite, "pad_and_suppressed_ids_are_never_chosen", pad_and_suppressed_ids_are_never_chosen);
    add_test(suite, "top_tokens_are_the_most_probable", top_tokens_are_the_most_probable);
    add_test(suite, "ties_go_to_the_lowest_id", ties_go_to_the_lowest_id);
    add_test(suite, "a_logit_that_is_nan_is_an_error", a_logit_that_is_nan_is_an_error);
    add_test(suite, "sizes_that_overflow_are_refused", sizes_that_overflow_are_refused);
    add_test(suite, "an_n_gram_that_has_occurred_is_a_repeat", an_n_gram_that_has_occurred_is_a_repeat);
    add_test(suite, "a_token_is_drawn_with_its_probability", a_token_is_drawn_with_its_probability);
    add_test(suite, "what_keeps_all_tokens_changes_none", what_keeps_all_tokens_changes_none);
    add_test(suite, "the_last_token_is_drawn_if_rounding_leaves_no_other",
             the_last_token_is_drawn_if_rounding_leaves_no_other);
    add_test(suite, "a_heap_keeps_what_sorting_keeps", a_heap_keeps_what_sorting_keeps);
    add_test(suite, "sampling_refuses_a_logit_that_is_nan", sampling_refuses_a_logit_that_is_nan);
    add_test(suite, "translations_are_drawn_as_often_as_they_are_probable",
             translations_are_drawn_as_often_as_they_are_probable);
    add_test(suite, "random_numbers_depend_on_seed_place_and_step", random_numbers_depend_on_seed_place_and_step);
    add_test(suite, "beam_search_finds_what_greedy_search_misses", beam_search_finds_what_greedy_search_misses);
    add_test(suite, "the_steps_of_beam_search_are_kept", the_steps_of_beam_search_are_kept);
    add_test(suite, "hypotheses_end_at_the_length_cap", hypotheses_end_at_the_length_cap);
    add_test(suite, "a_tie_ends_the_search", a_tie_ends_the_search);
    add_test(suite, "beam_search_refuses_a_logit_that_is_nan", beam_search_refuses_a_logit_that_is_nan);
    add_test(suite, "suppressed_ids_have_a_probability_but_are_never_chosen",
             suppressed_ids_have_a_probability_but_are_never_chosen);
    add_test(suite, "ties_keep_their_order", ties_keep_their_order);
    add_loop_test(suite, "caches_by_reference_give_what_computing_again_gives",
                  caches_by_reference_give_what_computing_again_gives, N_ELEMENTS(golden_variants));
    add_loop_test(suite, "hypotheses_do_not_depend_on_the_batch", hypotheses_do_not_depend_on_the_batch,
                  N_ELEMENTS(golden_variants));
    add_test(suite, "a_checkpoint_cut_anywhere_is_refused", a_checkpoint_cut_anywhere_is_refused);
    return run_suite(suite);
}
