/* Combines SentencePiece models and vocabularies, and handles language codes, special tokens and invalid UTF-8.
 * SentencePiece itself does the segmentation. */
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/file.h"
#include "support/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/sentencepiece_c.h"
#include "tokenizer/sentencepiece_check.h"
#include "tokenizer/splitter.h"
#include "tokenizer/vocabulary.h"

struct tokenizer {
    tokenizer_config config;
    sentencepiece_model *source, *target; /* the same pointer if shared; NULL if a plain rule splits */
    splitter *splitter;                   /* that rule, or NULL */
    bpe *bpe;                             /* splits its pieces further; or NULL */
    vocabulary *source_vocabulary, *target_vocabulary;
    int32_t target_unknown; /* or -1 */
};

/* Reads, checks and opens a SentencePiece model. The size limit leaves room for the normalizer, which takes about
 * 250,000 bytes, and for somewhat more pieces than the vocabulary has. */
static sentencepiece_model *open_model(const char *directory, const char *name, size_t n_vocabulary, failure *why)
{
    size_t most = (1 << 20) + 256 * n_vocabulary;
    char path[4096];
    text_buffer file;
    if (!file_path(path, sizeof path, directory, name, why) ||
        !file_read(&file, path, most < SENTENCEPIECE_LARGEST_FILE ? most : SENTENCEPIECE_LARGEST_FILE, why))
        return NULL;
    sentencepiece_model *model = NULL;
    if (sentencepiece_check(file.bytes, &file.size, path, why))
        model = sentencepiece_open(file.bytes, file.size, path, why);
    text_free(&file);
    return model;
}

static vocabulary *open_vocabulary(const char *directory, const char *name, size_t n, failure *why)
{
    char path[4096];
    if (!file_path(path, sizeof path, directory, name, why))
        return NULL;
    return vocabulary_open(path, n, why);
}

static bool open_models(tokenizer *t, const char *directory, failure *why)
{
    const tokenizer_config *c = &t->config;
    t->source = open_model(directory, "source.spm", c->n_source_vocabulary, why);
    t->target = !t->source || c->shared_sentencepiece
                    ? t->source
                    : open_model(directory, "target.spm", c->n_target_vocabulary, why);
    return t->target != NULL;
}

static bool open_splitter(tokenizer *t, const char *directory, failure *why)
{
    const tokenizer_config *c = &t->config;
    char path[4096];
    bool of_bytes = strcmp(c->splitter, "byte_bpe") == 0, has_merges = of_bytes || strcmp(c->splitter, "bpe") == 0;
    return (t->splitter = splitter_open(c->splitter, c->lower_case, why)) &&
           (!has_merges || (file_path(path, sizeof path, directory, "source.bpe", why) &&
                            (t->bpe = bpe_open(path, c->n_merges, of_bytes, why))));
}

static bool open_all(tokenizer *t, const char *directory, failure *why)
{
    const tokenizer_config *c = &t->config;
    bool has_model = strcmp(c->splitter, "sentencepiece") == 0;
    bool ok = (has_model ? open_models(t, directory, why) : open_splitter(t, directory, why)) &&
              (t->source_vocabulary = open_vocabulary(directory, "source.vocab", c->n_source_vocabulary, why)) &&
              (t->target_vocabulary = c->shared_vocabulary
                                          ? t->source_vocabulary
                                          : open_vocabulary(directory, "target.vocab", c->n_target_vocabulary, why));
    if (ok) {
        const char *unknown = vocabulary_piece(t->source_vocabulary, c->source_unknown);
        t->target_unknown = vocabulary_id(t->target_vocabulary, unknown, strlen(unknown));
    }
    return ok;
}

tokenizer *tokenizer_open(const char *directory, const tokenizer_config *config, failure *why)
{
    tokenizer *t = calloc(1, sizeof *t);
    if (t)
        t->config = *config;
    if (t ? open_all(t, directory, why) : failure_memory(why, "the tokenizer"))
        return t;
    tokenizer_close(t);
    return NULL;
}

void tokenizer_close(tokenizer *t)
{
    if (!t)
        return;
    if (t->target != t->source)
        sentencepiece_close(t->target);
    sentencepiece_close(t->source);
    splitter_close(t->splitter);
    bpe_close(t->bpe);
    if (t->target_vocabulary != t->source_vocabulary)
        vocabulary_close(t->target_vocabulary);
    vocabulary_close(t->source_vocabulary);
    free(t);
}

typedef struct {
    const vocabulary *vocabulary;
    int32_t unknown; /* its id for a piece that it lacks, or -1 */
    token_ids *ids;
    failure *why;
} encoding;

static bool append_piece(void *user, const char *piece, size_t size)
{
    encoding *e = user;
    int32_t id = vocabulary_id(e->vocabulary, piece, size);
    if (id < 0 && e->unknown < 0)
        return failure_set(e->why, "the target vocabulary lacks the piece %.*s", (int)size, piece);
    return token_ids_append(e->ids, id >= 0 ? id : e->unknown, e->why);
}

language_code tokenizer_language_code(const tokenizer *t, const char *bytes, size_t size)
{
    size_t most = size < LONGEST_PIECE ? size : LONGEST_PIECE;
    const char *end = size >= 4 && memcmp(bytes, ">>", 2) == 0 ? memmem(bytes, most, "<<", 2) : NULL;
    size_t n = end ? (size_t)(end - bytes) + 2 : 0;
    if (n == 0 || memchr(bytes, '\0', n) || !utf8_is_valid(bytes, n)) /* encoding would replace it by U+FFFD */
        return (language_code){0};
    int32_t id = vocabulary_id(t->source_vocabulary, bytes, n);
    return (language_code){true, n, id >= 0 ? id : t->config.source_unknown, id >= 0};
}

/* A word that byte-pair encoding splits further. */
typedef struct {
    const tokenizer *tokenizer;
    bool (*use)(void *user, const char *piece, size_t size);
    void *user;
    failure *why;
} word_splitting;

static bool split_word(void *user, const char *word, size_t size)
{
    const word_splitting *w = user;
    return bpe_split(w->tokenizer->bpe, word, size, w->use, w->user, w->why);
}

static bool split(const tokenizer *t, const sentencepiece_model *model, const char *text, size_t size,
                  bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why)
{
    word_splitting w = {t, use, user, why};
    return t->bpe        ? splitter_split(t->splitter, text, size, split_word, &w, why)
           : t->splitter ? splitter_split(t->splitter, text, size, use, user, why)
                         : sentencepiece_encode(model, text, size, use, user, why);
}

/* Splits any bytes, on either side: `model` is that of the side. */
static bool split_bytes(const tokenizer *t, const sentencepiece_model *model, const char *bytes, size_t size,
                        bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why)
{
    text_buffer valid = TEXT_EMPTY;
    bool ok = (!t->config.prefix_space || size == 0 || *bytes == ' ' || text_append(&valid, " ", 1, why)) &&
              utf8_append_valid(&valid, bytes, size, why) &&
              (valid.size == 0 || split(t, model, valid.bytes, valid.size, use, user, why));
    text_free(&valid);
    return ok;
}

bool tokenizer_split(const tokenizer *t, const char *bytes, size_t size,
                     bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why)
{
    return split_bytes(t, t->source, bytes, size, use, user, why);
}

bool tokenizer_encode(const tokenizer *t, const language_code *code, const char *bytes, size_t size, token_ids *ids,
                      failure *why)
{
    encoding e = {t->source_vocabulary, t->config.source_unknown, ids, why};
    const id_list *before = &t->config.source_before, *after = &t->config.source_after;
    bool ok = token_ids_append_all(ids, before->at, before->n, why) &&
              (!code->present || token_ids_append(ids, code->id, why)) &&
              tokenizer_split(t, bytes, size, append_piece, &e, why);
    return ok && token_ids_append_all(ids, after->at, after->n, why);
}

bool tokenizer_encode_target(const tokenizer *t, const char *bytes, size_t size, token_ids *ids, failure *why)
{
    encoding e = {t->target_vocabulary, t->target_unknown, ids, why};
    return split_bytes(t, t->target, bytes, size, append_piece, &e, why);
}

static const char space_mark[] = "\xE2\x96\x81"; /* U+2581, a space in a piece */

typedef struct {
    const tokenizer *tokenizer;
    bool some, all; /* whether there are pieces, and whether all of them are in the vocabulary */
} knowledge;

/* Whether byte-pair encoding knows a character inside a word. */
static bool is_continued_piece(const tokenizer *t, const char *piece, size_t size)
{
    char continued[16];
    int n = snprintf(continued, sizeof continued, "%.*s@@", (int)size, piece);
    return t->bpe && (size_t)n < sizeof continued && vocabulary_id(t->source_vocabulary, continued, (size_t)n) >= 0;
}

static bool is_known_piece(void *user, const char *piece, size_t size)
{
    knowledge *k = user;
    const tokenizer *t = k->tokenizer;
    bool is_space = size == 3 && memcmp(piece, space_mark, 3) == 0;
    bool is_byte = size == 6 && memcmp(piece, "<0x", 3) == 0; /* part of a character without a piece */
    k->some |= !is_space;
    k->all &= is_space || (!is_byte && vocabulary_id(t->source_vocabulary, piece, size) >= 0) ||
              is_continued_piece(t, piece, size);
    return true;
}

bool tokenizer_knows(const tokenizer *t, const char *text, size_t size, bool *known, failure *why)
{
    *known = !t->config.lower_case && vocabulary_id(t->source_vocabulary, text, size) >= 0;
    if (*known)
        return true;
    knowledge k = {t, .all = true};
    bool ok = split(t, t->source, text, size, is_known_piece, &k, why);
    *known = k.some && k.all;
    return ok;
}

bool tokenizer_lists_words(const tokenizer *t)
{
    return t->splitter && splitter_makes_words(t->splitter) && !t->bpe;
}

typedef struct {
    const tokenizer *tokenizer;
    const char *text;
    bool *known;
    failure *why;
} word_search;

static bool is_ascii_word(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
}

/* Marks a word that the vocabulary lacks. */
static bool mark_word(void *user, const char *word, size_t size)
{
    const word_search *w = user;
    bool known, some_ascii = false;
    if (!tokenizer_knows(w->tokenizer, word, size, &known, w->why))
        return false;
    for (size_t i = 0; i < size; i++)
        some_ascii |= is_ascii_word(word[i]);
    for (size_t i = 0; i < size && !known; i++)
        w->known[word + i - w->text] = some_ascii && (unsigned char)word[i] < 0x80;
    return true;
}

bool tokenizer_find_known(const tokenizer *t, bool *known, const char *text, size_t size, failure *why)
{
    word_search w = {t, text, known, why};
    memset(known, true, size * sizeof *known);
    return splitter_find(t->splitter, text, size, mark_word, &w, why);
}

typedef struct {
    text_buffer *text;
    failure *why;
} decoding;

/* Appends the text, without spaces at its ends, as a line. */
static bool append_trimmed(const decoding *d, const text_buffer *spaced)
{
    size_t first = 0, last = spaced->size;
    while (first < last && spaced->bytes[first] == ' ')
        first++;
    while (last > first && spaced->bytes[last - 1] == ' ')
        last--;
    return utf8_append_line(d->text, spaced->bytes + first, last - first, d->why);
}

/* Appends the text that SentencePiece decoded. Space marks become spaces; spaces at both ends are dropped. */
static bool append_decoded(void *user, const char *bytes, size_t size)
{
    decoding *d = user;
    text_buffer spaced = TEXT_EMPTY;
    const char *end = bytes + size, *mark;
    bool ok = true;
    for (; ok && (mark = memmem(bytes, (size_t)(end - bytes), space_mark, 3)); bytes = mark + 3)
        ok = text_append(&spaced, bytes, (size_t)(mark - bytes), d->why) && text_append(&spaced, " ", 1, d->why);
    ok = ok && text_append(&spaced, bytes, (size_t)(end - bytes), d->why) && append_trimmed(d, &spaced);
    text_free(&spaced);
    return ok;
}

/* Appends the text of pieces without SentencePiece: joined as byte-pair encoding does it, or by spaces unless they are
 * characters. */
static bool join(const tokenizer *t, const char *const *pieces, size_t n, const decoding *d)
{
    text_buffer joined = TEXT_EMPTY;
    bool spaced = splitter_makes_words(t->splitter), ok = !t->bpe || bpe_join(t->bpe, pieces, n, &joined, d->why);
    for (size_t i = 0; i < n && ok && !t->bpe; i++)
        ok = !*pieces[i] || ((!spaced || i == 0 || text_append(&joined, " ", 1, d->why)) &&
                             text_append(&joined, pieces[i], strlen(pieces[i]), d->why));
    ok = ok && append_trimmed(d, &joined);
    text_free(&joined);
    return ok;
}

bool tokenizer_join(const tokenizer *t, const char *const *pieces, size_t n, text_buffer *text, failure *why)
{
    decoding d = {text, why};
    return t->splitter ? join(t, pieces, n, &d) : sentencepiece_decode(t->target, pieces, n, append_decoded, &d, why);
}

bool tokenizer_decode(const tokenizer *t, const int32_t *ids, size_t n, text_buffer *text, failure *why)
{
    const char **pieces = malloc((n ? n : 1) * sizeof *pieces);
    if (!pieces)
        return failure_memory(why, "the pieces of a translation");
    size_t n_pieces = 0;
    for (size_t i = 0; i < n; i++)
        if (!id_list_has(&t->config.target_silent, ids[i]))
            pieces[n_pieces++] = vocabulary_piece(t->target_vocabulary, ids[i]);
    bool ok = tokenizer_join(t, pieces, n_pieces, text, why);
    free(pieces);
    return ok;
}

int32_t tokenizer_target_unknown(const tokenizer *t)
{
    return t->target_unknown;
}

bool tokenizer_append_word(const tokenizer *t, text_buffer *piece, const char *word, size_t size, bool space_before,
                           bool space_after, failure *why)
{
    if (t->bpe)
        return bpe_append_word(t->bpe, piece, word, size, space_before, space_after, why);
    const char *space = t->splitter ? " " : space_mark;
    bool marks = !t->splitter || !splitter_makes_words(t->splitter);
    return (!marks || !space_before || text_append(piece, space, strlen(space), why)) &&
           text_append(piece, word, size, why) &&
           (!marks || !space_after || text_append(piece, space, strlen(space), why));
}

piece_text tokenizer_piece_text(const tokenizer *t, const char *piece, const char *before)
{
    size_t size = strlen(piece), n_mark = sizeof space_mark - 1;
    bool spaced = strncmp(piece, space_mark, n_mark) == 0;
    if (t->bpe) {
        const char *text = bpe_piece_text(t->bpe, piece, &size);
        return (piece_text){text, size, bpe_is_of_bytes(t->bpe), bpe_begins_word(t->bpe, piece, before)};
    }
    if (t->splitter) {
        bool is_space = strcmp(piece, " ") == 0, follows_space = strcmp(before, " ") == 0;
        return (piece_text){piece, is_space ? 0 : size, false,
                            splitter_makes_words(t->splitter) || is_space || follows_space};
    }
    for (const char *at = piece; (at = strstr(at, space_mark)); at += n_mark)
        size -= n_mark;
    return (piece_text){spaced ? piece + n_mark : piece, size, false, spaced};
}

const char *tokenizer_source_piece(const tokenizer *t, int32_t id)
{
    return vocabulary_piece(t->source_vocabulary, id);
}

const char *tokenizer_target_piece(const tokenizer *t, int32_t id)
{
    return vocabulary_piece(t->target_vocabulary, id);
}
