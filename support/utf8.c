/* Decodes and sanitizes UTF-8. text/ normalizes it and changes its case. */
#include "support/utf8.h"

uint32_t utf8_next(const char *bytes, size_t size, size_t *length)
{
    const unsigned char *b = (const unsigned char *)bytes;
    *length = 1;
    if (b[0] < 0x80)
        return b[0];
    size_t n = b[0] >= 0xC2 && b[0] <= 0xDF ? 2 : (b[0] & 0xF0) == 0xE0 ? 3 : b[0] >= 0xF0 && b[0] <= 0xF4 ? 4 : 0;
    if (n == 0)
        return UTF8_INVALID;
    /* The range of the second byte excludes overlong forms, surrogates, and code points above U+10FFFF. */
    unsigned lowest = b[0] == 0xE0 ? 0xA0 : b[0] == 0xF0 ? 0x90 : 0x80;
    unsigned highest = b[0] == 0xED ? 0x9F : b[0] == 0xF4 ? 0x8F : 0xBF;
    uint32_t code_point = b[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++, lowest = 0x80, highest = 0xBF) {
        if (i >= size || b[i] < lowest || b[i] > highest)
            return UTF8_INVALID;
        code_point = code_point << 6 | (b[i] & 0x3Fu);
        *length = i + 1;
    }
    return code_point;
}

size_t utf8_put(char bytes[4], uint32_t c)
{
    if (c < 0x80) {
        bytes[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)((0xF00 >> n & 0xFF) | c);
    return n;
}

bool utf8_is_valid(const char *bytes, size_t size)
{
    size_t length;
    for (size_t at = 0; at < size; at += length)
        if (utf8_next(bytes + at, size - at, &length) == UTF8_INVALID)
            return false;
    return true;
}

static bool ends_line(uint32_t c)
{
    return (c >= '\n' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_control(uint32_t c)
{
    return (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0);
}

static const utf8_shown replacement = {UTF8_REPLACEMENT, sizeof UTF8_REPLACEMENT - 1};

/* Embeddings, overrides and isolates, which change the order in which the characters after them are shown. */
static bool changes_order(uint32_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static utf8_shown on_one_line(uint32_t c, const char *bytes, size_t length)
{
    return ends_line(c)                         ? (utf8_shown){" ", 1}
           : c == UTF8_INVALID || is_control(c) ? replacement
                                                : (utf8_shown){bytes, length};
}

utf8_shown utf8_show(const char *bytes, size_t size, size_t *length)
{
    uint32_t c = utf8_next(bytes, size, length);
    return changes_order(c) ? replacement : on_one_line(c, bytes, *length);
}

bool utf8_append_line(text_buffer *text, const char *bytes, size_t size, failure *why)
{
    size_t length;
    for (size_t at = 0; at < size; at += length) {
        uint32_t c = utf8_next(bytes + at, size - at, &length);
        utf8_shown shown = on_one_line(c, bytes + at, length);
        if (!text_append(text, shown.bytes, shown.size, why))
            return false;
    }
    return true;
}

bool utf8_append_valid(text_buffer *text, const char *bytes, size_t size, failure *why)
{
    size_t length;
    for (size_t at = 0; at < size; at += length) {
        uint32_t c = utf8_next(bytes + at, size - at, &length);
        utf8_shown valid = c == UTF8_INVALID || c == 0 ? replacement : (utf8_shown){bytes + at, length};
        if (!text_append(text, valid.bytes, valid.size, why))
            return false;
    }
    return true;
}

bool utf8_is_space(uint32_t c)
{
    return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
