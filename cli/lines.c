/* Reads lines as they arrive. */
#include "cli/lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { CHUNK = 65536, ENOUGH = 1 << 20 };

/* Whether read() would return at once, with data or end of file. */
static bool has_arrived(int descriptor)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN};
    return poll(&one, 1, 0) > 0;
}

/* Waits for data and appends it. A failed read ends the source, and sets its problem. */
static bool read_more(line_source *source, failure *why)
{
    char chunk[CHUNK];
    ssize_t n;
    while ((n = read(source->descriptor, chunk, sizeof chunk)) < 0) {
        struct pollfd one = {.fd = source->descriptor, .events = POLLIN};
        if (errno == EAGAIN)
            poll(&one, 1, -1);
        else if (errno != EINTR)
            break;
    }
    if (n < 0) {
        source->problem = errno;
        source->ended = true;
        return true;
    }
    source->ended = n == 0;
    return text_append(&source->buffer, chunk, (size_t)n, why);
}

/* Drops the lines returned by the last call. */
static void drop_used(line_source *source)
{
    text_buffer *buffer = &source->buffer;
    if (source->used)
        memmove(buffer->bytes, buffer->bytes + source->used, buffer->size - source->used);
    buffer->size -= source->used;
    source->used = 0;
}

bool line_source_next(line_source *source, size_t *sizes, size_t n, size_t *n_read, failure *why)
{
    size_t searched;
    drop_used(source);
    searched = *n_read = 0;
    while (*n_read < n && source->used < ENOUGH) {
        size_t left = source->buffer.size - searched;
        const char *end = left ? memchr(source->buffer.bytes + searched, '\n', left) : NULL;
        if (end) {
            searched = (size_t)(end - source->buffer.bytes) + 1;
            sizes[(*n_read)++] = searched - source->used;
            source->used = searched;
            continue;
        }
        searched = source->buffer.size;
        if (source->ended) {
            if (searched > source->used) /* the last line has no line end */
                sizes[(*n_read)++] = searched - source->used;
            source->used = searched;
            break;
        }
        if (*n_read > 0 && !has_arrived(source->descriptor))
            break;
        if (!read_more(source, why))
            return false;
    }
    return *n_read > 0 || !source->problem ||
           failure_set(why, "%s: cannot be read: %s", source->name, strerror(source->problem));
}
