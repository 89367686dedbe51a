/* Reads lines as they arrive. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/input_encoding.h"
#include "support/buffer.h"
#include "support/failure.h"

/* Where lines come from: a file descriptor, or the text that has arrived. Without an encoding, lines are UTF-8, or
 * Windows-1252 if they are not valid UTF-8, as browsers read them. */
typedef struct {
    int descriptor; /* unused if `ended` from the start: then all of the text has arrived */
    const char *name;
    bool is_file;                     /* `name` is a path */
    input_encoding *encoding;         /* of --encoding, or NULL */
    text_buffer arrived;              /* lines to come; freed by the caller, like `buffer` */
    text_buffer buffer;               /* the lines returned by the last call */
    size_t used;                      /* bytes of the input that they took; about that many if there is an encoding */
    size_t n_lines;                   /* returned so far */
    size_t invalid_line;              /* number of the first line that was no valid text in its encoding; 0 if none */
    size_t n_read, n_arrived, n_used; /* bytes: of the input, of these as UTF-8, and the sum of `used` */
    char beginning[10];               /* of the input */
    bool ended;
    int problem; /* errno of a failed read, reported after the lines before it; 0 if none */
} line_source;

/* Adds text of the source, in its encoding. `last` says that nothing follows. */
bool line_source_add(line_source *source, const char *bytes, size_t size, bool last, failure *why);

/* Waits for a line, and also takes the lines after it that have already arrived, at most n in all and about a megabyte.
 * They lie in the buffer, in UTF-8, until the next call; sizes [n_read] include their line ends. n_read is 0 at end of
 * file. Fails if the input is not text. */
bool line_source_next(line_source *source, size_t *sizes, size_t n, size_t *n_read, failure *why);

void line_source_free(line_source *source);

#endif
