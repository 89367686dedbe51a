#include "text/sentence_end.h"

#include <string.h>

#include "support/utf8.h"
#include "text/letters.h"
#include "text/words.inc"

enum { WORD_SIZE = 18, LONGEST_WORD = 48 }; /* bytes of a listed word, spaces included; bytes read of any word */

/* A text with a sentence that begins at byte `begin`. */
typedef struct {
    const char *text;
    size_t begin, size;
} passage;

/* Bytes begin … end - 1. */
typedef struct {
    size_t begin, end, n_characters;
    bool small, capital, is_number; /* its first letter is lower-case; is a capital; it has only digits */
    char listed[WORD_SIZE];         /* as in words.inc, " word "; empty if it is too long for the lists */
} word;

/* The stops after a word. */
typedef struct {
    size_t n, end, after; /* end: past the stops; after: past closing quotes and brackets too */
    uint32_t last;
    bool sure; /* one of them always ends a sentence */
} stops;

/* ---- characters ---- */

static bool is_one_of(uint32_t c, const char *set)
{
    size_t length, left = strlen(set);
    for (; left > 0; set += length, left -= length)
        if (utf8_next(set, left, &length) == c)
            return true;
    return false;
}

static const char quotes[] = "\"'‘’‚‛“”„‟«»‹›";
static const char closing_brackets[] = ")]}」』）¹²³"; /* and footnotes */
static const char opening_marks[] = "([{¡¿-–—";
static const char sure_stops[] = "。！？｡।॥؟۔"; /* Chinese, Japanese, Hindi, Arabic, Urdu */

bool sentence_is_stop(uint32_t c)
{
    return c < 0x80 ? c == '.' || c == '!' || c == '?' : is_one_of(c, "…‼⁇⁈⁉") || is_one_of(c, sure_stops);
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_small(uint32_t c)
{
    return letter_upper(c) != c;
}

static bool is_capital(uint32_t c)
{
    return letter_lower(c) != c;
}

/* The character at byte `at`; 0 at the end. */
static uint32_t character(const passage *p, size_t at)
{
    size_t length;
    return at < p->size ? utf8_next(p->text + at, p->size - at, &length) : 0;
}

static size_t next_at(const passage *p, size_t at)
{
    size_t length;
    utf8_next(p->text + at, p->size - at, &length);
    return at + length;
}

static size_t skip_space(const passage *p, size_t at)
{
    while (at < p->size && utf8_is_space(character(p, at)))
        at = next_at(p, at);
    return at;
}

/* ---- stops ---- */

/* The byte past the reference at byte `at`, such as [12]; `at` if there is none. */
static size_t skip_reference(const passage *p, size_t at)
{
    size_t end = at + 1;
    while (is_digit(character(p, end)))
        end++;
    return character(p, at) == '[' && end > at + 1 && character(p, end) == ']' ? end + 1 : at;
}

/* The byte past the closing quote or bracket at byte `at`; `at` if there is none. “ and ‘ close in German, but not
 * before a letter. In French, » has white space on both sides. */
static size_t skip_closer(const passage *p, size_t at)
{
    uint32_t c = character(p, at);
    size_t spaced = skip_space(p, at);
    if (spaced > at)
        return character(p, spaced) == 0xBB && utf8_is_space(character(p, spaced + 2)) ? spaced + 2 : at;
    if (is_one_of(c, "“‘") && letter_is(character(p, next_at(p, at))))
        return at;
    return is_one_of(c, quotes) || is_one_of(c, closing_brackets) ? next_at(p, at) : skip_reference(p, at);
}

static stops read_stops(const passage *p, size_t at)
{
    stops s = {.end = at};
    for (uint32_t c; sentence_is_stop(c = character(p, s.end)); s.end = next_at(p, s.end), s.n++) {
        s.last = c;
        s.sure |= is_one_of(c, sure_stops);
    }
    s.after = s.end;
    for (size_t next; (next = skip_closer(p, s.after)) > s.after;)
        s.after = next;
    return s;
}

/* ---- words ---- */

static word read_word(const passage *p, size_t begin, size_t end)
{
    word w = {.begin = begin, .end = end};
    if (begin == end)
        return w;
    w.small = is_small(character(p, begin)), w.capital = is_capital(character(p, begin)), w.is_number = true;
    for (size_t at = begin; at < end; at = next_at(p, at), w.n_characters++)
        w.is_number &= is_digit(character(p, at));
    if (end - begin > sizeof w.listed - 3)
        return w;
    w.listed[0] = w.listed[end - begin + 1] = ' ';
    for (size_t i = begin; i < end; i++) {
        char c = p->text[i];
        w.listed[i - begin + 1] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return w;
}

static bool is_in_word(uint32_t c)
{
    return is_digit(c) || letter_is(c);
}

/* The word of letters and digits that starts at byte `begin`. */
static word word_at(const passage *p, size_t begin)
{
    size_t end = begin;
    while (end < begin + LONGEST_WORD && is_in_word(character(p, end)))
        end = next_at(p, end);
    return read_word(p, begin, end);
}

static bool may_precede_a_word(uint32_t c)
{
    return utf8_is_space(c) || is_one_of(c, quotes) || is_one_of(c, opening_marks);
}

/* The first word at or after byte `at`, past white space, opening quotes and brackets, and dashes. */
static word next_word(const passage *p, size_t at)
{
    while (may_precede_a_word(character(p, at)))
        at = next_at(p, at);
    return word_at(p, at);
}

/* The word of letters, digits and inner full stops that ends at byte `end`; of a very long one, the last bytes. */
static word word_before(const passage *p, size_t end)
{
    size_t begin = end - p->begin > LONGEST_WORD ? end - LONGEST_WORD : p->begin;
    for (size_t at = begin, next; at < end; at = next) {
        uint32_t c = character(p, at);
        next = next_at(p, at);
        if (!is_in_word(c) && (c != '.' || at == begin))
            begin = next;
    }
    return read_word(p, begin, end);
}

/* The word before another one. */
static word word_before_word(const passage *p, const word *w)
{
    size_t end = w->begin;
    while (end > p->begin && p->text[end - 1] == ' ')
        end--;
    return word_before(p, end);
}

static bool is_in(const char *list, const word *w)
{
    return *w->listed && strstr(list, w->listed);
}

static bool is_starter(const word *w)
{
    return is_in(starters, w) || is_in(capital_starters, w);
}

/* U.S, p.m, J.R.R: single letters with stops between them. */
static bool is_dotted(const passage *p, const word *w)
{
    size_t n = 0;
    for (size_t at = w->begin; at < w->end; at = next_at(p, at), n++)
        if (n % 2 ? p->text[at] != '.' : !letter_is(character(p, at)))
            return false;
    return n > 1;
}

static bool is_abbreviation(const passage *p, const word *w)
{
    return w->n_characters == 1 || is_in(before_a_name, w) || is_in(after_a_name, w) || is_in(after_a_list, w) ||
           is_dotted(p, w);
}

/* ---- decisions ---- */

/* Whether a number and a full stop are an ordinal: 3. Mai, im 19. Jahrhundert, 24. 12. 2003. */
static bool is_ordinal(const passage *p, const word *number, const word *next)
{
    word article = word_before_word(p, number);
    if (number->n_characters <= 2 && (next->is_number || is_in(after_an_ordinal, next)))
        return true;
    return number->n_characters <= 3 && is_in(before_an_ordinal, &article) && next->capital && !is_starter(next);
}

/* Whether a letter and a full stop are an initial or an abbreviation: J. R. R. Tolkien, z. B., p. 7, but not "plan B.".
 */
static bool is_initial(const passage *p, const word *letter, const word *next)
{
    word noun = word_before_word(p, letter);
    if (next->n_characters == 1 && character(p, next->end) == '.')
        return true;
    if (letter->small)
        return next->is_number || (noun.end > noun.begin && p->text[noun.end - 1] == '.');
    return !is_starter(next) && strcmp(letter->listed, " i ") != 0 && !is_in(before_a_letter, &noun);
}

/* Whether the sentence continues after a word and a full stop, where `next` does not begin with a lower-case letter. */
static bool continues(const passage *p, const word *before, const word *next)
{
    if (before->is_number)
        return is_ordinal(p, before, next);
    if (before->n_characters == 1)
        return is_initial(p, before, next);
    if (is_in(before_a_number, before) && next->is_number)
        return true;
    bool dotted = is_dotted(p, before), introduces = is_in(before_a_name, before);
    if (introduces && (before->capital || dotted)) /* Mr., e.g. */
        return true;
    bool capital = before->capital && is_in(capital_before_a_name, before);
    return (introduces || dotted || capital || is_in(after_a_name, before)) && !is_starter(next);
}

/* Whether `next`, which begins with a lower-case letter, starts a sentence after stops without a closing quote:
 * "iPhone", "is it? yes", "I left. it was late", and any word if the sentence before it began with a lower-case letter
 * too. */
static bool starts_small(const passage *p, const stops *s, const word *before, const word *next)
{
    if (is_capital(character(p, next_at(p, next->begin))))
        return true;
    if (s->last == '?' || (s->last == '!' && s->n > 1))
        return before->n_characters > 0 && !is_in(of_speech, next);
    if (s->n > 1 || (s->last != '!' && (s->last != '.' || is_abbreviation(p, before))))
        return false;
    return is_in(starters, next) || is_small(character(p, p->begin));
}

/* Whether a quotation and the words after it are one sentence: "Stop!" Anna cried. */
static bool is_quotation(const passage *p, const stops *s, const word *next)
{
    word verb = next_word(p, next->end);
    return s->after > s->end && is_in(of_speech, &verb);
}

/* Whether a sentence ends at stops without white space after them: "is open.Please come", but not "Node.js", "Ph.D." or
 * "Mr.Smith". */
static bool ends_without_space(const passage *p, const stops *s, const word *before)
{
    word next = word_at(p, s->after);
    uint32_t past = character(p, next.end), after_past = past == '.' ? character(p, next.end + 1) : 0;
    bool name = is_one_of(past, "(/_@=-") || (past == '.' && (next.n_characters == 1 || letter_is(after_past)));
    if (!next.capital || is_capital(character(p, next_at(p, next.begin))) || name)
        return false;
    if (s->n > 1 || s->last != '.')
        return true;
    if (is_starter(&next))
        return before->n_characters > 0 && !is_abbreviation(p, before);
    bool dotted = memchr(p->text + before->begin, '.', before->end - before->begin);
    uint32_t last = before->n_characters > 1 ? (unsigned char)p->text[before->end - 1] : 0;
    return !dotted && !is_in(before_a_name, before) && (last >= 0x80 || is_small(last));
}

bool sentence_ends(size_t *after, const char *text, size_t size, size_t begin, size_t at)
{
    passage p = {text, begin, size};
    stops s = read_stops(&p, at);
    *after = s.after;
    if (s.after == size || s.sure)
        return true;
    word before = word_before(&p, at), next = next_word(&p, s.after);
    if (!utf8_is_space(character(&p, s.after)))
        return ends_without_space(&p, &s, &before);
    if (next.small)
        return s.after == s.end && starts_small(&p, &s, &before, &next);
    if (s.n == 1 && s.last == '.')
        return !continues(&p, &before, &next);
    return !is_quotation(&p, &s, &next);
}
