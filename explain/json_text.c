#include "explain/json_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "support/utf8.h"

enum { BLOCK = 32, EXPONENT_BIAS = 32, DIGIT_BITS = 6 };

static void append(json_text *json, const char *bytes, size_t size)
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
    append(json, printed, size < (int)sizeof printed ? (size_t)size : sizeof printed - 1);
}

void json_text_append(json_text *json, const json_text *part)
{
    append(json, part->text.bytes, part->text.size);
}

void json_text_string(json_text *json, const char *bytes, size_t size)
{
    text_buffer valid = TEXT_EMPTY;
    json->ok = json->ok && utf8_append_valid(&valid, bytes, size, json->why);
    append(json, "\"", 1);
    for (size_t i = 0; i < valid.size; i++) {
        unsigned char c = (unsigned char)valid.bytes[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == '<')
            json_text_put(json, "\\u%04x", c);
        else
            append(json, &valid.bytes[i], 1);
    }
    append(json, "\"", 1);
    text_free(&valid);
}

static void put_digit(json_text *json, unsigned digit)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    append(json, &digits[digit & 63], 1);
}

/* The least x from -32 to 31 with which all round(block[i] * 2^(bits - 1 - x)) lie within bits - 1 bits; 32 when there
 * is none. */
static int exponent_of(const float *block, size_t n, int bits)
{
    int x = -EXPONENT_BIAS;
    for (size_t i = 0; i < n; i++)
        while (x < EXPONENT_BIAS && !(roundf(ldexpf(fabsf(block[i]), bits - 1 - x)) < ldexpf(1.0f, bits - 1)))
            x++;
    return x;
}

static void put_block(json_text *json, const float *block, size_t n, int bits)
{
    int x = exponent_of(block, n, bits), n_held = 0;
    uint32_t held = 0; /* bits that do not fill a digit yet */
    if (x == EXPONENT_BIAS) {
        json->ok = json->ok && failure_set(json->why, "found an activation beyond 2^31, or one that is not a number; "
                                                      "expected what a page can show");
        return;
    }
    put_digit(json, (unsigned)(x + EXPONENT_BIAS));
    for (size_t i = 0; i < n; i++) {
        int32_t number = (int32_t)roundf(ldexpf(block[i], bits - 1 - x));
        held = held << bits | ((uint32_t)number & ((1u << bits) - 1u));
        for (n_held += bits; n_held >= DIGIT_BITS; n_held -= DIGIT_BITS)
            put_digit(json, held >> (n_held - DIGIT_BITS));
    }
    if (n_held)
        put_digit(json, held << (DIGIT_BITS - n_held));
}

void json_text_numbers(json_text *json, const float *data, size_t rows, size_t columns, int bits)
{
    append(json, "\"", 1);
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column += BLOCK)
            put_block(json, data + row * columns + column, columns - column < BLOCK ? columns - column : BLOCK, bits);
    append(json, "\"", 1);
}
