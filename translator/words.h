/* Words among the tokens of a sentence, and the source words that its target attends to. Private to translator/. */
#ifndef TRANSLATOR_WORDS_H
#define TRANSLATOR_WORDS_H

#include "support/trace.h"
#include "tokenizer/tokenizer.h"
#include "translator/translator.h"

/* The cross-attention of a forward pass: the mean over the heads of the decoder layer with the most concentrated one.
 */
typedef struct {
    size_t n_tgt, n_src;
    float *weights; /* [n_tgt, n_src], NULL at the start; free it with free */
    double entropy; /* of that layer: the sum over its rows (model/alignment.h) */
    bool ok;        /* false if memory ran out */
} cross_attention;

/* Returns the reader for a pass over n_src source tokens and n_tgt target tokens. */
trace_reader cross_attention_start(cross_attention *attention, size_t n_tgt, size_t n_src);

/* The tokens of the source or the target. */
typedef struct {
    const char **pieces; /* [n]; "" for a token without text */
    size_t n;
    const tokenizer *tokenizer;
} token_pieces;

piece_text words_text(token_pieces tokens, size_t i);

/* The number of bytes other than spaces that tokens first … end - 1 write. */
size_t words_bytes(token_pieces tokens, size_t first, size_t end);

/* Whether token i is punctuation: neither without text nor with letters or digits. */
bool words_is_mark(token_pieces tokens, size_t i);

/* The end of the word that begins with token i. Punctuation and tokens without text are words by themselves. */
size_t words_end(token_pieces tokens, size_t i);

/* Whether tokens i … end - 1 are a word with text, not punctuation. */
bool words_is_word(token_pieces tokens, size_t i, size_t end);

/* The index of an opaque span's copy token. A piece that is only a space may precede it, but not the end token. */
size_t words_copy_token(token_pieces source, const protected_span *span);

/* The first token of the source word to which the target's tokens first … end - 1 attend most. Punctuation and copy
 * tokens do not count; source.n if there is nothing else. */
size_t words_most_attended(const translated_sentence *s, const cross_attention *a, token_pieces source, size_t first,
                           size_t end);

#endif
