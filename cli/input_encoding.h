/* From the bytes of the input to UTF-8, which is all that the translator reads. */
#ifndef CLI_INPUT_ENCODING_H
#define CLI_INPUT_ENCODING_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

#include "support/buffer.h"
#include "support/failure.h"

/* The longest name of an encoding. */
enum { INPUT_ENCODING_NAME = 40 };

/* Whether iconv knows the encoding. */
bool input_encoding_is_known(const char *name);

/* A stream in a named encoding. */
typedef struct {
    iconv_t state;
    size_t unit;         /* bytes to skip if they are not a character: 2 in UTF-16, 4 in UTF-32, otherwise 1 */
    text_buffer pending; /* the beginning of a character whose end has not arrived */
} input_encoding;

/* input_encoding_is_known(name) must hold. Fails if memory runs out. input_encoding_close must be called in any case.
 */
bool input_encoding_open(input_encoding *e, const char *name, failure *why);
void input_encoding_close(input_encoding *e);

/* Appends bytes [size] of the stream as UTF-8, with the byte 0xFF in place of invalid bytes. `last` says that
 * the stream ends here. */
bool input_encoding_append(input_encoding *e, text_buffer *text, const char *bytes, size_t size, bool last,
                           failure *why);

/* Appends bytes [size], read as Windows-1252. The five bytes without a meaning, 81 8D 8F 90 9D, become U+FFFD. */
bool windows_1252_append(text_buffer *text, const char *bytes, size_t size, failure *why);

/* Fails if a stream that begins with bytes [size] is a compressed file, or UTF-16 or UTF-32, unless its encoding
 * `is_named`. The message says how to convert `name`, which is a path if `is_file`. */
bool input_encoding_check_beginning(const char *bytes, size_t size, const char *name, bool is_file, bool is_named,
                                    failure *why);

#endif
