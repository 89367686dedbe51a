/* Greedy search: takes the most probable token at every step, for all sentences of a batch together. */
#ifndef MODEL_GREEDY_H
#define MODEL_GREEDY_H

#include "model/transformer.h"

/* The maximum number of target tokens, including the end token, for n_src source tokens: length_factor * n_src +
 * length_extra, but at most max_length, as config.json has them. 2 n_src + 30 is more than a translation needs, but few
 * enough to stop a repetition loop early. */
size_t greedy_length_cap(const model_config *config, size_t n_src);

/* Sets the logits [n_target_vocabulary] of pad and of the checkpoint's suppressed ids to -infinity. */
void greedy_suppress(float *logits, const model_config *config);

/* Translates the sentences of a batch, whose tokens are source_ids, one sentence after another. The state must have
 * just been laid out with n_tgt = greedy_length_cap and n_new = 1 for each sentence, and with logits if details are
 * requested. Ties go to the lowest id; pad and suppressed ids are never chosen. Returns the translations [n_sentences],
 * valid until the state is laid out again. Returns NULL if a logit is NaN or +infinity, or if all are -infinity.
 *
 * Details are the log-probability of each target token and its alignment: the index of the source token, other than the
 * end token, with the largest cross-attention weight, averaged over the heads of the decoder layer whose weights have
 * the lowest mean entropy. */
const generated_tokens *greedy_search(transformer_state *state, const transformer *model, const int32_t *source_ids,
                                      bool with_details, failure *why);

#endif
