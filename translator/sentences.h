/* Splits text into sentences, and sentences that are too long into parts. No byte is lost: sentences are ranges of the
 * text, in order, and the caller copies the white space between them. */
#ifndef TRANSLATOR_SENTENCES_H
#define TRANSLATOR_SENTENCES_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes begin … end - 1 of the text. */
typedef struct {
    size_t begin, end;
} text_range;

/* Sets *sentence to the first sentence at or after byte `start`, without surrounding white space. Returns false if only
 * white space is left. A sentence ends after . ! ? … and closing quotes or brackets, if white space and anything but a
 * lower-case letter follow, but not after abbreviations, initials and ordinals. The full stops of Chinese and Japanese
 * need no white space. */
bool sentences_next(text_range *sentence, const char *text, size_t size, size_t start);

/* Returns where to split a sentence that is too long: in its middle half, after the clause mark (, ; : –) nearest to
 * the middle, else at the nearest white space; without either, at the nearest character boundary. 0 if it has only one
 * character. */
size_t sentences_middle(const char *text, text_range sentence);

/* Sets *trimmed to the range without surrounding white space. Returns false if nothing is left. */
bool sentences_trim(text_range *trimmed, const char *text, text_range range);

#endif
