#include "support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The descriptor is not needed once the file is mapped: the caller closes it in every case. */
static bool map_descriptor(mapped_file *file, int descriptor, const char *path, failure *why)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return failure_set(why, "%s: cannot be looked at: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return failure_set(why, "%s: found a %s, expected a file", path,
                           S_ISDIR(status.st_mode) ? "directory" : "device, pipe or socket");
    if ((uintmax_t)status.st_size > SIZE_MAX)
        return failure_set(why, "%s: too large for this machine's addresses", path);
    size_t size = (size_t)status.st_size;
    if (size == 0)
        return true;
    void *mapping = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapping == MAP_FAILED)
        return failure_set(why, "%s: cannot be mapped into memory: %s", path, strerror(errno));
    *file = (mapped_file){mapping, size};
    return true;
}

bool file_map(mapped_file *file, const char *path, failure *why)
{
    *file = (mapped_file){"", 0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not wait for a writer */
    if (descriptor < 0)
        return failure_set(why, "%s: cannot be opened: %s; expected a file of a checkpoint directory", path,
                           strerror(errno));
    bool mapped = map_descriptor(file, descriptor, path, why);
    close(descriptor);
    return mapped;
}

void file_unmap(mapped_file *file)
{
    if (file->size)
        munmap((void *)(uintptr_t)file->bytes, file->size);
    *file = (mapped_file){"", 0};
}

bool file_path(char *path, size_t size, const char *directory, const char *name, failure *why)
{
    if (*directory == '\0')
        return failure_set(why, "found an empty path, expected a checkpoint directory");
    int length = snprintf(path, size, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= size)
        return failure_set(why, "%.200s…: the path of the checkpoint is longer than %zu bytes", directory, size - 1);
    return true;
}
