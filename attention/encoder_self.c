/* Encoder self-attention: queries, keys and values all come from x; every row sees its whole sentence. */
#include "attention/steps.h"

void attention_encoder_self(float *out, const attention_weights *weights, const float *x, const row_stack *sentences,
                            attention_scratch *scratch, const trace_reader *reader)
{
    size_t n_rows = row_stack_rows(sentences), d_heads = weights->query.d_out;
    project_all(weights, x, n_rows, scratch, reader);
    for (size_t s = 0; s < sentences->n_sentences; s++) {
        size_t first = sentences->first[s], n = sentences->first[s + 1] - first;
        const kv_run all = {scratch->k + first * d_heads, scratch->v + first * d_heads, n};
        attend(weights, sentences, s, &all, n, 0, scratch, reader);
    }
    project_out(out, weights, n_rows, scratch, reader);
}
