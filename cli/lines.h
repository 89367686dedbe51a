/* Reads lines as they arrive. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "support/buffer.h"
#include "support/failure.h"

/* Where lines come from: a file descriptor, or the text in the buffer. */
typedef struct {
    int descriptor; /* unused if `ended` from the start: then the buffer has all of the text */
    const char *name;
    text_buffer buffer; /* what has been read; freed by the caller */
    size_t used;        /* bytes of the buffer returned by the last call */
    bool ended;
    int problem; /* errno of a failed read, reported after the lines before it; 0 if none */
} line_source;

/* Waits for a line, and also takes the lines after it that have already arrived, at most n in all and about a megabyte.
 * They lie at the beginning of the buffer, until the next call; sizes [n_read] include their line ends. n_read is 0 at
 * end of file. */
bool line_source_next(line_source *source, size_t *sizes, size_t n, size_t *n_read, failure *why);

#endif
