#include "translator/tags.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* If one of the target's tokens first … end - 1 is a copy token, the first token of its span in the source; otherwise
 * source.n. */
static size_t same_copy_token(const translated_sentence *s, token_pieces source, token_pieces target, size_t first,
                              size_t end)
{
    for (size_t i = first; i < end; i++)
        for (size_t k = 0; k < s->n_spans; k++)
            if (s->spans[k].kind == SPAN_OPAQUE &&
                strcmp(target.pieces[i], source.pieces[words_copy_token(source, &s->spans[k])]) == 0)
                return s->spans[k].token;
    return source.n;
}

/* The target tokens first … last that a tag encloses, and its partner among the spans. */
typedef struct {
    size_t first, last, partner;
} tag_words;

typedef struct {
    const translated_sentence *sentence;
    token_pieces source, target;
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
    if (words_is_mark(p->source, end - 1) && w->last + 1 < p->target.n &&
        strcmp(p->target.pieces[w->last + 1], mark) == 0)
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

bool tags_place(size_t *places, bool *placed, const translated_sentence *sentence, token_pieces source,
                token_pieces target, const cross_attention *attention, failure *why)
{
    tag_placing p = {sentence, source, target, malloc(target.n * sizeof *p.aligned),
                     calloc(sentence->n_spans, sizeof *p.words)};
    if (!p.aligned || !p.words) {
        free(p.aligned);
        free(p.words);
        return failure_memory(why, "the places of tags");
    }
    for (size_t i = 0, end; i < target.n; i = end) {
        end = words_end(target, i);
        size_t best = same_copy_token(sentence, source, target, i, end);
        if (best == source.n && words_is_word(target, i, end))
            best = words_most_attended(sentence, attention, source, i, end);
        for (size_t k = i; k < end; k++)
            p.aligned[k] = best;
    }
    *placed = find_words(&p);
    for (size_t i = 0; *placed && i < sentence->n_spans; i++) {
        if (sentence->spans[i].kind == SPAN_TAG_OPEN)
            places[p.words[i].partner] = words_bytes(target, 0, p.words[i].last + 1);
        if (sentence->spans[i].kind == SPAN_TAG_OPEN || sentence->spans[i].kind == SPAN_TAG_EMPTY)
            places[i] = words_bytes(target, 0, p.words[i].first);
    }
    free(p.aligned);
    free(p.words);
    return true;
}
