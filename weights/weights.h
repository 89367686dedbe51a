/* Tensors of a safetensors file, mapped read-only and handed out by name, type and shape.
 *
 *   weights_open   checks every rule of the format (FORMAT.md), so that no tensor can lie outside the file
 *   weights_take   returns one tensor, or fails with the expected and the actual shape
 *   weights_check  rejects files with tensors that were not taken, or with NaN or infinite float32 weights
 *   weights_close  unmaps the file; pointers from weights_take are valid until then
 */
#ifndef WEIGHTS_WEIGHTS_H
#define WEIGHTS_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

typedef struct weights_file weights_file;

typedef enum { TENSOR_F32, TENSOR_I8 } tensor_type;

enum { TENSOR_MAX_DIMENSIONS = 8 };

/* Maps and checks a file. most_tensors is the number of tensors that the caller expects at most; it bounds the size of
 * the header, and so the memory for parsing it. NULL on failure. */
weights_file *weights_open(const char *path, size_t most_tensors, failure *why);
void weights_close(weights_file *weights);

/* Returns whether the file has a tensor of that name, and sets *type to its type. */
bool weights_find(const weights_file *weights, const char *name, tensor_type *type);

/* Returns the tensor `name` as const float * or const int8_t *, row-major, or NULL on failure. It must have exactly
 * this type and shape [n_dimensions]. A tensor can be taken only once. */
const void *weights_take(weights_file *weights, const char *name, tensor_type type, const size_t *shape,
                         size_t n_dimensions, failure *why);

/* Call after the last weights_take. Fails if a tensor was not taken, or if a float32 weight is NaN or infinite. */
bool weights_check(const weights_file *weights, failure *why);

/* Fails if the file was written to since weights_open, because results may be wrong then. (If it was truncated, reading
 * past its end has already raised SIGBUS.) */
bool weights_check_unchanged(const weights_file *weights, failure *why);

/* The path given to weights_open, for error messages. */
const char *weights_path(const weights_file *weights);

/* The number of elements in all tensors, and the size of the file in bytes. */
size_t weights_n_elements(const weights_file *weights);
size_t weights_file_size(const weights_file *weights);

#endif
