/* Block floating point: matrices of floats in few characters of JSON. tensors.js reads them. */
#ifndef EXPLAIN_BLOCK_FLOATS_H
#define EXPLAIN_BLOCK_FLOATS_H

#include "support/json_text.h"

/* Appends data [rows, columns] as a string in quotes. A character is a digit of 6 bits: A-Z a-z 0-9 + / for 0 … 63.
 *
 * Each row is divided into blocks of 32 columns. A block begins with a digit e. Then each number follows as an integer
 * i of `bits` bits, at most 12: two's complement, the highest bit first; zeros fill up the last digit. The number is
 * i * 2^(e - 32 - (bits - 1)), with an error of at most half of i's unit. Fails for NaN and for magnitudes beyond
 * 2^31. */
void block_floats_put(json_text *json, const float *data, size_t rows, size_t columns, int bits);

#endif
