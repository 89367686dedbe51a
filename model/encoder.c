/* The encoder: embedding, then per layer self-attention and feed-forward, each followed by residual
 * connection and normalization. */
#include "model/forward.h"
#include "model/layers.h"
#include "model/state.h"

void model_encode(transformer_state *state, const transformer *model, const int32_t *source_ids,
                  const trace_reader *reader)
{
    const model_config *config = &model->config;
    size_t n_rows = row_stack_rows(&state->source), d_model = config->d_model;
    float *x = state->x;
    const float *in; /* what a sublayer reads: x, or in a pre-norm model its norm */
    for (size_t s = 0; s < state->source.n_sentences; s++) {
        size_t first = state->source.first[s], n = state->source.first[s + 1] - first;
        model_embed(x + first * d_model, &model->source_embedding, config->scale_embedding, model->source_positions,
                    source_ids + first, n);
    }
    trace_tensor(reader, "encoder", ".embedding", x, n_rows, d_model);
    if (config->norm_embedding)
        model_norm(x, x, &model->encoder_embedding_norm, n_rows, reader);

    for (size_t l = 0; l < config->encoder.n_layers; l++) {
        const encoder_layer *layer = &model->encoder[l];
        in = model_norm_before(state->normed, x, &layer->self_attention_norm, n_rows, reader);
        attention_encoder_self(state->sublayer, &layer->self_attention, in, &state->source, &state->attention, reader);
        model_add_and_norm(x, state->sublayer, &layer->self_attention_norm, n_rows, reader);
        in = model_norm_before(state->normed, x, &layer->feed_forward_norm, n_rows, reader);
        model_feed_forward(state->sublayer, state->inner, &layer->feed_forward, in, n_rows, &state->linear, reader);
        model_add_and_norm(x, state->sublayer, &layer->feed_forward_norm, n_rows, reader);
    }
    if (config->norm_final)
        model_norm(x, x, &model->encoder_final_norm, n_rows, reader);
}
