/* Whole files: mapped read-only. */
#ifndef SUPPORT_FILE_H
#define SUPPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

typedef struct {
    const char *bytes; /* [size], page aligned; "" when size is 0 */
    size_t size;
} mapped_file;

/* Maps a regular file. Fails for what is missing, unreadable or not a file, and leaves *file empty then;
 * file_unmap ends it. */
bool file_map(mapped_file *file, const char *path, failure *why);
void file_unmap(mapped_file *file);

/* directory + '/' + name in `path`, or a failure when that is longer than `size` holds. */
bool file_path(char *path, size_t size, const char *directory, const char *name, failure *why);

#endif
