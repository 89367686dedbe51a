/* Pieces and their ids: line i of the file is the piece of id i. */
#ifndef TOKENIZER_VOCABULARY_H
#define TOKENIZER_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/failure.h"

enum { LONGEST_PIECE = 2048 }; /* bytes: 512 characters of four, the most that SentencePiece's trainer makes */

typedef struct vocabulary vocabulary;

/* The file must hold n_vocabulary different pieces of at most LONGEST_PIECE bytes, 64 MiB in all, that were not chosen
 * to have one hash value. NULL on failure. */
vocabulary *vocabulary_open(const char *path, size_t n_vocabulary, failure *why);
void vocabulary_close(vocabulary *v);

/* The id of piece [size], or -1. */
int32_t vocabulary_id(const vocabulary *v, const char *piece, size_t size);

/* The piece of an id from 0 to n_vocabulary - 1; valid until vocabulary_close. */
const char *vocabulary_piece(const vocabulary *v, int32_t id);

#endif
