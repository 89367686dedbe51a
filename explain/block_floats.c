#include "explain/block_floats.h"

#include <math.h>

enum { BLOCK = 32, EXPONENT_BIAS = 32, DIGIT_BITS = 6, MOST_BITS = 12 };

static char digit(unsigned bits)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return digits[bits & 63];
}

/* The smallest x from -32 to 31 for which every round(|block[i]| * 2^(bits - 1 - x)) is less than 2^(bits - 1); 32 if
 * there is none. */
static int exponent_of(const float *block, size_t n, int bits)
{
    float largest = 0.0f;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(block[i]))
            return EXPONENT_BIAS;
        largest = fmaxf(largest, fabsf(block[i]));
    }
    int x;
    frexpf(largest, &x); /* largest < 2^x, but it may round to 2^x */
    if (largest == 0.0f || x < -EXPONENT_BIAS)
        x = -EXPONENT_BIAS;
    while (x < EXPONENT_BIAS && roundf(ldexpf(largest, bits - 1 - x)) >= ldexpf(1.0f, bits - 1))
        x++;
    return x;
}

static void put_block(json_text *json, const float *block, size_t n, int bits)
{
    char text[1 + BLOCK * MOST_BITS / DIGIT_BITS];
    size_t length = 0;
    int x = exponent_of(block, n, bits), n_held = 0;
    uint32_t held = 0; /* bits that do not fill a digit yet */
    if (x == EXPONENT_BIAS) {
        json->ok =
            json->ok && failure_set(json->why, "an activation is NaN or beyond 2^31, which the page cannot show");
        return;
    }
    text[length++] = digit((unsigned)(x + EXPONENT_BIAS));
    float scale = ldexpf(1.0f, bits - 1 - x);
    for (size_t i = 0; i < n; i++) {
        int32_t number = (int32_t)roundf(block[i] * scale);
        held = held << bits | ((uint32_t)number & ((1u << bits) - 1u));
        for (n_held += bits; n_held >= DIGIT_BITS; n_held -= DIGIT_BITS)
            text[length++] = digit(held >> (n_held - DIGIT_BITS));
    }
    if (n_held)
        text[length++] = digit(held << (DIGIT_BITS - n_held));
    json_text_append(json, text, length);
}

void block_floats_put(json_text *json, const float *data, size_t rows, size_t columns, int bits)
{
    json_text_append(json, "\"", 1);
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column += BLOCK)
            put_block(json, data + row * columns + column, columns - column < BLOCK ? columns - column : BLOCK, bits);
    json_text_append(json, "\"", 1);
}
