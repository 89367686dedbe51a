/* Growable arrays of bytes and of token ids. Zero-initialise to start, free with the _free function;
 * a failed growth leaves the array as it was. */
#ifndef SUPPORT_BUFFER_H
#define SUPPORT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/failure.h"

/* `bytes` ends with a NUL that `size` does not count, once anything was appended; NULL before. */
typedef struct {
    char *bytes;
    size_t size, capacity;
} text_buffer;

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
