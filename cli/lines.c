/* Reads lines as they arrive. */
#include "cli/lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "support/utf8.h"

enum { CHUNK = 16384, ENOUGH = 1 << 20 };

/* Whether read() would return at once, with data or end of file. */
static bool has_arrived(int descriptor)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN};
    return poll(&one, 1, 0) > 0;
}

bool line_source_add(line_source *source, const char *bytes, size_t size, bool last, failure *why)
{
    size_t before = source->arrived.size;
    if (!(source->encoding ? input_encoding_append(source->encoding, &source->arrived, bytes, size, last, why)
                           : text_append(&source->arrived, bytes, size, why)))
        return false;
    source->n_read += size;
    source->n_arrived += source->arrived.size - before;
    source->ended = last;
    return true;
}

/* Fails if the first bytes of the input show that it is not text. */
static bool check_beginning(line_source *source, const char *bytes, size_t size, failure *why)
{
    size_t room = sizeof source->beginning, n = source->n_read;
    if (n >= room)
        return true;
    if (size > room - n)
        size = room - n;
    memcpy(source->beginning + n, bytes, size);
    return input_encoding_check_beginning(source->beginning, n + size, source->name, source->is_file,
                                          source->encoding != NULL, why);
}

/* Waits for data and adds it. A failed read ends the source, and sets its problem. */
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
        n = 0;
    }
    return check_beginning(source, chunk, (size_t)n, why) && line_source_add(source, chunk, (size_t)n, n == 0, why);
}

/* Appends one line to the buffer, in UTF-8. */
static bool take_line(line_source *source, const char *bytes, size_t size, failure *why)
{
    source->n_lines++;
    if (utf8_is_valid(bytes, size))
        return text_append(&source->buffer, bytes, size, why);
    if (source->invalid_line == 0)
        source->invalid_line = source->n_lines;
    return source->encoding ? utf8_append_valid(&source->buffer, bytes, size, why)
                            : windows_1252_append(&source->buffer, bytes, size, why);
}

/* Drops the first `size` bytes that have arrived. */
static void drop(line_source *source, size_t size)
{
    text_buffer *arrived = &source->arrived;
    if (size == 0)
        return;
    memmove(arrived->bytes, arrived->bytes + size, arrived->size - size);
    arrived->size -= size;
    size_t n_used = source->n_read;
    if (arrived->size)
        n_used -= (size_t)((double)arrived->size * (double)source->n_read / (double)source->n_arrived);
    source->used = n_used > source->n_used ? n_used - source->n_used : 0;
    source->n_used += source->used;
}

bool line_source_next(line_source *source, size_t *sizes, size_t n, size_t *n_read, failure *why)
{
    size_t taken = 0, searched = 0;
    source->used = source->buffer.size = *n_read = 0;
    while (*n_read < n && taken < ENOUGH) {
        const text_buffer *arrived = &source->arrived;
        size_t left = arrived->size - searched, before = source->buffer.size;
        const char *end = left ? memchr(arrived->bytes + searched, '\n', left) : NULL;
        if (end || (source->ended && arrived->size > taken)) { /* the last line may have no line end */
            searched = end ? (size_t)(end - arrived->bytes) + 1 : arrived->size;
            if (!take_line(source, arrived->bytes + taken, searched - taken, why))
                return false;
            sizes[(*n_read)++] = source->buffer.size - before;
            taken = searched;
            continue;
        }
        searched = arrived->size;
        if (source->ended || (*n_read > 0 && !has_arrived(source->descriptor)))
            break;
        if (!read_more(source, why))
            return false;
    }
    drop(source, taken);
    return *n_read > 0 || !source->problem ||
           failure_set(why, "%s: cannot be read: %s", source->name, strerror(source->problem));
}

void line_source_free(line_source *source)
{
    text_free(&source->arrived);
    text_free(&source->buffer);
}
