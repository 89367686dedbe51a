/* Turns the target tokens of a sentence into its translation, and puts protected spans back. Private to translator/. */
#ifndef TRANSLATOR_RESTORE_H
#define TRANSLATOR_RESTORE_H

#include "model/config.h"
#include "tokenizer/tokenizer.h"
#include "translator/translator.h"

typedef struct {
    const tokenizer *tokenizer;
    const model_config *config;
} restorer;

/* Whether the target has the copy token of each opaque span of the sentence once, and no other copy token. */
bool restore_is_possible(const restorer *r, const translated_sentence *sentence);

/* Appends the text of the target's pieces to that of a sentence, in capitals if the sentence was, with spans of the
 * line in place of copy tokens. A piece is "" if it writes nothing. places [n_spans] has, for each tag, the number of
 * bytes other than spaces before it in the decoded text; NULL if there are no tags. Drops copy tokens without a span.
 * Sets *complete to whether each span was written once. Returns false if memory runs out. */
bool restore_text(const restorer *r, translated_sentence *sentence, const char *const *pieces, const text_line *line,
                  const size_t *places, bool *complete, failure *why);

#endif
