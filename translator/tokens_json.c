#include "translator/tokens_json.h"

#include <string.h>

typedef const char *piece_of(const translator *t, int32_t id);

static void put_tokens(json_text *json, const char *name, const token_ids *ids, const translator *t, piece_of *piece)
{
    json_text_put(json, "\"%s\":[", name);
    for (size_t i = 0; i < ids->n; i++) {
        const char *text = piece(t, ids->at[i]);
        json_text_put(json, "%s{\"id\":%d,\"piece\":", i ? "," : "", ids->at[i]);
        json_text_string(json, text, strlen(text));
        json_text_put(json, "}");
    }
    json_text_put(json, "]");
}

void put_tokens_json(json_text *json, const translator *t, const translated_sentence *sentence)
{
    put_tokens(json, "source", &sentence->source, t, translator_source_piece);
    json_text_put(json, ",");
    put_target_json(json, t, &sentence->target);
}

void put_target_json(json_text *json, const translator *t, const token_ids *target)
{
    put_tokens(json, "target", target, t, translator_target_piece);
}

void put_log_probabilities_json(json_text *json, const translated_sentence *sentence)
{
    json_text_put(json, "\"log_probabilities\":[");
    for (size_t i = 0; i < sentence->target.n; i++)
        json_text_put(json, "%s%.6g", i ? "," : "", (double)sentence->log_probabilities[i]);
    json_text_put(json, "]");
}
