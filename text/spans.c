#include "text/spans.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "support/buffer.h"
#include "support/utf8.h"
#include "text/letters.h"

typedef struct {
    span_kind kind;
    const char *pattern;
} rule;

#include "text/span_rules.inc"

/* ---- compiling ---- */

struct text_span_finder {
    pcre2_code *lines, *spans;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

#define TEXT(literal) (literal), sizeof(literal) - 1
#define RULES(table) (table), sizeof(table) / sizeof *(table)

/* Appends the rules as alternatives. Each sets the mark of its matches to its kind. */
static bool append_rules(text_buffer *pattern, const rule *rules, size_t n, failure *why)
{
    bool ok = text_append(pattern, TEXT("(?:"), why);
    for (size_t i = 0; i < n && ok; i++) {
        const char mark[] = {')', '(', '*', ':', (char)('0' + rules[i].kind), ')'};
        ok = (i == 0 || text_append(pattern, TEXT("|"), why)) && text_append(pattern, TEXT("(?:"), why) &&
             text_append(pattern, rules[i].pattern, strlen(rules[i].pattern), why) &&
             text_append(pattern, mark, sizeof mark, why);
    }
    return ok && text_append(pattern, TEXT(")"), why);
}

static pcre2_code *compile(const text_buffer *pattern, uint32_t options, failure *why)
{
    int error;
    size_t offset;
    options |= PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern->bytes, pattern->size, options, &error, &offset, NULL);
    if (!code && error == PCRE2_ERROR_HEAP_FAILED)
        failure_memory(why, "the rules for copied text");
    else if (!code)
        failure_set(why, "PCRE2 error %d in the rules for copied text, at %.20s", error, pattern->bytes + offset);
    return code;
}

static pcre2_code *compile_lines(failure *why)
{
    text_buffer pattern = TEXT_EMPTY;
    pcre2_code *code = NULL;
    if (append_rules(&pattern, RULES(line_rules), why))
        code = compile(&pattern, PCRE2_ANCHORED | PCRE2_ENDANCHORED, why);
    text_free(&pattern);
    return code;
}

static pcre2_code *compile_spans(failure *why)
{
    text_buffer pattern = TEXT_EMPTY;
    pcre2_code *code = NULL;
    if (text_append(&pattern, TEXT("(?<!\\w)(?:(?=\\d)"), why) && append_rules(&pattern, RULES(number_rules), why) &&
        text_append(&pattern, TEXT("|(?=[^\\W_])"), why) && append_rules(&pattern, RULES(word_rules), why) &&
        text_append(&pattern, TEXT(")|(?=[^\\w\\s]|_)"), why) && append_rules(&pattern, RULES(sign_rules), why))
        code = compile(&pattern, PCRE2_USE_OFFSET_LIMIT, why);
    text_free(&pattern);
    return code;
}

text_span_finder *text_span_finder_open(failure *why)
{
    text_span_finder *finder = calloc(1, sizeof *finder);
    if (!finder) {
        failure_memory(why, "the rules for copied text");
        return NULL;
    }
    finder->lines = compile_lines(why);
    finder->spans = finder->lines ? compile_spans(why) : NULL;
    finder->data = pcre2_match_data_create(1, NULL);
    finder->context = pcre2_match_context_create(NULL);
    if (finder->spans && finder->data && finder->context)
        return finder;
    if (finder->spans)
        failure_memory(why, "the rules for copied text");
    text_span_finder_close(finder);
    return NULL;
}

void text_span_finder_close(text_span_finder *finder)
{
    if (!finder)
        return;
    pcre2_code_free(finder->lines);
    pcre2_code_free(finder->spans);
    pcre2_match_data_free(finder->data);
    pcre2_match_context_free(finder->context);
    free(finder);
}

/* ---- the list ---- */

void text_spans_free(text_span_list *spans)
{
    free(spans->at);
    *spans = (text_span_list){0};
}

/* Appends a span; adjacent opaque spans become one. */
static bool append(text_span_list *spans, text_span span, failure *why)
{
    text_span *last = spans->n ? &spans->at[spans->n - 1] : NULL;
    if (last && last->kind == SPAN_OPAQUE && span.kind == SPAN_OPAQUE && last->end == span.begin) {
        last->end = span.end;
        return true;
    }
    text_span *grown = array_reserve(spans->at, &spans->capacity, spans->n + 1, sizeof *grown, "copied text", why);
    if (!grown)
        return false;
    spans->at = grown;
    spans->at[spans->n++] = span;
    return true;
}

/* ---- characters outside the vocabulary ---- */

typedef struct {
    const char *text;
    size_t size;
    text_knows *knows;
    void *vocabulary;
} source;

/* Currency signs and ° belong to numbers, which are left to the model. */
static bool is_unit(uint32_t c)
{
    return c == '$' || (c >= 0xA2 && c <= 0xA5 && c != 0xA4) || (c >= 0x20A0 && c <= 0x20BF) || c == 0xB0;
}

/* The character at a byte of the text. */
typedef struct {
    uint32_t code;
    size_t length;
    bool known;
} character;

static character read_character(const source *s, size_t at)
{
    character c;
    c.code = utf8_next(s->text + at, s->size - at, &c.length);
    bool is_plain = c.code < 0x80 && (c.code <= ' ' || letter_is(c.code) || (c.code >= '0' && c.code <= '9'));
    bool is_mark = c.code >= 0x300 && c.code < 0x370; /* SentencePiece joins it with the letter before */
    c.known = is_plain || is_mark || utf8_is_space(c.code) || s->knows(s->vocabulary, s->text + at, c.length);
    return c;
}

/* The end of a run of unknown signs. */
static size_t symbols_end(const source *s, size_t at, size_t end)
{
    for (character c; at < end; at += c.length) {
        c = read_character(s, at);
        if (c.known || letter_is(c.code) || is_unit(c.code))
            break;
    }
    return at;
}

/* A word, and properties of its letters. */
typedef struct {
    size_t end;
    bool some_unknown, some_known, is_latin, is_capitalized;
} word;

static word read_word(const source *s, size_t at, size_t end)
{
    word w = {.end = at, .is_latin = true};
    for (character c; w.end < end; w.end += c.length) {
        c = read_character(s, w.end);
        bool is_hyphen = c.code == '-' && w.end > at && w.end + 1 < end && letter_is(read_character(s, w.end + 1).code);
        if (!letter_is(c.code) && !is_hyphen)
            break;
        if (w.end == at)
            w.is_capitalized = letter_lower(c.code) != c.code;
        w.some_known |= c.known && !is_hyphen;
        w.some_unknown |= !c.known;
        w.is_latin &= c.code < 0x370 || (c.code >= 0x1E00 && c.code < 0x1F00);
    }
    return w;
}

/* Whether a word is copied: a name with letters that the vocabulary lacks (Łódź), or a word in a script that it lacks.
 */
static bool is_copied(word w)
{
    return w.some_unknown && (w.is_latin ? w.is_capitalized : !w.some_known);
}

/* Reads the word at byte `at` and sets *copied to whether it is copied. Returns its end, or, in a foreign script, the
 * end of all copied words from there on. */
static size_t words_end(const source *s, size_t at, size_t end, bool *copied)
{
    word w = read_word(s, at, end);
    *copied = is_copied(w);
    while (*copied && !w.is_latin && w.end + 1 < end && s->text[w.end] == ' ') {
        word next = read_word(s, w.end + 1, end);
        if (next.is_latin || !is_copied(next))
            break;
        w = next;
    }
    return w.end;
}

/* Appends the spans of unknown characters in text[begin, end), where no rule matched. */
static bool append_unknown(text_span_list *spans, const source *s, size_t begin, size_t end, failure *why)
{
    for (size_t at = begin, next; at < end; at = next) {
        character c = read_character(s, at);
        bool copied;
        if (letter_is(c.code)) {
            next = words_end(s, at, end, &copied);
        } else {
            next = symbols_end(s, at, end);
            copied = next > at;
            next = copied ? next : at + c.length;
        }
        if (copied && !append(spans, (text_span){at, next, SPAN_OPAQUE}, why))
            return false;
    }
    return true;
}

/* ---- finding ---- */

/* Whether the closing tag or mark is the opening one's: </b> and <b class="x">, ** and **, ](url) and [. */
static bool is_pair(const char *text, text_span open, text_span close)
{
    const char *name = text + close.begin, *opening = text + open.begin;
    size_t size = close.end - close.begin;
    if (size > 1 && name[0] == ']' && name[1] == '(')
        return opening[0] == '[' || opening[0] == '!';
    if (size > 1 && name[1] == '/') { /* </b>, [/b] */
        size_t n = strcspn(name + 2, " >]");
        return opening[0] == name[0] && strncmp(opening + 1, name + 2, n) == 0 && strchr(" >]=/\t", opening[1 + n]);
    }
    return open.end - open.begin == size && memcmp(name, opening, size) == 0;
}

/* Tags without a partner become opaque, and so do opening tags inside MAX_OPEN others. */
static void pair_tags(text_span_list *spans, const char *text)
{
    enum { MAX_OPEN = 64 };
    text_span *open[MAX_OPEN];
    size_t n_open = 0;
    for (size_t i = 0; i < spans->n; i++) {
        text_span *span = &spans->at[i];
        if (span->kind == SPAN_TAG_OPEN && n_open < MAX_OPEN)
            open[n_open++] = span;
        else if (span->kind == SPAN_TAG_OPEN)
            span->kind = SPAN_OPAQUE;
        if (span->kind != SPAN_TAG_CLOSE)
            continue;
        size_t partner = n_open;
        while (partner > 0 && !is_pair(text, *open[partner - 1], *span))
            partner--;
        if (partner == 0)
            span->kind = SPAN_OPAQUE;
        else
            while (n_open >= partner)
                if (--n_open >= partner)
                    open[n_open]->kind = SPAN_OPAQUE;
    }
    while (n_open > 0)
        open[--n_open]->kind = SPAN_OPAQUE;
}

static bool is_ascii_word(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
}

/* Whether the byte suggests that a rule matches around it, as no byte of plain text does. */
static bool is_telling(const char *text, size_t size, size_t at)
{
    char c = text[at], next = at + 1 < size ? text[at + 1] : ' ', last = at ? text[at - 1] : ' ';
    if (c >= 'A' && c <= 'Z')
        return last >= 'a' && last <= 'z';
    if (c == '.')
        return is_ascii_word(next);
    if (c == '-')
        return next == '-' || next == '>' || (last == ' ' && is_ascii_word(next));
    if (c == ':' || c == ';' || c == '(' || c == '\'')
        return next == '(' || next == ')' || next == '-' || next == c || (c == ':' && next != ' ');
    return (c >= '0' && c <= '9') || (c != '\0' && strchr("#$%&*+/<=@[\\]^_`{|~", c));
}

/* Finds the next bytes between two spaces, at or after `start`, that include a telling byte. *end must be the end of
 * the previous candidate. */
static bool next_candidate(size_t *begin, size_t *end, const source *s, size_t start)
{
    size_t at = start;
    while (at < s->size && !is_telling(s->text, s->size, at))
        at++;
    if (at == s->size)
        return false;
    for (*begin = at; *begin > start && s->text[*begin - 1] != ' ';)
        --*begin;
    *end = *end > at ? *end : at;
    while (*end < s->size && s->text[*end] != ' ')
        ++*end;
    return true;
}

/* Sets *span to the first match that begins at bytes begin … end, and *found to whether there is one. */
static bool match(text_span *span, bool *found, const pcre2_code *code, text_span_finder *finder, const source *s,
                  size_t begin, size_t end, failure *why)
{
    pcre2_set_offset_limit(finder->context, end);
    int n = pcre2_match(code, (PCRE2_SPTR)s->text, s->size, begin, PCRE2_NO_UTF_CHECK, finder->data, finder->context);
    *found = n >= 0;
    if (n < 0) /* a match that reaches PCRE2's limit counts as none */
        return n != PCRE2_ERROR_NOMEMORY || failure_memory(why, "finding copied text");
    const PCRE2_SIZE *range = pcre2_get_ovector_pointer(finder->data);
    *span = (text_span){range[0], range[1], (span_kind)(*pcre2_get_mark(finder->data) - '0')};
    return true;
}

static bool find(text_span_list *spans, text_span_finder *finder, const source *s, failure *why)
{
    text_span span;
    bool found;
    if (!match(&span, &found, finder->lines, finder, s, 0, PCRE2_UNSET, why))
        return false;
    if (found)
        return append(spans, span, why);
    size_t done = 0, at = 0, end = 0;
    while (next_candidate(&at, &end, s, at)) {
        if (!match(&span, &found, finder->spans, finder, s, at, end, why))
            return false;
        if (found && !(append_unknown(spans, s, done, span.begin, why) && append(spans, span, why)))
            return false;
        done = found ? span.end : done;
        at = found ? span.end : end;
    }
    return append_unknown(spans, s, done, s->size, why);
}

bool text_spans_find(text_span_list *spans, text_span_finder *finder, const char *text, size_t size, text_knows *knows,
                     void *vocabulary, failure *why)
{
    spans->n = 0;
    if (size == 0)
        return true;
    source s = {text, size, knows, vocabulary};
    if (!find(spans, finder, &s, why))
        return false;
    pair_tags(spans, text);
    return true;
}
