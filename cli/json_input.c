/* Scans a line as JSON, without a tree: members are copied as they stand, so that no number loses digits. */
#include "cli/json_input.h"

#include <stdint.h>
#include <string.h>

#include "support/utf8.h"

enum { MOST_DEPTH = 256 }; /* of nested arrays and objects; a deeper line is plain text */

/* What is left of the line. */
typedef struct {
    const char *at, *end;
} json_scan;

/* ---- syntax ---- */

static void skip_space(json_scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n'))
        s->at++;
}

static bool skip_char(json_scan *s, char c)
{
    bool found = s->at < s->end && *s->at == c;
    s->at += found;
    return found;
}

static bool skip_digits(json_scan *s)
{
    const char *begin = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > begin;
}

static bool skip_number(json_scan *s)
{
    skip_char(s, '-');
    if (!skip_char(s, '0') && !skip_digits(s))
        return false;
    if (skip_char(s, '.') && !skip_digits(s))
        return false;
    if (!skip_char(s, 'e') && !skip_char(s, 'E'))
        return true;
    if (!skip_char(s, '-'))
        skip_char(s, '+');
    return skip_digits(s);
}

static bool skip_word(json_scan *s, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(s->end - s->at) < size || memcmp(s->at, word, size) != 0)
        return false;
    s->at += size;
    return true;
}

/* The value of four hexadecimal digits, or UINT32_MAX. */
static uint32_t hexadecimal(const char *at, const char *end)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++, at++) {
        if (at >= end)
            return UINT32_MAX;
        int digit = *at >= '0' && *at <= '9'   ? *at - '0'
                    : *at >= 'a' && *at <= 'f' ? *at - 'a' + 10
                    : *at >= 'A' && *at <= 'F' ? *at - 'A' + 10
                                               : -1;
        if (digit < 0)
            return UINT32_MAX;
        value = value << 4 | (uint32_t)digit;
    }
    return value;
}

/* Skips what follows a backslash. */
static bool skip_escaped(json_scan *s)
{
    if (s->at == s->end || !*s->at || !strchr("\"\\/bfnrtu", *s->at))
        return false;
    if (*s->at++ != 'u')
        return true;
    bool ok = hexadecimal(s->at, s->end) != UINT32_MAX;
    s->at += ok ? 4 : 0;
    return ok;
}

static bool skip_string(json_scan *s)
{
    if (!skip_char(s, '"'))
        return false;
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at++;
        if (c == '"')
            return true;
        if (c < 0x20 || (c == '\\' && !skip_escaped(s)))
            return false;
    }
    return false;
}

static bool skip_value(json_scan *s, int depth);

/* Skips what is left of an array, or of an object if it has keys, after its opening bracket. */
static bool skip_members(json_scan *s, bool keys, char bracket, int depth)
{
    skip_space(s);
    if (skip_char(s, bracket))
        return true;
    do {
        skip_space(s);
        if (keys && !skip_string(s))
            return false;
        skip_space(s);
        if (keys && !skip_char(s, ':'))
            return false;
        skip_space(s);
        if (!skip_value(s, depth))
            return false;
        skip_space(s);
    } while (skip_char(s, ','));
    return skip_char(s, bracket);
}

static bool skip_value(json_scan *s, int depth)
{
    if (depth == MOST_DEPTH || s->at == s->end)
        return false;
    switch (*s->at) {
    case '{': s->at++; return skip_members(s, true, '}', depth + 1);
    case '[': s->at++; return skip_members(s, false, ']', depth + 1);
    case '"': return skip_string(s);
    case 't': return skip_word(s, "true");
    case 'f': return skip_word(s, "false");
    case 'n': return skip_word(s, "null");
    default: return skip_number(s);
    }
}

/* Whether the line is one object, perhaps after a byte order mark. Moves *s past the opening bracket. */
static bool is_object(json_scan *s)
{
    skip_word(s, "\xEF\xBB\xBF");
    skip_space(s);
    json_scan all = *s;
    bool is = skip_char(s, '{') && skip_value(&all, 0);
    skip_space(&all);
    return is && all.at == all.end;
}

/* ---- values ---- */

static bool append_code_point(text_buffer *text, uint32_t c, failure *why)
{
    char bytes[4];
    return text_append(text, bytes, utf8_put(bytes, c), why);
}

/* Decodes the escape after a backslash. */
static bool append_escaped(text_buffer *text, json_scan *s, failure *why)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    char c = *s->at++;
    const char *letter = strchr(letters, c);
    if (c != 'u')
        return text_append(text, letter ? &meant[letter - letters] : &c, 1, why);
    uint32_t code_point = hexadecimal(s->at, s->end);
    s->at += 4;
    bool high = code_point >= 0xD800 && code_point < 0xDC00;
    if (high && s->end - s->at >= 6 && s->at[0] == '\\' && s->at[1] == 'u') {
        uint32_t low = hexadecimal(s->at + 2, s->end);
        if (low >= 0xDC00 && low < 0xE000) {
            s->at += 6;
            return append_code_point(text, 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00), why);
        }
    }
    bool alone = code_point >= 0xD800 && code_point < 0xE000;
    return alone ? text_append(text, UTF8_REPLACEMENT, sizeof UTF8_REPLACEMENT - 1, why)
                 : append_code_point(text, code_point, why);
}

/* Sets *text to what the valid string from its opening quote to its closing quote stands for. */
static bool decode(text_buffer *text, json_scan string, failure *why)
{
    text->size = 0;
    for (json_scan s = {string.at + 1, string.end - 1}; s.at < s.end;) {
        const char *escape = memchr(s.at, '\\', (size_t)(s.end - s.at)), *stop = escape ? escape : s.end;
        if (!text_append(text, s.at, (size_t)(stop - s.at), why))
            return false;
        s.at = stop + 1;
        if (escape && !append_escaped(text, &s, why))
            return false;
    }
    return true;
}

/* ---- members ---- */

static bool is_name(const text_buffer *key, const char *name)
{
    return key->size == strlen(name) && memcmp(key->bytes, name, key->size) == 0;
}

static bool is_of_output(const text_buffer *key)
{
    static const char *const names[] = {"text", "translation", "sentences", "protected", "notices"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_name(key, names[i]))
            return true;
    return false;
}

/* Takes a member: the text, or one of the others. */
static bool take_member(json_input *input, json_scan key, json_scan value, text_buffer *name, bool *has_text,
                        failure *why)
{
    if (!decode(name, key, why))
        return false;
    if (is_name(name, "text")) {
        *has_text = *value.at == '"';
        return !*has_text || decode(&input->text, value, why);
    }
    return is_of_output(name) || (text_append(&input->others, ",", 1, why) &&
                                  text_append(&input->others, key.at, (size_t)(key.end - key.at), why) &&
                                  text_append(&input->others, ":", 1, why) &&
                                  text_append(&input->others, value.at, (size_t)(value.end - value.at), why));
}

/* Takes the members of a valid object, past its opening bracket. */
static bool take_members(json_input *input, json_scan s, bool *has_text, failure *why)
{
    text_buffer name = TEXT_EMPTY;
    bool ok = true;
    for (skip_space(&s); ok && *s.at != '}'; skip_space(&s)) {
        json_scan key = {s.at, s.end}, value;
        skip_string(&s);
        key.end = s.at;
        skip_space(&s);
        skip_char(&s, ':');
        skip_space(&s);
        value.at = s.at;
        skip_value(&s, 0);
        value.end = s.at;
        ok = take_member(input, key, value, &name, has_text, why);
        skip_space(&s);
        skip_char(&s, ',');
    }
    text_free(&name);
    return ok;
}

bool json_input_read(json_input *input, const text_line *line, failure *why)
{
    *input = (json_input){TEXT_EMPTY, TEXT_EMPTY};
    json_scan s = {line->bytes, line->bytes + line->size};
    bool has_text = false;
    if (is_object(&s) && !take_members(input, s, &has_text, why))
        return false;
    if (has_text)
        return true;
    input->text.size = input->others.size = 0;
    return text_append(&input->text, line->bytes, line->size, why);
}

void json_input_free(json_input *input)
{
    text_free(&input->text);
    text_free(&input->others);
}
