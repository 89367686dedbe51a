/* The forward pass, the left and the right half of Figure 1, over a laid-out state. */
#ifndef MODEL_FORWARD_H
#define MODEL_FORWARD_H

#include "model/transformer.h"
#include "support/trace.h"

/* Encodes source_ids [rows of state->source] into state->x [the same, d_model]. */
void model_encode(transformer_state *state, const transformer *model, const int32_t *source_ids,
                  const trace_reader *reader);

/* Call it after each model_encode, before the first model_decode_step: fills each layer's cross-attention cache from
 * the encoded source in state->x, and empties the cache of self-attention. */
void model_decode_begin(transformer_state *state, const transformer *model, const trace_reader *reader);

/* Runs the decoder over the next target tokens, ids [rows of state->target], into state->x [the same, d_model]. */
void model_decode_step(transformer_state *state, const transformer *model, const int32_t *ids,
                       const trace_reader *reader);

/* state->logits, when laid out with them, [rows of state->target, n_target_vocabulary] of the decoder's output in
 * state->x. */
void model_output(transformer_state *state, const transformer *model, const trace_reader *reader);

/* state->chosen [rows of state->target]: the token with the largest logit for each row of the decoder's output in
 * state->x, the lowest one among equals, suppressed ones left out; n_target_vocabulary when a logit is +infinity or
 * NaN, or all are -infinity. The logits are never written down. */
void model_choose(transformer_state *state, const transformer *model);

/* All of it for one sentence with its whole target: decoder_ids [n_tgt] begin with the start token; the
 * logits of row i are those of the token after decoder_ids[i]. The state must be laid out for it. */
void model_forward(transformer_state *state, const transformer *model, const int32_t *source_ids,
                   const int32_t *decoder_ids, size_t n_tgt, const trace_reader *reader);

/* The logits [n_rows, n_target_vocabulary] of what the decoder would say if it stopped at x [n_rows, d_model], rows of
 * its residual stream. They are the state's, and the caller may change them. The state must be laid out for it. */
float *model_output_of(transformer_state *state, const transformer *model, const float *x, size_t n_rows);

#endif
