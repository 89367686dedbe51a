/* The forward pass, the left and the right half of Figure 1, over a laid-out state. */
#ifndef MODEL_FORWARD_H
#define MODEL_FORWARD_H

#include "model/model.h"
#include "model/state.h"

/* The encoder: source_ids [rows of state->source] to state->x [the same, d_model], the encoded source. */
void encoder(transformer_state *state, const transformer *model, const int32_t *source_ids, const trace_reader *reader);

/* Before the first decoder call, for the sentences of each encoder call: each layer's cross-attention remembers the
 * encoded source in state->x, and the past is empty. */
void decoder_begin(transformer_state *state, const transformer *model, const trace_reader *reader);

/* The decoder over the next target tokens, ids [rows of state->target], to state->x [the same, d_model]. */
void decoder(transformer_state *state, const transformer *model, const int32_t *ids, const trace_reader *reader);

/* state->logits, when laid out with them, [rows of state->target, n_target_vocabulary] of the decoder's output in
 * state->x. */
void output_layer(transformer_state *state, const transformer *model, const trace_reader *reader);

/* state->chosen [rows of state->target]: the token with the largest logit for each row of the decoder's output in
 * state->x, the lowest one among equals, suppressed ones left out; n_target_vocabulary when a logit is +infinity or not
 * a number, or all are -infinity. The logits are never written down. */
void output_choose(transformer_state *state, const transformer *model);

/* All of it for one sentence with its whole target: decoder_ids [n_tgt] begin with the start token; the
 * logits of row i are those of the token after decoder_ids[i]. The state must be laid out for it. */
void forward(transformer_state *state, const transformer *model, const int32_t *source_ids, const int32_t *decoder_ids,
             size_t n_tgt, const trace_reader *reader);

#endif
