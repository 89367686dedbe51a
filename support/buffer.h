/* Growable arrays of bytes and of token ids. Start a text with TEXT_EMPTY, ids with zeros; free with the
 * _free function. A failed growth leaves the array as it was. */
#ifndef SUPPORT_BUFFER_H
#define SUPPORT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/failure.h"

/* `bytes` always ends with a NUL that `size` does not count: an empty buffer has text_empty, not NULL. */
typedef struct {
    char *bytes;
    size_t size, capacity; /* capacity 0: `bytes` is not allocated */
} text_buffer;

extern char text_empty[1]; /* "", shared by all empty buffers; never written */
#define TEXT_EMPTY ((text_buffer){text_empty, 0, 0})

bool text_append(text_buffer *text, const char *bytes, size_t size, failure *why);
void text_free(text_buffer *text);

typedef struct {
    int32_t *at;
    size_t n, capacity;
} token_ids;

bool token_ids_append(token_ids *ids, int32_t id, failure *why);
void token_ids_free(token_ids *ids);

/* a * b in *product, or false when it does not fit in a size_t. */
bool size_product(size_t a, size_t b, size_t *product);

#endif
