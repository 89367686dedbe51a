/* Composes the names of traced tensors. */
#include "support/trace.h"

#include <stdio.h>

void trace_call(const trace_reader *reader, const char *part, const char *what, const float *data, size_t rows,
                size_t columns)
{
    char name[TRACE_NAME];
    snprintf(name, sizeof name, "%s%s", part, what);
    reader->read(reader->user, name, data, rows, columns);
}
