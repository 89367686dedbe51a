/* What greedy search and beam search share. */
#include "model/search.h"

#include <math.h>
#include <string.h>

#include "model/forward.h"
#include "model/model.h"
#include "model/state.h"

size_t search_length_cap(const model_config *config, size_t n_src)
{
    size_t most = config->max_length, extra = config->length_extra, cap;
    if (extra >= most || __builtin_mul_overflow(config->length_factor, n_src, &cap) || cap > most - extra)
        return most;
    return cap + extra;
}

void search_suppress(float *logits, const model_config *config)
{
    for (size_t i = 0; i < config->suppressed.n; i++)
        logits[config->suppressed.at[i]] = -INFINITY;
}

token_ids search_prefix(const search_options *options, size_t sentence)
{
    return options->prefixes ? options->prefixes[sentence] : (token_ids){0};
}

bool search_force(size_t *chosen, const model_config *config, token_ids prefix, size_t n, size_t cap)
{
    if (config->forced_end && n + 1 == cap)
        *chosen = (size_t)config->target_end;
    else if (n < config->target_forced.n)
        *chosen = (size_t)config->target_forced.at[n];
    else if (n - config->target_forced.n < prefix.n)
        *chosen = (size_t)prefix.at[n - config->target_forced.n];
    else
        return false;
    return true;
}

bool search_repeats(const int32_t *ids, size_t n, size_t n_gram, int32_t next)
{
    if (n_gram == 0 || n_gram > n)
        return false;
    const int32_t *last = ids + n - (n_gram - 1); /* the n_gram - 1 tokens that `next` would follow */
    for (size_t i = 0; i + n_gram <= n; i++)
        if (ids[i + n_gram - 1] == next && memcmp(ids + i, last, (n_gram - 1) * sizeof *ids) == 0)
            return true;
    return false;
}

void search_suppress_repeats(float *logits, const int32_t *ids, size_t n, size_t n_gram)
{
    for (size_t i = 0; i < n; i++) /* only a token that has occurred can complete an n-gram that has */
        if (search_repeats(ids, n, n_gram, ids[i]))
            logits[ids[i]] = -INFINITY;
}

/* A few sentences at a time, so that the encoder's scratch memory stays small. */
void search_encode(transformer_state *state, const transformer *model, const int32_t *source_ids)
{
    for (size_t s = 0; s < state->n_sentences; s += state->source.n_sentences) {
        state_take_source(state, s);
        model_encode(state, model, source_ids, NULL);
        model_decode_begin(state, model, NULL);
        source_ids += row_stack_rows(&state->source);
    }
}

bool search_refuse_logits(const transformer *model, size_t n, failure *why)
{
    return failure_set(why,
                       "%s: a logit is NaN or infinite at target token %zu; the weights are damaged, export the "
                       "checkpoint again",
                       weights_path(model->weights), n + 1);
}
