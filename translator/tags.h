/* Places tags in a translation around the words that they enclose in the source, by cross-attention. Private to
 * translator/. */
#ifndef TRANSLATOR_TAGS_H
#define TRANSLATOR_TAGS_H

#include "translator/words.h"

/* Sets places [sentence->n_spans], for the tags of a sentence, to the number of bytes other than spaces before each in
 * the translation. A pair encloses the target words that attend most to the source words it encloses. An empty tag
 * precedes the target word that attends most to the next source word. Sets *placed to false if a pair would enclose no
 * words, or if pairs would overlap. Returns false if memory runs out. */
bool tags_place(size_t *places, bool *placed, const translated_sentence *sentence, token_pieces source,
                token_pieces target, const cross_attention *attention, failure *why);

#endif
