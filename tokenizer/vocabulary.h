/* Maps pieces to ids and back. Line i of the file, counted from 0, is the piece with id i. */
#ifndef TOKENIZER_VOCABULARY_H
#define TOKENIZER_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/failure.h"

enum { LONGEST_PIECE = 2048 }; /* bytes: 512 characters of four, the longest that SentencePiece's trainer produces */

typedef struct vocabulary vocabulary;

/* Reads a file of n_vocabulary distinct pieces in UTF-8, each of at most LONGEST_PIECE bytes, 64 MiB in all. Also fails
 * if too many of them have similar hash values. Close with vocabulary_close. NULL on failure. */
vocabulary *vocabulary_open(const char *path, size_t n_vocabulary, failure *why);
void vocabulary_close(vocabulary *v);

/* The id of piece [size], or -1 if it is not in the vocabulary. */
int32_t vocabulary_id(const vocabulary *v, const char *piece, size_t size);

/* The piece of an id from 0 to n_vocabulary - 1; valid until vocabulary_close. */
const char *vocabulary_piece(const vocabulary *v, int32_t id);

#endif
