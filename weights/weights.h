/* Tensors of a safetensors file, mapped read-only and handed out by name, type and shape.
 *
 *   weights_open   checks every rule of the format (FORMAT.md), so that no tensor can lie outside the file
 *   weights_take   gives one tensor, or says what was expected and what was found
 *   weights_check  refuses a file with tensors that nobody asked for, or with float32 numbers that are not finite
 *   weights_close  ends the mapping: pointers that weights_take gave are valid until then
 */
#ifndef WEIGHTS_WEIGHTS_H
#define WEIGHTS_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

typedef struct weights_file weights_file;

typedef enum { TENSOR_F32, TENSOR_I8 } tensor_type;

enum { TENSOR_MAX_DIMENSIONS = 8 };

/* `most_tensors`, how many the file may have, bounds the memory that its header can make this take. NULL on failure. */
weights_file *weights_open(const char *path, size_t most_tensors, failure *why);
void weights_close(weights_file *weights);

/* Returns whether the file has a tensor of that name, and sets *type to its type. */
bool weights_find(const weights_file *weights, const char *name, tensor_type *type);

/* The tensor `name`, of exactly this type and shape [n_dimensions], as const float * or const int8_t *,
 * in C order; NULL on failure. A tensor is taken once. */
const void *weights_take(weights_file *weights, const char *name, tensor_type type, const size_t *shape,
                         size_t n_dimensions, failure *why);

/* After the last weights_take: fails if a tensor was not taken or a float32 number is NaN or infinite. */
bool weights_check(const weights_file *weights, failure *why);

/* Fails if the file was written to since weights_open: whatever was computed from it may be wrong. (Reading past the
 * end of a truncated file raises SIGBUS.) */
bool weights_check_unchanged(const weights_file *weights, failure *why);

/* The path that weights_open got, for failures. */
const char *weights_path(const weights_file *weights);

/* Elements over all tensors, and the bytes of the file. */
size_t weights_n_elements(const weights_file *weights);
size_t weights_file_size(const weights_file *weights);

#endif
