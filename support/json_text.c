#include "support/json_text.h"

#include <stdarg.h>
#include <stdio.h>

#include "support/utf8.h"

json_text json_text_start(failure *why)
{
    return (json_text){.text = TEXT_EMPTY, .ok = true, .why = why};
}

void json_text_append(json_text *json, const char *bytes, size_t size)
{
    json->ok = json->ok && text_append(&json->text, bytes, size, json->why);
}

void json_text_put(json_text *json, const char *format, ...)
{
    char printed[256];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(printed, sizeof printed, format, values);
    va_end(values);
    json_text_append(json, printed, size < (int)sizeof printed ? (size_t)size : sizeof printed - 1);
}

/* Characters that JSON allows in a string, but that end a line for some readers or control a terminal. */
static bool escapes_line(uint32_t c)
{
    return (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

/* These, the characters that JSON does not allow in a string, and '<', which could end a script element. */
static bool is_escaped(uint32_t c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == '<' || escapes_line(c);
}

void json_text_json(json_text *json, const char *bytes, size_t size)
{
    size_t length;
    for (size_t at = 0; at < size; at += length) {
        uint32_t c = utf8_next(bytes + at, size - at, &length);
        if (escapes_line(c))
            json_text_put(json, "\\u%04x", (unsigned)c);
        else
            json_text_append(json, bytes + at, length);
    }
}

void json_text_string(json_text *json, const char *bytes, size_t size)
{
    size_t length;
    json_text_append(json, "\"", 1);
    for (size_t at = 0; at < size; at += length) {
        uint32_t c = utf8_next(bytes + at, size - at, &length);
        if (c == UTF8_INVALID)
            json_text_append(json, UTF8_REPLACEMENT, sizeof UTF8_REPLACEMENT - 1);
        else if (is_escaped(c))
            json_text_put(json, "\\u%04x", (unsigned)c);
        else
            json_text_append(json, bytes + at, length);
    }
    json_text_append(json, "\"", 1);
}
