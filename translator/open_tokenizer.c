/* Passes the ids and sizes of config.json on to the tokenizer, which does not know model/. */
#include "translator/open_tokenizer.h"

tokenizer *open_tokenizer(const char *directory, const model_config *config, failure *why)
{
    const tokenizer_config sides = {.n_source_vocabulary = config->n_source_vocabulary,
                                    .n_target_vocabulary = config->n_target_vocabulary,
                                    .source_end = config->source_end,
                                    .source_unknown = config->source_unknown,
                                    .target_end = config->target_end,
                                    .target_pad = config->target_pad,
                                    .shared_sentencepiece = config->shared_sentencepiece,
                                    .shared_vocabulary = config->shared_vocabulary};
    return tokenizer_open(directory, &sides, why);
}
