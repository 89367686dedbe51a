/* AVX-512 with VNNI: 64 byte products in one instruction. */
#include <immintrin.h>

#include "kernels/simd/vectors.h"

enum {
    N = 64,
    OFFSET = 128,
    SMALL_ROWS = 4,
    PACKED_MIN_ROWS = 16,
    PANEL_VECTORS = 2,
    PACKED_ROWS = 12,
    REST_ROWS = 4,
};

typedef __m512i i8xN, weights_i8xN;
typedef int32_t i32x16 __attribute__((vector_size(64)));

static inline i8xN i8xN_zero(void)
{
    return _mm512_setzero_si512();
}

static inline i8xN i8xN_load(const int8_t *x)
{
    return _mm512_loadu_si512(x);
}

/* w + 128: the instruction takes one factor unsigned. Sums come out too large by 128 times the sum of the row. */
static inline weights_i8xN weights_of(i8xN w)
{
    return _mm512_xor_si512(w, _mm512_set1_epi8(-128));
}

static inline i8xN dot_add(i8xN sums, weights_i8xN w, i8xN x)
{
    return _mm512_dpbusd_epi32(sums, w, x);
}

/* In each lane of 16 bytes: the sums of that lane of x[0], x[1], x[2] and x[3]. */
static inline __m512i sum_lanes(const i32x16 *x)
{
    __m512i a = (__m512i)x[0], b = (__m512i)x[1], c = (__m512i)x[2], d = (__m512i)x[3];
    __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
}

static inline void sum_each(int32_t (*sums)[4], const i32x16 *x)
{
    __m512i a = sum_lanes(x), b = sum_lanes(x + 4), c = sum_lanes(x + 8), d = sum_lanes(x + 12);
    __m512i ab = _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee));
    __m512i cd = _mm512_add_epi32(_mm512_shuffle_i32x4(c, d, 0x44), _mm512_shuffle_i32x4(c, d, 0xee));
    __m512i all = _mm512_add_epi32(_mm512_shuffle_i32x4(ab, cd, 0x88), _mm512_shuffle_i32x4(ab, cd, 0xdd));
    _mm512_storeu_si512(sums, all);
}

/* Each lane of 16 bytes is loaded from the row that its words come from. */
static inline void transpose_words(i8xN words[4], const int8_t *w, size_t stride)
{
    __m512i rows[4];
    for (size_t j = 0; j < 4; j++, w += stride) {
        const int8_t *at = w;
        __m128i lane[4];
        for (size_t l = 0; l < 4; l++, at += 4 * stride)
            lane[l] = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(lane[0]), lane[1], 1);
        __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(lane[2]), lane[3], 1);
        rows[j] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    }
    __m512i a = _mm512_unpacklo_epi32(rows[0], rows[1]), b = _mm512_unpackhi_epi32(rows[0], rows[1]);
    __m512i c = _mm512_unpacklo_epi32(rows[2], rows[3]), d = _mm512_unpackhi_epi32(rows[2], rows[3]);
    words[0] = _mm512_unpacklo_epi64(a, c);
    words[1] = _mm512_unpackhi_epi64(a, c);
    words[2] = _mm512_unpacklo_epi64(b, d);
    words[3] = _mm512_unpackhi_epi64(b, d);
}

static inline i8xN i8xN_set(int32_t word)
{
    return _mm512_set1_epi32(word);
}

#include "kernels/simd/dot_product.inc"

#include "kernels/simd/level.inc"

static bool runs_here(void)
{
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}

const kernel_level kernels_avx512_vnni = {"avx512_vnni", runs_here, false, LEVEL_FUNCTIONS};
