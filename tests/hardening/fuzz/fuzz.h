/* Shared by the fuzz targets: files in memory, for code that opens paths. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/failure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reports a finding: a condition that must hold does not. */
#define FUZZ_MUST(condition)                                                                                           \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Writes a file, in memory if /dev/shm exists. */
static inline void fuzz_write(const char *directory, const char *name, const uint8_t *bytes, size_t size)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    FUZZ_MUST(file && fwrite(bytes, 1, size, file) == size);
    FUZZ_MUST(fclose(file) == 0);
}

/* The directory for the target's files, created on the first call. The script `run` removes it. */
static inline const char *fuzz_directory(void)
{
    static char directory[100];
    if (!*directory) {
        snprintf(directory, sizeof directory, "%s/fuzz-XXXXXX",
                 getenv("FUZZ_DIRECTORY") ? getenv("FUZZ_DIRECTORY") : "/tmp");
        FUZZ_MUST(mkdtemp(directory));
    }
    return directory;
}

/* The next part of the input: up to the separator, or the end. */
static const char fuzz_separator[] = "\n====\n";

static inline const uint8_t *fuzz_part(const uint8_t **at, const uint8_t *end, size_t *size)
{
    const uint8_t *part = *at, *found = memmem(part, (size_t)(end - part), fuzz_separator, sizeof fuzz_separator - 1);
    *size = (size_t)((found ? found : end) - part);
    *at = found ? found + sizeof fuzz_separator - 1 : end;
    return part;
}

#endif
