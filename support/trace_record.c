#include "support/trace_record.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    trace_record *record = user;
    size_t begin = record->data.size, size = rows * columns * sizeof *data;
    record->ok = record->ok && text_append(&record->data, (const char *)data, size, record->why);
    if (!record->ok)
        return;
    traced_tensor *tensors =
        array_reserve(record->tensors, &record->capacity, record->n + 1, sizeof *tensors, "the trace", record->why);
    record->ok = tensors != NULL;
    if (!tensors)
        return;
    record->tensors = tensors;
    traced_tensor *tensor = &tensors[record->n++];
    *tensor = (traced_tensor){.rows = rows, .columns = columns, .begin = begin, .end = record->data.size};
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
}

trace_reader trace_record_start(trace_record *record, failure *why)
{
    record->n = record->data.size = 0;
    record->ok = true;
    record->why = why;
    return (trace_reader){add, record};
}

void trace_record_free(trace_record *record)
{
    free(record->tensors);
    text_free(&record->data);
    *record = TRACE_RECORD_EMPTY;
}

const traced_tensor *trace_record_find(const trace_record *record, const char *part, const char *what)
{
    size_t length = strlen(part);
    const traced_tensor *tensor = record->tensors;
    while (strncmp(tensor->name, part, length) != 0 || strcmp(tensor->name + length, what) != 0) {
        tensor++;
        assert(tensor < record->tensors + record->n);
    }
    return tensor;
}

const float *trace_record_data(const trace_record *record, const traced_tensor *tensor)
{
    return (const void *)(record->data.bytes + tensor->begin);
}
