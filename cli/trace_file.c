/* A safetensors file of everything the trace hook shows: names in order of computation, F32, [rows, columns]. */
#include "cli/trace_file.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/file.h"

typedef struct {
    cJSON *header;
    text_buffer data;
    bool ok; /* false once memory ran out; `why` says so */
    failure *why;
} collection;

static bool describe(cJSON *header, const char *name, size_t begin, size_t end, size_t rows, size_t columns)
{
    cJSON *tensor = cJSON_AddObjectToObject(header, name);
    return tensor && cJSON_AddStringToObject(tensor, "dtype", "F32") &&
           cJSON_AddItemToObject(tensor, "shape",
                                 cJSON_CreateDoubleArray((double[]){(double)rows, (double)columns}, 2)) &&
           cJSON_AddItemToObject(tensor, "data_offsets",
                                 cJSON_CreateDoubleArray((double[]){(double)begin, (double)end}, 2));
}

static void collect(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    collection *c = user;
    size_t begin = c->data.size, size = rows * columns * sizeof *data;
    c->ok = c->ok && text_append(&c->data, (const char *)data, size, c->why) &&
            (describe(c->header, name, begin, begin + size, rows, columns) || failure_memory(c->why, "the trace"));
}

/* "13 482 0": ids in the metadata, for whoever compares. */
static bool describe_ids(cJSON *metadata, const char *name, const token_ids *ids, failure *why)
{
    text_buffer list = TEXT_EMPTY;
    bool ok = true;
    for (size_t i = 0; i < ids->n && ok; i++) {
        char number[16];
        int size = snprintf(number, sizeof number, i ? " %d" : "%d", ids->at[i]);
        ok = text_append(&list, number, (size_t)size, why);
    }
    ok = ok && (cJSON_AddStringToObject(metadata, name, list.bytes) || failure_memory(why, "the trace"));
    text_free(&list);
    return ok;
}

/* The data begin at a multiple of 8: spaces fill up the header. */
static bool write_file(const char *path, const char *header, const text_buffer *data, failure *why)
{
    size_t header_size = strlen(header), padded = (header_size + 7) / 8 * 8;
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)padded >> (8 * i));
    const file_part parts[] = {
        {length, sizeof length}, {header, header_size}, {"       ", padded - header_size}, {data->bytes, data->size}};
    return file_write(path, parts, 4, why);
}

bool trace_file_write(const char *path, translator *t, const translated_sentence *sentence, failure *why)
{
    collection c = {.header = cJSON_CreateObject(), .data = TEXT_EMPTY, .ok = true, .why = why};
    cJSON *metadata = cJSON_AddObjectToObject(c.header, "__metadata__");
    trace_reader reader = {collect, &c};
    char *header = NULL;
    bool ok = metadata || failure_memory(why, "the trace");
    ok = ok && describe_ids(metadata, "source_ids", &sentence->source, why) &&
         describe_ids(metadata, "target_ids", &sentence->target, why) && translator_trace(t, sentence, &reader, why) &&
         c.ok;
    if (ok) {
        header = cJSON_PrintUnformatted(c.header);
        ok = header ? write_file(path, header, &c.data, why) : failure_memory(why, "the trace");
    }
    free(header);
    cJSON_Delete(c.header);
    text_free(&c.data);
    return ok;
}
