/* The kernels of one instruction-set level. Included by level_*.c, which define beforehand
 *
 *   OFFSET                       the sum of products is too large by OFFSET times the sum of the row's values
 *   STORED_PLUS                  what is added to rounded values: 0, or 127 where they are stored without a sign
 *
 * and afterwards any_rows and many_rows (see level_int8.h), and make a kernel_level of them all. */
#include "kernels/level_float32.h"
#include "kernels/level_int8.h"
#include "kernels/level_vectors.h"

/* clang-format off */
#define LEVEL_KERNELS                                                                                                  \
    .quantize_row = quantize_row, .linear_int8 = linear_int8, .linear_float32 = linear_float32,                               \
    .matmul_transposed = matmul_transposed_lanes, .matmul = matmul_lanes, .layer_norm = layer_norm_lanes,          \
    .max = max_lanes, .softmax = softmax_lanes, .swish = swish_lanes
