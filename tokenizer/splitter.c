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
    locale_t locale; /* for lower case; 0 if text is not changed */
};

#define WORD "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}" /* \w of UTS #18, annex C */

static const struct {
    const char *rule, *pattern;
} rules[] = {
    {"characters", "."},
    {"spaces", "\\S+"},
    {"words", "[" WORD "]+|[^" WORD "\\s]+"},
    {"marks", "[,.!?]?[^\\s,.!?]+|[,.!?]"},
};

static bool compile(splitter *s, const char *rule, failure *why)
{
    int error;
    size_t offset, i = 0;
    while (i < sizeof rules / sizeof *rules && strcmp(rules[i].rule, rule) != 0)
        i++;
    if (i == sizeof rules / sizeof *rules)
        return failure_set(
            why, "unknown tokenizer \"%.100s\", expected sentencepiece, characters, spaces, words or marks", rule);
    s->makes_words = i > 0;
    s->code = pcre2_compile((PCRE2_SPTR)rules[i].pattern, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL, &error, &offset, NULL);
    s->data = s->code ? pcre2_match_data_create_from_pattern(s->code, NULL) : NULL;
    return s->data || failure_memory(why, "the tokenizer");
}

splitter *splitter_open(const char *rule, bool lower_case, failure *why)
{
    splitter *s = calloc(1, sizeof *s);
    if (!s) {
        failure_memory(why, "the tokenizer");
        return NULL;
    }
    bool ok = compile(s, rule, why);
    if (ok && lower_case && !(s->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)))
        ok = failure_set(why, "the locale C.UTF-8 is missing, which lower case needs; it is part of libc-bin");
    if (!ok) {
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
    pcre2_code_free(s->code);
    free(s);
}

bool splitter_makes_words(const splitter *s)
{
    return s->makes_words;
}

static bool append_lower(text_buffer *lower, const splitter *s, const char *text, size_t size, failure *why)
{
    bool ok = true;
    for (size_t at = 0, length; at < size && ok; at += length) {
        char bytes[4];
        uint32_t c = utf8_next(text + at, size - at, &length);
        ok = text_append(lower, bytes, utf8_put(bytes, (uint32_t)towlower_l((wint_t)c, s->locale)), why);
    }
    return ok;
}

bool splitter_split(splitter *s, const char *text, size_t size, bool (*use)(void *user, const char *piece, size_t size),
                    void *user, failure *why)
{
    text_buffer lower = TEXT_EMPTY;
    bool ok = !s->locale || append_lower(&lower, s, text, size, why);
    if (s->locale) {
        text = lower.bytes;
        size = lower.size;
    }
    const size_t *range = pcre2_get_ovector_pointer(s->data);
    int found = 1;
    for (size_t at = 0; ok && found > 0; at = range[1]) {
        found = pcre2_match(s->code, (PCRE2_SPTR)text, size, at, PCRE2_NO_UTF_CHECK, s->data, NULL);
        ok = found > 0 ? use(user, text + range[0], range[1] - range[0])
                       : found == PCRE2_ERROR_NOMATCH || failure_set(why, "PCRE2 error %d in the tokenizer", found);
    }
    text_free(&lower);
    return ok;
}
