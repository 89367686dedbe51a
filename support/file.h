/* Whole files: read into memory, written from it, or mapped read-only. */
#ifndef SUPPORT_FILE_H
#define SUPPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "support/buffer.h"
#include "support/failure.h"

/* Reads a regular file of at most `most` bytes into memory, where nobody else can change it; text_free frees it. A NUL
 * that is not counted follows the bytes. Fails, leaving *text empty, if the path is missing, unreadable, larger or not
 * a file. */
bool file_read(text_buffer *text, const char *path, size_t most, failure *why);

/* Extends *digest and *size by the bytes of a regular file, which are read in small parts and not kept in memory. The
 * digest has 64 bits, starts from FILE_DIGEST_START and follows FNV-1a: it detects accidental changes, not deliberate
 * ones. Fails if the path is missing, unreadable or not a file. */
#define FILE_DIGEST_START 0xcbf29ce484222325u
bool file_digest(uint64_t *digest, size_t *size, const char *path, failure *why);

typedef struct {
    const void *bytes;
    size_t size;
} file_part;

/* Writes the file `path` anew, one part after the other. On failure it may hold some of them. */
bool file_write(const char *path, const file_part *parts, size_t n_parts, failure *why);

typedef struct {
    const char *bytes; /* [size], page aligned; "" when size is 0 */
    size_t size;
    int descriptor;
    struct timespec modified;
} mapped_file;

/* Maps a regular file. Fails for what is missing, unreadable or not a file, and leaves *file empty then;
 * file_unmap ends it. Reading beyond the end of a file that became shorter since raises SIGBUS. */
bool file_map(mapped_file *file, const char *path, failure *why);
void file_unmap(mapped_file *file);

/* Whether nobody has written to the file since it was mapped. */
bool file_is_unchanged(const mapped_file *file);

/* directory + '/' + name in `path`, or a failure when that is longer than `size` holds. */
bool file_path(char *path, size_t size, const char *directory, const char *name, failure *why);

#endif
