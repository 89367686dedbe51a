/* The progress bar. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* A bar on standard error: the part of a file that is translated, lines per second, time left. */
typedef struct {
    bool shown;
    size_t n_bytes_total, n_bytes, n_lines;
    size_t n_bytes_skipped, n_lines_skipped; /* of those, translated before the bar started */
    struct timespec started, drawn;
} progress;

void progress_start(progress *p, size_t n_bytes_total);
void progress_skip(progress *p, size_t n_bytes, size_t n_lines);
void progress_advance(progress *p, size_t n_bytes, size_t n_lines);
void progress_clear(const progress *p); /* clears the bar's line for a message */
void progress_end(const progress *p);

#endif
