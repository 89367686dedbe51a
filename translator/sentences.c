/* Splits text into sentences by rules and a list of abbreviations. */
#include "translator/sentences.h"

#include <string.h>

#include "support/utf8.h"

/* English and German abbreviations, lower-case: a full stop after one does not end the sentence. */
static const char *const abbreviations[] = {
    "mr",   "mrs",    "ms",  "dr",  "prof", "st",  "jr",  "sr",   "rev", "hon",  "gen", "col", "sgt", "lt",
    "capt", "mt",     "no",  "nr",  "vs",   "e.g", "i.e", "cf",   "fig", "vol",  "pp",  "ed",  "eds", "al",
    "ca",   "approx", "bzw", "d.h", "z.b",  "u.a", "usw", "evtl", "ggf", "inkl", "str", "hr",  "fr",  "frl"};

enum { LONGEST_WORD = 7 }; /* bytes of an abbreviation, at most */

static uint32_t code_point_at(const char *text, size_t size, size_t at, size_t *length)
{
    *length = 0;
    return at < size ? utf8_next(text + at, size - at, length) : 0;
}

static size_t skip_space(const char *text, size_t size, size_t at)
{
    size_t length;
    while (at < size && utf8_is_space(utf8_next(text + at, size - at, &length)))
        at += length;
    return at;
}

static bool is_wide_stop(uint32_t c) /* 。！？ */
{
    return c == 0x3002 || c == 0xFF01 || c == 0xFF1F;
}

static bool is_stop(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == 0x2026 || is_wide_stop(c);
}

static bool is_closer(uint32_t c) /* " ' ) ] } and the typographic quotes that close in some language */
{
    return c == '"' || c == '\'' || c == ')' || c == ']' || c == '}' || c == 0x2019 || c == 0x201D || c == 0x201C ||
           c == 0x2018 || c == 0x00BB || c == 0x00AB || c == 0x203A || c == 0x300D || c == 0xFF09;
}

static bool is_lower_case(uint32_t c) /* Latin, Greek and Cyrillic */
{
    return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7) || (c >= 0x3B1 && c <= 0x3C9) ||
           (c >= 0x430 && c <= 0x45F);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether a full stop after this word does not end the sentence. */
static bool keeps_going(const char *word, size_t size)
{
    char lower[LONGEST_WORD];
    if (size == 1 && is_ascii_letter(*word))
        return *word != 'I'; /* an initial; "I" is a word */
    if (size > 0 && size <= 2 && is_digit(word[0]) && is_digit(word[size - 1]))
        return true; /* an ordinal, or the number of a list item */
    if (size == 0 || size > sizeof lower)
        return false;
    for (size_t i = 0; i < size; i++)
        lower[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + 32 : word[i]);
    for (size_t i = 0; i < sizeof abbreviations / sizeof *abbreviations; i++)
        if (strlen(abbreviations[i]) == size && memcmp(abbreviations[i], lower, size) == 0)
            return true;
    return false;
}

/* Returns where the word of letters, digits and inner full stops that ends at `end` begins. Looks back only as far as
 * keeps_going needs. */
static size_t word_start(const char *text, size_t begin, size_t end)
{
    begin = end - begin > LONGEST_WORD ? end - LONGEST_WORD - 1 : begin;
    while (end > begin && (is_ascii_letter(text[end - 1]) || is_digit(text[end - 1]) || text[end - 1] == '.' ||
                           (unsigned char)text[end - 1] >= 0x80))
        end--;
    return end;
}

/* Whether the sentence ends with the stop at `at`. Sets *after to the byte after all stops and closing marks. */
static bool ends_at_stop(size_t *after, const char *text, size_t size, size_t begin, size_t at)
{
    size_t length, n_stops = 0, end = at;
    uint32_t stop = code_point_at(text, size, at, &length), c = stop;
    for (; is_stop(c); c = code_point_at(text, size, end, &length), n_stops++)
        end += length;
    for (; is_closer(c); c = code_point_at(text, size, end, &length))
        end += length;
    *after = end;
    if (end == size || is_wide_stop(stop))
        return true;
    if (!utf8_is_space(c))
        return false;
    size_t word = word_start(text, begin, at);
    if (stop == '.' && n_stops == 1 && keeps_going(text + word, at - word))
        return false;
    size_t next = skip_space(text, size, end);
    return !is_lower_case(code_point_at(text, size, next, &length));
}

bool sentences_trim(text_range *trimmed, const char *text, text_range range)
{
    size_t begin = skip_space(text, range.end, range.begin), end = begin, length;
    for (size_t at = begin; at < range.end; at += length)
        if (!utf8_is_space(utf8_next(text + at, range.end - at, &length)))
            end = at + length;
    *trimmed = (text_range){begin, end};
    return begin < end;
}

bool sentences_next(text_range *sentence, const char *text, size_t size, size_t start)
{
    size_t begin = skip_space(text, size, start), length;
    for (size_t at = begin; at < size;) {
        size_t after = at;
        if (is_stop(utf8_next(text + at, size - at, &length)) && ends_at_stop(&after, text, size, begin, at)) {
            *sentence = (text_range){begin, after};
            return true;
        }
        at = after > at ? after : at + length;
    }
    return sentences_trim(sentence, text, (text_range){begin, size});
}

static size_t distance(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

size_t sentences_middle(const char *text, text_range sentence)
{
    size_t size = sentence.end - sentence.begin, middle = sentence.begin + size / 2;
    size_t clause = 0, space = 0, character = 0, length;
    uint32_t before = 0;
    for (size_t at = sentence.begin; at < sentence.end; at += length) {
        uint32_t c = utf8_next(text + at, sentence.end - at, &length);
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
