/* Text to sentences, and sentences that are too long to parts. No byte is lost: sentences are ranges of
 * the text in its order, and what lies between them (white space) is the caller's to put back. */
#ifndef TRANSLATOR_SENTENCES_H
#define TRANSLATOR_SENTENCES_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes begin … end - 1 of the text. */
typedef struct {
    size_t begin, end;
} text_range;

/* The first sentence at or after byte `start`, without white space around it; false when only white space
 * is left. A sentence ends after . ! ? … and closing quotes or brackets when white space and something
 * other than a lower-case letter follow, but not after abbreviations, initials and ordinals; the full
 * stops of Chinese and Japanese end one by themselves. */
bool sentences_next(text_range *sentence, const char *text, size_t size, size_t start);

/* Where to cut a sentence that is too long, between its begin and its end: after the clause mark
 * (, ; : –) nearest to the middle, else at the white space nearest to it, looking at the middle half;
 * else at the character nearest to it. */
size_t sentences_middle(const char *text, text_range sentence);

/* The range without white space around it; false when nothing is left. */
bool sentences_trim(text_range *trimmed, const char *text, text_range range);

#endif
