/* A C view of the SentencePiece library. No exception leaves it: what the library throws becomes a failure.
 *
 * So does memory that runs out, as long as the reserve of the call is enough to end it; else failure_fatal ends the
 * process, since the library cannot be left in the middle of a call. */
#ifndef TOKENIZER_SENTENCEPIECE_C_H
#define TOKENIZER_SENTENCEPIECE_C_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sentencepiece_model sentencepiece_model;

/* The model in bytes [size], which sentencepiece_check has passed; `path` is for failures only. NULL on failure. */
sentencepiece_model *sentencepiece_open(const char *bytes, size_t size, const char *path, failure *why);
void sentencepiece_close(sentencepiece_model *model);

/* Cuts UTF-8 text into pieces: calls use(user, piece, its bytes) for each in order, ended when it returns false. */
bool sentencepiece_encode(const sentencepiece_model *model, const char *text, size_t size,
                          bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why);

/* Joins n pieces to text and calls use(user, text, its bytes) once. */
bool sentencepiece_decode(const sentencepiece_model *model, const char *const *pieces, size_t n,
                          bool (*use)(void *user, const char *text, size_t size), void *user, failure *why);

#ifdef __cplusplus
}
#endif

#endif
