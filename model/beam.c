/* Beam search over a batch. At each step, every hypothesis is a row of the decoder. Of all its continuations, the best
 * n_beams that do not end make up the next step.
 *
 * Nothing that a hypothesis has computed is ever moved. A slot keeps what its row computed at each step (keys, values,
 * the token that was read) and which slot the row before was in, so a hypothesis is known by the slot of its last row.
 * A hypothesis that is continued twice leaves its slot to the better continuation; the other takes a free one. */
#include "model/beam.h"

#include <assert.h>
#include <math.h>

#include "model/alignment.h"
#include "model/forward.h"
#include "model/model.h"
#include "model/search.h"
#include "model/state.h"

enum { MAX_CANDIDATES = 2 * MAX_BEAMS }; /* so many that n_beams remain if n_beams of them end */

/* ---- rows ---- */

static beam_node *node_at(const transformer_state *state, size_t slot, size_t step)
{
    return &state->nodes[slot * state->sizes.n_tgt + step];
}

/* Sets path [step + 1] to the slots of the rows that led to the one of this slot and step. */
static void trace_back(size_t *path, const transformer_state *state, size_t slot, size_t step)
{
    for (size_t j = step + 1; j-- > 0; slot = node_at(state, slot, j)->parent)
        path[j] = slot;
}

/* Puts a hypothesis in the row at this step of its slot; `parent` is the slot that it continues. */
static void place(transformer_state *state, size_t n_layers, const beam_hypothesis *hypothesis, size_t parent)
{
    size_t slot = hypothesis->slot, step = hypothesis->n;
    size_t *path = state->path + slot * state->sizes.n_tgt;
    *node_at(state, slot, step) = (beam_node){hypothesis->id, hypothesis->log_probability, parent};
    trace_back(path, state, slot, step);
    for (size_t l = 0; l < n_layers; l++) {
        kv_cache *cache = &state->past[l * state->n_slots + slot];
        cache->path = path;
        cache->n_keys = step;
    }
}

/* Sets state->history to what the rows of a live hypothesis have read: the start token and its tokens. */
static void read_history(const transformer_state *state, const beam_hypothesis *hypothesis)
{
    const size_t *path = state->path + hypothesis->slot * state->sizes.n_tgt;
    for (size_t j = 0; j <= hypothesis->n; j++)
        state->history[j] = node_at(state, path[j], j)->id;
}

/* Selects the rows of the next decoder call: the live hypotheses of the first n sentences in by_source.cache. */
static void stack_rows(transformer_state *state, size_t n)
{
    row_stack *target = &state->target, *by_source = &state->by_source;
    size_t n_rows = 0;
    for (size_t i = 0; i < n; i++) {
        size_t sentence = by_source->cache[i];
        for (size_t b = 0; b < state->n_live[sentence]; b++, n_rows++) {
            const beam_hypothesis *hypothesis = &state->live[sentence * state->n_beams + b];
            target->cache[n_rows] = hypothesis->slot;
            target->first[n_rows + 1] = n_rows + 1;
            state->newest[n_rows] = hypothesis->id;
        }
        by_source->first[i + 1] = n_rows;
    }
    target->first[0] = by_source->first[0] = 0;
    target->n_sentences = n_rows;
    by_source->n_sentences = n;
}

/* ---- candidates ---- */

/* Inserts a hypothesis into a list of the best `most`, best first, after those of the same score. */
static void insert(beam_hypothesis *list, size_t *n, size_t most, const beam_hypothesis *hypothesis)
{
    size_t i = *n; /* where the hypothesis goes; nowhere if that is `most` */
    *n += i < most;
    for (; i > 0 && list[i - 1].score < hypothesis->score; i--)
        if (i < most)
            list[i] = list[i - 1];
    if (i < most)
        list[i] = *hypothesis;
}

/* The first id from `id` on whose logit exceeds `lowest`, n if none does. */
static size_t next_above(const float *logits, size_t id, size_t n, float lowest)
{
    while (id < n && !(logits[id] > lowest))
        id++;
    return id;
}

/* Sets list to the best continuations of a hypothesis by one token, at most `most`, best first; uses up its row of
 * logits. Returns how many, 0 if no token can be chosen. */
static size_t list_continuations(beam_hypothesis *list, size_t most, const transformer_state *state,
                                 const beam_hypothesis *hypothesis, float *logits, const model_config *config,
                                 const search_options *options)
{
    const int32_t *history = state->history;
    size_t cap = state->generated[hypothesis->slot].capacity;
    float lowest = -INFINITY; /* what a logit must exceed to be listed */
    size_t n_vocabulary = config->n_target_vocabulary, n = 0, id = 0, forced;
    if (options->no_repeat)
        read_history(state, hypothesis);
    while ((id = next_above(logits, id, n_vocabulary, lowest)) < n_vocabulary) {
        if (!id_list_has(&config->suppressed, (int32_t)id) &&
            !search_repeats(history, hypothesis->n + 1, options->no_repeat, (int32_t)id))
            insert(list, &n, most, &(beam_hypothesis){.id = (int32_t)id, .score = (double)logits[id]});
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): insert fills the first n */
        lowest = n == most ? (float)list[most - 1].score : lowest;
        id++;
    }
    token_ids prefix = search_prefix(options, hypothesis->slot / state->n_beams);
    double log_sum = kernels_log_sum_exp(logits, n_vocabulary);
    if (!isfinite(log_sum))
        return 0;
    for (size_t i = 0; i < n; i++) {
        double log_probability = list[i].score - log_sum;
        list[i].slot = hypothesis->slot;
        list[i].step = hypothesis->step;
        list[i].n = hypothesis->n + 1;
        list[i].log_probability = (float)log_probability;
        list[i].score = hypothesis->score + log_probability;
        list[i].truncated = list[i].n == cap && list[i].id != config->target_end;
    }
    if (n > 0 && search_force(&forced, config, prefix, hypothesis->n, cap)) {
        list[0].id = (int32_t)forced;
        list[0].log_probability = 0.0f;
        list[0].score = hypothesis->score;
        return 1;
    }
    return n;
}

/* Sets candidates [2 n_beams] to the best continuations of all live hypotheses of a sentence. Returns how many. */
static size_t list_candidates(beam_hypothesis *candidates, const transformer_state *state, const model_config *config,
                              const search_options *options, size_t sentence, float *logits)
{
    beam_hypothesis list[MAX_CANDIDATES];
    size_t first = sentence * state->n_beams, most = 2 * state->n_beams, n = 0;
    for (size_t b = 0; b < state->n_live[sentence]; b++) {
        size_t n_listed = list_continuations(list, most, state, &state->live[first + b], logits, config, options);
        if (n_listed == 0)
            return 0;
        for (size_t i = 0; i < n_listed; i++)
            insert(candidates, &n, most, &list[i]);
        logits += config->n_target_vocabulary;
    }
    return n;
}

/* ---- one step of one sentence ---- */

/* The score of a hypothesis if it ended: the prefix does not count. */
static double final_score(const beam_hypothesis *hypothesis, const search_options *options, size_t sentence)
{
    size_t n = hypothesis->n, n_prefix = search_prefix(options, sentence).n;
    return n > n_prefix ? hypothesis->score / pow((double)(n - n_prefix), options->length_penalty) : 0.0;
}

/* The steps of a sentence: room for n_beams live hypotheses and as many that end, at each of them. */
static beam_step *steps_of(const transformer_state *state, size_t sentence)
{
    return state->steps + sentence * 2 * state->n_beams * state->sizes.n_tgt;
}

/* Appends a candidate to the steps of its sentence. Returns its index there. */
static size_t record(transformer_state *state, size_t sentence, const beam_hypothesis *candidate, bool ended,
                     const search_options *options)
{
    size_t step = state->n_steps[sentence]++;
    double score = final_score(candidate, options, sentence);
    steps_of(state, sentence)[step] =
        (beam_step){candidate->step, candidate->n, candidate->id, ended, candidate->score, score};
    return step;
}

/* Divides the candidates into hypotheses that have ended, if they are among the n_beams best, and live ones. */
static void divide(transformer_state *state, size_t sentence, const beam_hypothesis *candidates, size_t n, int32_t end,
                   const search_options *options)
{
    size_t n_beams = state->n_beams, first = sentence * n_beams, n_live = 0;
    for (size_t c = 0; c < n; c++) {
        beam_hypothesis hypothesis = candidates[c];
        bool ends = hypothesis.id == end || hypothesis.n == state->generated[first].capacity;
        if (ends ? c >= n_beams : n_live == n_beams)
            continue;
        hypothesis.step = record(state, sentence, &hypothesis, ends, options);
        if (!ends) {
            state->live[first + n_live++] = hypothesis;
            continue;
        }
        hypothesis.score = final_score(&hypothesis, options, sentence);
        insert(state->finished + first, &state->n_finished[sentence], n_beams, &hypothesis);
    }
    state->n_live[sentence] = n_live;
}

/* Whether no live hypothesis could take a place among the finished ones, if its score stayed as it is. */
static bool is_over(const transformer_state *state, size_t sentence, const search_options *options)
{
    size_t first = sentence * state->n_beams;
    const beam_hypothesis *best = &state->live[first], *worst = &state->finished[first + state->n_beams - 1];
    return state->n_live[sentence] == 0 ||
           (state->n_finished[sentence] == state->n_beams && final_score(best, options, sentence) <= worst->score);
}

/* Gives each live hypothesis a slot: that of the one it continues, or a free one if a better hypothesis has that. */
static void assign_slots(transformer_state *state, size_t n_layers, size_t sentence)
{
    size_t first = sentence * state->n_beams, n_live = state->n_live[sentence], next = 0;
    beam_hypothesis *live = state->live + first;
    bool taken[MAX_BEAMS] = {false}, stays[MAX_BEAMS] = {false};
    for (size_t i = 0; i < n_live; i++) {
        size_t b = live[i].slot - first;
        stays[i] = !taken[b];
        taken[b] = true;
    }
    for (size_t i = 0; i < n_live; i++) {
        size_t parent = live[i].slot;
        while (!stays[i] && taken[next])
            next++;
        if (!stays[i])
            live[i].slot = first + next++;
        place(state, n_layers, &live[i], parent);
    }
}

/* ---- the search ---- */

static void begin(transformer_state *state, const model_config *config)
{
    for (size_t s = 0; s < state->n_sentences; s++) {
        size_t first = s * state->n_beams;
        assert(state->generated[first].n == 0); /* laid out for this search */
        state->live[first] = (beam_hypothesis){.slot = first, .step = NO_PARENT, .id = config->target_start};
        state->n_live[s] = 1;
        state->n_finished[s] = 0;
        state->n_steps[s] = 0;
        state->by_source.cache[s] = s;
        place(state, config->decoder.n_layers, &state->live[first], first);
    }
}

/* Writes a finished hypothesis to state->generated[i]. */
static void generate(transformer_state *state, size_t i, const aligner *alignment)
{
    const beam_hypothesis *hypothesis = &state->finished[i];
    generated_tokens *tokens = &state->generated[i];
    size_t *path = state->path + i * state->sizes.n_tgt, n = hypothesis->n;
    trace_back(path, state, hypothesis->slot, n - 1);
    for (size_t j = 1; j < n; j++) { /* row j read token j - 1 */
        const beam_node *node = node_at(state, path[j], j);
        tokens->ids[j - 1] = node->id;
        tokens->log_probabilities[j - 1] = node->log_probability;
    }
    tokens->ids[n - 1] = hypothesis->id;
    tokens->log_probabilities[n - 1] = hypothesis->log_probability;
    tokens->n = n;
    tokens->truncated = hypothesis->truncated;
    tokens->score = hypothesis->score;
    if (alignment)
        alignment_read(alignment, tokens, path);
}

const generated_tokens *beam_search(transformer_state *state, const transformer *model, const int32_t *source_ids,
                                    const search_options *options, bool with_details, failure *why)
{
    const model_config *config = &model->config;
    size_t n_active = state->n_sentences;
    aligner alignment;
    const trace_reader reader = alignment_start(&alignment, state, config);
    search_encode(state, model, source_ids);
    begin(state, config);
    for (size_t n_tokens = 0; n_active > 0; n_tokens++) {
        stack_rows(state, n_active);
        model_decode_step(state, model, state->newest, with_details ? &reader : NULL);
        model_output(state, model, NULL);
        size_t n_kept = 0;
        for (size_t i = 0; i < n_active; i++) {
            beam_hypothesis candidates[MAX_CANDIDATES];
            size_t sentence = state->by_source.cache[i];
            float *logits = state->logits + state->by_source.first[i] * config->n_target_vocabulary;
            size_t n = list_candidates(candidates, state, config, options, sentence, logits);
            if (n == 0) {
                search_refuse_logits(model, n_tokens, why);
                return NULL;
            }
            divide(state, sentence, candidates, n, config->target_end, options);
            if (is_over(state, sentence, options))
                continue;
            assign_slots(state, config->decoder.n_layers, sentence);
            state->by_source.cache[n_kept++] = sentence;
        }
        n_active = n_kept;
    }
    for (size_t s = 0; s < state->n_sentences; s++) {
        for (size_t k = 0; k < state->n_finished[s]; k++)
            generate(state, s * state->n_beams + k, with_details ? &alignment : NULL);
        state->generated[s * state->n_beams].steps = steps_of(state, s);
        state->generated[s * state->n_beams].n_steps = state->n_steps[s];
    }
    return state->generated;
}
