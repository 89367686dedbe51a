/* The forward pass of a laid-out state: the encoder is the left half of Figure 1, the decoder the right half. */
#ifndef MODEL_FORWARD_H
#define MODEL_FORWARD_H

#include "model/transformer.h"
#include "support/trace.h"

/* Encodes source_ids [n_rows of state->source]. Result: state->x [n_rows, d_model]. */
void model_encode(transformer_state *state, const transformer *model, const int32_t *source_ids,
                  const trace_reader *reader);

/* Fills each decoder layer's cross-attention cache from the encoded source in state->x, and empties its self-attention
 * cache. Call it after each model_encode, before the first model_decode_step. */
void model_decode_begin(transformer_state *state, const transformer *model, const trace_reader *reader);

/* Runs the decoder on the next target tokens, ids [n_rows of state->target]. Result: state->x [n_rows, d_model]. */
void model_decode_step(transformer_state *state, const transformer *model, const int32_t *ids,
                       const trace_reader *reader);

/* Computes state->logits [n_rows of state->target, n_target_vocabulary] from the decoder's output in state->x. The
 * state must be laid out with logits. */
void model_output(transformer_state *state, const transformer *model, const trace_reader *reader);

/* Sets state->chosen [n_rows of state->target] to the token with the largest logit for each row of the decoder's output
 * in state->x: the lowest id on a tie, never a suppressed one; n_target_vocabulary if a logit is NaN or +infinity, or
 * if all are -infinity. Stores no logits. */
void model_choose(transformer_state *state, const transformer *model);

/* Runs encoder, decoder and output layer for one sentence whose target is known. decoder_ids [n_tgt] begin with the
 * start token; row i of the logits predicts the token after decoder_ids[i]. The state must be laid out for the
 * sentence, with logits. */
void model_forward(transformer_state *state, const transformer *model, const int32_t *source_ids,
                   const int32_t *decoder_ids, size_t n_tgt, const trace_reader *reader);

/* The logits [n_rows, n_target_vocabulary] of the final norm, if there is one, and the output layer for x [n_rows,
 * d_model], rows of the decoder's residual stream: what the decoder would say if it stopped there. They belong to the
 * state; the caller may change them. The state must be laid out for one sentence of n_rows target tokens, with logits.
 */
float *model_output_of(transformer_state *state, const transformer *model, const float *x, size_t n_rows);

#endif
