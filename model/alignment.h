/* Alignment: the source token that each target token attends to most, found while the target is searched. */
#ifndef MODEL_ALIGNMENT_H
#define MODEL_ALIGNMENT_H

#include <stddef.h>

#include "model/transformer.h"
#include "support/trace.h"

/* The entropy in nats of a row of attention weights [n_keys]: how spread they are. Leaves out the last key, the end
 * token, which words without a counterpart attend to, and divides the other weights by their sum. */
double alignment_entropy(const float *weights, size_t n_keys);

/* Reads the cross-attention of each decoder step. For each layer and row, keeps the source token with the largest
 * weight, averaged over the heads, and the entropy. */
typedef struct {
    transformer_state *state;
    size_t n_layers, n_read; /* weights read in this step: all sentences of a layer, then those of the next */
} aligner;

/* Returns the reader for the decoder steps of a search. *a must outlive it. */
trace_reader alignment_start(aligner *a, transformer_state *state, const model_config *config);

/* Sets the tokens' alignment to that of the layer with the lowest mean entropy. path [tokens->n]: the slots of the
 * decoder rows that chose them (state.h). */
void alignment_read(const aligner *a, generated_tokens *tokens, const size_t *path);

#endif
