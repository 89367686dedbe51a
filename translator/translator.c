#include "translator/translator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/forward.h"
#include "support/utf8.h"
#include "translator/batches.h"

enum {
    BYTES_OF_A_TOKEN = 32, /* far more than one takes on average */
    MOST_BYTES = 65536,    /* that SentencePiece gets at once */
};

struct translator {
    transformer *model;
    tokenizer *tokenizer;
    batch_workers workers;
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
    return start_kernels(why) && (t->model = model_open(directory, why)) &&
           (t->tokenizer = tokenizer_open(directory, &t->model->config.tokenizer, why)) &&
           batches_open(&t->workers, t->model, n_threads, why);
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
    batches_close(&t->workers);
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
    ok = ok && batches_translate(&t->workers, out, n_lines, with_log_probabilities, why) &&
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
    bool ok = state_lay_out(&t->workers.states[0], &t->model->config, &shape, why);
    if (ok)
        model_forward(&t->workers.states[0], t->model, sentence->source.at, decoder_ids, n_tgt, reader);
    free(decoder_ids);
    return ok && weights_check_unchanged(t->model->weights, why);
}
