/* Finds the parts of a text that are copied, not translated: addresses, file names, identifiers, placeholders, tags,
 * codes, long numbers, and characters that the vocabulary lacks. */
#ifndef TEXT_SPANS_H
#define TEXT_SPANS_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

typedef enum {
    SPAN_OPAQUE,    /* takes the place of a word or a sign, where the model puts it */
    SPAN_TAG_OPEN,  /* opens a pair around words: <b> … </b>, ** … **, [ … ](url) */
    SPAN_TAG_CLOSE, /* closes the latest open SPAN_TAG_OPEN of its name; each has a partner */
    SPAN_TAG_EMPTY, /* <br/>, <ph id="1"/> */
    SPAN_LINE       /* the whole text is code or configuration */
} span_kind;

/* Bytes begin … end - 1 of the text, begin < end; whole characters. */
typedef struct {
    size_t begin, end;
    span_kind kind;
} text_span;

/* Zero-initialize; text_spans_free frees it. */
typedef struct {
    text_span *at;
    size_t n, capacity;
} text_span_list;

void text_spans_free(text_span_list *spans);

/* Whether the vocabulary can write a character [size] of the text, which may depend on the word around it. */
typedef bool text_knows(void *vocabulary, const char *character, size_t size);

/* The compiled patterns, and room for matches. Each thread needs its own. */
typedef struct text_span_finder text_span_finder;

/* Close with text_span_finder_close. NULL on failure. */
text_span_finder *text_span_finder_open(failure *why);
void text_span_finder_close(text_span_finder *finder);

/* Replaces *spans by the spans of text [size], in order and without overlap. The text must be valid UTF-8, followed by
 * a NUL, and normalized (normalize.h), because the vocabulary lacks invisible characters. Prices, plain numbers and
 * lower-case words are left to the model, even if the vocabulary lacks their letters. Returns false if memory runs out.
 */
bool text_spans_find(text_span_list *spans, text_span_finder *finder, const char *text, size_t size, text_knows *knows,
                     void *vocabulary, failure *why);

#endif
