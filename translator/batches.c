/* Sorts the sentences of a call by length, groups them into batches, and lets a team of threads translate them. */
#include "translator/batches.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "model/beam.h"
#include "model/greedy.h"
#include "model/search.h"

enum {
    FEW_SENTENCES = 4,   /* per thread: with fewer, the threads share each linear layer */
    BATCH_TOKENS = 2048, /* most source tokens of a batch */
};

bool batches_open(batch_workers *workers, const transformer *model, size_t n_threads, failure *why)
{
    workers->model = model;
    if (!(workers->team = team_open(n_threads, why)))
        return false;
    if (!(workers->states = calloc(n_threads, sizeof *workers->states)))
        return failure_memory(why, "the translator");
    for (size_t i = 0; i < n_threads; i++)
        if (!(workers->states[i] = state_open(why)))
            return false;
    return true;
}

void batches_close(batch_workers *workers)
{
    for (size_t i = 0; workers->states && i < team_size(workers->team); i++)
        state_close(workers->states[i]);
    free(workers->states);
    team_close(workers->team);
}

/* Keeps the n_best hypotheses of a sentence, or as many as there are. */
static bool keep_hypotheses(translated_sentence *sentence, const generated_tokens *found, size_t n_best, failure *why)
{
    if (n_best > 0 && !(sentence->hypotheses = calloc(n_best, sizeof *sentence->hypotheses)))
        return failure_memory(why, "the hypotheses");
    for (size_t k = 0; k < n_best && found[k].n > 0; k++) {
        sentence_hypothesis *hypothesis = &sentence->hypotheses[sentence->n_hypotheses++];
        *hypothesis = (sentence_hypothesis){.score = found[k].score, .text = TEXT_EMPTY};
        if (!token_ids_append_all(&hypothesis->target, found[k].ids, found[k].n, why))
            return false;
    }
    return true;
}

static bool keep_steps(translated_sentence *sentence, const generated_tokens *best, failure *why)
{
    size_t size = best->n_steps * sizeof *best->steps;
    if (!(sentence->steps = malloc(size + 1)))
        return failure_memory(why, "the steps of beam search");
    memcpy(sentence->steps, best->steps, size);
    sentence->n_steps = best->n_steps;
    return true;
}

static bool keep_generated(translated_sentence *sentence, const generated_tokens *tokens, const model_config *config,
                           bool with_details, failure *why)
{
    if (!token_ids_append_all(&sentence->target, tokens->ids, tokens->n, why))
        return false;
    sentence->truncated = tokens->truncated;
    if (!with_details)
        return true;
    sentence->log_probabilities = malloc(tokens->n * sizeof *sentence->log_probabilities);
    sentence->alignment = malloc(tokens->n * sizeof *sentence->alignment);
    if (!sentence->log_probabilities || !sentence->alignment)
        return failure_memory(why, "the log-probabilities and the alignment");
    memcpy(sentence->log_probabilities, tokens->log_probabilities, tokens->n * sizeof *sentence->log_probabilities);
    memcpy(sentence->alignment, tokens->alignment, tokens->n * sizeof *sentence->alignment);
    if (tokens->ids[tokens->n - 1] == config->target_end)
        sentence->alignment[tokens->n - 1] = (int32_t)(sentence->source.n - 1);
    return true;
}

/* Translates n sentences together. The team, if not NULL, shares the linear layers. */
static bool translate_batch(const batch_workers *workers, transformer_state *state, thread_team *team,
                            translated_sentence *const *items, size_t n, bool with_details, failure *why)
{
    const transformer *model = workers->model;
    search_options search = workers->search;
    size_t n_beams = search.n_beams;
    bool with_logits = with_details || n_beams > 1 || search.no_repeat > 0 || search.sampling.temperature > 0.0;
    sample_place places[TRANSLATOR_BATCH];
    token_ids prefixes[TRANSLATOR_BATCH];
    size_t n_src[TRANSLATOR_BATCH] = {0}, n_tgt[TRANSLATOR_BATCH] = {0}, n_new[TRANSLATOR_BATCH] = {0};
    const model_config *config = model_get_config(model);
    token_ids source = {0};
    bool ok = true;
    for (size_t s = 0; s < n && ok; s++) {
        const token_ids *ids = &items[s]->source;
        n_src[s] = ids->n;
        prefixes[s] = items[s]->prefix.n ? items[s]->prefix : workers->prefix;
        n_tgt[s] = search_length_cap(config, ids->n) + prefixes[s].n;
        if (n_tgt[s] > config->max_length)
            n_tgt[s] = config->max_length;
        n_new[s] = 1;
        places[s] = (sample_place){items[s]->line, items[s]->range.begin};
        ok = ok && token_ids_append_all(&source, ids->at, ids->n, why);
    }
    search.places = places;
    search.prefixes = prefixes;
    const batch_shape shape = {n, n_src, n_tgt, n_new, n_beams, with_logits, team};
    const generated_tokens *found = NULL;
    if (ok && state_lay_out(state, config, &shape, why))
        found = (n_beams > 1 ? beam_search : greedy_search)(state, model, source.at, &search, with_details, why);
    token_ids_free(&source);
    ok = found != NULL;
    for (size_t s = 0; s < n && ok; s++)
        ok = keep_generated(items[s], &found[s * n_beams], config, with_details, why) &&
             keep_hypotheses(items[s], &found[s * n_beams], search.n_best, why) &&
             (!search.keep_steps || keep_steps(items[s], &found[s * n_beams], why));
    return ok;
}

/* The sentences to translate, longest first, in batches that the threads take one by one. */
typedef struct {
    const batch_workers *workers;
    translated_sentence **items;
    size_t *first; /* [n_batches + 1], batch b is items first[b] … first[b + 1] - 1 */
    size_t n_items, n_batches;
    bool with_details;
    atomic_size_t next; /* the first batch not yet taken */
    atomic_flag failed; /* *why has been written */
    failure *why;
} batch_queue;

static size_t quotient_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* Groups the sentences into batches of at most TRANSLATOR_BATCH hypotheses and BATCH_TOKENS source tokens, to limit
 * memory; a longer sentence is a batch by itself. Within these limits, the number of batches is a multiple of
 * n_threads, and the batches have about equal numbers of tokens, or of sentences if that limit is tighter. */
static void cut_batches(batch_queue *queue, size_t n_threads)
{
    size_t n_items = queue->n_items, n_all = 0, n_before = 0, n_tokens = 0, part = 0;
    for (size_t i = 0; i < n_items; i++)
        n_all += queue->items[i]->source.n;
    size_t by_tokens = quotient_up(n_all, n_threads * BATCH_TOKENS);
    size_t most = TRANSLATOR_BATCH / queue->workers->search.n_beams; /* sentences */
    size_t by_sentences = quotient_up(n_items, n_threads * most);
    size_t n_parts = n_threads * (by_tokens > by_sentences ? by_tokens : by_sentences);
    queue->n_batches = 0;
    for (size_t i = 0; i < n_items; i++) {
        size_t n = queue->items[i]->source.n;
        size_t now = by_tokens < by_sentences ? i * n_parts / n_items : (n_before + n / 2) * n_parts / n_all;
        if (i == 0 || now != part || n_tokens + n > BATCH_TOKENS || i - queue->first[queue->n_batches - 1] == most) {
            queue->first[queue->n_batches++] = i;
            n_tokens = 0;
        }
        part = now;
        n_before += n;
        n_tokens += n;
    }
    queue->first[queue->n_batches] = n_items;
}

static void translate_batches(batch_queue *queue, transformer_state *state, thread_team *team)
{
    size_t b;
    while ((b = atomic_fetch_add(&queue->next, 1)) < queue->n_batches) {
        failure why;
        if (translate_batch(queue->workers, state, team, queue->items + queue->first[b],
                            queue->first[b + 1] - queue->first[b], queue->with_details, &why))
            continue;
        if (!atomic_flag_test_and_set(&queue->failed))
            *queue->why = why;
        atomic_store(&queue->next, queue->n_batches);
    }
}

static void translate_batches_alone(void *user, size_t part, size_t n_parts)
{
    (void)n_parts;
    batch_queue *queue = user;
    translate_batches(queue, queue->workers->states[part], NULL);
}

/* With few sentences, all threads share each linear layer. With many, each thread translates batches alone. */
static bool translate_queue(batch_queue *queue)
{
    const batch_workers *workers = queue->workers;
    size_t n_threads = team_size(workers->team);
    if (queue->n_items < FEW_SENTENCES * n_threads) {
        cut_batches(queue, 1);
        translate_batches(queue, workers->states[0], workers->team);
    } else {
        cut_batches(queue, n_threads);
        team_run(workers->team, translate_batches_alone, queue);
    }
    return !atomic_flag_test_and_set(&queue->failed);
}

/* Longest source first: the sentences of a batch end at about the same time, and the last batches are short. */
static int by_length(const void *a, const void *b)
{
    const translated_sentence *left = *(translated_sentence *const *)a, *right = *(translated_sentence *const *)b;
    return left->source.n < right->source.n ? 1 : left->source.n > right->source.n ? -1 : 0;
}

bool batches_translate(const batch_workers *workers, translation *lines, size_t n_lines, bool with_details,
                       failure *why)
{
    batch_queue queue = {.workers = workers, .with_details = with_details, .why = why};
    atomic_init(&queue.next, 0);
    atomic_flag_clear(&queue.failed);
    for (size_t l = 0; l < n_lines; l++)
        for (size_t s = 0; s < lines[l].n_sentences; s++)
            queue.n_items += lines[l].sentences[s].target.n == 0;
    if (queue.n_items == 0)
        return true;
    queue.items = malloc(queue.n_items * sizeof *queue.items);
    queue.first = malloc((queue.n_items + 1) * sizeof *queue.first);
    if (!queue.items || !queue.first) {
        free(queue.items);
        free(queue.first);
        return failure_memory(why, "the sentences of a batch");
    }
    size_t n = 0;
    for (size_t l = 0; l < n_lines; l++)
        for (size_t s = 0; s < lines[l].n_sentences; s++)
            if (lines[l].sentences[s].target.n == 0)
                queue.items[n++] = &lines[l].sentences[s];
    qsort(queue.items, n, sizeof *queue.items, by_length);
    bool ok = translate_queue(&queue);
    free(queue.items);
    free(queue.first);
    return ok;
}
