#include "text/letters.h"

#include "support/utf8.h"

/* Whether a code point beyond ASCII is punctuation, a symbol, an emoji or a modifier of one. */
static bool is_sign(uint32_t c)
{
    return (c < 0xC0 && c != 0xAA && c != 0xB5 && c != 0xBA) || c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c < 0x2C00) ||
           (c >= 0x2E00 && c < 0x3040 && c != 0x3005) || (c >= 0xFE00 && c < 0xFE50) || (c >= 0xFF00 && c < 0xFF10) ||
           (c >= 0xFFE0 && c < 0x10000) || (c >= 0x1F000 && c < 0x20000) || c >= 0xE0000;
}

bool letter_is(uint32_t c)
{
    return c < 0x80 ? (c | 0x20) >= 'a' && (c | 0x20) <= 'z' : !is_sign(c) && !utf8_is_space(c);
}

bool letter_in(const char *text, size_t begin, size_t end)
{
    for (size_t length; begin < end; begin += length)
        if (letter_is(utf8_next(text + begin, end - begin, &length)))
            return true;
    return false;
}

/* Capitals first … last, and the distance to their lower-case letters. Where it is 1, the two alternate. */
static const struct {
    uint32_t first, last, distance;
} capitals[] = {
    {'A', 'Z', 32},      {0xC0, 0xD6, 32},    {0xD8, 0xDE, 32},   {0x100, 0x12E, 1},  {0x132, 0x136, 1},
    {0x139, 0x147, 1},   {0x14A, 0x176, 1},   {0x179, 0x17D, 1},  {0x1CD, 0x1DB, 1},  {0x1DE, 0x1EE, 1},
    {0x1F8, 0x21E, 1},   {0x222, 0x232, 1},   {0x386, 0x386, 38}, {0x388, 0x38A, 37}, {0x38C, 0x38C, 64},
    {0x38E, 0x38F, 63},  {0x391, 0x3A1, 32},  {0x3A3, 0x3AB, 32}, {0x400, 0x40F, 80}, {0x410, 0x42F, 32},
    {0x460, 0x480, 1},   {0x48A, 0x4BE, 1},   {0x4C1, 0x4CD, 1},  {0x4D0, 0x52E, 1},  {0x531, 0x556, 48},
    {0x1E00, 0x1E94, 1}, {0x1EA0, 0x1EFE, 1},
};

uint32_t letter_lower(uint32_t c)
{
    if (c == 0x178) /* Ÿ */
        return 0xFF;
    for (size_t i = 0; i < sizeof capitals / sizeof *capitals && c >= capitals[i].first; i++)
        if (c <= capitals[i].last && (capitals[i].distance > 1 || (c - capitals[i].first) % 2 == 0))
            return c + capitals[i].distance;
    return c;
}

uint32_t letter_upper(uint32_t c)
{
    if (c == 0xFF)
        return 0x178;
    if (c == 0x3C2) /* ς, at the end of a word */
        return 0x3A3;
    for (size_t i = 0; i < sizeof capitals / sizeof *capitals; i++) {
        uint32_t capital = c - capitals[i].distance;
        if (capital >= capitals[i].first && capital <= capitals[i].last && letter_lower(capital) == c)
            return capital;
    }
    return c;
}
