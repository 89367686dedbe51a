/* Text to tokens, and translations back to text. Sentences are split in sentences.c, and translated in batches.c. */
#include "translator/translator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/forward.h"
#include "support/utf8.h"
#include "translator/batches.h"
#include "translator/open_tokenizer.h"

enum {
    BYTES_OF_A_TOKEN = 32, /* far more than average: a longer text cannot fit */
    MOST_BYTES = 65536,    /* passed to SentencePiece at once */
};

struct translator {
    transformer *model;
    tokenizer *tokenizer;
    batch_workers workers;
};

static bool open_all(translator *t, const char *directory, size_t n_threads, failure *why)
{
    return (t->model = model_open(directory, why)) &&
           (t->tokenizer = open_tokenizer(directory, model_get_config(t->model), why)) &&
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

const model_config *translator_config(const translator *t)
{
    return model_get_config(t->model);
}

const char *translator_source_piece(const translator *t, int32_t id)
{
    return tokenizer_source_piece(t->tokenizer, id);
}

const char *translator_target_piece(const translator *t, int32_t id)
{
    return tokenizer_target_piece(t->tokenizer, id);
}

bool translator_decode(const translator *t, const token_ids *ids, text_buffer *text, failure *why)
{
    return tokenizer_decode(t->tokenizer, ids->at, ids->n, text, why);
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
    *result = (translation){.text = TEXT_EMPTY};
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

/* Appends the sentence in this range of the line, with its tokens. Splits it in half, recursively, if it has more
 * tokens than positions, or is too long to hand to SentencePiece, whose time is quadratic in runs of unknown
 * characters. */
static bool encode_range(translator *t, const text_line *line, const language_code *code, text_range range,
                         translation *out, failure *why)
{
    size_t limit = translator_config(t)->max_positions;
    size_t n_bytes = range.end - range.begin;
    bool fits = n_bytes < limit * BYTES_OF_A_TOKEN && n_bytes <= MOST_BYTES;
    token_ids ids = {0};
    if (fits && !tokenizer_encode(t->tokenizer, code, line->bytes + range.begin, n_bytes, &ids, why)) {
        token_ids_free(&ids);
        return false;
    }
    if (!fits || ids.n > limit) {
        token_ids_free(&ids);
        size_t middle = sentences_middle(line->bytes, range);
        if (middle == 0)
            return failure_set(why, "a single character takes more tokens than the checkpoint's %zu positions", limit);
        text_range first, second;
        return (!sentences_trim(&first, line->bytes, (text_range){range.begin, middle}) ||
                encode_range(t, line, code, first, out, why)) &&
               (!sentences_trim(&second, line->bytes, (text_range){middle, range.end}) ||
                encode_range(t, line, code, second, out, why));
    }
    size_t n_nothing = code->size ? 2 : 1; /* just the end token, after the language code if any */
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
    char notice[200];
    language_code code = tokenizer_language_code(t->tokenizer, line->bytes, line->size);
    if (code.size && !code.known) {
        snprintf(notice, sizeof notice, "\"%.*s\" is taken as a language code, but the checkpoint does not know it",
                 code.size < 100 ? (int)code.size : 100, line->bytes);
        notices->say(notices->user, number, notice);
    }
    out->code_size = code.size;
    text_range range = {code.size, code.size};
    while (sentences_next(&range, line->bytes, line->size, range.end)) {
        size_t before = out->n_sentences;
        if (!encode_range(t, line, &code, range, out, why))
            return false;
        if (out->n_sentences - before > 1) {
            snprintf(notice, sizeof notice,
                     "a sentence is longer than the checkpoint's %zu positions and was translated in %zu parts",
                     translator_config(t)->max_positions, out->n_sentences - before);
            notices->say(notices->user, number, notice);
        }
    }
    return true;
}

/* Gives one notice per line for all sentences that the length cap stopped. */
static void note_truncated(const translation *line, size_t number, const notice_reader *notices)
{
    size_t n_truncated = 0;
    for (size_t s = 0; s < line->n_sentences; s++)
        n_truncated += line->sentences[s].truncated;
    if (n_truncated == 0)
        return;
    char notice[160];
    snprintf(notice, sizeof notice, "%zu of %zu translated sentences did not end and were truncated at the length cap",
             n_truncated, line->n_sentences);
    notices->say(notices->user, number, notice);
}

/* Joins the line's translations. What lies between sentences, white space and text without tokens, is copied. */
static bool write_line(const translator *t, const text_line *line, translation *out, failure *why)
{
    size_t at = out->code_size;
    if (at && out->n_sentences)
        at = out->sentences[0].range.begin; /* the white space after a code belongs to it */
    for (size_t s = 0; s < out->n_sentences; s++) {
        const translated_sentence *sentence = &out->sentences[s];
        if (!utf8_append_line(&out->text, line->bytes + at, sentence->range.begin - at, why) ||
            !translator_decode(t, &sentence->target, &out->text, why))
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
        out[l] = (translation){.text = TEXT_EMPTY};
    for (size_t l = 0; l < n_lines && ok; l++)
        ok = encode_line(t, &lines[l], l, &out[l], notices, why);
    ok = ok && batches_translate(&t->workers, out, n_lines, with_log_probabilities, why) &&
         model_check_unchanged(t->model, why);
    for (size_t l = 0; l < n_lines && ok; l++) {
        ok = write_line(t, &lines[l], &out[l], why);
        note_truncated(&out[l], l, notices);
    }
    for (size_t l = 0; l < n_lines && !ok; l++)
        translation_free(&out[l]);
    return ok;
}

bool translator_trace(translator *t, const translated_sentence *sentence, trace_record *pass, failure *why)
{
    size_t n_tgt = sentence->target.n; /* the start token, then all but the last token */
    int32_t *decoder_ids = malloc(n_tgt * sizeof *decoder_ids);
    if (!decoder_ids)
        return failure_memory(why, "the trace");
    decoder_ids[0] = translator_config(t)->target_start;
    memcpy(decoder_ids + 1, sentence->target.at, (n_tgt - 1) * sizeof *decoder_ids);
    const batch_shape shape = {1, &sentence->source.n, &n_tgt, &n_tgt, true, NULL};
    const trace_reader reader = trace_record_start(pass, why);
    bool ok = state_lay_out(t->workers.states[0], translator_config(t), &shape, why);
    if (ok)
        model_forward(t->workers.states[0], t->model, sentence->source.at, decoder_ids, n_tgt, &reader);
    free(decoder_ids);
    return ok && pass->ok && model_check_unchanged(t->model, why);
}

float *translator_output_of(translator *t, const float *x, size_t n_rows, failure *why)
{
    const size_t n_src = 1;
    const batch_shape shape = {1, &n_src, &n_rows, &n_rows, true, NULL};
    if (!state_lay_out(t->workers.states[0], translator_config(t), &shape, why))
        return NULL;
    return model_output_of(t->workers.states[0], t->model, x, n_rows);
}
