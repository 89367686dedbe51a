/* Growable arrays that double their capacity, and overflow-checked multiplication. */
#include "support/buffer.h"

#include <stdlib.h>
#include <string.h>

char text_empty[1];

bool size_product(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

void *array_reserve(void *elements, size_t *capacity, size_t wanted, size_t element_size, const char *purpose,
                    failure *why)
{
    if (wanted <= *capacity)
        return elements;
    size_t size, new_capacity = *capacity ? *capacity : 64;
    while (new_capacity < wanted)
        new_capacity = new_capacity > SIZE_MAX / 2 ? wanted : new_capacity * 2;
    void *grown = size_product(new_capacity, element_size, &size) ? realloc(elements, size) : NULL;
    if (grown)
        *capacity = new_capacity;
    else
        failure_memory(why, purpose);
    return grown;
}

bool text_append(text_buffer *text, const char *bytes, size_t size, failure *why)
{
    char *elements = text->capacity ? text->bytes : NULL;
    if (size >= SIZE_MAX - text->size)
        return failure_memory(why, "a longer text");
    if (!(elements = array_reserve(elements, &text->capacity, text->size + size + 1, 1, "a longer text", why)))
        return false;
    text->bytes = elements;
    if (size)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
    return true;
}

void text_free(text_buffer *text)
{
    if (text->capacity)
        free(text->bytes);
    *text = TEXT_EMPTY;
}

bool token_ids_append(token_ids *ids, int32_t id, failure *why)
{
    return token_ids_append_all(ids, &id, 1, why);
}

bool token_ids_append_all(token_ids *ids, const int32_t *more, size_t n, failure *why)
{
    if (n == 0)
        return true;
    int32_t *elements = array_reserve(ids->at, &ids->capacity, ids->n + n, sizeof *ids->at, "the tokens", why);
    if (!elements)
        return false;
    ids->at = elements;
    memcpy(ids->at + ids->n, more, n * sizeof *more);
    ids->n += n;
    return true;
}

void token_ids_free(token_ids *ids)
{
    free(ids->at);
    *ids = (token_ids){0};
}
