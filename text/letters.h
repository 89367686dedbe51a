/* Letters and their case, independent of the locale. */
#ifndef TEXT_LETTERS_H
#define TEXT_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether c is a letter of any script or a mark that combines with one: not a digit, a sign or white space. */
bool letter_is(uint32_t c);

/* Whether bytes begin … end - 1 of a text, which must be whole characters, include a letter. */
bool letter_in(const char *text, size_t begin, size_t end);

/* The capital or lower-case form of a Latin, Greek, Cyrillic or Armenian letter, if its UTF-8 has the same length;
 * otherwise c itself. ß stays ß, because its capital is SS. */
uint32_t letter_upper(uint32_t c);
uint32_t letter_lower(uint32_t c);

#endif
