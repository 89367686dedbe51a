/* A hash table with linear probing. The pieces stay in the bytes of the file, with NULs in place of line ends. Probing
 * gives up after MOST_PROBES slots: in a table that is half full, even four million random pieces need no more than
 * about 80, so only a crafted vocabulary reaches the limit. */
#include "tokenizer/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "support/file.h"
#include "support/utf8.h"

enum { MOST_PROBES = 256, LARGEST_FILE = 64 << 20 };

struct vocabulary {
    char *pieces;       /* the file: NUL-terminated pieces, in the order of ids */
    const char **piece; /* [n] */
    int32_t *slot;      /* [n_slots], an id or -1; n_slots is a power of two */
    size_t n, n_slots;
};

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static size_t hash(const char *piece, size_t size)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)piece[i]) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

/* Returns the slot of the piece, or the empty slot where it belongs, or NULL if MOST_PROBES slots hold other pieces.
 * The piece may contain NULs; pieces in the table do not. */
static int32_t *slot_of(const vocabulary *v, const char *piece, size_t size)
{
    size_t i = hash(piece, size) & (v->n_slots - 1);
    for (size_t n = 0; n < MOST_PROBES; n++, i = (i + 1) & (v->n_slots - 1)) {
        const char *other = v->slot[i] >= 0 ? v->piece[v->slot[i]] : NULL;
        if (!other || (strlen(other) == size && memcmp(other, piece, size) == 0))
            return &v->slot[i];
    }
    return NULL;
}

/* Checks that the file has n lines of UTF-8. */
static bool check_lines(const text_buffer *file, size_t n, const char *path, failure *why)
{
    size_t n_lines = 0;
    for (const char *at = file->bytes; at < file->bytes + file->size; at++)
        n_lines += *at == '\n';
    if (n_lines != n)
        return failure_set(why, "%s: %zu complete lines, but config.json promises %zu pieces", path, n_lines, n);
    if (file->bytes[file->size - 1] != '\n')
        return failure_set(why, "%s: text after line %zu, the last piece according to config.json", path, n);
    if (memchr(file->bytes, '\0', file->size) || !utf8_is_valid(file->bytes, file->size))
        return failure_set(why, "%s: not valid UTF-8 text", path);
    return true;
}

/* Fills in the piece and slot of each line. Takes the bytes of the file. */
static bool fill(vocabulary *v, text_buffer *file, const char *path, failure *why)
{
    while (v->n_slots < 2 * v->n)
        v->n_slots *= 2;
    v->pieces = file->bytes;
    file->bytes = NULL; /* the vocabulary owns them now */
    v->piece = malloc(v->n * sizeof *v->piece);
    v->slot = malloc(v->n_slots * sizeof *v->slot);
    if (!v->piece || !v->slot)
        return failure_memory(why, "the vocabulary");
    memset(v->slot, -1, v->n_slots * sizeof *v->slot);

    char *line = v->pieces;
    for (size_t id = 0; id < v->n; id++) {
        char *end = memchr(line, '\n', file->size - (size_t)(line - v->pieces));
        *end = '\0';
        size_t size = (size_t)(end - line);
        if (size == 0)
            return failure_set(why, "%s, line %zu: empty, expected a piece", path, id + 1);
        if (size > LONGEST_PIECE)
            return failure_set(why, "%s, line %zu: piece of %zu bytes, longer than the %d allowed", path, id + 1, size,
                               LONGEST_PIECE);
        if (line[size - 1] == '\r')
            return failure_set(why, "%s, line %zu: ends with a carriage return, expected \\n alone", path, id + 1);
        int32_t *slot = slot_of(v, line, size);
        if (!slot)
            return failure_set(why, "%s, line %zu: too many hash collisions; the vocabulary looks crafted", path,
                               id + 1);
        if (*slot >= 0)
            return failure_set(why, "%s, line %zu: duplicate piece \"%s\", first on line %d", path, id + 1, line,
                               *slot + 1);
        v->piece[id] = line;
        *slot = (int32_t)id;
        line = end + 1;
    }
    return true;
}

vocabulary *vocabulary_open(const char *path, size_t n_vocabulary, failure *why)
{
    enum { LARGEST_LINE = LONGEST_PIECE + 1 };
    text_buffer file;
    if (!file_read(&file, path, n_vocabulary < LARGEST_FILE / LARGEST_LINE ? n_vocabulary * LARGEST_LINE : LARGEST_FILE,
                   why))
        return NULL;
    vocabulary *v = calloc(1, sizeof *v);
    bool ok = false;
    if (v) {
        *v = (vocabulary){.n = n_vocabulary, .n_slots = 1};
        ok = check_lines(&file, n_vocabulary, path, why) && fill(v, &file, path, why);
    } else
        failure_memory(why, "the vocabulary");
    text_free(&file);
    if (ok)
        return v;
    vocabulary_close(v);
    return NULL;
}

void vocabulary_close(vocabulary *v)
{
    if (!v)
        return;
    free(v->pieces);
    free(v->piece);
    free(v->slot);
    free(v);
}

int32_t vocabulary_id(const vocabulary *v, const char *piece, size_t size)
{
    const int32_t *slot = slot_of(v, piece, size);
    return slot ? *slot : -1;
}

const char *vocabulary_piece(const vocabulary *v, int32_t id)
{
    return v->piece[id];
}
