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

/* Decodes the first code point of bytes [size], size > 0, and sets *length to its number of bytes. On invalid UTF-8
 * returns UTF8_INVALID, and *length is the number of bytes that can begin a code point, at least 1. */
uint32_t utf8_next(const char *bytes, size_t size, size_t *length);

/* Encodes c, a code point, into bytes. Returns how many there are. */
size_t utf8_put(char bytes[4], uint32_t c);

bool utf8_is_valid(const char *bytes, size_t size);

/* Appends bytes [size], with U+FFFD in place of NULs and invalid UTF-8. */
bool utf8_append_valid(text_buffer *text, const char *bytes, size_t size, failure *why);

/* A character as it is shown, so that text stays on its line and cannot send commands to a terminal. */
typedef struct {
    const char *bytes;
    size_t size;
} utf8_shown;

/* How to show the first character of bytes [size], size > 0. Line ends become spaces. Other control characters except
 * tab, characters that change the direction of text, and invalid UTF-8 become U+FFFD. Sets *length to the character's
 * number of bytes. */
utf8_shown utf8_show(const char *bytes, size_t size, size_t *length);

/* Appends bytes [size] as utf8_show shows them, but keeps characters that change the direction of text. For
 * translations. */
bool utf8_append_line(text_buffer *text, const char *bytes, size_t size, failure *why);

/* Whether c is white space: in ASCII, U+0085, or in one of Unicode's categories Zs, Zl and Zp. */
bool utf8_is_space(uint32_t c);

#endif
