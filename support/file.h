/* Whole files: read into memory, written from it, or mapped read-only. */
#ifndef SUPPORT_FILE_H
#define SUPPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "support/buffer.h"
#include "support/failure.h"

/* Reads a regular file of at most `most` bytes into *text, to be freed with text_free. Unlike a mapping, this copy
 * cannot change. Fails, leaving *text empty, if the file is missing, unreadable, too large or not a regular file. */
bool file_read(text_buffer *text, const char *path, size_t most, failure *why);

/* The digest, 64 bits in the style of FNV-1a, of what `digest` is of and n more bytes. */
uint64_t digest_bytes(uint64_t digest, const char *bytes, size_t n);

/* Updates *digest with the bytes of a regular file, and adds their number to *size.
 * *digest starts as FILE_DIGEST_START. It detects accidental changes, not deliberate ones. Uses constant memory. Fails
 * if the file is missing, unreadable or not a regular file. */
#define FILE_DIGEST_START 0xcbf29ce484222325u
bool file_digest(uint64_t *digest, size_t *size, const char *path, failure *why);

typedef struct {
    const void *bytes;
    size_t size;
} file_part;

/* Writes parts [n_parts] to the file, one after another. `name` is its name in error messages. */
bool file_write(FILE *file, const char *name, const file_part *parts, size_t n_parts, failure *why);

typedef struct {
    const char *bytes; /* [size], page aligned; "" when size is 0 */
    size_t size;
    int descriptor;
    struct timespec modified;
} mapped_file;

/* Maps a regular file; file_unmap unmaps it. Fails, leaving *file empty, if the file is missing, unreadable or not a
 * regular file. If the file is truncated later, reading past its new end raises SIGBUS. */
bool file_map(mapped_file *file, const char *path, failure *why);
void file_unmap(mapped_file *file);

/* Returns whether size and modification time are still what they were when the file was mapped. */
bool file_is_unchanged(const mapped_file *file);

/* Sets path [size] to directory/name. Fails if that does not fit, or if the directory is empty. */
bool file_path(char *path, size_t size, const char *directory, const char *name, failure *why);

#endif
