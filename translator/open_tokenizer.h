/* The tokenizer of a checkpoint. Private to translator/. */
#ifndef TRANSLATOR_OPEN_TOKENIZER_H
#define TRANSLATOR_OPEN_TOKENIZER_H

#include "model/config.h"
#include "tokenizer/tokenizer.h"

/* Opens the tokenizer of the directory that `config` was read from. Close with tokenizer_close. NULL on failure. */
tokenizer *open_tokenizer(const char *directory, const model_config *config, failure *why);

#endif
