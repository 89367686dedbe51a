/* Attention weights drawn in a terminal. A weight is a number and, where there are colours, a shade. */
#ifndef CLI_ATTENTION_MAP_H
#define CLI_ATTENTION_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/terminal.h"
#include "support/buffer.h"

typedef struct {
    const float *weights; /* [n_queries, n_keys], the rows sum to 1 */
    size_t n_queries, n_keys;
    bool causal;               /* query i sees the keys 0 … i */
    const char **query, **key; /* [n_queries], [n_keys], pieces */
} attention_map;

/* A heat map: queries down, keys across, in blocks of as many keys as fit. */
void attention_map_draw(const attention_map *map, const terminal *term);

/* After an empty line the words of the queries, each with the word of the keys that it attends to most, as
 * "Das–The  Haus–house". A word of several pieces is their sum; punctuation is no word. Only the first n_queries and
 * n_keys take part: not the end tokens. */
bool attention_map_align(const attention_map *map, size_t n_queries, size_t n_keys, const terminal *term, failure *why);

/* All heads small, weights [n_heads, n_queries, n_keys], side by side, under their numbers. */
void attention_map_thumbnails(const float *weights, size_t n_heads, size_t n_queries, size_t n_keys,
                              const terminal *term);

#endif
