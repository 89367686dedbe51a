#include "tokenizer/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "support/utf8.h"
#include "tokenizer/vocabulary.h"

static const char end_of_word[] = "</w>", continued[] = "@@";
enum { N_END = sizeof end_of_word - 1, N_CONTINUED = sizeof continued - 1 };

struct bpe {
    bool of_bytes;
    vocabulary *merges; /* "left right"; the id of a merge is its rank */
};

/* ---- the alphabet of bytes: those that print in Latin-1 are themselves, the others follow from U+0100 ---- */

static uint32_t letter_of(unsigned char byte)
{
    return byte <= 32 ? 256u + byte : byte >= 127 && byte <= 160 ? 162u + byte : byte == 173 ? 323u : byte;
}

/* The byte of a letter, or -1 if c is none. */
static int byte_of(uint32_t c)
{
    uint32_t byte = c < 256 ? c : c <= 288 ? c - 256 : c <= 322 ? c - 162 : 173;
    return c <= 323 && letter_of((unsigned char)byte) == c ? (int)byte : -1;
}

static bool append_letters(text_buffer *text, const char *bytes, size_t size, failure *why)
{
    char letter[4];
    for (size_t i = 0; i < size; i++)
        if (!text_append(text, letter, utf8_put(letter, letter_of((unsigned char)bytes[i])), why))
            return false;
    return true;
}

/* ---- merges ---- */

bpe *bpe_open(const char *path, size_t n_merges, bool of_bytes, failure *why)
{
    bpe *b = calloc(1, sizeof *b);
    if (!b) {
        failure_memory(why, "the merges");
        return NULL;
    }
    bool ok = (b->merges = vocabulary_open(path, n_merges, why)) != NULL;
    for (size_t i = 0; i < n_merges && ok; i++) {
        const char *merge = vocabulary_piece(b->merges, (int32_t)i), *space = strchr(merge, ' ');
        ok = (space && space != merge && space[1] && !strchr(space + 1, ' ')) ||
             failure_set(why, "%s, line %zu: \"%s\", expected two symbols with a space between them", path, i + 1,
                         merge);
    }
    if (ok) {
        b->of_bytes = of_bytes;
        return b;
    }
    bpe_close(b);
    return NULL;
}

void bpe_close(bpe *b)
{
    if (b && b->merges)
        vocabulary_close(b->merges);
    free(b);
}

enum { UNKNOWN = -1, NO_RANK = INT32_MAX };

typedef struct {
    size_t begin; /* in the word; it ends where the next symbol begins */
    int32_t rank; /* of its merge with the next symbol, NO_RANK or UNKNOWN */
} symbol;

/* The rank of the merge of symbols s[0] and s[1] of the text. */
static int32_t rank_of(const bpe *b, const char *text, const symbol *s)
{
    char merge[LONGEST_PIECE];
    size_t left = s[1].begin - s[0].begin, size = s[2].begin - s[0].begin;
    if (size >= sizeof merge)
        return NO_RANK;
    memcpy(merge, text + s[0].begin, left);
    merge[left] = ' ';
    memcpy(merge + left + 1, text + s[1].begin, size - left);
    int32_t rank = vocabulary_id(b->merges, merge, size + 1);
    return rank < 0 ? NO_RANK : rank;
}

/* Merges symbols s [n + 1], the last of which only ends the text. Returns how many are left. Each round merges one pair
 * wherever it is, from the left. */
static size_t merge_symbols(const bpe *b, const char *text, symbol *s, size_t n)
{
    for (;;) {
        int32_t lowest = NO_RANK;
        for (size_t i = 0; i + 1 < n; i++) {
            if (s[i].rank == UNKNOWN)
                s[i].rank = rank_of(b, text, &s[i]);
            lowest = s[i].rank < lowest ? s[i].rank : lowest;
        }
        if (lowest == NO_RANK)
            return n;
        size_t n_left = 0;
        for (size_t i = 0; i < n; i++) {
            bool merges = i + 1 < n && s[i].rank == lowest;
            s[n_left++] = (symbol){s[i].begin, merges ? UNKNOWN : s[i].rank};
            if (merges && n_left > 1)
                s[n_left - 2].rank = UNKNOWN;
            i += merges;
        }
        s[n_left] = s[n];
        n = n_left;
    }
}

/* Calls use for the pieces of symbols s [n + 1] of the text. */
static bool use_symbols(const bpe *b, const char *text, const symbol *s, size_t n,
                        bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why)
{
    text_buffer piece = TEXT_EMPTY;
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        size_t size = s[i + 1].begin - s[i].begin;
        piece.size = 0;
        ok = text_append(&piece, text + s[i].begin, b->of_bytes || i + 1 < n ? size : size - N_END, why) &&
             (b->of_bytes || i + 1 == n || text_append(&piece, continued, N_CONTINUED, why)) &&
             use(user, piece.bytes, piece.size);
    }
    text_free(&piece);
    return ok;
}

bool bpe_split(const bpe *b, const char *word, size_t size, bool (*use)(void *user, const char *piece, size_t size),
               void *user, failure *why)
{
    text_buffer text = TEXT_EMPTY;
    bool ok = b->of_bytes ? append_letters(&text, word, size, why) : text_append(&text, word, size, why);
    size_t n = 0, n_text = text.size; /* without the end of the word, which belongs to the last symbol */
    symbol *s = malloc((n_text + 1) * sizeof *s);
    ok = ok && (b->of_bytes || text_append(&text, end_of_word, N_END, why));
    if (!s)
        ok = failure_memory(why, "the pieces of a word");
    else if (ok) {
        for (size_t at = 0, length; at < n_text; at += length) {
            utf8_next(text.bytes + at, n_text - at, &length);
            s[n++] = (symbol){at, UNKNOWN};
        }
        s[n].begin = text.size;
        n = merge_symbols(b, text.bytes, s, n);
        ok = use_symbols(b, text.bytes, s, n, use, user, why);
    }
    free(s);
    text_free(&text);
    return ok;
}

/* ---- text of pieces ---- */

/* Appends the bytes of a piece's letters; other characters are themselves. */
static bool append_bytes(text_buffer *text, const char *piece, failure *why)
{
    bool ok = true;
    for (size_t size = strlen(piece), length; size > 0 && ok; piece += length, size -= length) {
        int byte = byte_of(utf8_next(piece, size, &length));
        ok = byte < 0 ? text_append(text, piece, length, why) : text_append(text, &(char){(char)byte}, 1, why);
    }
    return ok;
}

/* Whether a piece of n bytes ends in @@. */
static bool is_continued(const char *piece, size_t n)
{
    return n >= N_CONTINUED && memcmp(piece + n - N_CONTINUED, continued, N_CONTINUED) == 0;
}

bool bpe_join(const bpe *b, const char *const *pieces, size_t n, text_buffer *text, failure *why)
{
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        size_t size = strlen(pieces[i]);
        if (b->of_bytes)
            ok = append_bytes(text, pieces[i], why);
        else if (is_continued(pieces[i], size))
            ok = text_append(text, pieces[i], size - N_CONTINUED, why);
        else if (size > 0)
            ok = text_append(text, pieces[i], size, why) && (i + 1 == n || text_append(text, " ", 1, why));
    }
    return ok;
}

bool bpe_append_word(const bpe *b, text_buffer *piece, const char *word, size_t size, bool space_before,
                     bool space_after, failure *why)
{
    if (!b->of_bytes)
        return text_append(piece, word, size, why);
    return append_letters(piece, " ", space_before, why) && append_letters(piece, word, size, why) &&
           append_letters(piece, " ", space_after, why);
}

static const char space[] = "\xC4\xA0"; /* the letter of a space */
enum { N_SPACE = sizeof space - 1 };

bool bpe_is_of_bytes(const bpe *b)
{
    return b->of_bytes;
}

const char *bpe_piece_text(const bpe *b, const char *piece, size_t *size)
{
    size_t n = strlen(piece);
    *size = n - (!b->of_bytes && is_continued(piece, n) ? N_CONTINUED : 0);
    if (!b->of_bytes)
        return piece;
    *size = 0;
    for (size_t at = 0, length; at < n; at += length) {
        uint32_t c = utf8_next(piece + at, n - at, &length);
        *size += byte_of(c) < 0 ? length : byte_of(c) != ' ';
    }
    return strncmp(piece, space, N_SPACE) == 0 ? piece + N_SPACE : piece;
}

bool bpe_begins_word(const bpe *b, const char *piece, const char *before)
{
    return b->of_bytes ? strncmp(piece, space, N_SPACE) == 0 : !is_continued(before, strlen(before));
}
