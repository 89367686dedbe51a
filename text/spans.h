/* The parts of a text that are copied, not translated: addresses, file names, identifiers, placeholders, tags, codes,
 * long numbers, and characters that the vocabulary lacks. */
#ifndef TEXT_SPANS_H
#define TEXT_SPANS_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

typedef enum {
    SPAN_OPAQUE,    /* stands for a word or a sign, and goes where the model puts it */
    SPAN_TAG_OPEN,  /* the marks of a pair belong to the words between them: <b> … </b>, ** … **, [ … ](url) */
    SPAN_TAG_CLOSE, /* closes the latest TAG_OPEN of its name; each of the two kinds has its partner */
    SPAN_TAG_EMPTY, /* <br/>, <ph id="1"/> */
    SPAN_LINE       /* the whole text is code or configuration */
} span_kind;

/* Bytes begin … end - 1 of the text, begin < end; whole characters. */
typedef struct {
    size_t begin, end;
    span_kind kind;
} text_span;

/* Zero-initialise to start. */
typedef struct {
    text_span *at;
    size_t n, capacity;
} text_span_list;

void text_spans_free(text_span_list *spans);

/* Whether the vocabulary has a piece for the character of `size` bytes. */
typedef bool text_knows(void *vocabulary, const char *character, size_t size);

/* The compiled patterns, and room for matches: each thread needs one of its own. */
typedef struct text_span_finder text_span_finder;

text_span_finder *text_span_finder_open(failure *why); /* NULL on error */
void text_span_finder_close(text_span_finder *finder);

/* Replaces `spans` by the spans of a text of valid UTF-8, in order, without overlap. Text must be normalized
 * (normalize.h): invisible characters are none of the vocabulary's. Prices, plain numbers and words with letters that
 * the vocabulary lacks but that begin with a small letter are left to the model. False when memory runs out. */
bool text_spans_find(text_span_list *spans, text_span_finder *finder, const char *text, size_t size, text_knows *knows,
                     void *vocabulary, failure *why);

#endif
