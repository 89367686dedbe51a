/* Letters and their case, independent of the locale. */
#ifndef TEXT_LETTERS_H
#define TEXT_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

/* Letters of any script and the marks that combine with them; neither digits nor signs nor white space. */
bool letter_is(uint32_t c);

/* The other case of a Latin, Greek, Cyrillic or Armenian letter, whose UTF-8 is as long; any other code point as it is.
 * ß stays: its capital is SS. */
uint32_t letter_upper(uint32_t c);
uint32_t letter_lower(uint32_t c);

#endif
