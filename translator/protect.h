/* Protects text that is copied, not translated: addresses, file names, placeholders, tags, unknown signs
 * (text/spans.h). Finds the sentences of a line and the spans in them, and writes the text that the model reads.
 * Private to translator/. */
#ifndef TRANSLATOR_PROTECT_H
#define TRANSLATOR_PROTECT_H

#include "model/config.h"
#include "text/normalize.h"
#include "tokenizer/tokenizer.h"
#include "translator/translator.h"

/* A sentence of a line, or a part of one. */
typedef struct {
    const text_line *line;
    byte_range range;       /* in the line, like those of the spans */
    const text_span *spans; /* [n_spans], in order, within the range; a tag of a pair has its partner among them */
    size_t n_spans;
} protected_sentence;

/* Reads lines one after another. */
typedef struct protector protector;

/* Close with protector_close. NULL on failure. The tokenizer and the configuration must outlive it. */
protector *protector_open(const tokenizer *t, const model_config *config, failure *why);
void protector_close(protector *p);

/* Starts a line whose language code takes `offset` bytes. The line must outlive the calls below. */
bool protector_start(protector *p, const text_line *line, size_t offset, failure *why);

/* Lists the spans in a range of the line in *spans [*n], NULL or an array to free. Call this before protector_next. */
bool protector_list_spans(const protector *p, byte_range range, copied_span **spans, size_t *n, failure *why);

/* Sets *sentence to the next sentence of the line that has a letter outside its spans. Symbols and tags at its ends are
 * left out. Its spans are valid until the next call. Returns false after the last one. */
bool protector_next(protector *p, protected_sentence *sentence);

/* Whether the checkpoint has a copy token for each opaque span of the sentence. */
bool protect_has_tokens(const protector *p, const protected_sentence *sentence);

/* Returns the text that the model reads: the normal form of the sentence, in ordinary spelling if it is in capitals or
 * title case, with copy tokens in place of opaque spans and without tags. protect_has_tokens must be true. Sets
 * *letters to the case of the sentence, and before [n_spans + 1] to the number of bytes other than spaces before each
 * span and in all; before may be NULL. If letters is NULL, the text has the spelling of the line. It is valid until the
 * next call. NULL on failure. */
const text_buffer *protect_source(protector *p, letter_case *letters, size_t *before,
                                  const protected_sentence *sentence, failure *why);

/* Sets *part to the next stretch between spans that has a letter, without punctuation that follows the previous span.
 * *next must be 0 at first. Returns false after the last one. */
bool protect_next_part(byte_range *part, size_t *next, const protected_sentence *sentence);

#endif
