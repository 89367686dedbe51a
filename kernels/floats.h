/* As many floats at a time as the level has in a register: sixteen with AVX-512, otherwise lanes. What it computes
 * differs between levels in its last bits, for lanes_fused does. Private to kernels/; see lanes.h. */
#ifndef KERNELS_FLOATS_H
#define KERNELS_FLOATS_H

#include "kernels/lanes.h"

#ifdef __AVX512F__

enum { FLOATS = 16, FLOAT_SUMS = 8 };

typedef float floats __attribute__((vector_size(4 * FLOATS)));

static inline floats floats_zero(void)
{
    return _mm512_setzero_ps();
}

/* The first n <= FLOATS of x, and zeros. gcc 12 would load them again for each product: the empty statement, which
 * might change them, keeps them in a register. */
static inline floats floats_load(const float *x, size_t n)
{
    floats loaded = n < FLOATS ? _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x) : _mm512_loadu_ps(x);
    __asm__("" : "+v"(loaded));
    return loaded;
}

static inline floats floats_fused(floats a, floats b, floats c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline floats add_halves(floats a, floats b)
{
    return _mm512_shuffle_f32x4(a, b, 0x44) + _mm512_shuffle_f32x4(a, b, 0xee);
}

static inline floats add_quarters(floats a, floats b)
{
    return _mm512_shuffle_f32x4(a, b, 0x88) + _mm512_shuffle_f32x4(a, b, 0xdd);
}

/* to [FLOAT_SUMS]: the sum of each of them, halves added to halves. */
static inline void floats_add_up(float to[FLOAT_SUMS], const floats of[FLOAT_SUMS])
{
    floats low = add_quarters(add_halves(of[0], of[1]), add_halves(of[2], of[3]));
    floats high = add_quarters(add_halves(of[4], of[5]), add_halves(of[6], of[7]));
    floats pairs = (floats)_mm512_unpacklo_pd((__m512d)low, (__m512d)high) +
                   (floats)_mm512_unpackhi_pd((__m512d)low, (__m512d)high);
    floats all = pairs + (floats)_mm512_permute_ps(pairs, 0xb1);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
    _mm256_storeu_ps(to, _mm512_castps512_ps256(_mm512_permutexvar_ps(order, all)));
}

#else

enum { FLOATS = LANES, FLOAT_SUMS = 4 };

typedef lanes floats;

static inline floats floats_zero(void)
{
    return lanes_of(0.0f);
}

static inline floats floats_load(const float *x, size_t n)
{
    return n < FLOATS ? lanes_load_part(x, n, 0.0f) : lanes_load(x);
}

static inline floats floats_fused(floats a, floats b, floats c)
{
    return lanes_fused(a, b, c);
}

static inline void floats_add_up(float to[FLOAT_SUMS], const floats of[FLOAT_SUMS])
{
#ifdef __AVX2__
    __m256 ab = _mm256_permute2f128_ps(of[0], of[1], 0x20) + _mm256_permute2f128_ps(of[0], of[1], 0x31);
    __m256 cd = _mm256_permute2f128_ps(of[2], of[3], 0x20) + _mm256_permute2f128_ps(of[2], of[3], 0x31);
    __m256 pairs =
        (__m256)_mm256_unpacklo_pd((__m256d)ab, (__m256d)cd) + (__m256)_mm256_unpackhi_pd((__m256d)ab, (__m256d)cd);
    __m256 all = pairs + _mm256_permute_ps(pairs, 0xb1);
    const __m256i order = _mm256_setr_epi32(0, 4, 2, 6, 0, 0, 0, 0);
    _mm_storeu_ps(to, _mm256_castps256_ps128(_mm256_permutevar8x32_ps(all, order)));
#else
    for (size_t i = 0; i < FLOAT_SUMS; i++)
        to[i] = lanes_sum(of[i]);
#endif
}

#endif

#endif
