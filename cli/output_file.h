/* Where translations go.
 *
 *   a file      appears, or replaces the old one, only when it is whole. Lines are appended to OUT.partial beside it,
 *               which is synced and renamed at the end; through a symbolic link, beside what it points to
 *   the rest    (standard output, a device, a pipe) is written straight away
 *
 * One line comes out for each line that goes in, so that the whole lines of OUT.partial say how far a run came,
 * whenever it was killed. OUT.resume says what it was made from, and is on the disk before the first line is. */
#ifndef CLI_OUTPUT_FILE_H
#define CLI_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/run_identity.h"
#include "support/failure.h"

typedef struct {
    FILE *file;       /* append to it */
    const char *name; /* for failures */
    size_t n_lines;   /* whole lines of an interrupted run that are there already */
    char *final, *partial,
        *state; /* paths of OUT, OUT.partial and OUT.resume; NULL where lines go straight to `file` */
    bool resumable;
} output_file;

/* Opens OUT, or standard output where `path` is NULL. With `identity` an interrupted run can be gone on with, and with
 * `resume` it is, from the beginning where there is none. Lines of another run that would be lost, and a run that is
 * still writing, are refused. */
bool output_open(output_file *out, const char *path, const run_identity *identity, bool resume, failure *why);

/* All lines are written: gives the file its name. */
bool output_finish(output_file *out, failure *why);

/* False: not all lines could be written, and `why` says so; where some are kept, its sentence says that too. */
bool output_keep(const output_file *out, failure *why);

/* After output_open in every case, also when that failed. An unfinished file without a line is removed. */
void output_close(output_file *out);

#endif
