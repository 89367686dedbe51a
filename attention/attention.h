/* Attention: one core, and three callers that differ in where keys and values come from.
 *
 *                     queries    keys, values                    query i sees
 *   encoder_self      x          x, now                          all of its sentence
 *   decoder_self      x          `past`, to which x is appended  the past and itself
 *   cross             x          `source`, projected once        all of the source
 *
 *   n_rows    rows of x, over all sentences       d_model  columns of x
 *   n_keys    keys of one sentence                d_head   d_model / n_heads
 *
 * There is no mask: causality is a length. There is no padding: a batch is a stack of rows.
 * Heads lie side by side: head h is columns h*d_head … (h+1)*d_head of q, k and v, so that no head is
 * ever copied. Nothing here allocates or fails. */
#ifndef ATTENTION_ATTENTION_H
#define ATTENTION_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/kernels.h"
#include "support/trace.h"

/* Sentences as a stack of rows: sentence s owns rows first[s] … first[s + 1] - 1, at least one. */
typedef struct {
    size_t n_sentences;
    size_t *first; /* [n_sentences + 1], first[0] = 0 */
} row_stack;

static inline size_t row_stack_rows(const row_stack *stack)
{
    return stack->first[stack->n_sentences];
}

/* The projections of one attention; each weight is [d_model, d_model]. */
typedef struct {
    char name[64]; /* its path in the checkpoint, such as "decoder.1.cross_attention" */
    size_t n_heads;
    linear_weights query, key, value, output;
} attention_weights;

/* The KV cache: the keys and values of one sentence. */
typedef struct {
    float *keys;   /* [capacity, d_model], the first n_keys rows are filled */
    float *values; /* the same */
    size_t n_keys, capacity;
} kv_cache;

/* What one call needs besides its arguments; sized by the caller when a batch is laid out. */
typedef struct {
    float *q, *k, *v;       /* [n_rows, d_model] */
    float *context;         /* [n_rows, d_model], the outputs of the heads side by side, before the output projection */
    float *scores;          /* [n_heads, queries of one sentence, n_keys], the largest of the sentences */
    linear_scratch *linear; /* for n_rows rows; shared with the layers around attention */
} attention_scratch;

/* out [n_rows, d_model]; x [n_rows, d_model]; every row of a sentence attends to all rows of it. */
void attention_encoder_self(float *out, const attention_weights *weights, const float *x, const row_stack *sentences,
                            attention_scratch *scratch, const trace_reader *reader);

/* out [n_rows, d_model]; x [n_rows, d_model] are the next rows of each sentence, one or more;
 * past [n_sentences] gains them and must have the capacity. */
void attention_decoder_self(float *out, const attention_weights *weights, const float *x, const row_stack *sentences,
                            kv_cache *past, attention_scratch *scratch, const trace_reader *reader);

/* out [n_rows, d_model]; x [n_rows, d_model]; source [n_sentences] as attention_cross_remember left it. */
void attention_cross(float *out, const attention_weights *weights, const float *x, const row_stack *sentences,
                     const kv_cache *source, attention_scratch *scratch, const trace_reader *reader);

/* Fills source [n_sentences] with the keys and values of the encoder's output [rows of `sentences`,
 * d_model]; each cache needs capacity for its sentence's rows. */
void attention_cross_remember(kv_cache *source, const attention_weights *weights, const float *encoded,
                              const row_stack *sentences, attention_scratch *scratch, const trace_reader *reader);

/* Appends keys and values [n_rows, d_model] to the cache, which must have the capacity. */
void kv_cache_append(kv_cache *cache, const float *keys, const float *values, size_t n_rows, size_t d_model);

/* The core, for one sentence and all heads:
 *
 *   context = softmax(q kᵀ / sqrt(d_head)) v    (Vaswani et al. 2017, equation 1)
 *
 * context, q [n_queries, d_model]; k, v [n_keys, d_model]. Query i sees the first
 * min(n_keys, n_keys - n_masked + i) keys: n_masked is the number of keys that the first query does not
 * see, n_queries - 1 when each row is a new token, 0 when every query sees everything. n_masked < n_keys.
 * weights [n_heads, n_queries, n_keys] receives the softmax, 0 where a key is not seen. */
void attention_core(float *context, float *weights, const float *q, const float *k, const float *v, size_t n_queries,
                    size_t n_keys, size_t n_masked, size_t n_heads, size_t d_model);

#endif
