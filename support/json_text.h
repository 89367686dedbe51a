/* Writes JSON text that is safe inside an HTML script element: it never contains `<`. */
#ifndef SUPPORT_JSON_TEXT_H
#define SUPPORT_JSON_TEXT_H

#include "support/buffer.h"

/* After a failure, `ok` is false, *why has the message, and nothing more is appended: callers check `ok` once, at the
 * end, and free `text`. */
typedef struct {
    text_buffer text;
    bool ok;
    failure *why;
} json_text;

/* An empty text. */
json_text json_text_start(failure *why);

/* Appends what printf would print, truncated to 255 bytes. */
void json_text_put(json_text *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends bytes [size], which are JSON already. */
void json_text_append(json_text *json, const char *bytes, size_t size);

/* Appends bytes [size] of valid JSON in UTF-8. Its strings get the escapes of json_text_string, except that of '<'. */
void json_text_json(json_text *json, const char *bytes, size_t size);

/* Appends bytes [size] as a string in quotes, on one line; NULs and invalid UTF-8 become U+FFFD. */
void json_text_string(json_text *json, const char *bytes, size_t size);

#endif
