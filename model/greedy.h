/* Greedy search: at every step the most probable token, for all sentences of the batch together. */
#ifndef MODEL_GREEDY_H
#define MODEL_GREEDY_H

#include "model/transformer.h"

/* The length cap, the one rule for how long a translation may become: target tokens, the end token
 * among them, for n_src source tokens. Twice the source and 30 more is beyond what a translation needs,
 * so that one which repeats itself ends soon; never more than the checkpoint's max_length. */
size_t greedy_length_cap(const model_config *config, size_t n_src);

/* logits [n_target_vocabulary]: pad and the checkpoint's suppressed ids become -infinity, as they are never chosen. */
void greedy_suppress(float *logits, const model_config *config);

/* Searches in a state just laid out with n_tgt = greedy_length_cap and n_new = 1 for each sentence, and with logits for
 * log-probabilities; source_ids [all source tokens]. Ties go to the lowest id; pad and the checkpoint's suppressed ids
 * are never chosen. Returns the translations [n_sentences], which are valid until the state is laid out again, or NULL
 * if a logit is +infinity or NaN, or all are -infinity. */
const generated_tokens *greedy_search(transformer_state *state, const transformer *model, const int32_t *source_ids,
                                      bool with_log_probabilities, failure *why);

#endif
