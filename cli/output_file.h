/* Where translations, traces and pages are written. Nothing else in the program opens a file for writing.
 *
 * A regular file OUT is created or replaced atomically, once complete: OUT.partial is appended to, synced, and renamed
 * at the end. If OUT is a symbolic link, its target is replaced. Standard output, devices and pipes are written
 * directly.
 *
 * Each input line gives one output line, so the number of complete lines in OUT.partial says how far a run came,
 * whenever it was killed. OUT.resume says what the run was made from, and is synced to disk before the first line.
 *
 * No file is changed, moved or removed that no run made. OUT.partial and OUT.resume are made anew, or they are what an
 * interrupted run of this user left: regular files of the user, without hard links, that are either empty or, in the
 * case of OUT.resume, have its form, and in that of OUT.partial, have an OUT.resume that fits. */
#ifndef CLI_OUTPUT_FILE_H
#define CLI_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/claims.h"
#include "cli/run_identity.h"
#include "support/failure.h"

typedef struct {
    FILE *file;                    /* write here */
    const char *name;              /* for error messages */
    size_t n_lines;                /* complete lines of the interrupted run being resumed */
    char *final, *partial, *state; /* paths of OUT, OUT.partial and OUT.resume; NULL if written directly */
    bool created;                  /* OUT.partial was made by this run, not taken over */
    int state_descriptor;          /* of OUT.resume; -1 if it is not of this run */
} output_file;

#define OUTPUT_NONE ((output_file){.state_descriptor = -1})

/* Opens OUT, or standard output if path is NULL. `role` says what it is for, in claims and messages. With an identity
 * the run can be resumed if interrupted; `resume` resumes an interrupted run, or starts one if there is none. Fails if
 * OUT, OUT.partial or OUT.resume is claimed already, if one of the latter is of no interrupted run, if OUT.partial
 * holds lines of another run, which would be lost, or is locked by one that is still writing. */
bool output_open(output_file *out, const char *path, const char *role, const run_identity *identity, bool resume,
                 file_claims *claims, failure *why);

/* Whether an interrupted run can be resumed. */
bool output_is_resumable(const output_file *out);

/* Call it after everything is written. Syncs OUT.partial and renames it to OUT. */
bool output_finish(output_file *out, failure *why);

/* Call it if not all lines were written. If OUT.partial keeps some lines, appends that to the message. Always returns
 * false, for use in `return`. */
bool output_keep(const output_file *out, failure *why);

/* Call it if what was written is of no use: empties OUT.partial. */
void output_drop(const output_file *out);

/* Call it in any case; after output_open failed there is nothing left to close. If nothing was written, removes what
 * was created. */
void output_close(output_file *out);

#endif
