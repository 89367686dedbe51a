/* Sentences in capitals and in title case. The model translates them better in ordinary spelling. */
#ifndef TEXT_LETTER_CASE_H
#define TEXT_LETTER_CASE_H

#include <stddef.h>

#include "text/spans.h"

typedef enum {
    CASE_ORDINARY,
    CASE_CAPITALS, /* DO NOT OPEN THE DOOR. */
    CASE_TITLE     /* The Quick Guide To Better Sleep */
} letter_case;

/* The case of a sentence of valid UTF-8; the letters of its spans do not count. In capitals are two words of two
 * letters and more, or one word of four letters and more, but not acronyms (NASA, US GDP). In title case are three
 * words and more, all with a capital, that are more than a list of names: among them is an English word such as Of or
 * Is. */
letter_case text_letter_case(const char *text, size_t size, const text_span_list *spans);

/* Rewrites a sentence in capitals or title case in ordinary spelling: small letters except the first one of the
 * sentence, "I", acronyms, words with digits, and spans. Names lose their capitals, too. The number of bytes stays the
 * same. */
void text_to_sentence_case(char *text, size_t size, const text_span_list *spans);

/* Rewrites text in capitals, ß as SS. The number of bytes stays the same. */
void text_to_capitals(char *text, size_t size);

#endif
