/* A safetensors file of everything the trace hook shows: names in order of computation, F32, [rows, columns]. */
#include "cli/trace_file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    text_buffer list = {0};
    bool ok = text_append(&list, "", 0, why);
    for (size_t i = 0; i < ids->n && ok; i++) {
        char number[16];
        int size = snprintf(number, sizeof number, i ? " %d" : "%d", ids->at[i]);
        ok = text_append(&list, number, (size_t)size, why);
    }
    ok = ok && (cJSON_AddStringToObject(metadata, name, list.bytes) || failure_memory(why, "the trace"));
    text_free(&list);
    return ok;
}

static bool write_file(const char *path, const char *header, const text_buffer *data, failure *why)
{
    size_t header_size = strlen(header), padded = (header_size + 7) / 8 * 8;
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)padded >> (8 * i));
    FILE *file = fopen(path, "wb");
    if (!file)
        return failure_set(why, "%s: cannot be written: %s", path, strerror(errno));
    bool ok = fwrite(length, 1, sizeof length, file) == sizeof length &&
              fprintf(file, "%-*s", (int)padded, header) == (int)padded &&
              fwrite(data->bytes, 1, data->size, file) == data->size;
    int problem = errno;
    if (fclose(file) != 0 && ok) {
        problem = errno;
        ok = false;
    }
    return ok || failure_set(why, "%s: cannot be written: %s", path, strerror(problem));
}

bool trace_file_write(const char *path, translator *t, const translated_sentence *sentence, failure *why)
{
    collection c = {.header = cJSON_CreateObject(), .ok = true, .why = why};
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
