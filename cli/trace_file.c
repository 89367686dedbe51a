/* A safetensors file of a recorded pass: names in order of computation, F32, [rows, columns]. */
#include "cli/trace_file.h"

#include <stdint.h>

#include "support/file.h"
#include "support/json_text.h"

/* "13 482 0": ids in the metadata, for whoever compares. */
static void put_ids(json_text *header, const char *name, const token_ids *ids)
{
    json_text_put(header, "\"%s\":\"", name);
    for (size_t i = 0; i < ids->n; i++)
        json_text_put(header, i ? " %d" : "%d", ids->at[i]);
    json_text_put(header, "\"");
}

bool trace_file_write(const output_file *out, const translated_sentence *sentence, const trace_record *pass,
                      failure *why)
{
    json_text header = json_text_start(why);
    json_text_put(&header, "{\"__metadata__\":{");
    put_ids(&header, "source_ids", &sentence->source);
    json_text_put(&header, ",");
    put_ids(&header, "target_ids", &sentence->target);
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
