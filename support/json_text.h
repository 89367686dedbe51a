/* JSON written as text, safe inside an HTML script element: `<` never stands in it. */
#ifndef SUPPORT_JSON_TEXT_H
#define SUPPORT_JSON_TEXT_H

#include "support/buffer.h"

/* After a failure nothing more is appended, `ok` is false and `why` says so: callers look once, at the end. */
typedef struct {
    text_buffer text;
    bool ok;
    failure *why;
} json_text;

/* An empty text. */
json_text json_text_start(failure *why);

/* Appends what printf would print, at most 255 bytes of it. */
void json_text_put(json_text *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends bytes [size] of JSON as they are. */
void json_text_append(json_text *json, const char *bytes, size_t size);

/* Appends valid JSON [size], valid UTF-8, with the same escapes in its strings as json_text_string, except for '<'. */
void json_text_json(json_text *json, const char *bytes, size_t size);

/* Appends bytes [size] as a string in quotes, on one line; what is not UTF-8 becomes U+FFFD. */
void json_text_string(json_text *json, const char *bytes, size_t size);

#endif
