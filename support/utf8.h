/* UTF-8, as Unicode 15 (3.9, table 3-7) defines it: shortest forms, no surrogates, up to U+10FFFF. */
#ifndef SUPPORT_UTF8_H
#define SUPPORT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/buffer.h"
#include "support/failure.h"

#define UTF8_INVALID UINT32_MAX
#define UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The code point at bytes [size], size > 0, and in *length how many bytes it takes. What is not UTF-8
 * gives UTF8_INVALID and the length of the longest beginning of a code point there, at least 1. */
uint32_t utf8_next(const char *bytes, size_t size, size_t *length);

bool utf8_is_valid(const char *bytes, size_t size);

/* Appends bytes [size] with U+FFFD for NUL and for whatever is not UTF-8. */
bool utf8_append_valid(text_buffer *text, const char *bytes, size_t size, failure *why);

/* The bytes that stand for one character where text must stay on its line and cannot command a terminal. */
typedef struct {
    const char *bytes;
    size_t size;
} utf8_shown;

/* The character at bytes [size], size > 0, as it is shown: a line end as a space, other control characters (but tab)
 * and what is not UTF-8 as U+FFFD. In *length the bytes that it takes. */
utf8_shown utf8_show(const char *bytes, size_t size, size_t *length);

/* Appends bytes [size] as they are shown. */
bool utf8_append_line(text_buffer *text, const char *bytes, size_t size, failure *why);

/* White space: ASCII's, and the spaces and separators of Unicode (general categories Zs, Zl, Zp; U+0085). */
bool utf8_is_space(uint32_t code_point);

#endif
