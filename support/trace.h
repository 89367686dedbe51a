/* The trace hook receives every named activation and attention weight.
 *
 * A name consists of the part of the model that computed the tensor, as in the checkpoint, and what the tensor is:
 * "decoder.1.cross_attention" + ".weights". The golden tests use the hook. So does trace_record.h, which --trace and
 * all views show. Without a reader, a call costs one branch. */
#ifndef SUPPORT_TRACE_H
#define SUPPORT_TRACE_H

#include <stddef.h>

enum { TRACE_NAME = 128 }; /* bytes of the longest name, including its NUL */

typedef struct {
    /* data [rows, columns] is only valid during the call. */
    void (*read)(void *user, const char *name, const float *data, size_t rows, size_t columns);
    void *user;
} trace_reader;

/* Calls the reader, which must not be NULL. */
void trace_call(const trace_reader *reader, const char *part, const char *what, const float *data, size_t rows,
                size_t columns);

/* Passes a tensor to the reader, if there is one. */
static inline void trace_tensor(const trace_reader *reader, const char *part, const char *what, const float *data,
                                size_t rows, size_t columns)
{
    if (reader)
        trace_call(reader, part, what, data, rows, columns);
}

#endif
