/* The KV cache: keys and values are appended, never changed; hypotheses share them by reference. */
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

void kv_cache_list_runs(kv_run *runs, const kv_cache *caches, size_t which, size_t d_heads)
{
    const kv_cache *cache = &caches[which];
    const size_t *path = cache->path;
    for (size_t j = 0, end; j < cache->n_keys; j = end) {
        for (end = path ? j + 1 : cache->n_keys; end < cache->n_keys && path[end] == path[j]; end++)
            ;
        const kv_cache *owner = path ? &caches[path[j]] : cache;
        *runs++ = (kv_run){owner->keys + j * d_heads, owner->values + j * d_heads, end - j};
    }
}
