/* Alignment: the source token that each target token attends to most, found while greedy search chooses the target. */
#ifndef MODEL_ALIGNMENT_H
#define MODEL_ALIGNMENT_H

#include <stddef.h>

#include "model/transformer.h"
#include "support/trace.h"

/* How spread a row of attention weights [n_keys] is: its entropy in nats, without the last key, the end token, which
 * takes what finds nothing elsewhere; the others are divided by their sum. */
double alignment_entropy(const float *weights, size_t n_keys);

/* Reads the cross-attention of one decoder step after another. For each layer it keeps the source token with the
 * largest weight, the mean over the heads, and the sum of the entropies. */
typedef struct {
    transformer_state *state;
    size_t n_layers, n_read; /* weights read in this step: all sentences of a layer, then those of the next */
} aligner;

/* The reader for the steps of a search that begins. *a must outlive it. */
trace_reader alignment_start(aligner *a, transformer_state *state, const model_config *config);

/* Sets each generated sentence's alignment to that of the layer with the lowest mean entropy. */
void alignment_finish(const aligner *a);

#endif
