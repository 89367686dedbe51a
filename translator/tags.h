/* Places tags in a translation around the words that they enclose in the source, by cross-attention. Private to
 * translator/. */
#ifndef TRANSLATOR_TAGS_H
#define TRANSLATOR_TAGS_H

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
} tag_attention;

/* Returns the reader for a pass over n_src source tokens and n_tgt target tokens. */
trace_reader tag_attention_start(tag_attention *attention, size_t n_tgt, size_t n_src);

/* The tokens of the source or the target. */
typedef struct {
    const char **pieces; /* [n]; "" for a token without text */
    size_t n;
    const tokenizer *tokenizer;
} tag_tokens;

/* Sets places [sentence->n_spans], for the tags of a sentence, to the number of bytes other than spaces before each in
 * the translation. A pair encloses the target words that attend most to the source words it encloses. An empty tag
 * precedes the target word that attends most to the next source word. Sets *placed to false if a pair would enclose no
 * words, or if pairs would overlap. Returns false if memory runs out. */
bool tags_place(size_t *places, bool *placed, const translated_sentence *sentence, tag_tokens source, tag_tokens target,
                const tag_attention *attention, failure *why);

#endif
