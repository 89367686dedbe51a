/* Greedy search, or sampling, over a batch. A finished sentence leaves the stack of rows, so it takes no further time.
 */
#include "model/greedy.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "model/alignment.h"
#include "model/forward.h"
#include "model/model.h"
#include "model/sample.h"
#include "model/search.h"
#include "model/state.h"

/* Sets the logits of tokens that would repeat an n-gram to -infinity. */
static void suppress_repeats(transformer_state *state, float *logits, const generated_tokens *tokens, int32_t start,
                             size_t n_gram)
{
    state->history[0] = start;
    memcpy(state->history + 1, tokens->ids, tokens->n * sizeof *tokens->ids);
    search_suppress_repeats(logits, state->history, tokens->n + 1, n_gram);
}

/* Chooses the next token of every row. Computes all logits only if they are needed. */
static void choose(transformer_state *state, const transformer *model, const search_options *options, bool with_details)
{
    const model_config *config = &model->config;
    const sampling_options *sampling = &options->sampling;
    size_t n_vocabulary = config->n_target_vocabulary;
    if (!with_details && options->no_repeat == 0 && sampling->temperature == 0.0) {
        model_choose(state, model);
        return;
    }
    model_output(state, model, NULL);
    for (size_t row = 0; row < row_stack_rows(&state->target); row++) {
        float *logits = state->logits + row * n_vocabulary;
        size_t sentence = state->target.cache[row];
        const generated_tokens *tokens = &state->generated[sentence];
        search_suppress(logits, config);
        suppress_repeats(state, logits, tokens, config->target_start, options->no_repeat);
        state->chosen[row] = sampling->temperature == 0.0
                                 ? kernels_argmax(logits, n_vocabulary)
                                 : sample_token(logits, n_vocabulary, sampling, state->probabilities, state->order,
                                                sample_random(sampling->seed, &options->places[sentence], tokens->n));
    }
}

/* Appends the chosen token, or a forced one in its place, whose log-probability is 0 if it could not be chosen. */
static void append(generated_tokens *tokens, size_t chosen, float *logits, const model_config *config, token_ids prefix)
{
    tokens->truncated = tokens->n + 1 == tokens->capacity && chosen != (size_t)config->target_end;
    search_force(&chosen, config, prefix, tokens->n, tokens->capacity);
    if (logits) {
        double logit = (double)logits[chosen];
        double log_probability = logit - kernels_log_sum_exp(logits, config->n_target_vocabulary);
        tokens->log_probabilities[tokens->n] = logit > -INFINITY ? (float)log_probability : 0.0f;
    }
    tokens->ids[tokens->n++] = (int32_t)chosen;
}

const generated_tokens *greedy_search(transformer_state *state, const transformer *model, const int32_t *source_ids,
                                      const search_options *options, bool with_details, failure *why)
{
    const model_config *config = &model->config;
    size_t n_vocabulary = config->n_target_vocabulary, n_active = state->n_sentences;
    aligner alignment;
    const trace_reader reader = alignment_start(&alignment, state, config);
    search_encode(state, model, source_ids);
    for (size_t i = 0; i < n_active; i++) {
        assert(state->generated[i].n == 0); /* laid out for this search */
        state->newest[i] = config->target_start;
    }
    while (n_active > 0) {
        state_take_target(state, n_active, 1);
        model_decode_step(state, model, state->newest, with_details ? &reader : NULL);
        choose(state, model, options, with_details);
        size_t n_kept = 0;
        for (size_t i = 0; i < n_active; i++) {
            size_t sentence = state->target.cache[i];
            generated_tokens *tokens = &state->generated[sentence];
            if (state->chosen[i] == n_vocabulary) {
                search_refuse_logits(model, tokens->n, why);
                return NULL;
            }
            append(tokens, state->chosen[i], with_details ? state->logits + i * n_vocabulary : NULL, config,
                   search_prefix(options, sentence));
            int32_t newest = tokens->ids[tokens->n - 1];
            if (newest == config->target_end || tokens->n == tokens->capacity)
                continue; /* finished: leaves the stack */
            state->target.cache[n_kept] = sentence;
            state->newest[n_kept++] = newest;
        }
        n_active = n_kept;
    }
    for (size_t s = 0; s < state->n_sentences && with_details; s++) {
        generated_tokens *tokens = &state->generated[s];
        for (size_t j = 0; j < tokens->n; j++)
            state->path[j] = s;
        alignment_read(&alignment, tokens, state->path);
    }
    return state->generated;
}
