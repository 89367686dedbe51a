/* UTF-8 as in Unicode 15, section 3.9, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SUPPORT_UTF8_H
#define SUPPORT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/buffer.h"
#include "support/failure.h"

#define UTF8_INVALID UINT32_MAX
#define UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Decodes the first code point of bytes [size], size > 0, and sets *length to the number of bytes it takes. For invalid
 * UTF-8 returns UTF8_INVALID, and *length is that of the longest valid beginning of a code point, at least 1. */
uint32_t utf8_next(const char *bytes, size_t size, size_t *length);

bool utf8_is_valid(const char *bytes, size_t size);

/* Appends bytes [size], replacing NULs and invalid UTF-8 by U+FFFD. */
bool utf8_append_valid(text_buffer *text, const char *bytes, size_t size, failure *why);

/* What is shown in place of one character, so that text stays on its line and cannot send commands to a terminal. */
typedef struct {
    const char *bytes;
    size_t size;
} utf8_shown;

/* How to show the first character of bytes [size], size > 0: line ends become spaces; other control characters, except
 * tab, those that change the direction of text, and invalid UTF-8 become U+FFFD. Sets *length to the number of bytes
 * that the character takes. */
utf8_shown utf8_show(const char *bytes, size_t size, size_t *length);

/* Appends bytes [size] as utf8_show shows them, but with the direction of text as it is: for translations. */
bool utf8_append_line(text_buffer *text, const char *bytes, size_t size, failure *why);

/* Whether c is white space: ASCII white space, U+0085, or in one of Unicode's categories Zs, Zl and Zp. */
bool utf8_is_space(uint32_t c);

#endif
