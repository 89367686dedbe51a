/* Beam search: follows the most probable hypotheses of a sentence together, so that a good translation may begin with a
 * token that is not the most probable one. */
#ifndef MODEL_BEAM_H
#define MODEL_BEAM_H

#include "model/transformer.h"

/* Translates the sentences of a batch, whose tokens are source_ids, one sentence after another. The state must have
 * just been laid out with n_beams >= 2, n_tgt = search_length_cap and n_new = 1 for each sentence, and with logits.
 * Chooses exactly as transformers does, with its default early_stopping:
 *
 *   score = sum of the log-probabilities / n_tokens^length_penalty
 *
 * where the tokens of the prefix do not count, log-probabilities are those of a softmax over all tokens, 0 for forced
 * ones, and the end token counts. Pad and suppressed ids are never chosen. Ties go to the better hypothesis, then to
 * the lowest id.
 *
 * Returns the hypotheses [n_sentences, n_beams] of each sentence, best first, valid until the state is laid out again;
 * n is 0 past the last one. Returns NULL if a logit is NaN or +infinity, or if all are -infinity. Details are the
 * alignment (greedy.h); log-probabilities are always filled in. */
const generated_tokens *beam_search(transformer_state *state, const transformer *model, const int32_t *source_ids,
                                    const search_options *options, bool with_details, failure *why);

#endif
