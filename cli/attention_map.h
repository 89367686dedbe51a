/* Draws attention weights in a terminal. A weight is a number and, if the terminal has colours, a shade. */
#ifndef CLI_ATTENTION_MAP_H
#define CLI_ATTENTION_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/terminal.h"
#include "support/buffer.h"

typedef struct {
    const float *weights; /* [n_queries, n_keys]; rows sum to 1 */
    size_t n_queries, n_keys;
    bool causal;               /* query i only sees keys 0 … i */
    const char **query, **key; /* [n_queries], [n_keys], pieces; in the decoder, a query has the piece it predicts */
    const char **fed;          /* [n_queries], the pieces that the decoder is fed; NULL in the encoder */
} attention_map;

/* Draws a heat map, with a row per query and a column per key, in blocks that fit the terminal's width. A row of the
 * decoder is named "fed → predicted". */
void attention_map_draw(const attention_map *map, const terminal *term);

/* Prints an empty line, then each word of the queries with the word of the keys that it attends to most, such as
 * "Das–The  Haus–house". The weights of a word's pieces are added up; punctuation is ignored. Only the first n_queries
 * and n_keys pieces are used, so that the caller can leave out end tokens. */
bool attention_map_align(const attention_map *map, size_t n_queries, size_t n_keys, const terminal *term, failure *why);

/* What a head does, in numbers. */
typedef struct {
    double entropy;   /* in nats, the mean over the queries */
    const char *most; /* the keys with the most weight: a piece, or where they are, such as "previous" */
    double share;     /* their weight, the mean over the queries */
} head_summary;

/* Draws small images of weights [n_heads, n_queries, n_keys], one per head, side by side, with the heads' numbers above
 * and their summaries [n_heads] below. */
void attention_map_thumbnails(const float *weights, const head_summary *summaries, size_t n_heads, size_t n_queries,
                              size_t n_keys, const terminal *term);

/* Prints how to read the thumbnails. */
void attention_map_legend(const terminal *term);

#endif
