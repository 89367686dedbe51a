/* The languages that a checkpoint can translate to: those of config.json, whose ids are forced at the beginning of a
 * target, or those of the source's language codes, such as `>>deu<<`. Private to translator/. */
#ifndef TRANSLATOR_LANGUAGES_H
#define TRANSLATOR_LANGUAGES_H

#include "tokenizer/tokenizer.h"
#include "translator/translator.h"

/* The number of languages. Fills in names [n] unless it is NULL. */
size_t languages_list(language_name *names, const model_config *config, const tokenizer *t);

/* Sets *found to the index of the language with this name. Fails, with similar names in *why, if there is none. */
bool languages_find(size_t *found, const char *name, const language_name *names, size_t n, failure *why);

#endif
