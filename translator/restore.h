/* From the target of a sentence to its translation, with what was protected put back. Private to translator/. */
#ifndef TRANSLATOR_RESTORE_H
#define TRANSLATOR_RESTORE_H

#include "model/config.h"
#include "tokenizer/tokenizer.h"
#include "translator/translator.h"

typedef struct {
    const tokenizer *tokenizer;
    const model_config *config;
} restorer;

/* Whether the target has the copy token of each of the sentence's opaque spans once, and no other. */
bool restore_is_possible(const restorer *r, const translated_sentence *sentence);

/* Fills in the text of a sentence: its target decoded, in capitals if the sentence was, with spans of the line in place
 * of copy tokens. places [n_spans], for tags: how many bytes of the decoded text other than spaces precede each; NULL
 * if there are no tags. A copy token that belongs to no span is dropped. Sets *complete to whether each span was
 * written once. */
bool restore_text(const restorer *r, translated_sentence *sentence, const text_line *line, const size_t *places,
                  bool *complete, failure *why);

#endif
