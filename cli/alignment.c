/* Aligns the words of two sentences by the attention weights between their pieces. */
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "cli/attention_map.h"
#include "support/utf8.h"

static bool is_space_mark(uint32_t c)
{
    return c == 0x2581; /* SentencePiece's symbol for a space */
}

/* Whether the piece is punctuation or another symbol: not empty, and without letters or digits. */
static bool is_mark(const char *piece)
{
    size_t length, n = 0;
    for (const char *at = piece, *end = at + strlen(at); at < end; at += length) {
        uint32_t c = utf8_next(at, (size_t)(end - at), &length);
        if (c == UTF8_INVALID || iswalnum((wint_t)c))
            return false;
        n += !is_space_mark(c);
    }
    return n > 0;
}

/* Whether a word begins with piece i. Each wide character begins a word, because Chinese and Japanese use no spaces;
 * marks are separate words. */
static bool begins_word(const char **piece, size_t i)
{
    size_t length;
    uint32_t c = utf8_next(piece[i], strlen(piece[i]) + 1, &length);
    return is_space_mark(c) || (c != UTF8_INVALID && wcwidth((wchar_t)c) == 2) || is_mark(piece[i]) ||
           is_mark(piece[i - 1]);
}

/* Returns the end of the word that begins with piece `first` of n. */
static size_t word_end(const char **piece, size_t first, size_t n)
{
    size_t end = first + 1;
    while (end < n && !begins_word(piece, end))
        end++;
    return end;
}

/* Appends pieces first … end - 1 without the symbols for spaces. */
static bool append_word(text_buffer *text, const char **piece, size_t first, size_t end, failure *why)
{
    size_t length;
    for (size_t i = first; i < end; i++)
        for (const char *at = piece[i], *last = at + strlen(at); at < last; at += length)
            if (!is_space_mark(utf8_next(at, (size_t)(last - at), &length)) && !text_append(text, at, length, why))
                return false;
    return true;
}

static double sum_of(const attention_map *map, size_t first_query, size_t end_query, size_t first_key, size_t end_key)
{
    double sum = 0.0;
    for (size_t i = first_query; i < end_query; i++)
        for (size_t j = first_key; j < end_key; j++)
            sum += (double)map->weights[i * map->n_keys + j];
    return sum;
}

/* Appends "Haus–house" for the word of queries first … end - 1; nothing if all keys are marks. */
static bool append_pair(text_buffer *text, const attention_map *map, size_t first, size_t end, size_t n_keys,
                        failure *why)
{
    double most = -1.0;
    size_t most_first = 0, most_end = 0;
    for (size_t j = 0, after; j < n_keys; j = after) {
        after = word_end(map->key, j, n_keys);
        double sum = sum_of(map, first, end, j, after);
        if (sum > most && !is_mark(map->key[j])) {
            most = sum;
            most_first = j;
            most_end = after;
        }
    }
    if (most < 0.0)
        return true;
    return append_word(text, map->query, first, end, why) && text_append(text, "–", sizeof "–" - 1, why) &&
           append_word(text, map->key, most_first, most_end, why);
}

bool attention_map_align(const attention_map *map, size_t n_queries, size_t n_keys, const terminal *term, failure *why)
{
    terminal_flow flow = {.term = term, .gap = 2};
    bool ok = true;
    for (size_t i = 0, end; i < n_queries && ok; i = end) {
        end = word_end(map->query, i, n_queries);
        if (is_mark(map->query[i]))
            continue;
        text_buffer pair = TEXT_EMPTY;
        ok = append_pair(&pair, map, i, end, n_keys, why);
        if (ok && pair.size) {
            if (!flow.column) /* the first one */
                fputc('\n', term->file);
            terminal_flow_word(&flow, pair.bytes);
        }
        text_free(&pair);
    }
    if (flow.column)
        terminal_flow_end(&flow);
    return ok;
}
