/* Matrices of floats in few characters of JSON: block floating point. numbers.js reads them. */
#ifndef EXPLAIN_BLOCK_FLOATS_H
#define EXPLAIN_BLOCK_FLOATS_H

#include "support/json_text.h"

/* Appends data [rows, columns] as a string in quotes, in block floating point; a digit is 6 bits, A-Z a-z 0-9 + / for
 * 0 … 63. Each row is cut in blocks of 32 columns. A block is one digit e, then each number's i in `bits` bits, two's
 * complement, the highest bit first, zeros up to a whole digit: number = i * 2^(e - 32 - (bits - 1)), off by at most
 * half a unit of i. Fails for NaN and for numbers beyond 2^31. */
void block_floats_put(json_text *json, const float *data, size_t rows, size_t columns, int bits);

#endif
