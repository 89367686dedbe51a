#include "translator/restore.h"

#include <string.h>

#include "support/utf8.h"

static size_t count(const token_ids *ids, int32_t id)
{
    size_t n = 0;
    for (size_t i = 0; i < ids->n; i++)
        n += ids->at[i] == id;
    return n;
}

bool restore_is_possible(const restorer *r, const translated_sentence *sentence)
{
    size_t n_opaque = 0;
    for (size_t i = 0; i < sentence->n_spans; i++)
        n_opaque += sentence->spans[i].kind == SPAN_OPAQUE;
    for (size_t k = 0; k < r->config->copy_tokens.n; k++)
        if (count(&sentence->target, r->config->copy_tokens.at[k]) != (k < n_opaque))
            return false;
    return true;
}

/* Opaque span number k of a sentence; NULL if it has no more. */
static protected_span *opaque_span(const translated_sentence *sentence, size_t k)
{
    for (size_t i = 0; i < sentence->n_spans; i++)
        if (sentence->spans[i].kind == SPAN_OPAQUE && k-- == 0)
            return &sentence->spans[i];
    return NULL;
}

/* The size of the copy token at the beginning of the text; 0 if there is none. Sets *number to the token's number. */
static size_t read_token(const restorer *r, const char *text, size_t *number)
{
    for (*number = 0; *text == '<' && *number < r->config->copy_tokens.n; ++*number) {
        const char *piece = tokenizer_target_piece(r->tokenizer, r->config->copy_tokens.at[*number]);
        if (strncmp(text, piece, strlen(piece)) == 0)
            return strlen(piece);
    }
    return 0;
}

/* A translation being written. */
typedef struct {
    const restorer *restorer;
    translated_sentence *sentence;
    const text_line *line;
    const size_t *places;
    size_t n;       /* bytes of the decoded text so far, without spaces */
    size_t n_spans; /* written so far */
} writing;

static bool append_span(writing *w, protected_span *span, failure *why)
{
    text_buffer *out = &w->sentence->text;
    size_t size = span->range.end - span->range.begin, begin = out->size;
    bool ok = utf8_append_line(out, w->line->bytes + span->range.begin, size, why);
    span->target = (byte_range){begin, out->size};
    w->n_spans++;
    return ok;
}

/* Appends the tags whose place is here: the closing ones, or all others. */
static bool append_tags(writing *w, bool closing, failure *why)
{
    for (size_t i = 0; w->places && i < w->sentence->n_spans; i++) {
        protected_span *span = &w->sentence->spans[i];
        if (span->kind != SPAN_OPAQUE && (span->kind == SPAN_TAG_CLOSE) == closing && w->places[i] == w->n &&
            !append_span(w, span, why))
            return false;
    }
    return true;
}

/* Appends the token or character at the beginning of text [size], *length bytes long. */
static bool append_next(writing *w, const char *text, size_t size, size_t *length, failure *why)
{
    size_t number;
    text_buffer *out = &w->sentence->text;
    if ((*length = read_token(w->restorer, text, &number))) {
        protected_span *span = opaque_span(w->sentence, number);
        return !span || append_span(w, span, why);
    }
    utf8_next(text, size, length);
    if (!text_append(out, text, *length, why))
        return false;
    if (w->sentence->letters == CASE_CAPITALS)
        text_to_capitals(out->bytes + out->size - *length, *length);
    return true;
}

bool restore_text(const restorer *r, translated_sentence *sentence, const char *const *pieces, const text_line *line,
                  const size_t *places, bool *complete, failure *why)
{
    text_buffer decoded = TEXT_EMPTY;
    writing w = {r, sentence, line, places, 0, 0};
    bool ok = tokenizer_join(r->tokenizer, pieces, sentence->target.n, &decoded, why);
    for (size_t at = 0, length = 0; ok && at < decoded.size; at += length) {
        bool is_space = decoded.bytes[at] == ' ';
        ok = (is_space || append_tags(&w, false, why)) &&
             append_next(&w, decoded.bytes + at, decoded.size - at, &length, why);
        w.n += is_space ? 0 : length;
        ok = ok && (is_space || append_tags(&w, true, why));
    }
    ok = ok && append_tags(&w, false, why); /* empty tags at the end */
    text_free(&decoded);
    *complete = w.n_spans == sentence->n_spans;
    return ok;
}
