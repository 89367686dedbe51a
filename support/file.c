/* Reads, digests and maps regular files. Everything else (directories, devices, FIFOs) is rejected. */
#include "support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens a regular file and sets *status. Returns its descriptor, or -1 on failure. */
static int open_regular(const char *path, struct stat *status, failure *why)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* do not wait for the writer of a FIFO */
    if (descriptor < 0) {
        failure_set(why, "%s: cannot be opened: %s; is this a checkpoint directory?", path, strerror(errno));
        return -1;
    }
    bool ok = false;
    if (fstat(descriptor, status) != 0)
        failure_set(why, "%s: cannot stat: %s", path, strerror(errno));
    else if (!S_ISREG(status->st_mode))
        failure_set(why, "%s: is a %s, not a regular file", path,
                    S_ISDIR(status->st_mode) ? "directory" : "device, pipe or socket");
    else if ((uintmax_t)status->st_size >= SIZE_MAX)
        failure_set(why, "%s: too large for this machine's address space", path);
    else
        ok = true;
    if (!ok)
        close(descriptor);
    return ok ? descriptor : -1;
}

/* Reads up to `size` bytes, until end of file or an error. Returns their number; errno is 0 unless a read failed. */
static size_t read_up_to(int descriptor, char *bytes, size_t size)
{
    size_t n = 0;
    ssize_t got;
    do {
        errno = 0;
        got = read(descriptor, bytes + n, size - n);
        n += got > 0 ? (size_t)got : 0;
    } while (n < size && (got > 0 || errno == EINTR));
    return n;
}

static bool read_descriptor(text_buffer *text, int descriptor, size_t size, const char *path, failure *why)
{
    char *bytes = malloc(size + 1);
    if (!bytes)
        return failure_set(why, "%s: not enough memory for its %zu bytes; close other programs", path, size);
    *text = (text_buffer){.bytes = bytes, .capacity = size + 1};
    text->size = read_up_to(descriptor, text->bytes, size + 1); /* one byte more, to notice if the file grew */
    if (text->size != size)
        return errno ? failure_set(why, "%s: cannot be read: %s", path, strerror(errno))
                     : failure_set(why, "%s: changed while it was being read; run the program again", path);
    text->bytes[size] = '\0';
    return true;
}

bool file_read(text_buffer *text, const char *path, size_t most, failure *why)
{
    struct stat status;
    *text = TEXT_EMPTY;
    int descriptor = open_regular(path, &status, why);
    if (descriptor < 0)
        return false;
    size_t size = (size_t)status.st_size;
    bool ok = size <= most
                  ? read_descriptor(text, descriptor, size, path, why)
                  : failure_set(why, "%s: %zu bytes long, more than the %zu allowed; wrong file?", path, size, most);
    close(descriptor);
    if (!ok)
        text_free(text);
    return ok;
}

/* FNV-1a over eight bytes at a time, and over the last few one by one. Multiplication only carries bits upwards; the
 * rotation brings the high ones back down. */
uint64_t digest_bytes(uint64_t digest, const char *bytes, size_t n)
{
    const uint64_t prime = 0x100000001b3u;
    uint64_t word;
    for (; n >= sizeof word; bytes += sizeof word, n -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        digest = (digest ^ word) * prime;
        digest = digest << 32 | digest >> 32;
    }
    for (; n; bytes++, n--)
        digest = (digest ^ (unsigned char)*bytes) * prime;
    return digest;
}

bool file_digest(uint64_t *digest, size_t *size, const char *path, failure *why)
{
    char part[65536];
    struct stat status;
    int descriptor = open_regular(path, &status, why);
    if (descriptor < 0)
        return false;
    size_t n;
    do {
        n = read_up_to(descriptor, part, sizeof part);
        *digest = digest_bytes(*digest, part, n);
        *size += n;
    } while (n == sizeof part);
    bool ok = errno == 0 || failure_set(why, "%s: cannot be read: %s", path, strerror(errno));
    close(descriptor);
    return ok;
}

bool file_write(FILE *file, const char *name, const file_part *parts, size_t n_parts, failure *why)
{
    for (size_t i = 0; i < n_parts; i++)
        if (fwrite(parts[i].bytes, 1, parts[i].size, file) != parts[i].size)
            return failure_set(why, "%s: cannot be written: %s", name, strerror(errno));
    return true;
}

bool file_map(mapped_file *file, const char *path, failure *why)
{
    struct stat status;
    *file = (mapped_file){.bytes = "", .descriptor = -1};
    int descriptor = open_regular(path, &status, why);
    if (descriptor < 0)
        return false;
    size_t size = (size_t)status.st_size;
    void *mapping = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : NULL;
    if (mapping == MAP_FAILED) {
        failure_set(why, "%s: cannot be mapped into memory: %s", path, strerror(errno));
        close(descriptor);
        return false;
    }
    *file = (mapped_file){mapping ? mapping : "", size, descriptor, status.st_mtim};
    return true;
}

bool file_is_unchanged(const mapped_file *file)
{
    struct stat now;
    return fstat(file->descriptor, &now) == 0 && (size_t)now.st_size == file->size &&
           now.st_mtim.tv_sec == file->modified.tv_sec && now.st_mtim.tv_nsec == file->modified.tv_nsec;
}

void file_unmap(mapped_file *file)
{
    if (file->size)
        munmap((void *)(uintptr_t)file->bytes, file->size);
    if (file->descriptor >= 0)
        close(file->descriptor);
    *file = (mapped_file){.bytes = "", .descriptor = -1};
}

bool file_path(char *path, size_t size, const char *directory, const char *name, failure *why)
{
    if (*directory == '\0')
        return failure_set(why, "the path of the checkpoint directory is empty");
    int length = snprintf(path, size, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= size)
        return failure_set(why, "%.200s…: path longer than %zu bytes", directory, size - 1);
    return true;
}
