#include "model/alignment.h"

#include <math.h>
#include <string.h>

#include "model/state.h"

double alignment_entropy(const float *weights, size_t n_keys)
{
    double sum = 0.0, entropy = 0.0;
    for (size_t j = 0; j + 1 < n_keys; j++)
        sum += (double)weights[j];
    for (size_t j = 0; j + 1 < n_keys; j++)
        if (weights[j] > 0.0f)
            entropy -= (double)weights[j] / sum * log((double)weights[j] / sum);
    return entropy;
}

/* The source token with the largest weight; the end token only if there is no other. */
static int32_t most_attended(const float *weights, size_t n_src)
{
    size_t best = 0;
    for (size_t j = 1; j + 1 < n_src; j++)
        best = weights[j] > weights[best] ? j : best;
    return (int32_t)best;
}

/* Where aligned and entropy have the decoder row at `step` of a slot. */
static size_t place(const transformer_state *state, size_t layer, size_t slot, size_t step)
{
    return (layer * state->n_slots + slot) * state->sizes.n_tgt + step;
}

/* Reads the weights [n_heads, n_queries, n_src] of a sentence, whose queries are the newest rows of its hypotheses. */
static void read_weights(void *user, const char *name, const float *data, size_t n_rows, size_t n_src)
{
    static const char wanted[] = ".cross_attention.weights";
    aligner *a = user;
    transformer_state *state = a->state;
    size_t length = strlen(name), n_active = state->by_source.n_sentences;
    if (length < sizeof wanted || strcmp(name + length - (sizeof wanted - 1), wanted) != 0)
        return;
    size_t layer = a->n_read / n_active;
    const size_t *first = state->by_source.first + a->n_read % n_active;
    size_t n_queries = first[1] - first[0], n_heads = n_rows / n_queries;
    float *mean = state->mean_weights;
    for (size_t i = 0; i < n_queries; i++, data += n_src) {
        for (size_t j = 0; j < n_src; j++) {
            mean[j] = 0.0f;
            for (size_t h = 0; h < n_heads; h++)
                mean[j] += data[h * n_queries * n_src + j] / (float)n_heads;
        }
        size_t slot = state->target.cache[first[0] + i], at = place(state, layer, slot, state->past[slot].n_keys - 1);
        state->aligned[at] = most_attended(mean, n_src);
        state->entropy[at] = alignment_entropy(mean, n_src);
    }
    a->n_read = (a->n_read + 1) % (a->n_layers * n_active);
}

trace_reader alignment_start(aligner *a, transformer_state *state, const model_config *config)
{
    *a = (aligner){state, config->decoder.n_layers, 0};
    return (trace_reader){read_weights, a};
}

void alignment_read(const aligner *a, generated_tokens *tokens, const size_t *path)
{
    const transformer_state *state = a->state;
    double lowest = 0.0;
    for (size_t l = 0; l < a->n_layers; l++) {
        double entropy = 0.0;
        for (size_t j = 0; j < tokens->n; j++)
            entropy += state->entropy[place(state, l, path[j], j)];
        if (l > 0 && !(entropy < lowest))
            continue;
        lowest = entropy;
        for (size_t j = 0; j < tokens->n; j++)
            tokens->alignment[j] = state->aligned[place(state, l, path[j], j)];
    }
}
