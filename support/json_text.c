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

void json_text_string(json_text *json, const char *bytes, size_t size)
{
    text_buffer valid = TEXT_EMPTY;
    json->ok = json->ok && utf8_append_valid(&valid, bytes, size, json->why);
    json_text_append(json, "\"", 1);
    for (size_t i = 0; i < valid.size; i++) {
        unsigned char c = (unsigned char)valid.bytes[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == '<')
            json_text_put(json, "\\u%04x", c);
        else
            json_text_append(json, &valid.bytes[i], 1);
    }
    json_text_append(json, "\"", 1);
    text_free(&valid);
}
