#include "support/buffer.h"

#include <stdlib.h>
#include <string.h>

bool size_product(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* Room for at least `wanted` elements: the capacity doubles, so that appending is linear in all. */
static bool grow(void **elements, size_t *capacity, size_t wanted, size_t element_size, failure *why)
{
    if (wanted <= *capacity)
        return true;
    size_t new_capacity = *capacity ? *capacity : 64;
    while (new_capacity < wanted)
        new_capacity = new_capacity > SIZE_MAX / 2 ? wanted : new_capacity * 2;
    size_t size;
    void *grown = size_product(new_capacity, element_size, &size) ? realloc(*elements, size) : NULL;
    if (!grown)
        return failure_memory(why, "a longer text");
    *elements = grown;
    *capacity = new_capacity;
    return true;
}

bool text_append(text_buffer *to, const char *bytes, size_t size, failure *why)
{
    void *elements = to->bytes;
    if (size >= SIZE_MAX - to->size)
        return failure_memory(why, "a longer text");
    if (!grow(&elements, &to->capacity, to->size + size + 1, 1, why))
        return false;
    to->bytes = elements;
    if (size)
        memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
    to->bytes[to->size] = '\0';
    return true;
}

void text_free(text_buffer *of)
{
    free(of->bytes);
    *of = (text_buffer){0};
}

bool token_ids_append(token_ids *to, int32_t id, failure *why)
{
    void *elements = to->at;
    if (!grow(&elements, &to->capacity, to->n + 1, sizeof *to->at, why))
        return false;
    to->at = elements;
    to->at[to->n++] = id;
    return true;
}

void token_ids_free(token_ids *of)
{
    free(of->at);
    *of = (token_ids){0};
}
