/* Passes the ids and sizes of config.json on to the tokenizer, which does not know model/. */
#include "translator/open_tokenizer.h"

tokenizer *open_tokenizer(const char *directory, const model_config *config, failure *why)
{
    const tokenizer_config sides = {.n_source_vocabulary = config->n_source_vocabulary,
                                    .n_target_vocabulary = config->n_target_vocabulary,
                                    .source_before = config->source_before,
                                    .source_after = config->source_after,
                                    .target_silent = config->target_silent,
                                    .source_unknown = config->source_unknown,
                                    .splitter = config->splitter,
                                    .lower_case = config->lower_case,
                                    .n_merges = config->n_merges,
                                    .prefix_space = config->prefix_space,
                                    .shared_sentencepiece = config->shared_sentencepiece,
                                    .shared_vocabulary = config->shared_vocabulary};
    return tokenizer_open(directory, &sides, why);
}
