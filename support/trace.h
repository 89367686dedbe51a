/* The one hook for looking inside: every named activation and attention weight passes here.
 *
 * A name is the path of the part that computed the tensor, which is its prefix in the checkpoint, and
 * what it is: "decoder.1.cross_attention" + ".weights". Golden tests, `translate --trace` and every
 * view are readers of this hook; without a reader a call costs one branch. */
#ifndef SUPPORT_TRACE_H
#define SUPPORT_TRACE_H

#include <stddef.h>

enum { TRACE_NAME = 128 }; /* bytes of a name at most, its NUL among them */

typedef struct {
    /* `data` [rows, columns] is valid during the call. */
    void (*read)(void *user, const char *name, const float *data, size_t rows, size_t columns);
    void *user;
} trace_reader;

void trace_call(const trace_reader *reader, const char *part, const char *what, const float *data, size_t rows,
                size_t columns);

/* Passes a tensor to the reader; does nothing if `reader` is NULL. */
static inline void trace_tensor(const trace_reader *reader, const char *part, const char *what, const float *data,
                                size_t rows, size_t columns)
{
    if (reader)
        trace_call(reader, part, what, data, rows, columns);
}

#endif
