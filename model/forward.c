/* All of Figure 1: one pass over a source and its whole target. */
#include "model/forward.h"

#include <string.h>

#include "model/layers.h"
#include "model/model.h"
#include "model/state.h"

void model_forward(transformer_state *state, const transformer *model, const int32_t *source_ids,
                   const int32_t *decoder_ids, size_t n_tgt, const trace_reader *reader)
{
    model_encode(state, model, source_ids, reader);
    model_decode_begin(state, model, reader);
    state_take_target(state, 1, n_tgt);
    model_decode_step(state, model, decoder_ids, reader);
    model_output(state, model, reader);
}

float *model_output_of(transformer_state *state, const transformer *model, const float *x, size_t n_rows)
{
    state_take_target(state, 1, n_rows);
    memcpy(state->x, x, n_rows * model->config.d_model * sizeof *x);
    if (model->config.norm_final)
        model_norm(state->x, state->x, &model->decoder_final_norm, n_rows, NULL);
    model_output(state, model, NULL);
    return state->logits;
}
