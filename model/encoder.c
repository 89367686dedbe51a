/* The encoder: embedding, then per layer self-attention and feed-forward, each followed by residual
 * connection and normalization. */
#include "model/forward.h"
#include "model/layers.h"
#include "model/state.h"

void model_encode(transformer_state *state, const transformer *model, const int32_t *source_ids,
                  const trace_reader *reader)
{
    size_t n_rows = row_stack_rows(&state->source), d_model = model->config.d_model;
    float *x = state->x;
    for (size_t s = 0; s < state->source.n_sentences; s++) {
        size_t first = state->source.first[s], n = state->source.first[s + 1] - first;
        model_embed(x + first * d_model, model, &model->source_embedding, source_ids + first, n, 0);
    }
    trace_tensor(reader, "encoder", ".embedding", x, n_rows, d_model);

    for (size_t l = 0; l < model->config.encoder.n_layers; l++) {
        const encoder_layer *layer = &model->encoder[l];
        attention_encoder_self(state->sublayer, &layer->self_attention, x, &state->source, &state->attention, reader);
        model_add_and_norm(x, state->sublayer, &layer->self_attention_norm, n_rows, d_model, reader);
        model_feed_forward(state->sublayer, state->inner, &layer->feed_forward, x, n_rows, &state->linear, reader);
        model_add_and_norm(x, state->sublayer, &layer->feed_forward_norm, n_rows, d_model, reader);
    }
}
