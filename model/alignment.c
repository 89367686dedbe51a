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

static void read_weights(void *user, const char *name, const float *data, size_t n_heads, size_t n_src)
{
    static const char wanted[] = ".cross_attention.weights";
    aligner *a = user;
    transformer_state *state = a->state;
    size_t length = strlen(name), n_active = state->target.n_sentences;
    if (length < sizeof wanted || strcmp(name + length - (sizeof wanted - 1), wanted) != 0)
        return;
    size_t layer = a->n_read / n_active, sentence = state->active[a->n_read % n_active];
    size_t row = layer * state->n_sentences + sentence;
    float *mean = state->mean_weights;
    for (size_t j = 0; j < n_src; j++) {
        mean[j] = 0.0f;
        for (size_t h = 0; h < n_heads; h++)
            mean[j] += data[h * n_src + j] / (float)n_heads;
    }
    state->aligned[row * state->sizes.n_tgt + state->generated[sentence].n] = most_attended(mean, n_src);
    state->entropy[row] += alignment_entropy(mean, n_src);
    a->n_read = (a->n_read + 1) % (a->n_layers * n_active);
}

trace_reader alignment_start(aligner *a, transformer_state *state, const model_config *config)
{
    *a = (aligner){state, config->decoder.n_layers, 0};
    for (size_t row = 0; row < a->n_layers * state->n_sentences; row++)
        state->entropy[row] = 0.0;
    return (trace_reader){read_weights, a};
}

void alignment_finish(const aligner *a)
{
    const transformer_state *state = a->state;
    for (size_t s = 0; s < state->n_sentences; s++) {
        size_t best = s;
        for (size_t row = s; row < a->n_layers * state->n_sentences; row += state->n_sentences)
            best = state->entropy[row] < state->entropy[best] ? row : best;
        state->generated[s].alignment = state->aligned + best * state->sizes.n_tgt;
    }
}
