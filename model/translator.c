#include "model/translator.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/forward.h"
#include "model/greedy.h"
#include "model/state.h"
#include "support/utf8.h"

enum {
    FEW_SENTENCES = 4,     /* for each thread */
    BATCH_TOKENS = 2048,   /* source tokens of a batch */
    BYTES_OF_A_TOKEN = 32, /* far more than one takes on average */
    MOST_BYTES = 65536,    /* that SentencePiece gets at once */
};

struct translator {
    transformer *model;
    tokenizer *tokenizer;
    thread_team *team;
    transformer_state *states; /* [threads of the team] */
};

/* The best instruction-set level, or the one that TRANSFORMER_ISA names. */
static bool start_kernels(failure *why)
{
    const char *wanted = getenv("TRANSFORMER_ISA");
    if (kernels_start(wanted))
        return true;
    char names[100] = "";
    const char *name;
    for (size_t i = 0; (name = kernels_level_name(i)) != NULL; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, i ? ", %s" : "%s", name);
    }
    return failure_set(why, "TRANSFORMER_ISA: found \"%.100s\", expected one of those that run on this processor: %s",
                       wanted, names);
}

static bool open_all(translator *t, const char *directory, size_t n_threads, failure *why)
{
    if (!start_kernels(why) || !(t->model = model_open(directory, why)) ||
        !(t->tokenizer = tokenizer_open(directory, &t->model->config.tokenizer, why)) ||
        !(t->team = team_open(n_threads, why)))
        return false;
    t->states = calloc(n_threads, sizeof *t->states);
    return t->states || failure_memory(why, "the translator");
}

translator *translator_open(const char *directory, size_t n_threads, failure *why)
{
    translator *t = calloc(1, sizeof *t);
    if (!t) {
        failure_memory(why, "the translator");
        return NULL;
    }
    if (!open_all(t, directory, n_threads, why)) {
        translator_close(t);
        return NULL;
    }
    return t;
}

void translator_close(translator *t)
{
    if (!t)
        return;
    for (size_t i = 0; t->states && i < team_size(t->team); i++)
        state_free(&t->states[i]);
    free(t->states);
    team_close(t->team);
    tokenizer_close(t->tokenizer);
    model_close(t->model);
    free(t);
}

const transformer *translator_model(const translator *t)
{
    return t->model;
}

const tokenizer *translator_tokenizer(const translator *t)
{
    return t->tokenizer;
}

void translation_free(translation *result)
{
    for (size_t i = 0; i < result->n_sentences; i++) {
        token_ids_free(&result->sentences[i].source);
        token_ids_free(&result->sentences[i].target);
        free(result->sentences[i].log_probabilities);
    }
    free(result->sentences);
    text_free(&result->text);
    *result = (translation){0};
}

static translated_sentence *append_sentence(translation *result, failure *why)
{
    if ((result->n_sentences & (result->n_sentences - 1)) == 0) { /* full at every power of two */
        size_t capacity = result->n_sentences ? 2 * result->n_sentences : 1;
        translated_sentence *grown = realloc(result->sentences, capacity * sizeof *grown);
        if (!grown) {
            failure_memory(why, "the sentences of a line");
            return NULL;
        }
        result->sentences = grown;
    }
    translated_sentence *sentence = &result->sentences[result->n_sentences++];
    *sentence = (translated_sentence){0};
    return sentence;
}

/* The tokens of a range of the line, after the line's language code of n_code bytes. */
static bool encode_with_code(translator *t, const text_line *line, size_t n_code, text_range range, token_ids *ids,
                             failure *why)
{
    text_buffer text = {0};
    bool ok = text_append(&text, line->bytes, n_code, why) &&
              text_append(&text, line->bytes + range.begin, range.end - range.begin, why) &&
              tokenizer_encode(t->tokenizer, text.bytes, text.size, ids, why);
    text_free(&text);
    return ok;
}

/* Appends the tokens of a range of the line; of its halves, and theirs, while it has too many for the positions, or so
 * many bytes that SentencePiece need not count them: where it knows no character, its time grows with the square. */
static bool encode_range(translator *t, const text_line *line, size_t n_code, text_range range, translation *out,
                         failure *why)
{
    size_t limit = t->model->config.max_positions;
    size_t n_bytes = range.end - range.begin;
    bool fits = n_bytes < limit * BYTES_OF_A_TOKEN && n_bytes <= MOST_BYTES;
    token_ids ids = {0};
    if (fits && !encode_with_code(t, line, n_code, range, &ids, why)) {
        token_ids_free(&ids);
        return false;
    }
    if (!fits || ids.n > limit) {
        token_ids_free(&ids);
        size_t middle = sentences_middle(line->bytes, range);
        if (middle == 0)
            return failure_set(why, "one character becomes more pieces than the %zu positions of the checkpoint",
                               limit);
        text_range first, second;
        return (!sentences_trim(&first, line->bytes, (text_range){range.begin, middle}) ||
                encode_range(t, line, n_code, first, out, why)) &&
               (!sentences_trim(&second, line->bytes, (text_range){middle, range.end}) ||
                encode_range(t, line, n_code, second, out, why));
    }
    size_t n_nothing = n_code ? 2 : 1; /* the end token alone, after the language code */
    translated_sentence *sentence = ids.n > n_nothing ? append_sentence(out, why) : NULL;
    if (!sentence) { /* nothing to translate */
        bool empty = ids.n <= n_nothing;
        token_ids_free(&ids);
        return empty;
    }
    sentence->range = range;
    sentence->source = ids;
    return true;
}

/* Fills in the sentences of a line with their source tokens. */
static bool encode_line(translator *t, const text_line *line, size_t number, translation *out,
                        const notice_reader *notices, failure *why)
{
    bool known;
    char notice[200];
    size_t n_code = tokenizer_language_code(t->tokenizer, line->bytes, line->size, &known);
    if (n_code && !known) {
        snprintf(notice, sizeof notice, "\"%.*s\" is read as a language code, which the checkpoint does not know",
                 n_code < 100 ? (int)n_code : 100, line->bytes);
        notices->say(notices->user, number, notice);
    }
    text_range range = {n_code, n_code};
    while (sentences_next(&range, line->bytes, line->size, range.end)) {
        size_t before = out->n_sentences;
        if (!encode_range(t, line, n_code, range, out, why))
            return false;
        if (out->n_sentences - before > 1) {
            snprintf(notice, sizeof notice,
                     "a sentence is too long for the %zu positions of the checkpoint and was translated in %zu parts",
                     t->model->config.max_positions, out->n_sentences - before);
            notices->say(notices->user, number, notice);
        }
    }
    return true;
}

static bool keep_generated(translated_sentence *sentence, const generated_tokens *tokens, bool with_log_probabilities,
                           failure *why)
{
    for (size_t i = 0; i < tokens->n; i++)
        if (!token_ids_append(&sentence->target, tokens->ids[i], why))
            return false;
    sentence->truncated = tokens->truncated;
    if (!with_log_probabilities)
        return true;
    sentence->log_probabilities = malloc(tokens->n * sizeof *sentence->log_probabilities);
    if (!sentence->log_probabilities)
        return failure_memory(why, "the log-probabilities");
    memcpy(sentence->log_probabilities, tokens->log_probabilities, tokens->n * sizeof *sentence->log_probabilities);
    return true;
}

/* Searches for n sentences together; `team` shares the linear layers, or is NULL. */
static bool translate_batch(const transformer *model, transformer_state *state, thread_team *team,
                            translated_sentence *const *items, size_t n, bool with_log_probabilities, failure *why)
{
    size_t n_src[TRANSLATOR_BATCH] = {0}, n_tgt[TRANSLATOR_BATCH] = {0}, n_new[TRANSLATOR_BATCH] = {0};
    token_ids source = {0};
    bool ok = true;
    for (size_t s = 0; s < n && ok; s++) {
        const token_ids *ids = &items[s]->source;
        n_src[s] = ids->n;
        n_tgt[s] = greedy_length_cap(&model->config, ids->n);
        n_new[s] = 1;
        for (size_t i = 0; i < ids->n && ok; i++)
            ok = token_ids_append(&source, ids->at[i], why);
    }
    const batch_shape shape = {n, n_src, n_tgt, n_new, with_log_probabilities, team};
    ok = ok && state_lay_out(state, &model->config, &shape, why) &&
         greedy_search(state, model, source.at, with_log_probabilities, why);
    token_ids_free(&source);
    for (size_t s = 0; s < n && ok; s++)
        ok = keep_generated(items[s], &state->generated[s], with_log_probabilities, why);
    return ok;
}

/* All sentences of a call, the longest first, and the batches that the threads take one by one. */
typedef struct {
    translator *translator;
    translated_sentence **items;
    size_t *first; /* [n_batches + 1], batch b is items first[b] … first[b + 1] - 1 */
    size_t n_items, n_batches;
    bool with_log_probabilities;
    atomic_size_t next; /* of the batches that nobody has taken yet */
    atomic_flag failed; /* somebody has written `why` */
    failure *why;
} batch_queue;

static size_t quotient_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* At most TRANSLATOR_BATCH sentences and BATCH_TOKENS source tokens to a batch, so that its memory stays small; or one.
 * As far as that goes, each of n_threads gets as many batches as the others, of about as many tokens, or of as many
 * sentences where these are what limits a batch. */
static void cut_batches(batch_queue *queue, size_t n_threads)
{
    size_t n_items = queue->n_items, n_all = 0, n_before = 0, n_tokens = 0, part = 0;
    for (size_t i = 0; i < n_items; i++)
        n_all += queue->items[i]->source.n;
    size_t by_tokens = quotient_up(n_all, n_threads * BATCH_TOKENS);
    size_t by_sentences = quotient_up(n_items, n_threads * TRANSLATOR_BATCH);
    size_t n_parts = n_threads * (by_tokens > by_sentences ? by_tokens : by_sentences);
    queue->n_batches = 0;
    for (size_t i = 0; i < n_items; i++) {
        size_t n = queue->items[i]->source.n;
        size_t now = by_tokens < by_sentences ? i * n_parts / n_items : (n_before + n / 2) * n_parts / n_all;
        if (i == 0 || now != part || n_tokens + n > BATCH_TOKENS ||
            i - queue->first[queue->n_batches - 1] == TRANSLATOR_BATCH) {
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
        if (translate_batch(queue->translator->model, state, team, queue->items + queue->first[b],
                            queue->first[b + 1] - queue->first[b], queue->with_log_probabilities, &why))
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
    translate_batches(queue, &queue->translator->states[part], NULL);
}

/* Few sentences share each linear layer among the threads; of many, each thread takes batches of its own. */
static bool translate_queue(batch_queue *queue)
{
    translator *t = queue->translator;
    size_t n_threads = team_size(t->team);
    if (queue->n_items < FEW_SENTENCES * n_threads) {
        cut_batches(queue, 1);
        translate_batches(queue, &t->states[0], t->team);
    } else {
        cut_batches(queue, n_threads);
        team_run(t->team, translate_batches_alone, queue);
    }
    return !atomic_flag_test_and_set(&queue->failed);
}

/* The longest source first: a batch of equal lengths ends together, and the last batches are short. */
static int by_length(const void *a, const void *b)
{
    const translated_sentence *left = *(translated_sentence *const *)a, *right = *(translated_sentence *const *)b;
    return left->source.n < right->source.n ? 1 : left->source.n > right->source.n ? -1 : 0;
}

static bool translate_sentences(translator *t, translation *out, size_t n_lines, bool with_log_probabilities,
                                failure *why)
{
    batch_queue queue = {.translator = t, .with_log_probabilities = with_log_probabilities, .why = why};
    atomic_init(&queue.next, 0);
    atomic_flag_clear(&queue.failed);
    for (size_t l = 0; l < n_lines; l++)
        queue.n_items += out[l].n_sentences;
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
        for (size_t s = 0; s < out[l].n_sentences; s++)
            queue.items[n++] = &out[l].sentences[s];
    qsort(queue.items, n, sizeof *queue.items, by_length);
    bool ok = translate_queue(&queue);
    free(queue.items);
    free(queue.first);
    return ok;
}

/* One notice for all of a line that did not end by itself. */
static void note_truncated(const translation *line, size_t number, const notice_reader *notices)
{
    size_t n_truncated = 0;
    for (size_t s = 0; s < line->n_sentences; s++)
        n_truncated += line->sentences[s].truncated;
    if (n_truncated == 0)
        return;
    char notice[160];
    snprintf(notice, sizeof notice, "%zu of %zu translated sentences did not end and were cut at the length cap",
             n_truncated, line->n_sentences);
    notices->say(notices->user, number, notice);
}

/* The line's text: translations, and between them what was there: white space, and text of no tokens. */
static bool write_line(const translator *t, const text_line *line, translation *out, failure *why)
{
    bool known;
    size_t at = tokenizer_language_code(t->tokenizer, line->bytes, line->size, &known);
    if (at && out->n_sentences)
        at = out->sentences[0].range.begin; /* the white space after a code belongs to it */
    if (!text_append(&out->text, "", 0, why))
        return false;
    for (size_t s = 0; s < out->n_sentences; s++) {
        const translated_sentence *sentence = &out->sentences[s];
        if (!utf8_append_line(&out->text, line->bytes + at, sentence->range.begin - at, why) ||
            !tokenizer_decode(t->tokenizer, sentence->target.at, sentence->target.n, &out->text, why))
            return false;
        at = sentence->range.end;
    }
    return out->n_sentences == 0 || utf8_append_line(&out->text, line->bytes + at, line->size - at, why);
}

bool translator_translate(translator *t, const text_line *lines, size_t n_lines, bool with_log_probabilities,
                          translation *out, const notice_reader *notices, failure *why)
{
    bool ok = true;
    for (size_t l = 0; l < n_lines; l++)
        out[l] = (translation){0};
    for (size_t l = 0; l < n_lines && ok; l++)
        ok = encode_line(t, &lines[l], l, &out[l], notices, why);
    ok = ok && translate_sentences(t, out, n_lines, with_log_probabilities, why) &&
         weights_check_unchanged(t->model->weights, why);
    for (size_t l = 0; l < n_lines && ok; l++) {
        ok = write_line(t, &lines[l], &out[l], why);
        note_truncated(&out[l], l, notices);
    }
    for (size_t l = 0; l < n_lines && !ok; l++)
        translation_free(&out[l]);
    return ok;
}

bool translator_trace(translator *t, const translated_sentence *sentence, const trace_reader *reader, failure *why)
{
    size_t n_tgt = sentence->target.n; /* the start token and all but the last */
    int32_t *decoder_ids = malloc(n_tgt * sizeof *decoder_ids);
    if (!decoder_ids)
        return failure_memory(why, "the trace");
    decoder_ids[0] = t->model->config.tokenizer.target_start;
    memcpy(decoder_ids + 1, sentence->target.at, (n_tgt - 1) * sizeof *decoder_ids);
    const batch_shape shape = {1, &sentence->source.n, &n_tgt, &n_tgt, true, NULL};
    bool ok = state_lay_out(&t->states[0], &t->model->config, &shape, why);
    if (ok)
        model_forward(&t->states[0], t->model, sentence->source.at, decoder_ids, n_tgt, reader);
    free(decoder_ids);
    return ok && weights_check_unchanged(t->model->weights, why);
}
