/* Growable arrays: of bytes, of token ids, and array_reserve for all others.
 *
 *   text_buffer line = TEXT_EMPTY;
 *   if (text_append(&line, "Das ", 4, why) && text_append(&line, "Haus", 4, why))
 *       puts(line.bytes);
 *   text_free(&line);
 *
 * A text starts as TEXT_EMPTY, ids as {0}. The _free functions leave them empty and ready for reuse. The _append
 * functions return false if memory runs out, and then leave the array as it was. Appending is amortized O(1) per
 * element. */
#ifndef SUPPORT_BUFFER_H
#define SUPPORT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/failure.h"

/* A NUL always follows the bytes, so that they are also a C string; size does not count it. An empty buffer has
 * text_empty, never NULL. The bytes may contain NULs themselves. */
typedef struct {
    char *bytes;
    size_t size, capacity; /* capacity 0: `bytes` is not allocated */
} text_buffer;

extern char text_empty[1]; /* "", shared by all empty buffers; never written */
#define TEXT_EMPTY ((text_buffer){text_empty, 0, 0})

/* Appends bytes [size], which must not lie in the buffer itself. */
bool text_append(text_buffer *text, const char *bytes, size_t size, failure *why);
void text_free(text_buffer *text);

typedef struct {
    int32_t *at;
    size_t n, capacity;
} token_ids;

bool token_ids_append(token_ids *ids, int32_t id, failure *why);

/* Appends more [n], which must not lie in the list itself. */
bool token_ids_append_all(token_ids *ids, const int32_t *more, size_t n, failure *why);
void token_ids_free(token_ids *ids);

/* Makes room for `wanted` > 0 elements in an array from malloc, NULL if *capacity is 0. At least doubles the capacity
 * when it grows. Returns the array, which may have moved; free it with free. Returns NULL, and leaves the array and
 * *capacity as they were, if memory runs out; `purpose` as in failure_memory. */
void *array_reserve(void *elements, size_t *capacity, size_t wanted, size_t element_size, const char *purpose,
                    failure *why);

/* A short list of ids, fixed in size. */
enum { MAX_IDS = 512 };

typedef struct {
    size_t n;
    int32_t at[MAX_IDS + 1];
} id_list;

static inline bool id_list_has(const id_list *ids, int32_t id)
{
    for (size_t i = 0; i < ids->n; i++)
        if (ids->at[i] == id)
            return true;
    return false;
}

/* Sets *product to a * b. Returns false if that overflows a size_t. */
bool size_product(size_t a, size_t b, size_t *product);

#endif
