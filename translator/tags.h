/* Tags follow the words around them: where they go in a translation, by its cross-attention. Private to translator/. */
#ifndef TRANSLATOR_TAGS_H
#define TRANSLATOR_TAGS_H

#include "support/trace.h"
#include "translator/translator.h"

/* The cross-attention of a pass, the mean over its heads, in the decoder layer that has the most decided one. */
typedef struct {
    size_t n_tgt, n_src;
    float *weights; /* [n_tgt, n_src], to be freed; NULL at the start */
    double decided; /* the sum of the largest weight in each row */
    bool ok;        /* false once memory ran out */
} tag_attention;

/* The reader of a pass over n_src source tokens and n_tgt target tokens. */
trace_reader tag_attention_start(tag_attention *attention, size_t n_tgt, size_t n_src);

/* What the tokens of one side write. */
typedef struct {
    const char **pieces; /* [n]; "" for a token that writes nothing */
    size_t n;
} tag_tokens;

/* Bytes of a piece other than the marks for spaces. */
size_t tag_piece_size(const char *piece);

/* Sets places [sentence->n_spans] for the tags of a sentence: how many bytes of the translation other than spaces lie
 * before each. A pair encloses the target words whose attention is on the words that it encloses in the source; an
 * empty tag precedes the word whose attention is on the next word of the source. Sets *placed to false if no words
 * remain in a pair, or pairs would overlap. Returns false if memory runs out. */
bool tags_place(size_t *places, bool *placed, const translated_sentence *sentence, tag_tokens source, tag_tokens target,
                const tag_attention *attention, failure *why);

#endif
