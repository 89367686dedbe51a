#include "text/segments.h"

#include <string.h>

#include "support/utf8.h"
#include "text/letters.h"
#include "text/sentence_end.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_space(const char *line, size_t end, size_t at)
{
    size_t length;
    while (at < end && utf8_is_space(utf8_next(line + at, end - at, &length)))
        at += length;
    return at;
}

bool text_trim(byte_range *trimmed, const char *line, byte_range range)
{
    size_t begin = skip_space(line, range.end, range.begin), end = begin, length;
    for (size_t at = begin; at < range.end; at += length)
        if (!utf8_is_space(utf8_next(line + at, range.end - at, &length)))
            end = at + length;
    *trimmed = (byte_range){begin, end};
    return begin < end;
}

/* The first whole range that ends after byte `at`; NULL if there is none. */
static const byte_range *whole_after(const text_segments *s, size_t at)
{
    size_t low = 0, high = s->n_whole;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->whole[middle].end <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n_whole ? &s->whole[low] : NULL;
}

/* Whether a boundary before byte `at` would divide a whole range. */
static bool divides(const text_segments *s, size_t at)
{
    const byte_range *range = whole_after(s, at);
    return range && range->begin < at;
}

/* ---- table rows ---- */

/* The next separator at or after byte `at`, or the end of the line. Separators in double quotes, as in CSV, or in whole
 * ranges do not count. */
static size_t find_separator(const text_segments *s, char separator, size_t at)
{
    bool quoted = false;
    for (; at < s->size; at++) {
        quoted ^= s->line[at] == '"' && separator != '\t' && separator != '|';
        if (s->line[at] == separator && !quoted) {
            const byte_range *range = whole_after(s, at);
            if (!range || range->begin > at)
                return at;
        }
    }
    return at;
}

static bool is_in_number(const text_segments *s, size_t at)
{
    return at > 0 && at + 1 < s->size && is_digit(s->line[at - 1]) && is_digit(s->line[at + 1]);
}

/* Whether the line is a row of cells of a few words, between two or more commas or semicolons, none followed by a space
 * and not all inside numbers: "a,b,c", but not "1,250,000 people" or "came, saw, won". */
static bool is_compact_row(const text_segments *s, char separator)
{
    enum { MOST_SPACES = 4 };
    size_t n = 0, n_in_numbers = 0, n_spaces = 0, next = find_separator(s, separator, 0);
    for (size_t at = 0; at < s->size; at++) {
        n_spaces += s->line[at] == ' ';
        if (at == next) {
            if (at + 1 < s->size && s->line[at + 1] == ' ')
                return false;
            n++, n_in_numbers += is_in_number(s, at), n_spaces = 0;
            next = find_separator(s, separator, at + 1);
        } else if (n_spaces > MOST_SPACES)
            return false;
    }
    return n >= 2 && n_in_numbers < n && !strchr(".!?", s->line[s->size - 1]);
}

static char row_separator(const text_segments *s)
{
    size_t first = find_separator(s, '|', 0);
    return memchr(s->line, '\t', s->size)                                   ? '\t'
           : first < s->size && find_separator(s, '|', first + 1) < s->size ? '|'
           : is_compact_row(s, ';')                                         ? ';'
           : is_compact_row(s, ',')                                         ? ','
                                                                            : 0;
}

/* Whether the line is a time line of SubRip or WebVTT: 00:00:01,000 --> 00:00:04,000, perhaps with settings after it.
 */
static bool is_time_line(const char *line, size_t size)
{
    static const char arrow[] = " --> ";
    const char *found = size ? memmem(line, size, arrow, sizeof arrow - 1) : NULL;
    return found && is_digit(line[0]) && is_digit(found[-1]) && found + sizeof arrow - 1 < line + size &&
           is_digit(found[sizeof arrow - 1]);
}

void text_segments_start(text_segments *s, const char *line, size_t size, const byte_range *whole, size_t n_whole)
{
    *s = (text_segments){.line = line, .size = size, .whole = whole, .n_whole = n_whole};
    if (is_time_line(line, size))
        s->at = s->cell_end = size;
    else {
        s->separator = row_separator(s);
        s->cell_end = s->separator ? find_separator(s, s->separator, 0) : size;
    }
}

/* ---- list markers: each function returns the byte past what it skips, or `at` if there is nothing to skip ---- */

/* - * + > # = ~, dashes, bullets, arrows, ticks, shapes, emoji */
static bool is_bullet(uint32_t c)
{
    return (c < 0x80 && c && strchr("-*+>#=~", (int)c)) || c == 0xB7 || (c >= 0x2010 && c <= 0x2015) ||
           (c >= 0x2020 && c <= 0x2023) || c == 0x2043 || (c >= 0x2190 && c <= 0x21FF) ||
           (c >= 0x2300 && c <= 0x2BFF) || c == 0x30FB || c == 0xFE0F || (c >= 0x1F000 && c <= 0x1FBFF);
}

/* Skips ASCII characters of a set, at most `most` of them. */
static size_t skip_set(const char *line, size_t end, size_t at, const char *set, size_t most)
{
    for (size_t limit = at + most; at < end && at < limit && line[at] && strchr(set, line[at]);)
        at++;
    return at;
}

#define DIGITS "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Skips the number of a list item: 12, iv, b. */
static size_t skip_count(const char *line, size_t end, size_t at)
{
    static const char *const sets[] = {DIGITS, "ivx", "IVX", "abcdefgh", "ABCDEFGH"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        size_t after = skip_set(line, end, at, sets[i], i == 0 ? 3 : i < 3 ? 5 : 1);
        if (after > at)
            return after;
    }
    return at;
}

/* Skips a pattern, in which # is an item's number, 9 a number, A a capital, and anything else itself. Returns 0 if the
 * text does not match. */
static size_t match_label(const char *line, size_t end, size_t at, const char *pattern)
{
    for (; *pattern; pattern++) {
        const char itself[] = {*pattern, '\0'};
        size_t next = *pattern == '#'   ? skip_count(line, end, at)
                      : *pattern == '9' ? skip_set(line, end, at, DIGITS, 3)
                      : *pattern == 'A' ? skip_set(line, end, at, CAPITALS, 1)
                                        : skip_set(line, end, at, itself, 1);
        if (next == at)
            return 0;
        at = next;
    }
    return at;
}

/* Skips the label of a list item or heading, but not "1." as an ordinal ("3. Mai"), "A." as an initial ("J. R. R.
 * Tolkien") or "1.2", which may be an amount. */
static size_t skip_label(const char *line, size_t end, size_t at)
{
    static const char *const patterns[] = {"#)",    "(#)",    "[#]",     "[ ]", "9.9.",
                                           "9.9.9", "9.9.9.", "9.9.9.9", "A:",  "AA:"};
    size_t length, unused, label;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        label = match_label(line, end, at, patterns[i]);
        if (label && (label == end || utf8_is_space(utf8_next(line + label, end - label, &length))))
            return label;
    }
    label = match_label(line, end, at, "#.");
    if (!label)
        return at;
    bool counts = is_digit(line[at]) ? sentence_ends(&unused, line, end, at, label - 1)
                                     : !match_label(line, end, skip_space(line, end, label), "A.");
    return counts ? label : at;
}

/* Skips bullets, or an "o" used as a bullet. */
static size_t skip_bullets(const char *line, size_t end, size_t at)
{
    size_t length, after = at;
    while (after < end && is_bullet(utf8_next(line + after, end - after, &length)))
        after += length;
    return after == at && match_label(line, end, at, "o A") ? at + 1 : after;
}

/* Skips list markers and the white space around them, unless they end inside a whole range. */
static size_t skip_markers(const text_segments *s, size_t at)
{
    for (;;) {
        at = skip_space(s->line, s->cell_end, at);
        size_t bullets = skip_bullets(s->line, s->cell_end, at);
        size_t marker = bullets > at ? bullets : skip_label(s->line, s->cell_end, at);
        size_t next = skip_space(s->line, s->cell_end, marker);
        if (marker == at || (next == marker && marker < s->cell_end) || divides(s, marker))
            return at;
        at = next;
    }
}

/* ---- sentences ---- */

/* The end of the sentence at byte `begin`: past its stop, or the end of the cell. */
static size_t find_end(const text_segments *s, size_t begin)
{
    size_t length;
    for (size_t at = begin; at < s->cell_end;) {
        size_t after = at;
        if (sentence_is_stop(utf8_next(s->line + at, s->cell_end - at, &length)) &&
            sentence_ends(&after, s->line, s->cell_end, begin, at) && !divides(s, after))
            return after;
        at = after > at ? after : at + length;
    }
    return s->cell_end;
}

bool text_segments_next(byte_range *sentence, text_segments *s)
{
    for (;;) {
        for (s->at = skip_markers(s, s->at); s->at < s->cell_end; s->at = skip_markers(s, s->at)) {
            byte_range found = {s->at, find_end(s, s->at)};
            s->at = found.end;
            if (letter_in(s->line, found.begin, found.end))
                return text_trim(sentence, s->line, found);
        }
        if (s->cell_end == s->size)
            return false;
        s->at = s->cell_end + 1;
        s->cell_end = find_separator(s, s->separator, s->at);
    }
}

/* ---- long sentences ---- */

static size_t distance(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

size_t text_middle(const char *line, byte_range sentence)
{
    size_t size = sentence.end - sentence.begin, middle = sentence.begin + size / 2;
    size_t clause = 0, space = 0, character = 0, length;
    uint32_t before = 0;
    for (size_t at = sentence.begin; at < sentence.end; at += length) {
        uint32_t c = utf8_next(line + at, sentence.end - at, &length);
        bool inner = distance(at, middle) <= size / 4;
        if (inner && utf8_is_space(c) && !utf8_is_space(before)) {
            bool mark = before == ',' || before == ';' || before == ':' || before == 0x2013 || before == 0x2014;
            if (mark && (!clause || distance(at, middle) < distance(clause, middle)))
                clause = at;
            if (!space || distance(at, middle) < distance(space, middle))
                space = at;
        }
        if (at > sentence.begin && (!character || distance(at, middle) < distance(character, middle)))
            character = at;
        before = c;
    }
    return clause ? clause : space ? space : character;
}
