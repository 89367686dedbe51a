/* softmax(q kᵀ / sqrt(d_head)) v for one sentence, all heads: the heart of the Transformer.
 * It knows nothing about weights, layers, batches or caches. */
#include <math.h>
#include <string.h>

#include "attention/attention.h"

/* Turns the scores [n_queries, n_keys] of one head into weights: the softmax over the keys that a query sees, and 0 for
 * the others. */
static void softmax_of_seen(float *scores, size_t n_queries, size_t n_keys, size_t n_masked)
{
    for (size_t i = 0; i < n_queries; i++, scores += n_keys) {
        size_t n_seen = i < n_masked ? n_keys - n_masked + i : n_keys;
        kernels_softmax(scores, n_seen);
        for (size_t j = n_seen; j < n_keys; j++)
            scores[j] = 0.0f;
    }
}

void attention_scores(float *scores, const float *q, const kv_run *runs, size_t n_queries, size_t n_keys,
                      size_t n_heads, size_t d_head, bool scaled)
{
    size_t d_heads = n_heads * d_head;
    float scale = scaled ? 1.0f / sqrtf((float)d_head) : 1.0f;
    for (size_t h = 0; h < n_heads; h++, scores += n_queries * n_keys) {
        size_t column = h * d_head, j = 0;
        for (const kv_run *run = runs; j < n_keys; j += run->n, run++)
            kernels_matmul_transposed(scores + j, n_keys, q + column, d_heads, run->k + column, d_heads, n_queries,
                                      run->n, d_head, scale);
    }
}

void attention_context(float *context, float *scores, const kv_run *runs, size_t n_queries, size_t n_keys,
                       size_t n_masked, size_t n_heads, size_t d_head)
{
    size_t d_heads = n_heads * d_head;
    memset(context, 0, n_queries * d_heads * sizeof *context);
    for (size_t h = 0; h < n_heads; h++, scores += n_queries * n_keys) {
        size_t column = h * d_head, j = 0;
        softmax_of_seen(scores, n_queries, n_keys, n_masked);
        for (const kv_run *run = runs; j < n_keys; j += run->n, run++)
            kernels_matmul_add(context + column, d_heads, scores + j, n_keys, run->v + column, d_heads, n_queries,
                               d_head, run->n);
    }
}
