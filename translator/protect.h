/* What the model does not translate: addresses, file names, placeholders, tags, unknown signs … (text/spans.h). From a
 * line to its sentences and the spans in them, and from a sentence to what the model reads. Private to translator/. */
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

/* NULL on failure. The tokenizer and the configuration must outlive it. */
protector *protector_open(const tokenizer *t, const model_config *config, failure *why);
void protector_close(protector *p);

/* Starts with a line whose language code takes `offset` bytes. */
bool protector_start(protector *p, const text_line *line, size_t offset, failure *why);

/* Sets *spans, to be freed, and *n to the line's spans that lie in this range of it; with none, *spans may be NULL. Call
 * it before protector_next. */
bool protector_list_spans(const protector *p, byte_range range, copied_span **spans, size_t *n, failure *why);

/* Sets *sentence to the line's next sentence with a letter outside its spans. Symbols and tags at either end do not
 * belong to it. It is valid until the next call. Returns false after the last one. */
bool protector_next(protector *p, protected_sentence *sentence);

/* Whether the checkpoint has a copy token for each of the sentence's spans that needs one. */
bool protect_has_tokens(const protector *p, const protected_sentence *sentence);

/* What the model reads of the sentence: its normal form, in ordinary spelling if it is in capitals or title case, with
 * copy tokens in place of opaque spans and without tags. protect_has_tokens must hold. Sets *letters to the case of the
 * sentence, and before [n_spans + 1], unless it is NULL, to the bytes other than spaces before each span and in all.
 * Valid until the next call. NULL on failure. */
const text_buffer *protect_source(protector *p, letter_case *letters, size_t *before,
                                  const protected_sentence *sentence, failure *why);

/* Sets *part to the next stretch between spans that has a letter, without the punctuation between the span before and
 * its first word. *next counts the stretches, from 0. Returns false after the last one. */
bool protect_next_part(byte_range *part, size_t *next, const protected_sentence *sentence);

#endif
