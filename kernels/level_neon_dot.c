/* ARM: NEON with dot products (ARMv8.2), 16 products of 8 bits in one instruction. */
#ifdef KERNELS_SIMULATED /* in plain C, so that the tests run it on any machine */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
#define kernels_neon_dot kernels_neon_dot_simulated
#else
#include <arm_neon.h>
#include <sys/auxv.h>
#endif
#include <stddef.h>
#include <stdint.h>

enum { CHUNK = 16, OFFSET = 0, ROWS = 1, MANY_ROWS = 4, VECTORS = 4, WIDE_ROWS = 6, PART_ROWS = 1 };

typedef int8_t chunk __attribute__((vector_size(CHUNK)));
typedef chunk weight_chunk;
typedef int32_t int_chunk __attribute__((vector_size(CHUNK)));

static inline chunk zero_chunk(void)
{
    return (chunk){0};
}

static inline chunk load_chunk(const int8_t *x)
{
    return (chunk)vld1q_s8(x);
}

static inline weight_chunk prepare_weights(chunk w)
{
    return w;
}

static inline chunk multiply_add(chunk sum, weight_chunk w, chunk x)
{
    return (chunk)vdotq_s32((int32x4_t)sum, (int8x16_t)w, (int8x16_t)x);
}

static inline void sum_chunks(int32_t (*to)[4], const int_chunk *of)
{
    int32x4_t low = vpaddq_s32((int32x4_t)of[0], (int32x4_t)of[1]),
              high = vpaddq_s32((int32x4_t)of[2], (int32x4_t)of[3]);
    vst1q_s32(*to, vpaddq_s32(low, high));
}

/* For level_wide.h. */
static inline void transpose_words(chunk to[4], const int8_t *w, size_t stride)
{
    int32x4_t rows[4];
    for (size_t j = 0; j < 4; j++)
        rows[j] = vreinterpretq_s32_s8(vld1q_s8(w + j * stride));
    int64x2_t even[2], odd[2]; /* words 0 and 2 of two rows side by side, words 1 and 3 */
    for (size_t j = 0; j < 2; j++) {
        even[j] = vreinterpretq_s64_s32(vtrn1q_s32(rows[2 * j], rows[2 * j + 1]));
        odd[j] = vreinterpretq_s64_s32(vtrn2q_s32(rows[2 * j], rows[2 * j + 1]));
    }
    to[0] = (chunk)vtrn1q_s64(even[0], even[1]);
    to[1] = (chunk)vtrn1q_s64(odd[0], odd[1]);
    to[2] = (chunk)vtrn2q_s64(even[0], even[1]);
    to[3] = (chunk)vtrn2q_s64(odd[0], odd[1]);
}

static inline chunk four_columns_of(int32_t columns)
{
    return (chunk)vdupq_n_s32(columns);
}

#include "kernels/level_dot.h"

static bool runs_here(void)
{
#ifdef KERNELS_SIMULATED
    return true;
#else
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
#endif
}

const kernel_level kernels_neon_dot = {.name = "neon_dot", .runs_here = runs_here, .wants_blas = true, LEVEL_KERNELS};
