/* Which files a run reads and writes, so that no output takes the place of another file of the run. Two paths are the
 * same file if they lead to one device and inode, or, as an output may not exist yet, if they have the same name in one
 * directory. */
#ifndef CLI_CLAIMS_H
#define CLI_CLAIMS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "support/failure.h"

typedef struct {
    const char *role; /* "input", "output" … */
    bool exists;
    dev_t device, directory_device; /* of the file, and of the directory that its name is in */
    ino_t inode, directory_inode;
    char name[NAME_MAX + 1]; /* "" if only the inode counts */
} claim;

enum { MOST_CLAIMS = 24 }; /* two streams, input, six files of the checkpoint, and four for each of three outputs */

/* Zero-initialize it. */
typedef struct {
    claim all[MOST_CLAIMS];
    size_t n;
} file_claims;

/* Notes a file that is open or read. Terminals, other character devices and sockets are never noted or refused: they
 * can be read and written at the same time. */
void claims_note(file_claims *claims, const struct stat *status, const char *role);

/* Fails if the file, called `name`, is one of those noted. */
bool claims_check(const file_claims *claims, const struct stat *status, const char *name, const char *role,
                  failure *why);

/* Checks and notes a path to write, called `name`, whether or not there is a file. Links are followed. */
bool claims_add(file_claims *claims, const char *path, const char *name, const char *role, failure *why);

#endif
