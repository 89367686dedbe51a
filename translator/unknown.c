#include "translator/unknown.h"

#include <stdlib.h>
#include <string.h>

void unknown_free(unknown_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        text_free(&words->pieces[i]);
    free(words->pieces);
    *words = (unknown_words){0};
}

typedef struct {
    const translated_sentence *sentence;
    const cross_attention *attention;
    token_pieces source, target;
    const id_list *copy_tokens;
    const text_buffer *spelled; /* the source */
} replacing;

/* Whether token i of the target is unknown, and neither silent nor replaced already. */
static bool is_unknown(const translated_sentence *s, token_pieces target, size_t i)
{
    return s->target.at[i] == tokenizer_target_unknown(target.tokenizer) && *target.pieces[i];
}

bool unknown_in(const translated_sentence *sentence, token_pieces target)
{
    size_t i = 0;
    while (i < target.n && !is_unknown(sentence, target, i))
        i++;
    return i < target.n;
}

/* ---- the extent of an unknown word in the target ---- */

/* The first token of the source word that token i attends to most, or source.n. */
static size_t aligned(const replacing *r, size_t i)
{
    return words_most_attended(r->sentence, r->attention, r->source, i, i + 1);
}

/* Whether tokens i - 1 and i of the target, neither of them a mark or a copy token, are of one word. */
static bool joins(const replacing *r, size_t i)
{
    const id_list *copy = r->copy_tokens;
    const int32_t *ids = r->sentence->target.at;
    if (i == 0 || i == r->target.n || id_list_has(copy, ids[i - 1]) || id_list_has(copy, ids[i]))
        return false;
    return !words_text(r->target, i).begins_word && !words_is_mark(r->target, i - 1) && !words_is_mark(r->target, i);
}

static size_t first_of_word(const replacing *r, size_t i, size_t source_word)
{
    while (joins(r, i) && aligned(r, i - 1) == source_word)
        i--;
    return i;
}

/* The end of the unknown word. Further unknown words that stand for the same source word belong to it. */
static size_t end_of_word(const replacing *r, size_t i, size_t source_word)
{
    size_t end = i + 1;
    for (size_t next = end; next < r->target.n; next++) {
        bool belongs = is_unknown(r->sentence, r->target, next) || (next == end && joins(r, next));
        if (belongs && aligned(r, next) == source_word)
            end = next + 1;
        else if (words_text(r->target, next).size > 0)
            break;
    }
    return end;
}

/* ---- the word put in ---- */

static bool ends_in_bracket(const char *piece)
{
    static const char low_quote[] = "\xE2\x80\x9E"; /* U+201E */
    size_t n = strlen(piece), n_quote = sizeof low_quote - 1;
    return strchr("([{", piece[n - 1]) || (n >= n_quote && strcmp(piece + n - n_quote, low_quote) == 0);
}

static bool has_space_before(const replacing *r, size_t first)
{
    while (first > 0 && !*r->target.pieces[first - 1])
        first--;
    return first > 0 && words_text(r->target, first - 1).size > 0 && !ends_in_bracket(r->target.pieces[first - 1]);
}

static bool has_space_after(const replacing *r, size_t end)
{
    while (end < r->target.n && !*r->target.pieces[end])
        end++;
    if (end == r->target.n || is_unknown(r->sentence, r->target, end)) /* that will bring its own */
        return false;
    return !words_text(r->target, end).begins_word && !words_is_mark(r->target, end);
}

/* The end of n bytes other than spaces from byte `at` on. */
static size_t skip_bytes(const text_buffer *text, size_t at, size_t n)
{
    for (; n > 0 && at < text->size; at++)
        n -= text->bytes[at] != ' ';
    return at;
}

/* Appends the source word of tokens first … end - 1: in the spelling of the line, unless the tokenizer changed the text
 * so much that the place there is not known. */
static bool append_source_word(const replacing *r, text_buffer *word, size_t first, size_t end, failure *why)
{
    size_t n_all = 0;
    for (size_t i = 0; i < r->spelled->size; i++)
        n_all += r->spelled->bytes[i] != ' ';
    if (words_bytes(r->source, 0, r->source.n) != n_all)
        return tokenizer_join(r->source.tokenizer, r->source.pieces + first, end - first, word, why);
    size_t begin = skip_bytes(r->spelled, 0, words_bytes(r->source, 0, first));
    while (r->spelled->bytes[begin] == ' ')
        begin++;
    size_t past = skip_bytes(r->spelled, begin, words_bytes(r->source, first, end));
    return text_append(word, r->spelled->bytes + begin, past - begin, why);
}

/* Puts the source word in place of target tokens first … end - 1. */
static bool put_word(const replacing *r, unknown_words *words, size_t first, size_t end, size_t source_word,
                     failure *why)
{
    text_buffer word = TEXT_EMPTY, *piece = &words->pieces[words->n++];
    *piece = TEXT_EMPTY;
    bool ok = append_source_word(r, &word, source_word, words_end(r->source, source_word), why) &&
              tokenizer_append_word(r->target.tokenizer, piece, word.bytes, word.size, has_space_before(r, first),
                                    has_space_after(r, end), why);
    text_free(&word);
    for (size_t i = first; i < end; i++)
        r->target.pieces[i] = "";
    r->target.pieces[first] = piece->bytes;
    return ok;
}

static bool replace_all(const replacing *r, unknown_words *words, failure *why)
{
    bool ok = true;
    for (size_t i = 0, end; i < r->target.n && ok; i = end) {
        size_t source_word = is_unknown(r->sentence, r->target, i) ? aligned(r, i) : r->source.n;
        end = i + 1;
        if (source_word == r->source.n)
            continue;
        end = end_of_word(r, i, source_word);
        ok = put_word(r, words, first_of_word(r, i, source_word), end, source_word, why);
    }
    return ok;
}

/* ---- the pieces of the source ---- */

typedef struct {
    text_buffer pieces; /* each followed by a NUL */
    size_t n;
    failure *why;
} piece_list;

static bool append_piece(void *user, const char *piece, size_t size)
{
    piece_list *list = user;
    list->n++;
    return text_append(&list->pieces, piece, size, list->why) && text_append(&list->pieces, "", 1, list->why);
}

/* Sets pieces [n] to those of the list, which the last n_after follow, and all others to "". */
static void set_pieces(const char **pieces, size_t n, const piece_list *list, size_t n_after)
{
    const char *at = list->pieces.bytes;
    for (size_t i = 0; i < n; i++) {
        bool has_text = i + n_after < n && i + n_after + list->n >= n;
        pieces[i] = has_text ? at : "";
        at += has_text ? strlen(at) + 1 : 0;
    }
}

bool unknown_replace(unknown_words *words, token_pieces target, const translated_sentence *sentence,
                     const source_text *text, const id_list *copy_tokens, size_t n_after,
                     const cross_attention *attention, failure *why)
{
    const tokenizer *t = target.tokenizer;
    size_t n_src = sentence->source.n;
    piece_list list = {TEXT_EMPTY, 0, why};
    const char **pieces = malloc(n_src * sizeof *pieces);
    words->pieces = calloc(target.n, sizeof *words->pieces);
    bool ok = true;
    if (!pieces || !words->pieces)
        ok = failure_memory(why, "unknown words");
    else if ((ok = tokenizer_split(t, text->read.bytes, text->read.size, append_piece, &list, why))) {
        set_pieces(pieces, n_src, &list, n_after);
        const replacing r = {sentence, attention, {pieces, n_src, t}, target, copy_tokens, &text->spelled};
        ok = replace_all(&r, words, why);
    }
    text_free(&list.pieces);
    free(pieces);
    return ok;
}
