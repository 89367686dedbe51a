/* What greedy search and beam search share. */
#ifndef MODEL_SEARCH_H
#define MODEL_SEARCH_H

#include "model/transformer.h"

/* The maximum number of target tokens, including the end token, for n_src source tokens: length_factor * n_src +
 * length_extra, but at most max_length, as config.json has them. 2 n_src + 30 is more than a translation needs, but few
 * enough to stop a repetition loop early. */
size_t search_length_cap(const model_config *config, size_t n_src);

/* Sets the logits [n_target_vocabulary] of pad and of the checkpoint's suppressed ids to -infinity. */
void search_suppress(float *logits, const model_config *config);

/* The prefix of a sentence, which may have no tokens. */
token_ids search_prefix(const search_options *options, size_t sentence);

/* Replaces *chosen, the token after n others, by the one that is forced there: one of the checkpoint or of the prefix
 * at the beginning, or, if it has forced_end, the end token at the length cap. Returns whether one is forced. */
bool search_force(size_t *chosen, const model_config *config, token_ids prefix, size_t n, size_t cap);

/* Whether token `next` would complete an n-gram of n_gram tokens that ids [n] already have. False if n_gram is 0. */
bool search_repeats(const int32_t *ids, size_t n, size_t n_gram, int32_t next);

/* Sets the logits [n_target_vocabulary] of tokens that would complete such an n-gram to -infinity. */
void search_suppress_repeats(float *logits, const int32_t *ids, size_t n, size_t n_gram);

/* Encodes all sentences of a state that was just laid out, whose tokens are source_ids, one sentence after another. */
void search_encode(transformer_state *state, const transformer *model, const int32_t *source_ids);

/* Fails because no token can follow n others: a logit is NaN or +infinity, or all are -infinity. */
bool search_refuse_logits(const transformer *model, size_t n, failure *why);

#endif
