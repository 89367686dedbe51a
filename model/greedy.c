/* Greedy search over a batch. A finished sentence leaves the stack of rows, so it takes no further time. There is no
 * beam search and no sampling. */
#include "model/greedy.h"

#include <assert.h>
#include <math.h>

#include "model/alignment.h"
#include "model/forward.h"
#include "model/model.h"
#include "model/state.h"

size_t greedy_length_cap(const model_config *config, size_t n_src)
{
    size_t most = config->max_length, extra = config->length_extra, cap;
    if (extra >= most || __builtin_mul_overflow(config->length_factor, n_src, &cap) || cap > most - extra)
        return most;
    return cap + extra;
}

void greedy_suppress(float *logits, const model_config *config)
{
    for (size_t i = 0; i < config->suppressed.n; i++)
        logits[config->suppressed.at[i]] = -INFINITY;
}

/* Chooses the next token of every row. Computes all logits only if details are requested. */
static void choose(transformer_state *state, const transformer *model, bool with_details)
{
    const model_config *config = &model->config;
    size_t n_vocabulary = config->n_target_vocabulary;
    if (!with_details) {
        model_choose(state, model);
        return;
    }
    model_output(state, model, NULL);
    for (size_t row = 0; row < row_stack_rows(&state->target); row++) {
        float *logits = state->logits + row * n_vocabulary;
        greedy_suppress(logits, config);
        state->chosen[row] = kernels_argmax(logits, n_vocabulary);
    }
}

/* Appends the chosen token, or a forced one at the beginning. If it reaches the length cap and the checkpoint has
 * forced_end, appends the end token instead. */
static void append(generated_tokens *tokens, size_t chosen, float *logits, const model_config *config)
{
    size_t end = (size_t)config->target_end;
    if (tokens->n < config->target_forced.n)
        chosen = (size_t)config->target_forced.at[tokens->n];
    if (tokens->n + 1 == tokens->capacity) {
        tokens->truncated = chosen != end;
        chosen = config->forced_end ? end : chosen;
    }
    if (logits) {
        double logit = (double)logits[chosen];
        tokens->log_probabilities[tokens->n] =
            (float)(logit - kernels_log_sum_exp(logits, config->n_target_vocabulary));
    }
    tokens->ids[tokens->n++] = (int32_t)chosen;
}

/* Encodes all sentences, a few at a time, so that the encoder's scratch memory stays small. */
static void encode_all(transformer_state *state, const transformer *model, const int32_t *source_ids)
{
    for (size_t s = 0; s < state->n_sentences; s += state->source.n_sentences) {
        state_take_source(state, s);
        model_encode(state, model, source_ids, NULL);
        model_decode_begin(state, model, NULL);
        source_ids += row_stack_rows(&state->source);
    }
}

const generated_tokens *greedy_search(transformer_state *state, const transformer *model, const int32_t *source_ids,
                                      bool with_details, failure *why)
{
    const model_config *config = &model->config;
    size_t n_vocabulary = config->n_target_vocabulary, n_active = state->n_sentences;
    aligner alignment;
    const trace_reader reader = alignment_start(&alignment, state, config);
    encode_all(state, model, source_ids);
    for (size_t i = 0; i < n_active; i++) {
        assert(state->generated[i].n == 0); /* laid out for this search */
        state->active[i] = i;
        state->newest[i] = config->target_start;
    }
    while (n_active > 0) {
        state_take_target(state, n_active, 1);
        model_decode_step(state, model, state->newest, with_details ? &reader : NULL);
        choose(state, model, with_details);
        size_t n_kept = 0;
        for (size_t i = 0; i < n_active; i++) {
            generated_tokens *tokens = &state->generated[state->active[i]];
            if (state->chosen[i] == n_vocabulary) {
                failure_set(why,
                            "%s: a logit is NaN or infinite at target token %zu; the weights are damaged, export "
                            "the checkpoint again",
                            weights_path(model->weights), tokens->n + 1);
                return NULL;
            }
            append(tokens, state->chosen[i], with_details ? state->logits + i * n_vocabulary : NULL, config);
            int32_t newest = tokens->ids[tokens->n - 1];
            if (newest == config->target_end || tokens->n == tokens->capacity)
                continue; /* finished: leaves the stack */
            state_move_sentence(state, config, i, n_kept);
            state->active[n_kept] = state->active[i];
            state->newest[n_kept++] = newest;
        }
        n_active = n_kept;
    }
    if (with_details)
        alignment_finish(&alignment);
    return state->generated;
}
