/* Tokenizers for tests. */
#ifndef TESTS_TOKENIZERS_H
#define TESTS_TOKENIZERS_H

#include "tests/suite.h"
#include "translator/open_tokenizer.h"

/* The tokenizer of a checkpoint directory; the test fails if there is none. */
static inline tokenizer *open_tokenizer_of(const char *directory)
{
    model_config config;
    failure why;
    ck_assert_ok(config_read(&config, directory, &why), why);
    tokenizer *t = open_tokenizer(directory, &config, &why);
    ck_assert_ok(t != NULL, why);
    return t;
}

#endif
