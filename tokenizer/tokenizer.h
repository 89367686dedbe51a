/* Text to token ids and back, by Marian's rule: SentencePiece cuts text into pieces, and the vocabulary,
 * not SentencePiece, gives a piece its id. A piece that the vocabulary lacks is <unk>.
 *
 * The source and the target side may share a SentencePiece model and a vocabulary. */
#ifndef TOKENIZER_TOKENIZER_H
#define TOKENIZER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/buffer.h"
#include "support/failure.h"

/* What config.json says of the tokenizer. */
typedef struct {
    size_t n_source_vocabulary, n_target_vocabulary;
    int32_t source_end, source_unknown;           /* ids in the source vocabulary */
    int32_t target_start, target_end, target_pad; /* ids in the target vocabulary */
    bool shared_sentencepiece, shared_vocabulary;
} tokenizer_config;

typedef struct tokenizer tokenizer;

/* Reads source.spm, source.vocab and, where they are not shared, target.spm, target.vocab. NULL on failure. */
tokenizer *tokenizer_open(const char *directory, const tokenizer_config *config, failure *why);
void tokenizer_close(tokenizer *t);

/* A language code `>>…<<`, which OPUS-MT's multilingual checkpoints need. */
typedef struct {
    size_t size; /* its bytes; 0 for none */
    int32_t id;  /* <unk> if it is not known, as MarianTokenizer has it */
    bool known;  /* the source vocabulary has it */
} language_code;

/* The language code at the very beginning; none where no piece can be it: it is too long, or not UTF-8. */
language_code tokenizer_language_code(const tokenizer *t, const char *bytes, size_t size);

/* Appends the id of the language code, if any, the ids of one sentence and, at the end, the source's end token. What is
 * not UTF-8, and NUL, is read as U+FFFD. The names of special tokens in the text are text. */
bool tokenizer_encode(const tokenizer *t, const language_code *code, const char *bytes, size_t size, token_ids *ids,
                      failure *why);

/* Appends the text of n target ids; start, end and pad give nothing, <unk> is written as SentencePiece does, " ⁇ ".
 * The text is UTF-8 without control characters but tab: a line stays a line. */
bool tokenizer_decode(const tokenizer *t, const int32_t *ids, size_t n, text_buffer *text, failure *why);

/* The piece of an id of either side, for showing. */
const char *tokenizer_source_piece(const tokenizer *t, int32_t id);
const char *tokenizer_target_piece(const tokenizer *t, int32_t id);

#endif
