/* A recorded forward pass: a copy of every tensor that the trace hook receives.
 *
 *   trace_record pass = TRACE_RECORD_EMPTY;
 *   trace_reader reader = trace_record_start(&pass, &why);    discards the previous pass
 *   (the model computes, with &reader)
 *   if (pass.ok) data = trace_record_data(&pass, trace_record_find(&pass, "output", ""));
 *   trace_record_free(&pass);
 */
#ifndef SUPPORT_TRACE_RECORD_H
#define SUPPORT_TRACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "support/buffer.h"
#include "support/trace.h"

/* Its floats [rows, columns] are bytes begin … end - 1 of the record's data. */
typedef struct {
    char name[TRACE_NAME];
    size_t rows, columns, begin, end;
} traced_tensor;

typedef struct {
    traced_tensor *tensors; /* [n], in order of computation */
    size_t n, capacity;
    text_buffer data;
    bool ok; /* false if memory ran out; *why has the message */
    failure *why;
} trace_record;

#define TRACE_RECORD_EMPTY ((trace_record){.data = TEXT_EMPTY})

/* Returns the reader that records a pass. The record must stay where it is until the pass ends. */
trace_reader trace_record_start(trace_record *record, failure *why);
void trace_record_free(trace_record *record);

/* The tensor whose name is part + what, which must be in the record. */
const traced_tensor *trace_record_find(const trace_record *record, const char *part, const char *what);

/* Its floats [rows, columns], valid until the next trace_record_start or trace_record_free. */
const float *trace_record_data(const trace_record *record, const traced_tensor *tensor);

#endif
