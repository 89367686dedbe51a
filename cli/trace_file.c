/* A safetensors file of a recorded pass: names in order of computation, F32, [rows, columns]. */
#include "cli/trace_file.h"

#include <stdint.h>
#include <string.h>

#include "support/file.h"
#include "support/json_text.h"

typedef const char *piece_lookup(const translator *t, int32_t id);

/* "source_ids":"13 482 0","source_pieces":"[\"▁A\",\"▁dog\",\"</s>\"]" of the side "source" */
static void put_tokens(json_text *header, const char *side, const token_ids *ids, piece_lookup *piece,
                       const translator *t)
{
    json_text pieces = json_text_start(header->why);
    json_text_put(header, "\"%s_ids\":\"", side);
    for (size_t i = 0; i < ids->n; i++) {
        const char *text = piece(t, ids->at[i]);
        json_text_put(header, i ? " %d" : "%d", ids->at[i]);
        json_text_put(&pieces, i ? "," : "[");
        json_text_string(&pieces, text, strlen(text));
    }
    json_text_put(&pieces, "]");
    json_text_put(header, "\",\"%s_pieces\":", side);
    json_text_string(header, pieces.text.bytes, pieces.text.size);
    json_text_put(header, ",");
    header->ok = header->ok && pieces.ok;
    text_free(&pieces.text);
}

/* What the rows and heads of the tensors are: row i of the decoder is fed piece i of "decoder" and predicts piece i of
 * "target". */
static void put_metadata(json_text *header, const translator *t, const translated_sentence *sentence)
{
    const model_config *config = translator_config(t);
    token_ids fed = {0};
    header->ok = header->ok && token_ids_append(&fed, config->target_start, header->why);
    header->ok = header->ok && token_ids_append_all(&fed, sentence->target.at, sentence->target.n - 1, header->why);
    put_tokens(header, "source", &sentence->source, translator_source_piece, t);
    put_tokens(header, "decoder", &fed, translator_target_piece, t);
    put_tokens(header, "target", &sentence->target, translator_target_piece, t);
    json_text_put(header, "\"encoder.n_heads\":\"%zu\",\"decoder.n_heads\":\"%zu\"", config->encoder.n_heads,
                  config->decoder.n_heads);
    token_ids_free(&fed);
}

/* ,"without":"positions decoder.1.cross_attention:3" */
static void put_without(json_text *header, const char *const *without, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_text_put(header, "%s%s", i ? " " : ",\"without\":\"", without[i]); /* names of parts need no escapes */
    json_text_put(header, n ? "\"" : "");
}

bool trace_file_write(const output_file *out, const translator *t, const translated_sentence *sentence,
                      const trace_record *pass, const char *const *without, size_t n_without, failure *why)
{
    json_text header = json_text_start(why);
    json_text_put(&header, "{\"__metadata__\":{");
    put_metadata(&header, t, sentence);
    put_without(&header, without, n_without);
    json_text_put(&header, "}");
    for (const traced_tensor *tensor = pass->tensors; tensor < pass->tensors + pass->n; tensor++)
        json_text_put(&header, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu,%zu],\"data_offsets\":[%zu,%zu]}",
                      tensor->name, tensor->rows, tensor->columns, tensor->begin, tensor->end);
    json_text_put(&header, "}");
    json_text_put(&header, "%*s", (int)(-header.text.size % 8), ""); /* the data begin at a multiple of 8 */
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header.text.size >> (8 * i));
    const file_part parts[] = {
        {length, sizeof length}, {header.text.bytes, header.text.size}, {pass->data.bytes, pass->data.size}};
    bool ok = header.ok && file_write(out->file, out->name, parts, 3, why);
    text_free(&header.text);
    return ok;
}
