/* A C interface to the SentencePiece library. No exception escapes: each becomes a failure.
 *
 * So does running out of memory, if the call can finish with its memory reserve. If not, failure_fatal ends the
 * process, because the library cannot be interrupted in the middle of a call. */
#ifndef TOKENIZER_SENTENCEPIECE_C_H
#define TOKENIZER_SENTENCEPIECE_C_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sentencepiece_model sentencepiece_model;

/* Opens the model in bytes [size], which must have passed sentencepiece_check and are not needed afterwards; path is
 * for error messages. Close with sentencepiece_close. NULL on failure. */
sentencepiece_model *sentencepiece_open(const char *bytes, size_t size, const char *path, failure *why);
void sentencepiece_close(sentencepiece_model *model);

/* Splits UTF-8 text [size] into pieces and calls `use` for each in order, until it returns false. Returns false on
 * failure, with a message in *why, or if `use` returned false. */
bool sentencepiece_encode(const sentencepiece_model *model, const char *text, size_t size,
                          bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why);

/* Joins pieces [n], without those that are "", to a text and calls `use` with it, once. Returns false on failure, or if
 * `use` returned false. */
bool sentencepiece_decode(const sentencepiece_model *model, const char *const *pieces, size_t n,
                          bool (*use)(void *user, const char *text, size_t size), void *user, failure *why);

#ifdef __cplusplus
}
#endif

#endif
