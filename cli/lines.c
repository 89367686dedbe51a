/* Reads lines as they arrive. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "cli/cli.h"

enum { CHUNK = 65536, ENOUGH = 1 << 20 };

/* Whether a read would not wait: there is something, or the end. */
static bool has_arrived(int descriptor)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN};
    return poll(&one, 1, 0) > 0;
}

/* Appends what the next read gives, waiting for it; a read that fails ends the source with its problem. */
static bool read_more(line_source *from, failure *why)
{
    char chunk[CHUNK];
    ssize_t n;
    while ((n = read(from->descriptor, chunk, sizeof chunk)) < 0) {
        struct pollfd one = {.fd = from->descriptor, .events = POLLIN};
        if (errno == EAGAIN)
            poll(&one, 1, -1);
        else if (errno != EINTR)
            break;
    }
    if (n < 0) {
        from->problem = errno;
        from->ended = true;
        return true;
    }
    from->ended = n == 0;
    return text_append(&from->buffer, chunk, (size_t)n, why);
}

/* Forgets the lines that were handed out before. */
static void drop_used(line_source *from)
{
    text_buffer *buffer = &from->buffer;
    if (from->used)
        memmove(buffer->bytes, buffer->bytes + from->used, buffer->size - from->used);
    buffer->size -= from->used;
    from->used = 0;
}

bool line_source_next(line_source *from, size_t *sizes, size_t n, size_t *n_read, failure *why)
{
    size_t searched;
    drop_used(from);
    searched = *n_read = 0;
    while (*n_read < n && from->used < ENOUGH) {
        size_t left = from->buffer.size - searched;
        const char *end = left ? memchr(from->buffer.bytes + searched, '\n', left) : NULL;
        if (end) {
            searched = (size_t)(end - from->buffer.bytes) + 1;
            sizes[(*n_read)++] = searched - from->used;
            from->used = searched;
            continue;
        }
        searched = from->buffer.size;
        if (from->ended) {
            if (searched > from->used) /* the last line lacks its end */
                sizes[(*n_read)++] = searched - from->used;
            from->used = searched;
            break;
        }
        if (*n_read > 0 && !has_arrived(from->descriptor))
            break;
        if (!read_more(from, why))
            return false;
    }
    return *n_read > 0 || !from->problem ||
           failure_set(why, "%s: cannot be read: %s", from->name, strerror(from->problem));
}
