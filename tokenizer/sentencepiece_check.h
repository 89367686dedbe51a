/* Checks that a SentencePiece model is safe to load. The library trusts its input: a crafted model can make it access
 * memory out of bounds, recurse without limit or compute for hours. It only gets models that pass this check. */
#ifndef TOKENIZER_SENTENCEPIECE_CHECK_H
#define TOKENIZER_SENTENCEPIECE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

enum {
    SENTENCEPIECE_LARGEST_FILE = 16 << 20,  /* bytes; a model of 250,000 pieces has five million */
    SENTENCEPIECE_MOST_PIECES = 1000000,    /* each at most LONGEST_PIECE bytes long (vocabulary.h) */
    SENTENCEPIECE_MOST_NESTED_SYMBOLS = 64, /* user-defined pieces that are prefixes of one another */
    SENTENCEPIECE_MOST_NESTED_RULES = 32,   /* normalizer rules that are prefixes of one another */
    SENTENCEPIECE_LONGEST_RULE = 256,       /* bytes of the text that a rule replaces */
    SENTENCEPIECE_LONGEST_REPLACEMENT = 40  /* bytes of the replacement; the longest of NFKC has 33 */
};

/* Checks the model in bytes [*size], of any alignment. Error messages name the path and the offending byte. Passes
 * every model that SentencePiece's trainer writes, up to the limits above. Removes the model's self_test_data, and
 * reduces *size accordingly, because on opening the library would encode these samples, however long that takes, and
 * print failures. */
bool sentencepiece_check(char *bytes, size_t *size, const char *path, failure *why);

#endif
