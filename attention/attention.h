/* Attention: one core, and three callers that differ in where keys and values come from.
 *
 *                     queries    keys and values               query i sees
 *   encoder_self      x          x                             its whole sentence
 *   decoder_self      x          past, to which x is appended  the past and rows up to its own
 *   cross             x          source, projected once        the whole source sentence
 *
 *   n_rows    rows of x, over all sentences       d_model  columns of x
 *   n_keys    keys of one sentence                d_heads  columns of all heads: n_heads * d_head, mostly d_model
 *
 * There is no mask: a causal query gets fewer keys. There is no padding: a batch is a stack of rows. Heads lie side by
 * side: head h is columns h*d_head … (h+1)*d_head - 1 of q, k and v, so heads are never copied. Nothing here allocates
 * or fails. Every tensor is passed to the trace reader, if there is one. */
#ifndef ATTENTION_ATTENTION_H
#define ATTENTION_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/kernels.h"
#include "support/trace.h"

/* A batch of sentences as a stack of rows: sentence s owns rows first[s] … first[s + 1] - 1, at least one. */
typedef struct {
    size_t n_sentences;
    size_t *first; /* [n_sentences + 1], first[0] = 0 */
    size_t *cache; /* [n_sentences], in the decoder: the KV cache of each, an index */
} row_stack;

static inline size_t row_stack_rows(const row_stack *stack)
{
    return stack->first[stack->n_sentences];
}

/* What an experiment switches off in one attention (model_switch_off); zeroed if nothing. */
typedef struct {
    const bool *heads; /* [n_heads], those whose context is 0; NULL: none */
    bool output;       /* all of the output is 0 */
    bool scaling;      /* scores are not divided by sqrt(d_head) */
} attention_off;

/* The projections of one attention: query, key and value are [d_heads, d_model], output is [d_model, d_heads]. */
typedef struct {
    char name[64]; /* in the checkpoint and in traces, such as "decoder.1.cross_attention" */
    size_t n_heads;
    linear_weights query, key, value, output;
    attention_off off;
} attention_weights;

/* The KV cache: the keys and values of one sentence. In beam search, a hypothesis computes one row per step and refers
 * to the caches of the hypotheses that it continues for the others, so nothing is copied. */
typedef struct {
    float *keys;   /* [capacity, d_heads]; the first n_keys rows are filled, unless another cache has them */
    float *values; /* likewise */
    size_t n_keys, capacity;
    const size_t *path; /* [n_keys], the cache of the same layer that has the row, an index; NULL: this one has all */
} kv_cache;

/* Keys and values that follow each other in memory. */
typedef struct {
    const float *k, *v; /* [n, d_heads] */
    size_t n;
} kv_run;

/* Scratch memory of one call, allocated by the caller (model/state.h). */
typedef struct {
    float *q, *k, *v;       /* [n_rows, d_heads] */
    float *context;         /* [n_rows, d_heads], the concatenated heads, before the output projection */
    float *scores;          /* [n_heads, n_queries, n_keys] of the sentence with the largest product */
    kv_run *runs;           /* [n_keys], of one sentence */
    linear_scratch *linear; /* for n_rows rows; shared with the layers around attention */
} attention_scratch;

/* Encoder self-attention: each row of x [n_rows, d_model] attends to all rows of its sentence. out [n_rows, d_model].
 */
void attention_encoder_self(float *out, const attention_weights *weights, const float *x, const row_stack *sentences,
                            attention_scratch *scratch, const trace_reader *reader);

/* Causal decoder self-attention: x [n_rows, d_model] holds the next rows of each sentence, one or more. Their keys and
 * values are appended to the sentence's cache in past, which must have room. Each row attends to all keys up to its
 * own. out [n_rows, d_model]. */
void attention_decoder_self(float *out, const attention_weights *weights, const float *x, const row_stack *sentences,
                            kv_cache *past, attention_scratch *scratch, const trace_reader *reader);

/* Encoder-decoder attention: each row of x [n_rows, d_model] attends to every key of its sentence's cache in source,
 * which attention_cross_fill_cache has filled. The rows of all hypotheses about a sentence come as one sentence here.
 * out [n_rows, d_model]. */
void attention_cross(float *out, const attention_weights *weights, const float *x, const row_stack *sentences,
                     const kv_cache *source, attention_scratch *scratch, const trace_reader *reader);

/* Projects the encoder's output, encoded [n_rows, d_model], to keys and values, and appends them to the caches source
 * [n_sentences], which must be empty and have room. */
void attention_cross_fill_cache(kv_cache *source, const attention_weights *weights, const float *encoded,
                                const row_stack *sentences, attention_scratch *scratch, const trace_reader *reader);

/* Appends keys and values [n_rows, d_heads] to the cache, which must have room. */
void kv_cache_append(kv_cache *cache, const float *keys, const float *values, size_t n_rows, size_t d_heads);

/* Sets runs to the n_keys rows of caches[which], in order, in as few runs as possible: one without a path. */
void kv_cache_list_runs(kv_run *runs, const kv_cache *caches, size_t which, size_t d_heads);

/* The core, for one sentence and all heads, in two steps:
 *
 *   context = softmax(q kᵀ / sqrt(d_head)) v    (Vaswani et al. 2017, equation 1)
 *
 * The first: scores [n_heads, n_queries, n_keys] = q kᵀ / sqrt(d_head), for all keys; not divided unless they are
 * scaled. q [n_queries, d_heads]; k [n_keys, d_heads] in one or more runs, which change no bit, however they divide the
 * keys. */
void attention_scores(float *scores, const float *q, const kv_run *runs, size_t n_queries, size_t n_keys,
                      size_t n_heads, size_t d_head, bool scaled);

/* The second: context [n_queries, d_heads] = softmax(scores) v, v [n_keys, d_heads] in the same runs. The last
 * n_masked < n_keys keys are hidden from the first query; each further query sees one more key, up to all n_keys.
 * n_masked is n_queries - 1 for causal attention, and 0 if every query sees all keys. Turns the scores into weights:
 * the softmax, with 0 for hidden keys. */
void attention_context(float *context, float *scores, const kv_run *runs, size_t n_queries, size_t n_keys,
                       size_t n_masked, size_t n_heads, size_t d_head);

#endif
