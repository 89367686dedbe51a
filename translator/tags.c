#include "translator/tags.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/alignment.h"
#include "support/utf8.h"
#include "text/letters.h"

/* ---- attention ---- */

static void read_attention(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    static const char wanted[] = ".cross_attention.weights";
    tag_attention *a = user;
    size_t length = strlen(name), n = a->n_tgt * a->n_src;
    if (length < sizeof wanted || strcmp(name + length - (sizeof wanted - 1), wanted) != 0)
        return;
    float *mean = calloc(n, sizeof *mean);
    a->ok = a->ok && mean;
    if (!a->ok) {
        free(mean);
        return;
    }
    float n_heads = (float)rows / (float)a->n_tgt;
    for (size_t i = 0; i < rows * columns; i++)
        mean[i % n] += data[i] / n_heads;
    double entropy = 0.0;
    for (size_t i = 0; i < a->n_tgt; i++)
        entropy += alignment_entropy(mean + i * a->n_src, a->n_src);
    if (!a->weights || entropy < a->entropy) {
        float *before = a->weights;
        a->weights = mean;
        a->entropy = entropy;
        mean = before;
    }
    free(mean);
}

trace_reader tag_attention_start(tag_attention *attention, size_t n_tgt, size_t n_src)
{
    *attention = (tag_attention){.n_tgt = n_tgt, .n_src = n_src, .ok = true};
    return (trace_reader){read_attention, attention};
}

/* ---- words ---- */

static piece_text text_of(tag_tokens tokens, size_t i)
{
    return tokenizer_piece_text(tokens.tokenizer, tokens.pieces[i], i > 0 ? tokens.pieces[i - 1] : "");
}

/* Whether token i is punctuation: neither without text nor with letters or digits. */
static bool is_mark(tag_tokens tokens, size_t i)
{
    size_t length;
    piece_text piece = text_of(tokens, i);
    for (const char *at = piece.text, *end = at + strlen(at); at < end; at += length) {
        uint32_t c = utf8_next(at, (size_t)(end - at), &length);
        if (letter_is(c) || (c >= '0' && c <= '9'))
            return false;
    }
    return piece.size > 0;
}

/* The end of the word that begins with token i. Punctuation and tokens without text are words by themselves. */
static size_t word_end(tag_tokens tokens, size_t i)
{
    size_t end = i + 1;
    bool alone = !*tokens.pieces[i] || is_mark(tokens, i);
    while (end < tokens.n && !alone && *tokens.pieces[end] && !text_of(tokens, end).begins_word &&
           !is_mark(tokens, end))
        end++;
    return end;
}

/* Whether tokens i … end - 1 are a word with text, not punctuation. */
static bool is_word(tag_tokens tokens, size_t i, size_t end)
{
    return !is_mark(tokens, i) && (text_of(tokens, i).size > 0 || end > i + 1);
}

/* The index of an opaque span's copy token. A piece that is only a space may precede it, but not the end token. */
static size_t copy_token(tag_tokens source, const protected_span *span)
{
    bool is_space = span->token + 1 < source.n && text_of(source, span->token).size == 0;
    return span->token + is_space;
}

/* If one of the target's tokens first … end - 1 is a copy token, the first token of its span in the source; otherwise
 * source.n. */
static size_t same_copy_token(const translated_sentence *s, tag_tokens source, tag_tokens target, size_t first,
                              size_t end)
{
    for (size_t i = first; i < end; i++)
        for (size_t k = 0; k < s->n_spans; k++)
            if (s->spans[k].kind == SPAN_OPAQUE &&
                strcmp(target.pieces[i], source.pieces[copy_token(source, &s->spans[k])]) == 0)
                return s->spans[k].token;
    return source.n;
}

/* Whether the word of tokens j … after - 1 has a copy token. */
static bool has_copy_token(const translated_sentence *s, tag_tokens source, size_t j, size_t after)
{
    for (size_t k = 0; k < s->n_spans; k++)
        if (s->spans[k].kind == SPAN_OPAQUE && copy_token(source, &s->spans[k]) >= j &&
            copy_token(source, &s->spans[k]) < after)
            return true;
    return false;
}

/* The first token of the source word to which the target's tokens first … end - 1 attend most. Punctuation and copy
 * tokens do not count; source.n if there is nothing else. */
static size_t most_attended(const translated_sentence *s, const tag_attention *a, tag_tokens source, size_t first,
                            size_t end)
{
    size_t best = source.n;
    double most = -1.0;
    for (size_t j = 0, after; j < source.n; j = after) {
        double sum = 0.0;
        after = word_end(source, j);
        for (size_t i = first; i < end; i++)
            for (size_t k = j; k < after; k++)
                sum += (double)a->weights[i * a->n_src + k];
        if (sum > most && is_word(source, j, after) && !has_copy_token(s, source, j, after)) {
            most = sum;
            best = j;
        }
    }
    return best;
}

/* ---- places ---- */

/* The target tokens first … last that a tag encloses, and its partner among the spans. */
typedef struct {
    size_t first, last, partner;
} tag_words;

typedef struct {
    const translated_sentence *sentence;
    tag_tokens source, target;
    size_t *aligned;  /* [target.n], the first token of the aligned source word; source.n for none */
    tag_words *words; /* [n_spans], for opening and empty tags */
} tag_placing;

/* Index of the closing tag that belongs to an opening one. Every opening tag has one. */
static size_t closing_tag(const translated_sentence *s, size_t opening)
{
    size_t i = opening, depth = 0;
    for (;; i++) {
        depth += s->spans[i].kind == SPAN_TAG_OPEN;
        if (s->spans[i].kind == SPAN_TAG_CLOSE && --depth == 0)
            return i;
    }
}

/* Finds the target words between a pair of tags. Returns false if the pair has no words. */
static bool enclose(tag_placing *p, size_t opening)
{
    const protected_span *spans = p->sentence->spans;
    tag_words *w = &p->words[opening];
    *w = (tag_words){p->target.n, 0, closing_tag(p->sentence, opening)};
    size_t begin = spans[opening].token, end = spans[w->partner].token;
    for (size_t i = 0; i < p->target.n; i++)
        if (p->aligned[i] >= begin && p->aligned[i] < end) {
            w->first = i < w->first ? i : w->first;
            w->last = i;
        }
    if (w->first == p->target.n)
        return false;
    const char *mark = p->source.pieces[end - 1];
    if (is_mark(p->source, end - 1) && w->last + 1 < p->target.n && strcmp(p->target.pieces[w->last + 1], mark) == 0)
        w->last++;
    return true;
}

/* Finds the token that an empty tag precedes. */
static void precede(tag_placing *p, size_t tag)
{
    size_t next = SIZE_MAX;
    p->words[tag].first = p->target.n;
    for (size_t i = 0; i < p->target.n; i++)
        if (p->aligned[i] >= p->sentence->spans[tag].token && p->aligned[i] < p->source.n && p->aligned[i] < next) {
            next = p->aligned[i];
            p->words[tag].first = i;
        }
}

/* Whether pair `inner`, which opens after `outer`, is inside or outside it as in the source. */
static bool is_nested(const tag_placing *p, size_t outer, size_t inner)
{
    const tag_words *o = &p->words[outer], *i = &p->words[inner];
    return i->partner < o->partner ? o->first <= i->first && i->last <= o->last
                                   : o->last < i->first || i->last < o->first;
}

static bool find_words(tag_placing *p)
{
    const translated_sentence *s = p->sentence;
    for (size_t i = 0; i < s->n_spans; i++) {
        if (s->spans[i].kind == SPAN_TAG_EMPTY)
            precede(p, i);
        if (s->spans[i].kind != SPAN_TAG_OPEN)
            continue;
        if (!enclose(p, i))
            return false;
        for (size_t outer = 0; outer < i; outer++)
            if (s->spans[outer].kind == SPAN_TAG_OPEN && !is_nested(p, outer, i))
                return false;
    }
    return true;
}

/* The number of bytes other than spaces before target token i. */
static size_t bytes_before(tag_tokens target, size_t i)
{
    size_t n = 0;
    for (size_t k = 0; k < i; k++)
        n += text_of(target, k).size;
    return n;
}

bool tags_place(size_t *places, bool *placed, const translated_sentence *sentence, tag_tokens source, tag_tokens target,
                const tag_attention *attention, failure *why)
{
    tag_placing p = {sentence, source, target, malloc(target.n * sizeof *p.aligned),
                     calloc(sentence->n_spans, sizeof *p.words)};
    if (!p.aligned || !p.words) {
        free(p.aligned);
        free(p.words);
        return failure_memory(why, "the places of tags");
    }
    for (size_t i = 0, end; i < target.n; i = end) {
        end = word_end(target, i);
        size_t best = same_copy_token(sentence, source, target, i, end);
        if (best == source.n && is_word(target, i, end))
            best = most_attended(sentence, attention, source, i, end);
        for (size_t k = i; k < end; k++)
            p.aligned[k] = best;
    }
    *placed = find_words(&p);
    for (size_t i = 0; *placed && i < sentence->n_spans; i++) {
        if (sentence->spans[i].kind == SPAN_TAG_OPEN)
            places[p.words[i].partner] = bytes_before(target, p.words[i].last + 1);
        if (sentence->spans[i].kind == SPAN_TAG_OPEN || sentence->spans[i].kind == SPAN_TAG_EMPTY)
            places[i] = bytes_before(target, p.words[i].first);
    }
    free(p.aligned);
    free(p.words);
    return true;
}
