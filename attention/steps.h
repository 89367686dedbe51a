/* The steps that all three callers share: project, attend, project out. Each is traced. Private to attention/. */
#ifndef ATTENTION_STEPS_H
#define ATTENTION_STEPS_H

#include <string.h>

#include "attention/attention.h"

/* out [n_rows, d_out] = projection of x [n_rows, d_in], traced as the attention's name + what. */
static inline void project(float *out, const linear_weights *projection, const float *x, size_t n_rows,
                           const attention_weights *weights, const char *what, attention_scratch *scratch,
                           const trace_reader *reader)
{
    kernels_linear(out, x, projection, n_rows, scratch->linear);
    trace_tensor(reader, weights->name, what, out, n_rows, projection->d_out);
}

/* Sets scratch->q, k and v [n_rows, d_heads] to the projections of x [n_rows, d_model]. */
static inline void project_all(const attention_weights *weights, const float *x, size_t n_rows,
                               attention_scratch *scratch, const trace_reader *reader)
{
    const linear_layer layers[] = {
        {scratch->q, &weights->query}, {scratch->k, &weights->key}, {scratch->v, &weights->value}};
    kernels_linear_together(layers, 3, x, n_rows, scratch->linear);
    trace_tensor(reader, weights->name, ".query", scratch->q, n_rows, weights->query.d_out);
    trace_tensor(reader, weights->name, ".key", scratch->k, n_rows, weights->key.d_out);
    trace_tensor(reader, weights->name, ".value", scratch->v, n_rows, weights->value.d_out);
}

/* Runs the core for sentence s: its rows of scratch->q, with the n_keys keys and values of the runs. */
static inline void attend(const attention_weights *weights, const row_stack *sentences, size_t s, const kv_run *runs,
                          size_t n_keys, size_t n_masked, attention_scratch *scratch, const trace_reader *reader)
{
    size_t d_heads = weights->query.d_out, n_heads = weights->n_heads, d_head = d_heads / n_heads;
    size_t first = sentences->first[s] * d_heads, n_queries = sentences->first[s + 1] - sentences->first[s];
    attention_scores(scratch->scores, scratch->q + first, runs, n_queries, n_keys, n_heads, d_head,
                     !weights->off.scaling);
    trace_tensor(reader, weights->name, ".scores", scratch->scores, n_heads * n_queries, n_keys);
    attention_context(scratch->context + first, scratch->scores, runs, n_queries, n_keys, n_masked, n_heads, d_head);
    trace_tensor(reader, weights->name, ".weights", scratch->scores, n_heads * n_queries, n_keys);
}

/* Sets the columns of heads that are switched off to 0. context [n_rows, d_heads]. */
static inline void switch_off_heads(float *context, const attention_weights *weights, size_t n_rows)
{
    size_t d_heads = weights->output.d_in, d_head = d_heads / weights->n_heads;
    for (size_t h = 0; h < weights->n_heads; h++)
        for (size_t row = 0; row < n_rows && weights->off.heads[h]; row++)
            memset(context + row * d_heads + h * d_head, 0, d_head * sizeof *context);
}

/* out [n_rows, d_model] = output projection of the context. */
static inline void project_out(float *out, const attention_weights *weights, size_t n_rows, attention_scratch *scratch,
                               const trace_reader *reader)
{
    size_t d_model = weights->output.d_out;
    if (weights->off.heads)
        switch_off_heads(scratch->context, weights, n_rows);
    trace_tensor(reader, weights->name, ".heads", scratch->context, n_rows, weights->output.d_in);
    kernels_linear(out, scratch->context, &weights->output, n_rows, scratch->linear);
    if (weights->off.output)
        memset(out, 0, n_rows * d_model * sizeof *out);
    trace_tensor(reader, weights->name, "", out, n_rows, d_model);
}

#endif
