/* The tensors of a safetensors file, mapped read-only and handed out by name, type and shape.
 *
 *   weights_open   checks every rule of the format (FORMAT.md), so no tensor can lie outside the file
 *   weights_take   returns one tensor
 *   weights_check  checks that all tensors were taken, and that all floats are finite
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

/* Maps and checks a file. The caller expects at most most_tensors tensors, which bounds the header and the memory for
 * parsing it. Close with weights_close. NULL on failure. */
weights_file *weights_open(const char *path, size_t most_tensors, failure *why);
void weights_close(weights_file *weights);

/* If the file has a tensor of that name, sets *type to its type and returns true. */
bool weights_find(const weights_file *weights, const char *name, tensor_type *type);

/* Returns the tensor `name` as const float * or const int8_t *, row-major. Returns NULL if it is missing, has another
 * type or shape [n_dimensions], or was taken before. */
const void *weights_take(weights_file *weights, const char *name, tensor_type type, const size_t *shape,
                         size_t n_dimensions, failure *why);

/* Call after the last weights_take. Fails if a tensor was not taken, or if a float32 weight is NaN or infinite. */
bool weights_check(const weights_file *weights, failure *why);

/* Fails if the file was written to since weights_open, because results may then be wrong. If it was truncated, reading
 * past its end raises SIGBUS. */
bool weights_check_unchanged(const weights_file *weights, failure *why);

/* The path given to weights_open, for error messages. */
const char *weights_path(const weights_file *weights);

/* The number of elements in all tensors, and the size of the file in bytes. */
size_t weights_n_elements(const weights_file *weights);
size_t weights_file_size(const weights_file *weights);

#endif
