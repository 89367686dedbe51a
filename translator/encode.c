#include "translator/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/utf8.h"

enum {
    BYTES_OF_A_TOKEN = 32, /* far more than average: a longer text cannot fit */
    MOST_BYTES = 65536,    /* passed to SentencePiece at once */
};

/* What the sentences of a line share. */
typedef struct {
    const encoder *encoder;
    const text_line *line;
    size_t number;
    language_code code;
    translation *out;
    failure *why;
} encoding;

void translated_sentence_free(translated_sentence *sentence)
{
    token_ids_free(&sentence->source);
    token_ids_free(&sentence->target);
    token_ids_free(&sentence->prefix);
    free(sentence->log_probabilities);
    free(sentence->alignment);
    free(sentence->spans);
    text_free(&sentence->text);
    for (size_t k = 0; k < sentence->n_hypotheses; k++) {
        token_ids_free(&sentence->hypotheses[k].target);
        text_free(&sentence->hypotheses[k].text);
    }
    free(sentence->hypotheses);
    free(sentence->steps);
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
    *sentence = (translated_sentence){.line = result->number, .text = TEXT_EMPTY};
    return sentence;
}

/* Source tokens that do not stand for the sentence: before it, with the language code, and after it. */
static size_t n_before_text(const encoding *e)
{
    return e->encoder->config->source_before.n + (e->code.present ? 1 : 0);
}

static size_t n_after_text(const encoding *e)
{
    return e->encoder->config->source_after.n;
}

/* ---- sentences without spans ---- */

bool encode_fits(size_t n_bytes, size_t limit)
{
    return n_bytes < limit * BYTES_OF_A_TOKEN && n_bytes <= MOST_BYTES;
}

/* Appends the source tokens of a sentence without spans. Sets *fits to false if there are more than positions, or if it
 * is too long for the tokenizer. */
static bool encode_text(const encoding *e, byte_range range, token_ids *ids, letter_case *letters, bool *fits)
{
    const protected_sentence sentence = {e->line, range, NULL, 0};
    size_t limit = e->encoder->config->max_positions, n_bytes = range.end - range.begin;
    const char *bytes = e->line->bytes + range.begin;
    *fits = encode_fits(n_bytes, limit);
    if (!*fits)
        return true;
    if (e->encoder->protector) {
        const text_buffer *source = protect_source(e->encoder->protector, letters, NULL, &sentence, e->why);
        if (!source)
            return false;
        bytes = source->bytes;
        n_bytes = source->size;
    }
    if (!tokenizer_encode(e->encoder->tokenizer, &e->code, bytes, n_bytes, ids, e->why))
        return false;
    *fits = ids->n <= limit;
    return true;
}

/* Appends the sentence in this range of the line, with its tokens. Splits it in half, recursively, if it does not
 * fit. */
static bool encode_range(const encoding *e, byte_range range)
{
    token_ids ids = {0};
    letter_case letters = CASE_ORDINARY;
    bool fits;
    if (!encode_text(e, range, &ids, &letters, &fits)) {
        token_ids_free(&ids);
        return false;
    }
    if (!fits) {
        token_ids_free(&ids);
        size_t middle = text_middle(e->line->bytes, range);
        if (middle == 0)
            return failure_set(e->why, "a single character takes more tokens than the checkpoint's %zu positions",
                               e->encoder->config->max_positions);
        byte_range first, second;
        return (!text_trim(&first, e->line->bytes, (byte_range){range.begin, middle}) || encode_range(e, first)) &&
               (!text_trim(&second, e->line->bytes, (byte_range){middle, range.end}) || encode_range(e, second));
    }
    size_t n_nothing = n_before_text(e) + n_after_text(e);
    translated_sentence *sentence = ids.n > n_nothing ? append_sentence(e->out, e->why) : NULL;
    if (!sentence) { /* nothing to translate */
        bool empty = ids.n <= n_nothing;
        token_ids_free(&ids);
        return empty;
    }
    sentence->range = range;
    sentence->source = ids;
    sentence->letters = letters;
    return true;
}

static void say(const encoding *e, const char *notice)
{
    e->encoder->notices->say(e->encoder->notices->user, e->number, notice);
}

static bool encode_plain(const encoding *e, byte_range range)
{
    char notice[200];
    size_t before = e->out->n_sentences;
    if (!encode_range(e, range))
        return false;
    if (e->out->n_sentences - before > 1) {
        snprintf(notice, sizeof notice,
                 "a sentence is longer than the checkpoint's %zu positions and was translated in %zu parts",
                 e->encoder->config->max_positions, e->out->n_sentences - before);
        say(e, notice);
    }
    return true;
}

/* ---- sentences with spans ---- */

/* Appends a sentence in parts: the stretches between its spans. */
static bool encode_stretches(const encoding *e, const protected_sentence *sentence)
{
    byte_range part;
    for (size_t next = 0; protect_next_part(&part, &next, sentence);)
        if (!encode_plain(e, part))
            return false;
    return true;
}

/* Index of the first source token at or after `before` bytes of text other than spaces; *n is all that there are. */
static size_t token_at(const encoding *e, const token_ids *ids, size_t before, size_t *n)
{
    const tokenizer *t = e->encoder->tokenizer;
    size_t end = ids->n - n_after_text(e), token = end;
    *n = 0;
    for (size_t i = n_before_text(e); i < end; i++) {
        if (token == end && *n >= before)
            token = i;
        *n += tokenizer_piece_text(t, tokenizer_source_piece(t, ids->at[i]), "").size;
    }
    return token;
}

/* Fills in a sentence's spans. before [n_spans + 1] is the text other than spaces before each of them and in all. False
 * if pieces do not write that text, so that tags have no place among them. */
static bool place_spans(const encoding *e, translated_sentence *out, const protected_sentence *sentence,
                        const size_t *before)
{
    size_t n_all = 0;
    out->n_spans = sentence->n_spans;
    for (size_t i = 0; i < sentence->n_spans; i++) {
        const text_span *span = &sentence->spans[i];
        out->spans[i] = (protected_span){.range = {span->begin, span->end},
                                         .kind = span->kind,
                                         .token = token_at(e, &out->source, before[i], &n_all)};
        if (span->kind != SPAN_OPAQUE && n_all != before[sentence->n_spans])
            return false;
    }
    return true;
}

/* Fills in a sentence with copy tokens for its spans; *possible is false if it does not fit or tags have no place. */
static bool fill_protected(const encoding *e, translated_sentence *out, const protected_sentence *sentence,
                           size_t *before, bool *possible)
{
    size_t limit = e->encoder->config->max_positions;
    const text_buffer *source = protect_source(e->encoder->protector, &out->letters, before, sentence, e->why);
    if (!source)
        return false;
    *possible = source->size < limit * BYTES_OF_A_TOKEN && source->size <= MOST_BYTES;
    if (!*possible)
        return true;
    if (!tokenizer_encode(e->encoder->tokenizer, &e->code, source->bytes, source->size, &out->source, e->why))
        return false;
    out->range = sentence->range;
    *possible = out->source.n <= limit && place_spans(e, out, sentence, before);
    return true;
}

/* Appends a sentence with copy tokens for its spans, or in parts if that is not possible. */
static bool encode_protected(const encoding *e, const protected_sentence *sentence)
{
    bool possible = protect_has_tokens(e->encoder->protector, sentence), ok = true;
    translated_sentence *out = possible ? append_sentence(e->out, e->why) : NULL;
    if (possible && !out)
        return false;
    if (possible) {
        size_t *before = calloc(sentence->n_spans + 1, sizeof *before);
        out->spans = calloc(sentence->n_spans, sizeof *out->spans);
        if (before && out->spans)
            ok = fill_protected(e, out, sentence, before, &possible);
        else
            ok = failure_memory(e->why, "copied text");
        free(before);
        if (ok && !possible)
            translated_sentence_free(&e->out->sentences[--e->out->n_sentences]);
    }
    return ok && (possible || encode_stretches(e, sentence));
}

/* ---- lines ---- */

static encoding start_line(const encoder *e, const text_line *line, size_t number, translation *out, failure *why)
{
    language_code code = tokenizer_language_code(e->tokenizer, line->bytes, line->size);
    return (encoding){e, line, number, code.present ? code : e->code, out, why};
}

static void note_unknown_code(const encoding *e)
{
    char notice[200];
    snprintf(notice, sizeof notice, "\"%.*s\" is taken as a language code, but the checkpoint does not know it",
             e->code.size < 100 ? (int)e->code.size : 100, e->line->bytes);
    say(e, notice);
}

bool encode_line(const encoder *e, const text_line *line, size_t number, translation *out, failure *why)
{
    encoding at = start_line(e, line, number, out, why);
    if (at.code.present && !at.code.known)
        note_unknown_code(&at);
    out->code_size = at.code.size;
    byte_range all;
    bool blank = !text_trim(&all, line->bytes, (byte_range){out->code_size, line->size});
    if (!e->protector)
        return blank || encode_plain(&at, all);
    if (!utf8_is_valid(line->bytes, line->size))
        say(&at, "not UTF-8; invalid bytes were read as U+FFFD");
    protected_sentence sentence;
    bool ok = protector_start(e->protector, line, out->code_size, why) &&
              (blank || protector_list_spans(e->protector, all, &out->spans, &out->n_spans, why));
    while (ok && protector_next(e->protector, &sentence))
        ok = sentence.n_spans ? encode_protected(&at, &sentence) : encode_plain(&at, sentence.range);
    return ok;
}

/* The spans of a sentence as they were found; free with free. NULL on failure. */
static text_span *list_spans(const translated_sentence *sentence, failure *why)
{
    text_span *spans = calloc(sentence->n_spans + 1, sizeof *spans);
    if (!spans)
        failure_memory(why, "copied text");
    for (size_t i = 0; i < sentence->n_spans && spans; i++)
        spans[i] = (text_span){sentence->spans[i].range.begin, sentence->spans[i].range.end, sentence->spans[i].kind};
    return spans;
}

bool encode_source_text(protector *p, const translated_sentence *sentence, const text_line *line, text_buffer *read,
                        text_buffer *spelled, failure *why)
{
    text_span *spans = list_spans(sentence, why);
    if (!spans)
        return false;
    const protected_sentence again = {line, sentence->range, spans, sentence->n_spans};
    letter_case letters;
    const text_buffer *text;
    bool ok = (text = protect_source(p, &letters, NULL, &again, why)) &&
              text_append(read, text->bytes, text->size, why) && (text = protect_source(p, NULL, NULL, &again, why)) &&
              text_append(spelled, text->bytes, text->size, why);
    free(spans);
    return ok;
}

/* Appends the parts of a sentence that was translated before. */
static bool encode_again(const encoding *e, const translated_sentence *sentence)
{
    text_span *spans = list_spans(sentence, e->why);
    if (!spans)
        return false;
    const protected_sentence again = {e->line, sentence->range, spans, sentence->n_spans};
    bool ok = encode_stretches(e, &again);
    free(spans);
    return ok;
}

bool encode_parts(const encoder *e, const text_line *line, size_t number, translation *out,
                  bool (*failed)(const translated_sentence *sentence), failure *why)
{
    translation before = *out;
    encoding at = start_line(e, line, number, out, why);
    bool ok = true;
    out->sentences = NULL;
    out->n_sentences = 0;
    for (size_t s = 0; s < before.n_sentences; s++) {
        translated_sentence *sentence = &before.sentences[s], *kept;
        if (ok && !failed(sentence) && (kept = append_sentence(out, why)))
            *kept = *sentence;
        else {
            ok = ok && failed(sentence) && encode_again(&at, sentence);
            translated_sentence_free(sentence);
        }
    }
    free(before.sentences);
    return ok;
}
