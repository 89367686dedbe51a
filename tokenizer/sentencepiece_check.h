/* Whether a file is a sound SentencePiece model. The library trusts what it reads: a crafted model can make it read and
 * write beyond its memory, recurse without end or compute for hours. So it gets only what has passed this check. */
#ifndef TOKENIZER_SENTENCEPIECE_CHECK_H
#define TOKENIZER_SENTENCEPIECE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

enum {
    SENTENCEPIECE_LARGEST_FILE = 16 << 20,  /* bytes; a quarter of a million pieces take five million */
    SENTENCEPIECE_MOST_PIECES = 1000000,    /* each of LONGEST_PIECE bytes at most (vocabulary.h) */
    SENTENCEPIECE_MOST_NESTED_SYMBOLS = 64, /* user-defined pieces that begin one another */
    SENTENCEPIECE_MOST_NESTED_RULES = 32,   /* normalizer rules whose texts begin one another */
    SENTENCEPIECE_LONGEST_RULE = 256,       /* bytes of the text that a rule replaces */
    SENTENCEPIECE_LONGEST_REPLACEMENT = 40  /* bytes of what it becomes; NFKC's longest takes 33 */
};

/* The model in bytes [*size], 4-byte aligned or not; `path` is for failures, which name the byte where something is
 * wrong. Passes what SentencePiece's trainer writes, up to the limits above, and cuts out its self_test_data: the
 * library would encode those samples while it opens the model, for as long as they take, and print those that fail. */
bool sentencepiece_check(char *bytes, size_t *size, const char *path, failure *why);

#endif
