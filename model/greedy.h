/* Greedy search: takes the most probable token at every step, for all sentences of a batch together. Sampling is the
 * same, with tokens that are drawn. */
#ifndef MODEL_GREEDY_H
#define MODEL_GREEDY_H

#include "model/transformer.h"

/* Translates the sentences of a batch, whose tokens are source_ids, one sentence after another. The state must have
 * just been laid out with n_tgt = search_length_cap and n_new = 1 for each sentence, and with logits if details,
 * no_repeat or sampling are requested. Ties go to the lowest id; pad and suppressed ids are never chosen. Returns the
 * translations [n_sentences], valid until the state is laid out again. Returns NULL if a logit is NaN or +infinity, or
 * if all are -infinity.
 *
 * Details are the log-probability with which each target token was chosen, and its alignment: the index of the source
 * token, other than the end token, with the largest cross-attention weight, averaged over the heads of the decoder
 * layer whose weights have the lowest mean entropy. */
const generated_tokens *greedy_search(transformer_state *state, const transformer *model, const int32_t *source_ids,
                                      const search_options *options, bool with_details, failure *why);

#endif
