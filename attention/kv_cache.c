/* The KV cache: keys and values are appended, never changed. */
#include <assert.h>
#include <string.h>

#include "attention/attention.h"

void kv_cache_append(kv_cache *cache, const float *keys, const float *values, size_t n_rows, size_t d_heads)
{
    assert(cache->n_keys + n_rows <= cache->capacity);
    size_t first = cache->n_keys * d_heads, n = n_rows * d_heads;
    memcpy(cache->keys + first, keys, n * sizeof *keys);
    memcpy(cache->values + first, values, n * sizeof *values);
    cache->n_keys += n_rows;
}
