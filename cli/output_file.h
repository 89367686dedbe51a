/* Where translations are written.
 *
 * A regular file OUT is created or replaced atomically, once complete: lines are appended to OUT.partial, which is
 * synced and renamed at the end. If OUT is a symbolic link, its target is replaced. Standard output, devices and pipes
 * are written directly.
 *
 * Each input line gives one output line, so the number of complete lines in OUT.partial says how far a run came,
 * whenever it was killed. OUT.resume says what the run was made from, and is synced to disk before the first line. */
#ifndef CLI_OUTPUT_FILE_H
#define CLI_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/run_identity.h"
#include "support/failure.h"

typedef struct {
    FILE *file;                    /* write translations here */
    const char *name;              /* for error messages */
    size_t n_lines;                /* complete lines of the interrupted run being resumed */
    char *final, *partial, *state; /* paths of OUT, OUT.partial and OUT.resume; NULL if written directly */
    bool resumable;
} output_file;

/* Opens OUT, or standard output if path is NULL. With an identity the run can be resumed if interrupted; `resume`
 * resumes an interrupted run, or starts one if there is none. Fails if OUT.partial holds lines of another run, which
 * would be lost, or is locked by one that is still writing. */
bool output_open(output_file *out, const char *path, const run_identity *identity, bool resume, failure *why);

/* Call it after all lines are written. Syncs OUT.partial and renames it to OUT. */
bool output_finish(output_file *out, failure *why);

/* Call it if not all lines were written. If OUT.partial keeps some lines, appends that to the message. Always returns
 * false, for use in `return`. */
bool output_keep(const output_file *out, failure *why);

/* Call it in any case, even if output_open failed. Removes OUT.partial if it is empty. */
void output_close(output_file *out);

#endif
