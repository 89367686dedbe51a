/* Encoder-decoder attention: queries come from the target; keys and values come from the encoder's output, projected
 * once per sentence into a KV cache. Every row sees its whole source sentence. */
#include "attention/steps.h"

void attention_cross_fill_cache(kv_cache *source, const attention_weights *weights, const float *encoded,
                                const row_stack *sentences, attention_scratch *scratch, const trace_reader *reader)
{
    size_t n_rows = row_stack_rows(sentences), d_heads = weights->key.d_out;
    const linear_layer layers[] = {{scratch->k, &weights->key}, {scratch->v, &weights->value}};
    kernels_linear_together(layers, 2, encoded, n_rows, scratch->linear);
    trace_tensor(reader, weights->name, ".key", scratch->k, n_rows, d_heads);
    trace_tensor(reader, weights->name, ".value", scratch->v, n_rows, d_heads);
    for (size_t s = 0; s < sentences->n_sentences; s++) {
        size_t first = sentences->first[s], n = sentences->first[s + 1] - first;
        kv_cache_append(&source[s], scratch->k + first * d_heads, scratch->v + first * d_heads, n, d_heads);
    }
}

void attention_cross(float *out, const attention_weights *weights, const float *x, const row_stack *sentences,
                     const kv_cache *source, attention_scratch *scratch, const trace_reader *reader)
{
    size_t n_rows = row_stack_rows(sentences), d_heads = weights->query.d_out;
    project(scratch->q, &weights->query, x, n_rows, weights, ".query", scratch, reader);
    for (size_t s = 0; s < sentences->n_sentences; s++) {
        size_t cache = sentences->cache[s];
        kv_cache_list_runs(scratch->runs, source, cache, d_heads);
        attend(weights, sentences, s, scratch->runs, source[cache].n_keys, 0, scratch, reader);
    }
    project_out(out, weights, n_rows, scratch, reader);
}
