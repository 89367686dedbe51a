#include "text/normalize.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/utf8.h"
#include "text/letters.h"

typedef enum { KEEP, DROP, DROP_JOINER, SPACE, HYPHEN, APOSTROPHE } treatment;

/* Code points first … last. */
static const struct {
    uint32_t first, last;
    treatment treatment;
} table[] = {
    {0x60, 0x60, APOSTROPHE},      /* ` */
    {0xA0, 0xA0, SPACE},           /* no-break space */
    {0xAD, 0xAD, DROP},            /* soft hyphen */
    {0xB4, 0xB4, APOSTROPHE},      /* ´ */
    {0x2B9, 0x2B9, APOSTROPHE},    /* ʹ modifier prime */
    {0x2BB, 0x2BD, APOSTROPHE},    /* ʻ ʼ ʽ modifier commas */
    {0x61C, 0x61C, DROP},          /* Arabic letter mark */
    {0x1680, 0x1680, SPACE},       /* Ogham space mark */
    {0x2000, 0x200A, SPACE},       /* spaces of all widths */
    {0x200B, 0x200D, DROP_JOINER}, /* zero-width space, non-joiner, joiner */
    {0x200E, 0x200F, DROP},        /* marks of direction */
    {0x2010, 0x2011, HYPHEN},      /* hyphen, no-break hyphen */
    {0x2018, 0x2018, APOSTROPHE},  /* ‘ */
    {0x201B, 0x201B, APOSTROPHE},  /* ‛ */
    {0x2028, 0x2029, SPACE},       /* line and paragraph separator */
    {0x202A, 0x202E, DROP},        /* embeddings and overrides of direction */
    {0x202F, 0x202F, SPACE},       /* narrow no-break space */
    {0x2032, 0x2032, APOSTROPHE},  /* ′ prime */
    {0x205F, 0x205F, SPACE},       /* mathematical space */
    {0x2060, 0x2064, DROP},        /* word joiner, invisible operators */
    {0x2066, 0x206F, DROP},        /* isolates of direction */
    {0x2212, 0x2212, HYPHEN},      /* − minus */
    {0x3000, 0x3000, SPACE},       /* ideographic space */
    {0xFEFF, 0xFEFF, DROP},        /* byte order mark */
    {0xFF07, 0xFF07, APOSTROPHE},  /* ＇ */
};

static treatment look_up(uint32_t c)
{
    for (size_t i = 0; i < sizeof table / sizeof *table && c >= table[i].first; i++)
        if (c <= table[i].last)
            return table[i].treatment;
    return KEEP;
}

/* The first code point at or after `at` that is not dropped; a space at the end. */
static uint32_t code_point_after(const char *text, size_t size, size_t at)
{
    for (size_t length; at < size; at += length) {
        uint32_t c = utf8_next(text + at, size - at, &length);
        if (look_up(c) != DROP && look_up(c) != DROP_JOINER)
            return c;
    }
    return ' ';
}

/* The normal form of code point c, which ends before text[after] and follows `last`; NULL for c itself. */
static const char *replacement(uint32_t c, uint32_t last, const char *text, size_t size, size_t after)
{
    if (c == UTF8_INVALID || c == 0)
        return UTF8_REPLACEMENT;
    switch (look_up(c)) {
    case KEEP: break;
    case DROP: return "";
    case DROP_JOINER: return last < 0x590 ? "" : NULL; /* Arabic, Indic scripts and emoji need them */
    case SPACE: return " ";
    case HYPHEN: return "-";
    case APOSTROPHE: return letter_is(last) && letter_is(code_point_after(text, size, after)) ? "'" : NULL;
    }
    return NULL;
}

void text_normalized_free(normalized_text *normalized)
{
    text_free(&normalized->text);
    free(normalized->origin);
    *normalized = (normalized_text){0};
}

bool text_is_normal(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == 0 || c == '`' || c == 0xC2 || c == 0xCA || c == 0xD8 || (c >= 0xE1 && c <= 0xE3) || c == 0xEF)
            return false; /* the table's first bytes in UTF-8 */
    }
    return utf8_is_valid(text, size);
}

bool text_normalize(normalized_text *normalized, const char *text, size_t size, failure *why)
{
    text_buffer *out = &normalized->text;
    out->size = 0;
    size_t *origin = array_reserve(normalized->origin, &normalized->capacity, 3 * size + 1, sizeof *origin,
                                   "normalizing text", why); /* U+FFFD takes three bytes, perhaps for one */
    if (!origin)
        return false;
    normalized->origin = origin;
    if (!text_append(out, "", 0, why)) /* so that out->bytes is not NULL */
        return false;
    uint32_t last = ' ';
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t c = utf8_next(text + at, size - at, &length);
        const char *bytes = replacement(c, last, text, size, at + length);
        size_t n = bytes ? strlen(bytes) : length;
        for (size_t i = 0; i < n; i++)
            origin[out->size + i] = bytes ? at : at + i;
        if (!text_append(out, bytes ? bytes : text + at, n, why))
            return false;
        if (n > 0)
            last = !bytes ? c : (unsigned char)*bytes < 0x80 ? (unsigned char)*bytes : ' '; /* U+FFFD is not a letter */
    }
    origin[out->size] = size;
    return true;
}
