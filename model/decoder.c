/* The decoder: embedding, then per layer causal self-attention, cross-attention and feed-forward, each followed by
 * residual connection and normalization; and the output layer. The rows are the next tokens of each sentence: one token
 * per sentence when generating, all tokens when the target is known. */
#include "model/forward.h"
#include "model/layers.h"
#include "model/state.h"

void model_decode_begin(transformer_state *state, const transformer *model, const trace_reader *reader)
{
    size_t begin = state->source_begin, n = state->source.n_sentences;
    for (size_t l = 0; l < model->config.decoder.n_layers; l++) {
        kv_cache *past = state->past + l * state->n_slots + begin * state->n_beams;
        kv_cache *source = state->source_cache + l * state->n_sentences + begin;
        for (size_t i = 0; i < n * state->n_beams; i++)
            past[i].n_keys = 0;
        for (size_t s = 0; s < n; s++)
            source[s].n_keys = 0;
        attention_cross_fill_cache(source, &model->decoder[l].cross_attention, state->x, &state->source,
                                   &state->attention, reader);
    }
}

void model_decode_step(transformer_state *state, const transformer *model, const int32_t *ids,
                       const trace_reader *reader)
{
    const model_config *config = &model->config;
    size_t n_rows = row_stack_rows(&state->target), d_model = config->d_model;
    float *x = state->x;
    const float *in; /* what a sublayer reads: x, or in a pre-norm model its norm */
    for (size_t s = 0; s < state->target.n_sentences; s++) {
        size_t first = state->target.first[s], n = state->target.first[s + 1] - first;
        size_t position = state->past[state->target.cache[s]].n_keys;
        model_embed(x + first * d_model, &model->target_embedding, config->scale_embedding,
                    model->target_positions + position * d_model, ids + first, n);
    }
    trace_tensor(reader, "decoder", ".embedding", x, n_rows, d_model);
    if (config->norm_embedding)
        model_norm(x, x, &model->decoder_embedding_norm, n_rows, reader);

    for (size_t l = 0; l < config->decoder.n_layers; l++) {
        const decoder_layer *layer = &model->decoder[l];
        kv_cache *past = state->past + l * state->n_slots;
        const kv_cache *source = state->source_cache + l * state->n_sentences;
        in = model_norm_before(state->normed, x, &layer->self_attention_norm, n_rows, reader);
        attention_decoder_self(state->sublayer, &layer->self_attention, in, &state->target, past, &state->attention,
                               reader);
        model_add_and_norm(x, state->sublayer, &layer->self_attention_norm, n_rows, reader);
        in = model_norm_before(state->normed, x, &layer->cross_attention_norm, n_rows, reader);
        attention_cross(state->sublayer, &layer->cross_attention, in, &state->by_source, source, &state->attention,
                        reader);
        model_add_and_norm(x, state->sublayer, &layer->cross_attention_norm, n_rows, reader);
        in = model_norm_before(state->normed, x, &layer->feed_forward_norm, n_rows, reader);
        model_feed_forward(state->sublayer, state->inner, &layer->feed_forward, in, n_rows, &state->linear, reader);
        model_add_and_norm(x, state->sublayer, &layer->feed_forward_norm, n_rows, reader);
    }
    if (config->norm_final)
        model_norm(x, x, &model->decoder_final_norm, n_rows, reader);
}

void model_output(transformer_state *state, const transformer *model, const trace_reader *reader)
{
    size_t n_rows = row_stack_rows(&state->target);
    kernels_linear(state->logits, state->x, &model->output, n_rows, &state->linear);
    trace_tensor(reader, "output", "", state->logits, n_rows, model->output.d_out);
}

void model_choose(transformer_state *state, const transformer *model)
{
    kernels_linear_argmax(state->chosen, state->x, &model->output, row_stack_rows(&state->target),
                          model->config.suppressed.at, model->config.suppressed.n, &state->linear);
}
