#include "translator/protect.h"

#include <stdlib.h>
#include <string.h>

#include "support/utf8.h"
#include "text/letters.h"

struct protector {
    const tokenizer *tokenizer;
    const model_config *config;
    text_span_finder *finder;
    normalized_text normal, part; /* of the line, and of a stretch of it */
    text_span_list spans;         /* in the normal form */
    byte_range *whole;            /* [spans.n], the same */
    size_t capacity;              /* of whole */
    size_t n_passed;              /* spans before the next sentence */
    const text_line *line;
    size_t offset; /* of the language code's end */
    text_segments segments;
    text_buffer source; /* what the model reads of a sentence */
    enum { NOT_ASKED, KNOWN, UNKNOWN } ascii[128];
    bool *known; /* [normal.text.size], whether the vocabulary can write a byte; only if it lists words */
    size_t known_capacity;
    failure *why; /* of knows; NULL once it has been written */
};

protector *protector_open(const tokenizer *t, const model_config *config, failure *why)
{
    protector *p = calloc(1, sizeof *p);
    if (!p) {
        failure_memory(why, "the translator");
        return NULL;
    }
    *p = (protector){.source = TEXT_EMPTY, .tokenizer = t, .config = config, .finder = text_span_finder_open(why)};
    if (p->finder)
        return p;
    protector_close(p);
    return NULL;
}

void protector_close(protector *p)
{
    if (!p)
        return;
    text_span_finder_close(p->finder);
    text_normalized_free(&p->normal);
    text_normalized_free(&p->part);
    text_spans_free(&p->spans);
    text_free(&p->source);
    free(p->whole);
    free(p->known);
    free(p);
}

/* ---- a line to its sentences ---- */

/* Whether the vocabulary has a character of the normal form; the answer for ASCII is kept. */
static bool knows(void *user, const char *character, size_t size)
{
    protector *p = user;
    if (tokenizer_lists_words(p->tokenizer))
        return p->known[character - p->normal.text.bytes];
    bool known = size == 1 && p->ascii[(unsigned char)*character] == KNOWN;
    if (size == 1 && p->ascii[(unsigned char)*character] != NOT_ASKED)
        return known;
    if (!p->why)
        return false;
    if (!tokenizer_knows(p->tokenizer, character, size, &known, p->why))
        p->why = NULL;
    else if (size == 1)
        p->ascii[(unsigned char)*character] = known ? KNOWN : UNKNOWN;
    return known;
}

/* Finds the words of a line that the vocabulary lists. */
static bool find_known(protector *p, failure *why)
{
    const text_buffer *text = &p->normal.text;
    if (!tokenizer_lists_words(p->tokenizer) || text->size == 0)
        return true;
    bool *grown = array_reserve(p->known, &p->known_capacity, text->size, sizeof *grown, "copied text", why);
    if (!grown)
        return false;
    p->known = grown;
    return tokenizer_find_known(p->tokenizer, p->known, text->bytes, text->size, why);
}

static bool list_whole_ranges(protector *p, failure *why)
{
    if (p->spans.n == 0)
        return true;
    byte_range *grown = array_reserve(p->whole, &p->capacity, p->spans.n, sizeof *grown, "copied text", why);
    if (!grown)
        return false;
    p->whole = grown;
    for (size_t i = 0; i < p->spans.n; i++)
        p->whole[i] = (byte_range){p->spans.at[i].begin, p->spans.at[i].end};
    return true;
}

bool protector_start(protector *p, const text_line *line, size_t offset, failure *why)
{
    p->line = line;
    p->offset = offset;
    p->n_passed = 0;
    if (!text_normalize(&p->normal, line->bytes + offset, line->size - offset, why) || !find_known(p, why))
        return false;
    const text_buffer *text = &p->normal.text;
    p->why = why;
    if (!text_spans_find(&p->spans, p->finder, text->bytes, text->size, knows, p, why) || !p->why ||
        !list_whole_ranges(p, why))
        return false;
    text_segments_start(&p->segments, text->bytes, text->size, p->whole, p->spans.n);
    return true;
}

/* Index of the closing tag that belongs to an opening one, or n. */
static size_t closing_tag(const text_span *spans, size_t n, size_t opening)
{
    size_t depth = 0;
    for (size_t i = opening; i < n; i++) {
        depth += spans[i].kind == SPAN_TAG_OPEN;
        if (spans[i].kind == SPAN_TAG_CLOSE && --depth == 0)
            return i;
    }
    return n;
}

/* Makes tags empty whose partners are in other sentences. */
static void release_tags(text_span *spans, size_t n)
{
    size_t n_open = 0;
    for (size_t i = 0; i < n; i++) {
        if (spans[i].kind == SPAN_TAG_OPEN && closing_tag(spans, n, i) == n)
            spans[i].kind = SPAN_TAG_EMPTY;
        n_open += spans[i].kind == SPAN_TAG_OPEN;
        if (spans[i].kind == SPAN_TAG_CLOSE && n_open == 0)
            spans[i].kind = SPAN_TAG_EMPTY;
        n_open -= spans[i].kind == SPAN_TAG_CLOSE;
    }
}

static bool is_symbol(const char *text, text_span span)
{
    for (size_t at = span.begin; at < span.end; at++)
        if (text[at] >= '0' && text[at] <= '9')
            return false;
    return span.kind == SPAN_OPAQUE && !letter_in(text, span.begin, span.end);
}

/* Takes symbols, empty tags, and pairs of tags around all of it from both ends of a sentence, and the white space
 * there. */
static void strip_ends(protected_sentence *s, const char *text)
{
    for (;;) {
        if (!text_trim(&s->range, text, s->range) || s->n_spans == 0)
            return;
        const text_span *first = &s->spans[0], *last = &s->spans[s->n_spans - 1];
        bool at_begin = first->begin == s->range.begin, at_end = last->end == s->range.end;
        if (at_begin && (first->kind == SPAN_TAG_EMPTY || is_symbol(text, *first))) {
            s->range.begin = first->end;
            s->spans++, s->n_spans--;
        } else if (at_end && (last->kind == SPAN_TAG_EMPTY || is_symbol(text, *last))) {
            s->range.end = last->begin;
            s->n_spans--;
        } else if (at_begin && at_end && first->kind == SPAN_TAG_OPEN &&
                   closing_tag(s->spans, s->n_spans, 0) == s->n_spans - 1) {
            s->range = (byte_range){first->end, last->begin};
            s->spans++, s->n_spans -= 2;
        } else {
            return;
        }
    }
}

static bool has_letter_outside_spans(const protected_sentence *s, const char *text)
{
    size_t at = s->range.begin;
    for (size_t i = 0; i < s->n_spans; i++) {
        if (letter_in(text, at, s->spans[i].begin))
            return true;
        at = s->spans[i].end;
    }
    return letter_in(text, at, s->range.end);
}

/* Where in the line a byte of its normal form comes from. */
static size_t origin(const protector *p, size_t at)
{
    return p->offset + p->normal.origin[at];
}

bool protector_list_spans(const protector *p, byte_range range, copied_span **spans, size_t *n, failure *why)
{
    *n = 0;
    *spans = p->spans.n ? calloc(p->spans.n, sizeof **spans) : NULL;
    if (p->spans.n && !*spans)
        return failure_memory(why, "copied text");
    for (size_t i = 0; i < p->spans.n; i++) {
        const text_span *span = &p->spans.at[i];
        byte_range found = {origin(p, span->begin), origin(p, span->end)};
        if (found.begin >= range.begin && found.end <= range.end)
            (*spans)[(*n)++] = (copied_span){.range = found, .kind = span->kind};
    }
    return true;
}

bool protector_next(protector *p, protected_sentence *s)
{
    const char *text = p->normal.text.bytes;
    byte_range range;
    while (text_segments_next(&range, &p->segments)) {
        while (p->n_passed < p->spans.n && p->spans.at[p->n_passed].begin < range.begin)
            p->n_passed++;
        text_span *spans = p->spans.n ? &p->spans.at[p->n_passed] : NULL;
        size_t n = 0;
        while (p->n_passed < p->spans.n && spans[n].end <= range.end)
            n++, p->n_passed++;
        release_tags(spans, n);
        *s = (protected_sentence){p->line, range, spans, n};
        strip_ends(s, text);
        if (!has_letter_outside_spans(s, text))
            continue;
        s->range = (byte_range){origin(p, s->range.begin), origin(p, s->range.end)};
        for (size_t i = 0; i < n; i++)
            spans[i] = (text_span){origin(p, spans[i].begin), origin(p, spans[i].end), spans[i].kind};
        return true;
    }
    return false;
}

/* ---- a sentence to what the model reads ---- */

bool protect_has_tokens(const protector *p, const protected_sentence *s)
{
    size_t n_opaque = 0;
    for (size_t i = 0; i < s->n_spans; i++)
        n_opaque += s->spans[i].kind == SPAN_OPAQUE;
    return n_opaque <= p->config->copy_tokens.n;
}

static size_t count_without_spaces(const char *text, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += text[i] != ' ';
    return n;
}

/* Appends the normal form of bytes begin … end - 1 of the line. */
static bool append_normal(protector *p, text_buffer *source, const text_line *line, size_t begin, size_t end,
                          failure *why)
{
    if (text_is_normal(line->bytes + begin, end - begin))
        return text_append(source, line->bytes + begin, end - begin, why);
    return text_normalize(&p->part, line->bytes + begin, end - begin, why) &&
           text_append(source, p->part.text.bytes, p->part.text.size, why);
}

/* An empty tag between two words divides them. */
static bool append_tag(text_buffer *source, const protected_sentence *s, const text_span *tag, failure *why)
{
    bool divides = tag->kind == SPAN_TAG_EMPTY && source->size && source->bytes[source->size - 1] != ' ' &&
                   tag->end < s->range.end && s->line->bytes[tag->end] != ' ';
    return !divides || text_append(source, " ", 1, why);
}

const text_buffer *protect_source(protector *p, letter_case *letters, size_t *before, const protected_sentence *s,
                                  failure *why)
{
    text_buffer *source = &p->source;
    source->size = 0;
    text_span tokens[MAX_COPY_TOKENS];
    size_t at = s->range.begin, n_tokens = 0, counted = 0, n_before = 0;
    for (size_t i = 0; i < s->n_spans; i++) {
        const text_span *span = &s->spans[i];
        if (!append_normal(p, source, s->line, at, span->begin, why))
            return NULL;
        n_before += count_without_spaces(source->bytes + counted, source->size - counted);
        counted = source->size;
        if (before)
            before[i] = n_before;
        at = span->end;
        if (span->kind == SPAN_OPAQUE) {
            const char *piece = tokenizer_source_piece(p->tokenizer, p->config->copy_tokens.at[n_tokens]);
            tokens[n_tokens++] = (text_span){source->size, source->size + strlen(piece), SPAN_OPAQUE};
            if (!text_append(source, piece, strlen(piece), why))
                return NULL;
        } else if (!append_tag(source, s, span, why))
            return NULL;
    }
    if (!append_normal(p, source, s->line, at, s->range.end, why))
        return NULL;
    if (before)
        before[s->n_spans] = count_without_spaces(source->bytes, source->size);
    if (!letters)
        return source;
    const text_span_list list = {tokens, n_tokens, MAX_COPY_TOKENS};
    *letters = text_letter_case(source->bytes, source->size, &list);
    if (*letters != CASE_ORDINARY)
        text_to_sentence_case(source->bytes, source->size, &list);
    return source;
}

/* ---- a sentence to the stretches between its spans ---- */

/* Past white space and closing punctuation at byte `at`. */
static size_t skip_punctuation(const char *text, size_t end, size_t at)
{
    while (at < end && strchr(" \t,;:.!?)]}", text[at]) && text[at])
        at++;
    return at;
}

bool protect_next_part(byte_range *part, size_t *next, const protected_sentence *s)
{
    while (*next <= s->n_spans) {
        size_t begin = *next > 0 ? s->spans[*next - 1].end : s->range.begin;
        size_t end = *next < s->n_spans ? s->spans[*next].begin : s->range.end;
        if (*next > 0)
            begin = skip_punctuation(s->line->bytes, end, begin);
        ++*next;
        if (letter_in(s->line->bytes, begin, end))
            return text_trim(part, s->line->bytes, (byte_range){begin, end});
    }
    return false;
}
