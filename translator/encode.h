/* From lines to sentences with source tokens. Private to translator/. */
#ifndef TRANSLATOR_ENCODE_H
#define TRANSLATOR_ENCODE_H

#include "model/config.h"
#include "tokenizer/tokenizer.h"
#include "translator/protect.h"
#include "translator/translator.h"

typedef struct {
    const tokenizer *tokenizer;
    const model_config *config;
    protector *protector; /* NULL: the line is one sentence, and the model gets it as it is */
    const notice_reader *notices;
    language_code code; /* for lines that have none; it may be none itself */
} encoder;

/* Whether a text of n_bytes can be given to the tokenizer: a longer one has more tokens than `limit` anyway, and
 * SentencePiece takes quadratic time in runs of unknown characters. */
bool encode_fits(size_t n_bytes, size_t limit);

/* Fills in the sentences of line `number` with their source tokens. */
bool encode_line(const encoder *e, const text_line *line, size_t number, translation *out, failure *why);

/* Puts the parts between its spans in place of each sentence of the line for which `failed` is true. */
bool encode_parts(const encoder *e, const text_line *line, size_t number, translation *out,
                  bool (*failed)(const translated_sentence *sentence), failure *why);

/* Appends the text of a sentence that the model read to *read, and the same in the spelling of the line to *spelled.
 * Both have the same number of bytes. */
bool encode_source_text(protector *p, const translated_sentence *sentence, const text_line *line, text_buffer *read,
                        text_buffer *spelled, failure *why);

#endif
