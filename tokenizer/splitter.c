#include "tokenizer/splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <locale.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "support/utf8.h"

struct splitter {
    bool makes_words;
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_code *final_sigma; /* for lower case as Python's; NULL for other rules */
    locale_t locale;         /* for lower case; 0 if text is not changed */
};

/* Classes of characters: \w of UTS #18, annex C; White_Space, which PCRE2's \s is not; and Python's str.isspace */
#define WORD "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}"
#define WHITE "\\x09-\\x0D \\x85\\xA0\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"
#define PYTHON_WHITE WHITE "\\x1C-\\x1F"
#define D2L_SPACE " \\xA0\\x{202F}"

static const struct {
    const char *rule, *pattern;
} rules[] = {
    {"characters", "."},
    {"spaces", "[^" PYTHON_WHITE "]+"},
    {"words", "[" WORD "]+|[^" WORD WHITE "]+"},
    {"marks", "[,.!?]?[^" D2L_SPACE ",.!?]+|[,.!?]"},
    {"bpe", "[^ ]+"},
    {"byte_bpe", "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" WHITE "\\p{L}\\p{N}]+"
                 "|[" WHITE "]+(?![^" WHITE "])|[" WHITE "]+"},
};

/* A capital sigma at the end of a word, after \K */
static const char final_sigma[] =
    "(?=\\p{Cased})\\P{Case_Ignorable}\\p{Case_Ignorable}*+\\K\\x{3A3}(?!\\p{Case_Ignorable}*+\\p{Cased})";

enum { COMPILE_OPTIONS = PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL };

static bool compile(splitter *s, const char *rule, failure *why)
{
    int error;
    size_t offset, i = 0;
    while (i < sizeof rules / sizeof *rules && strcmp(rules[i].rule, rule) != 0)
        i++;
    if (i == sizeof rules / sizeof *rules)
        return failure_set(
            why,
            "unknown tokenizer \"%.100s\", expected sentencepiece, characters, spaces, words, marks, bpe or byte_bpe",
            rule);
    s->makes_words = i > 0;
    s->code =
        pcre2_compile((PCRE2_SPTR)rules[i].pattern, PCRE2_ZERO_TERMINATED, COMPILE_OPTIONS, &error, &offset, NULL);
    s->data = s->code ? pcre2_match_data_create_from_pattern(s->code, NULL) : NULL;
    return s->data || failure_memory(why, "the tokenizer");
}

/* Prepares lower case: as Hugging Face's Lowercase with "words", as Python's str.lower otherwise. They differ in the
 * final sigma. */
static bool open_lower(splitter *s, bool as_python, failure *why)
{
    int error;
    size_t offset;
    s->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!s->locale)
        return failure_set(why, "the locale C.UTF-8, which lower-casing needs, is missing; install libc-bin");
    if (as_python)
        s->final_sigma =
            pcre2_compile((PCRE2_SPTR)final_sigma, PCRE2_ZERO_TERMINATED, COMPILE_OPTIONS, &error, &offset, NULL);
    return !as_python || s->final_sigma || failure_memory(why, "the tokenizer");
}

splitter *splitter_open(const char *rule, bool lower_case, failure *why)
{
    splitter *s = calloc(1, sizeof *s);
    if (!s) {
        failure_memory(why, "the tokenizer");
        return NULL;
    }
    if (!compile(s, rule, why) || (lower_case && !open_lower(s, strcmp(rule, "words") != 0, why))) {
        splitter_close(s);
        return NULL;
    }
    return s;
}

void splitter_close(splitter *s)
{
    if (!s)
        return;
    if (s->locale)
        freelocale(s->locale);
    pcre2_match_data_free(s->data);
    pcre2_code_free(s->final_sigma);
    pcre2_code_free(s->code);
    free(s);
}

bool splitter_makes_words(const splitter *s)
{
    return s->makes_words;
}

/* Index of the first final sigma of text [size] at or after `begin`, or size. */
static size_t next_final_sigma(const splitter *s, const char *text, size_t size, size_t begin)
{
    bool found = s->final_sigma &&
                 pcre2_match(s->final_sigma, (PCRE2_SPTR)text, size, begin, PCRE2_NO_UTF_CHECK, s->data, NULL) > 0;
    return found ? pcre2_get_ovector_pointer(s->data)[0] : size;
}

static bool append_lower(text_buffer *lower, const splitter *s, const char *text, size_t size, failure *why)
{
    bool ok = true;
    size_t sigma = next_final_sigma(s, text, size, 0);
    for (size_t at = 0, length; at < size && ok; at += length) {
        char bytes[6];
        uint32_t c = utf8_next(text + at, size - at, &length);
        size_t n = utf8_put(bytes, at == sigma ? 0x3C2 : (uint32_t)towlower_l((wint_t)c, s->locale));
        if (c == 0x130) /* İ, the one capital whose lower case is two characters */
            n += utf8_put(bytes + n, 0x307);
        if (at == sigma)
            sigma = next_final_sigma(s, text, size, at + length);
        ok = text_append(lower, bytes, n, why);
    }
    return ok;
}

bool splitter_find(const splitter *s, const char *text, size_t size,
                   bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why)
{
    const size_t *range = pcre2_get_ovector_pointer(s->data);
    int found;
    for (size_t at = 0;
         (found = pcre2_match(s->code, (PCRE2_SPTR)text, size, at, PCRE2_NO_UTF_CHECK, s->data, NULL)) > 0;) {
        size_t begin = range[0]; /* use may split another text, which overwrites the range */
        at = range[1];
        if (!use(user, text + begin, at - begin))
            return false;
    }
    return found == PCRE2_ERROR_NOMATCH || failure_set(why, "PCRE2 error %d in the tokenizer", found);
}

bool splitter_split(splitter *s, const char *text, size_t size, bool (*use)(void *user, const char *piece, size_t size),
                    void *user, failure *why)
{
    if (!s->locale)
        return splitter_find(s, text, size, use, user, why);
    text_buffer lower = TEXT_EMPTY;
    bool ok = append_lower(&lower, s, text, size, why) && splitter_find(s, lower.bytes, lower.size, use, user, why);
    text_free(&lower);
    return ok;
}
