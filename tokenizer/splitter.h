/* Splits text by a fixed rule, for checkpoints whose vocabulary is a plain list of characters or words. */
#ifndef TOKENIZER_SPLITTER_H
#define TOKENIZER_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

typedef struct splitter splitter;

/* The rule with this name:
 *   "characters"  each character, spaces too
 *   "spaces"      runs of anything but white space: str.split of Python
 *   "words"       runs of word characters, and runs of other signs: Whitespace of Hugging Face's tokenizers
 *   "marks"       runs between spaces, but each of , . ! ? begins a piece: Dive into Deep Learning
 *   "bpe"         runs between spaces: subword-nmt
 *   "byte_bpe"    runs of letters, of digits, and of other signs, each with the space before it: GPT-2
 * Text is put in lower case first if lower_case is set, as these programs do it. NULL on failure, also if there is no
 * such rule. */
splitter *splitter_open(const char *rule, bool lower_case, failure *why);
void splitter_close(splitter *s);

/* Whether pieces are words, with spaces between them, and not characters. */
bool splitter_makes_words(const splitter *s);

/* Splits UTF-8 text [size], and calls use for each piece in order until it returns false. Returns false on failure,
 * which sets *why, or if use returned false. */
bool splitter_split(splitter *s, const char *text, size_t size, bool (*use)(void *user, const char *piece, size_t size),
                    void *user, failure *why);

/* The same in the spelling of the text: the pieces lie in it. `use` may split other text. */
bool splitter_find(const splitter *s, const char *text, size_t size,
                   bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why);

#endif
