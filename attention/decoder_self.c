/* Causal decoder self-attention: x holds the next rows of each sentence. Their keys and values are appended to the KV
 * cache; each row sees the past, and the new rows up to itself. A whole sequence and a single step run the same code
 * and differ only in the number of rows. */
#include "attention/steps.h"

void attention_decoder_self(float *out, const attention_weights *weights, const float *x, const row_stack *sentences,
                            kv_cache *past, attention_scratch *scratch, const trace_reader *reader)
{
    size_t n_rows = row_stack_rows(sentences), d_heads = weights->query.d_out;
    project_all(weights, x, n_rows, scratch, reader);
    for (size_t s = 0; s < sentences->n_sentences; s++) {
        size_t first = sentences->first[s], n = sentences->first[s + 1] - first;
        kv_cache *cache = &past[sentences->cache[s]];
        kv_cache_append(cache, scratch->k + first * d_heads, scratch->v + first * d_heads, n, d_heads);
        kv_cache_list_runs(scratch->runs, past, sentences->cache[s], d_heads);
        attend(weights, sentences, s, scratch->runs, cache->n_keys, n - 1, scratch, reader);
    }
    project_out(out, weights, n_rows, scratch, reader);
}
