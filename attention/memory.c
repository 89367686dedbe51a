#include <assert.h>
#include <string.h>

#include "attention/attention.h"

void memory_append(memory *of, const float *keys, const float *values, size_t n_rows, size_t d_model)
{
    assert(of->n_keys + n_rows <= of->capacity);
    size_t first = of->n_keys * d_model, n = n_rows * d_model;
    memcpy(of->keys + first, keys, n * sizeof *keys);
    memcpy(of->values + first, values, n * sizeof *values);
    of->n_keys += n_rows;
}
