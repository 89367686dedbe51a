#include "text/letter_case.h"

#include <stdint.h>
#include <string.h>

#include "support/utf8.h"
#include "text/letters.h"

/* Lists of words between spaces. */
static const char acronyms[] =
    " AIDS API ASAP ATM BBC BMW CEO CIA CNN COVID CPU DIY DNA DVD EU FAQ FBI FIFA GDP GPS HIV IBM IKEA "
    "NASA NASDAQ NATO NGO OPEC PC PDF PIN RAM RNA SAP SIM SMS SWAT TV UEFA UK UN UNESCO UNICEF US USA "
    "USB VAT VIP WHO WWW ";
static const char function_words[] =
    " A An And Are As At Be Can Do Does For From Has Have How Is It Its My Not Of On Or Our So "
    "That The Their This To Was We Were What When Where Who Why Will With You Your In By ";

/* Letters, digits and the apostrophes between them. */
typedef struct {
    size_t begin, end;
    size_t n_letters, n_capitals, n_small;
    bool has_digits, begins_with_capital;
} word;

static bool is_listed(const char *list, const char *text, word w)
{
    char wanted[16] = " ";
    size_t size = w.end - w.begin;
    if (size + 3 > sizeof wanted)
        return false;
    memcpy(wanted + 1, text + w.begin, size);
    memcpy(wanted + 1 + size, " ", 2);
    return strstr(list, wanted) != NULL;
}

/* The end of the span that begins at byte `at`, or `at` if there is none. Sets *span to the number of spans before it.
 */
static size_t skip_span(const text_span_list *spans, size_t *span, size_t at)
{
    while (*span < spans->n && spans->at[*span].begin < at)
        ++*span;
    return *span < spans->n && spans->at[*span].begin == at ? spans->at[*span].end : at;
}

/* Sets *w to the next word at or after w->end, outside the spans. Returns false at the end of the text. */
static bool next_word(word *w, const char *text, size_t size, const text_span_list *spans, size_t *span)
{
    size_t at = w->end, length;
    *w = (word){.begin = at, .end = at};
    for (; at < size; at += length) {
        size_t end = skip_span(spans, span, at);
        uint32_t c = utf8_next(text + at, size - at, &length);
        bool is_digit = c >= '0' && c <= '9', is_apostrophe = c == '\'' || c == 0x2019;
        if (end > at || (!letter_is(c) && !is_digit && !(is_apostrophe && w->n_letters))) {
            length = end > at ? end - at : length;
            if (w->n_letters)
                return true;
            w->begin = at + length;
            w->has_digits = false;
            continue;
        }
        if (w->n_letters == 0)
            w->begins_with_capital = letter_lower(c) != c;
        w->n_letters += letter_is(c);
        w->n_capitals += letter_lower(c) != c;
        w->n_small += letter_upper(c) != c;
        w->has_digits |= is_digit;
        w->end = at + length;
    }
    return w->n_letters > 0;
}

letter_case text_letter_case(const char *text, size_t size, const text_span_list *spans)
{
    size_t span = 0, n_words = 0, n_capitals = 0, n_long = 0, n_titled = 0, n_function_words = 0;
    bool has_small = false;
    for (word w = {0}; next_word(&w, text, size, spans, &span);) {
        bool is_word = w.n_capitals == w.n_letters && !w.has_digits && !is_listed(acronyms, text, w);
        has_small |= w.n_small > 0;
        n_words++;
        n_capitals += is_word && w.n_letters >= 2;
        n_long += is_word && w.n_letters >= 4;
        n_titled += w.begins_with_capital && w.n_capitals == 1;
        n_function_words += n_words > 1 && is_listed(function_words, text, w);
    }
    if (!has_small)
        return n_capitals >= 2 || (n_words == 1 && n_long == 1) ? CASE_CAPITALS : CASE_ORDINARY;
    return n_words >= 3 && n_titled == n_words && n_function_words > 0 ? CASE_TITLE : CASE_ORDINARY;
}

void text_to_sentence_case(char *text, size_t size, const text_span_list *spans)
{
    size_t span = 0, length;
    bool is_first = true;
    for (word w = {0}; next_word(&w, text, size, spans, &span); is_first = false) {
        bool is_i =
            text[w.begin] == 'I' && (w.n_letters == 1 || text[w.begin + 1] == '\'' || text[w.begin + 1] == '\xE2');
        if (w.has_digits || is_listed(acronyms, text, w))
            continue;
        for (size_t at = w.begin; at < w.end; at += length) {
            uint32_t c = utf8_next(text + at, w.end - at, &length);
            if (at > w.begin || !(is_first || is_i))
                utf8_put(text + at, letter_lower(c));
        }
    }
}

void text_to_capitals(char *text, size_t size)
{
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t c = utf8_next(text + at, size - at, &length);
        if (c == 0xDF)
            text[at] = text[at + 1] = 'S';
        else if (c != UTF8_INVALID)
            utf8_put(text + at, letter_upper(c)); /* as long: see letters.h */
    }
}
