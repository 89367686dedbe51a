/* JSON as text, safe inside an HTML script element: `<` never stands in it. */
#ifndef EXPLAIN_JSON_TEXT_H
#define EXPLAIN_JSON_TEXT_H

#include "support/buffer.h"

/* After a failure nothing more is appended, `ok` is false and `why` says so: callers look once, at the end. */
typedef struct {
    text_buffer text;
    bool ok;
    failure *why;
} json_text;

/* Appends what printf would print, at most 255 bytes of it. */
void json_text_put(json_text *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends JSON text as it is. */
void json_text_append(json_text *json, const json_text *part);

/* Appends bytes [size] as a string in quotes; what is not UTF-8 becomes U+FFFD. */
void json_text_string(json_text *json, const char *bytes, size_t size);

/* Appends data [rows, columns] as a string in quotes, in block floating point; a digit is 6 bits, A-Z a-z 0-9 + / for
 * 0 … 63. Each row is cut in blocks of 32 columns. A block is one digit e, then each number's i in `bits` bits, two's
 * complement, the highest bit first, zeros up to a whole digit: number = i * 2^(e - 32 - (bits - 1)), off by at most
 * half a unit of i. Fails for what is not a number, and beyond 2^31. */
void json_text_numbers(json_text *json, const float *data, size_t rows, size_t columns, int bits);

#endif
