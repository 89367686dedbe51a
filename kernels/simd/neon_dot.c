/* ARM: NEON with dot products (ARMv8.2), 16 byte products in one instruction. */
#include <arm_neon.h>
#include <sys/auxv.h>

#include "kernels/simd/vectors.h"

enum { N = 16, OFFSET = 0, SMALL_ROWS = 1, PACKED_MIN_ROWS = 4, PANEL_VECTORS = 4, PACKED_ROWS = 6, REST_ROWS = 1 };

typedef int8_t i8xN __attribute__((vector_size(N)));
typedef i8xN weights_i8xN;

static inline i8xN i8xN_zero(void)
{
    return (i8xN){0};
}

static inline i8xN i8xN_load(const int8_t *x)
{
    return (i8xN)vld1q_s8(x);
}

static inline weights_i8xN weights_of(i8xN w)
{
    return w;
}

static inline i8xN dot_add(i8xN sums, weights_i8xN w, i8xN x)
{
    return (i8xN)vdotq_s32((int32x4_t)sums, (int8x16_t)w, (int8x16_t)x);
}

static inline void sum_each(int32_t (*sums)[4], const i32x4 *a)
{
    int32x4_t low = vpaddq_s32((int32x4_t)a[0], (int32x4_t)a[1]), high = vpaddq_s32((int32x4_t)a[2], (int32x4_t)a[3]);
    vst1q_s32(*sums, vpaddq_s32(low, high));
}

static inline void transpose_words(i8xN words[4], const int8_t *w, size_t stride)
{
    int32x4_t rows[4];
    for (size_t j = 0; j < 4; j++)
        rows[j] = vreinterpretq_s32_s8(vld1q_s8(w + j * stride));
    int64x2_t even[2], odd[2]; /* of two rows side by side: words 0 and 2; words 1 and 3 */
    for (size_t j = 0; j < 2; j++) {
        even[j] = vreinterpretq_s64_s32(vtrn1q_s32(rows[2 * j], rows[2 * j + 1]));
        odd[j] = vreinterpretq_s64_s32(vtrn2q_s32(rows[2 * j], rows[2 * j + 1]));
    }
    words[0] = (i8xN)vtrn1q_s64(even[0], even[1]);
    words[1] = (i8xN)vtrn1q_s64(odd[0], odd[1]);
    words[2] = (i8xN)vtrn2q_s64(even[0], even[1]);
    words[3] = (i8xN)vtrn2q_s64(odd[0], odd[1]);
}

static inline i8xN i8xN_set(int32_t word)
{
    return (i8xN)vdupq_n_s32(word);
}

#include "kernels/simd/dot_product.inc"

#include "kernels/simd/level.inc"

static bool runs_here(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
}

const kernel_level kernels_neon_dot = {"neon_dot", runs_here, true, LEVEL_FUNCTIONS};
