#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "support/buffer.h"
#include "support/failure.h"

/* Where lines come from. */
typedef struct {
    int descriptor; /* not used when `ended` from the start: then all of the text is in the buffer */
    const char *name;
    text_buffer buffer; /* what was read; freed by whoever fills in the source */
    size_t used;        /* bytes of the buffer that were handed out */
    bool ended;
    int problem; /* why it cannot be read on, an errno, once the lines before are handed out; 0 for none */
} line_source;

/* Waits for a line, and takes those that have arrived behind it, n at most and about a megabyte: sizes [n_read] with
 * their ends, one after the other from the beginning of the buffer on, until the next call. None when the source has
 * ended. */
bool line_source_next(line_source *source, size_t *sizes, size_t n, size_t *n_read, failure *why);

#endif
