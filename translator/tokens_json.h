/* The tokens of a sentence as JSON, for --format jsonl and for the page of --explain. */
#ifndef TRANSLATOR_TOKENS_JSON_H
#define TRANSLATOR_TOKENS_JSON_H

#include "support/json_text.h"
#include "translator/translator.h"

/* Appends two members of an object: "source":[{"id":13,"piece":"▁The"},…],"target":[…]. */
void put_tokens_json(json_text *json, const translator *t, const translated_sentence *sentence);

/* Appends the second one. */
void put_target_json(json_text *json, const translator *t, const token_ids *target);

/* Appends the member "log_probabilities":[-0.5,…], one per target token. */
void put_log_probabilities_json(json_text *json, const translated_sentence *sentence);

#endif
