/* Sentences in capitals and in title case, which the model translates better in ordinary spelling. */
#ifndef TEXT_LETTER_CASE_H
#define TEXT_LETTER_CASE_H

#include <stddef.h>

#include "text/spans.h"

typedef enum {
    CASE_ORDINARY,
    CASE_CAPITALS, /* DO NOT OPEN THE DOOR. */
    CASE_TITLE     /* The Quick Guide To Better Sleep */
} letter_case;

/* The case of a sentence, which must be valid UTF-8. Letters in its spans do not count.
 *
 *   CASE_CAPITALS   no lower-case letter, and two or more words of at least two letters, or a single word of at
 *                   least four letters; acronyms (NASA, US GDP) do not count
 *   CASE_TITLE      three or more words that each begin with a capital; one of them, after the first, is an English
 *                   word such as Of or Is, so it is not just a list of names */
letter_case text_letter_case(const char *text, size_t size, const text_span_list *spans);

/* Rewrites a sentence in capitals or title case in ordinary spelling: lower-case, except the first letter, "I",
 * acronyms, words with digits, and spans. Names become lower-case too. The number of bytes does not change. */
void text_to_sentence_case(char *text, size_t size, const text_span_list *spans);

/* Rewrites text in capitals, ß as SS. The number of bytes does not change. */
void text_to_capitals(char *text, size_t size);

#endif
