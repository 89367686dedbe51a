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
void weights_close(weights_file *of);

/* True and the type of the tensor when the file has one of that name. */
bool weights_find(const weights_file *in, const char *name, tensor_type *type);

/* The tensor `name`, of exactly this type and shape [n_dimensions], as const float * or const int8_t *,
 * in C order; NULL on failure. A tensor is taken once. */
const void *weights_take(weights_file *from, const char *name, tensor_type type, const size_t *shape,
                         size_t n_dimensions, failure *why);

/* After all were taken: whether none is left, and all float32 numbers, which only this reads, are finite. */
bool weights_check(const weights_file *of, failure *why);

/* Fails when the file was written to since weights_open: what was computed meanwhile may be nonsense. (A file that
 * became shorter raises SIGBUS where it lacks something.) */
bool weights_check_unchanged(const weights_file *of, failure *why);

/* The path that weights_open got, for failures. */
const char *weights_path(const weights_file *of);

/* Elements over all tensors, and the bytes of the file. */
size_t weights_n_elements(const weights_file *of);
size_t weights_file_size(const weights_file *of);

#endif
