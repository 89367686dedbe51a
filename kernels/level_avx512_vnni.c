/* AVX-512 with VNNI: 64 products of 8 bits in one instruction. */
#ifdef KERNELS_SIMULATED /* in plain C, so that the tests run it on any machine */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#define kernels_avx512_vnni kernels_avx512_vnni_simulated
#else
#include <immintrin.h>
#endif
#include <stddef.h>
#include <stdint.h>

enum { CHUNK = 64, OFFSET = 128, ROWS = 4, MANY_ROWS = 16, VECTORS = 2, WIDE_ROWS = 12, PART_ROWS = 4 };

typedef __m512i chunk, weight_chunk;
typedef int32_t int_chunk __attribute__((vector_size(CHUNK)));

static inline chunk zero_chunk(void)
{
    return _mm512_setzero_si512();
}

static inline chunk load_chunk(const int8_t *x)
{
    return _mm512_loadu_si512(x);
}

/* w + 128: the instruction wants one factor without a sign. Sums are then too large, by 128 times a row's values. */
static inline weight_chunk prepare_weights(chunk w)
{
    return _mm512_xor_si512(w, _mm512_set1_epi8(-128));
}

static inline chunk multiply_add(chunk sum, weight_chunk w, chunk x)
{
    return _mm512_dpbusd_epi32(sum, w, x);
}

/* In each lane of 16 bytes: the sums of the lane's values of each of four. */
static inline chunk sum_lanes(const int_chunk *of)
{
    chunk a = (chunk)of[0], b = (chunk)of[1], c = (chunk)of[2], d = (chunk)of[3];
    chunk ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    chunk cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
}

static inline void sum_chunks(int32_t (*to)[4], const int_chunk *of)
{
    chunk a = sum_lanes(of), b = sum_lanes(of + 4), c = sum_lanes(of + 8), d = sum_lanes(of + 12);
    chunk ab = _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee));
    chunk cd = _mm512_add_epi32(_mm512_shuffle_i32x4(c, d, 0x44), _mm512_shuffle_i32x4(c, d, 0xee));
    chunk all = _mm512_add_epi32(_mm512_shuffle_i32x4(ab, cd, 0x88), _mm512_shuffle_i32x4(ab, cd, 0xdd));
    _mm512_storeu_si512(to, all);
}

/* For level_wide.h: lanes of 16 bytes are loaded from the rows where their words go. */
static inline void transpose_words(chunk to[4], const int8_t *w, size_t stride)
{
    chunk rows[4];
    for (size_t j = 0; j < 4; j++, w += stride) {
        const int8_t *at = w;
        __m128i lane[4];
        for (size_t l = 0; l < 4; l++, at += 4 * stride)
            lane[l] = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(lane[0]), lane[1], 1);
        __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(lane[2]), lane[3], 1);
        rows[j] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    }
    chunk a = _mm512_unpacklo_epi32(rows[0], rows[1]), b = _mm512_unpackhi_epi32(rows[0], rows[1]);
    chunk c = _mm512_unpacklo_epi32(rows[2], rows[3]), d = _mm512_unpackhi_epi32(rows[2], rows[3]);
    to[0] = _mm512_unpacklo_epi64(a, c);
    to[1] = _mm512_unpackhi_epi64(a, c);
    to[2] = _mm512_unpacklo_epi64(b, d);
    to[3] = _mm512_unpackhi_epi64(b, d);
}

static inline chunk four_columns_of(int32_t columns)
{
    return _mm512_set1_epi32(columns);
}

#include "kernels/level_dot.h"

static bool runs_here(void)
{
#ifdef KERNELS_SIMULATED
    return true;
#else
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
#endif
}

const kernel_level kernels_avx512_vnni = {.name = "avx512_vnni", .runs_here = runs_here, LEVEL_KERNELS};
