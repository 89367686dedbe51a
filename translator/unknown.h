/* Replaces unknown words of a translation by the source words that they attend to most. Private to translator/. */
#ifndef TRANSLATOR_UNKNOWN_H
#define TRANSLATOR_UNKNOWN_H

#include "translator/words.h"

/* The text of a sentence: as the model read it, and the same in the spelling of the line. */
typedef struct {
    text_buffer read, spelled;
} source_text;

/* The words put in, which the pieces of the target point to. Zero-initialize; unknown_free frees them. */
typedef struct {
    text_buffer *pieces;
    size_t n;
} unknown_words;

void unknown_free(unknown_words *words);

/* Whether a target has an unknown token that is not silent. */
bool unknown_in(const translated_sentence *sentence, token_pieces target);

/* Replaces pieces of the target: the first of an unknown word by one that writes a source word, the others by "". An
 * unknown word is an unknown token with the tokens that it joins and that attend most to the same source word. Leaves
 * an unknown token that attends to no word. copy_tokens: the ids of copy tokens. Returns false on failure. */
bool unknown_replace(unknown_words *words, token_pieces target, const translated_sentence *sentence,
                     const source_text *text, const id_list *copy_tokens, size_t n_after,
                     const cross_attention *attention, failure *why);

#endif
