/* Byte-pair encoding (Sennrich et al. 2016): the pieces of a word are its characters, of which pairs are merged in the
 * order of a list, for as long as the word has a pair of the list. In two flavours:
 *   "bpe"       subword-nmt: a piece that the next one continues ends in @@
 *   "byte_bpe"  GPT-2: bytes are letters of an alphabet of 256, in which a space is U+0120 */
#ifndef TOKENIZER_BPE_H
#define TOKENIZER_BPE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/buffer.h"
#include "support/failure.h"

typedef struct bpe bpe;

/* Reads the file of n_merges pairs, one on a line in the order of merging: two symbols with a space between them. It is
 * checked like a vocabulary (vocabulary.h). Close with bpe_close. NULL on failure. */
bpe *bpe_open(const char *path, size_t n_merges, bool of_bytes, failure *why);
void bpe_close(bpe *b);

/* Splits a word [size], UTF-8 of at least one byte, and calls use for each piece in order until it returns false.
 * Returns false on failure, which sets *why, or if use returned false. Takes time quadratic in size at worst. */
bool bpe_split(const bpe *b, const char *word, size_t size, bool (*use)(void *user, const char *piece, size_t size),
               void *user, failure *why);

/* Appends the text of pieces [n]; "" has none. It need not be valid UTF-8 with "byte_bpe". */
bool bpe_join(const bpe *b, const char *const *pieces, size_t n, text_buffer *text, failure *why);

/* Appends a piece that writes a word [size]; with "byte_bpe" with spaces around it. */
bool bpe_append_word(const bpe *b, text_buffer *piece, const char *word, size_t size, bool space_before,
                     bool space_after, failure *why);

/* Whether pieces consist of letters for bytes: "byte_bpe". */
bool bpe_is_of_bytes(const bpe *b);

/* The text of a piece, without its marks for spaces or @@. Sets *size to its number of bytes other than spaces. */
const char *bpe_piece_text(const bpe *b, const char *piece, size_t *size);

/* Whether a piece begins a word if `before` precedes it. */
bool bpe_begins_word(const bpe *b, const char *piece, const char *before);

#endif
