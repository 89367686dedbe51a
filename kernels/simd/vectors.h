/* Vectors of floats and integers, in the vector extension of gcc and clang: + - * / < work on whole vectors, and
 * scalars are broadcast. For the files of simd/, each compiled for one instruction set.
 *
 *   f32x8   eight floats on every CPU: one register with AVX2, two with NEON. The partial sums of plain.c.
 *   f32xW   the widest vector: sixteen floats with AVX-512, otherwise f32x8
 *
 * Every operation rounds each lane once, as in IEEE 754, and f32x8_sum adds in the order of plain.c, so results are
 * bit-identical on all CPUs. The exception is f32xW_fma. */
#ifndef KERNELS_SIMD_VECTORS_H
#define KERNELS_SIMD_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef float f32x4 __attribute__((vector_size(16)));
typedef float f32x8 __attribute__((vector_size(32)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef int32_t i32x8 __attribute__((vector_size(32)));

static inline f32x8 f32x8_set(float x)
{
    return (f32x8){x, x, x, x, x, x, x, x};
}

static inline f32x8 f32x8_load(const float *x)
{
    f32x8 loaded;
    memcpy(&loaded, x, sizeof loaded);
    return loaded;
}

static inline void f32x8_store(float *x, f32x8 a)
{
    memcpy(x, &a, sizeof a);
}

/* mask ? a : b; each lane of mask is 0 or -1 */
static inline f32x8 f32x8_select(i32x8 mask, f32x8 a, f32x8 b)
{
#ifdef __AVX2__
    return _mm256_blendv_ps(b, a, (f32x8)mask);
#else
    return (f32x8)((mask & (i32x8)a) | (~mask & (i32x8)b));
#endif
}

/* a > b ? a : b */
static inline f32x8 f32x8_max(f32x8 a, f32x8 b)
{
#ifdef __AVX2__
    return _mm256_max_ps(a, b);
#else
    return f32x8_select(a > b, a, b);
#endif
}

/* a < b ? a : b */
static inline f32x8 f32x8_min(f32x8 a, f32x8 b)
{
#ifdef __AVX2__
    return _mm256_min_ps(a, b);
#else
    return f32x8_select(a < b, a, b);
#endif
}

static inline i32x8 i32x8_max(i32x8 a, i32x8 b)
{
#ifdef __AVX2__
    return (i32x8)_mm256_max_epi32((__m256i)a, (__m256i)b);
#else
    return (i32x8)f32x8_select(a > b, (f32x8)a, (f32x8)b);
#endif
}

/* The first n <= 8 floats of x; `rest` in the other lanes. */
static inline f32x8 f32x8_load_part(const float *x, size_t n, float rest)
{
#ifdef __AVX2__
    const i32x8 taken = (i32x8){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)n;
    return f32x8_select(taken, _mm256_maskload_ps(x, (__m256i)taken), f32x8_set(rest));
#else
    f32x8 loaded = f32x8_set(rest);
    memcpy(&loaded, x, n * sizeof *x);
    return loaded;
#endif
}

static inline void f32x8_store_part(float *x, size_t n, f32x8 a)
{
#ifdef __AVX2__
    if (n == 8) {
        f32x8_store(x, a);
        return;
    }
    __m128 left = _mm256_castps256_ps128(a); /* faster than a masked store */
    if (n & 4) {
        _mm_storeu_ps(x, left);
        left = _mm256_extractf128_ps(a, 1);
        x += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)x, left);
        left = _mm_movehl_ps(left, left);
        x += 2;
    }
    if (n & 1)
        _mm_store_ss(x, left);
#else
    memcpy(x, &a, n * sizeof *x);
#endif
}

/* ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)), like add_eight of plain.c */
static inline float f32x8_sum(f32x8 a)
{
    f32x4 fours = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
    f32x4 twos = fours + __builtin_shufflevector(fours, fours, 2, 3, 2, 3);
    return twos[0] + twos[1];
}

/* a0+a4 … a3+a7, b0+b4 … b3+b7 */
static inline f32x8 add_halves(f32x8 a, f32x8 b)
{
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
           __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
}

/* The same within each half: a0+a2, a1+a3, b0+b2, b1+b3, a4+a6 … */
static inline f32x8 add_quarters(f32x8 a, f32x8 b)
{
    return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13) +
           __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}

/* Lane j: f32x8_sum of a[j]: the same additions, eight sums at once. */
static inline f32x8 f32x8_sums(const f32x8 a[8])
{
    f32x8 low = add_quarters(add_halves(a[0], a[4]), add_halves(a[1], a[5]));
    f32x8 high = add_quarters(add_halves(a[2], a[6]), add_halves(a[3], a[7]));
    return __builtin_shufflevector(low, high, 0, 2, 8, 10, 4, 6, 12, 14) +
           __builtin_shufflevector(low, high, 1, 3, 9, 11, 5, 7, 13, 15);
}

/* The largest lane, if none is NaN. */
static inline float f32x8_largest(f32x8 a)
{
    a = f32x8_max(a, __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3));
    a = f32x8_max(a, __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5));
    return a[0] > a[1] ? a[0] : a[1];
}

static inline int32_t i32x8_largest(i32x8 a)
{
    a = i32x8_max(a, __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3));
    a = i32x8_max(a, __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5));
    return a[0] > a[1] ? a[0] : a[1];
}

static inline int32_t i32x8_sum(i32x8 a)
{
    int32_t x[8], sum = 0;
    memcpy(x, &a, sizeof x);
    for (size_t i = 0; i < 8; i++)
        sum += x[i];
    return sum;
}

/* Stores 32 values as bytes: from -128 … 127, or from 0 … 255 if is_unsigned. */
static inline void i32x8_store_bytes(int8_t *bytes, const i32x8 x[4], bool is_unsigned)
{
#ifdef __AVX2__
    __m256i a = _mm256_packs_epi32((__m256i)x[0], (__m256i)x[1]), b = _mm256_packs_epi32((__m256i)x[2], (__m256i)x[3]);
    __m256i fours = is_unsigned ? _mm256_packus_epi16(a, b) : _mm256_packs_epi16(a, b);
    __m256i in_order = _mm256_permutevar8x32_epi32(fours, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)(void *)bytes, in_order);
#else
    (void)is_unsigned; /* the bits are the same */
    for (size_t i = 0; i < 32; i++)
        bytes[i] = (int8_t)x[i / 8][i % 8];
#endif
}

/* x rounded to the nearest integers, ties to even; |x| < 2^22. See nearest in plain.c. */
static inline i32x8 f32x8_nearest(f32x8 x)
{
    return (i32x8)(x + 12582912.0f) - 0x4b400000;
}

#ifdef __AVX512F__

enum { W = 16, W_SUMS = 8 };

typedef float f32xW __attribute__((vector_size(64)));

static inline f32xW f32xW_set(float x)
{
    return (f32xW)_mm512_set1_ps(x);
}

/* The first n <= W floats of x, and zeros. gcc 12 would reload them for each product; the empty asm statement, which
 * for all gcc knows changes them, keeps them in a register. */
static inline f32xW f32xW_load_part(const float *x, size_t n)
{
    f32xW loaded = n < W ? _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x) : _mm512_loadu_ps(x);
    __asm__("" : "+v"(loaded));
    return loaded;
}

/* a * b + c, rounded once; twice on CPUs without the instruction. */
static inline f32xW f32xW_fma(f32xW a, f32xW b, f32xW c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline f32xW add_halves_wide(f32xW a, f32xW b)
{
    return _mm512_shuffle_f32x4(a, b, 0x44) + _mm512_shuffle_f32x4(a, b, 0xee);
}

static inline f32xW add_quarters_wide(f32xW a, f32xW b)
{
    return _mm512_shuffle_f32x4(a, b, 0x88) + _mm512_shuffle_f32x4(a, b, 0xdd);
}

/* sums [W_SUMS]: the sum of each of a [W_SUMS], halves added to halves. */
static inline void f32xW_sums(float sums[W_SUMS], const f32xW a[W_SUMS])
{
    f32xW low = add_quarters_wide(add_halves_wide(a[0], a[1]), add_halves_wide(a[2], a[3]));
    f32xW high = add_quarters_wide(add_halves_wide(a[4], a[5]), add_halves_wide(a[6], a[7]));
    f32xW pairs =
        (f32xW)_mm512_unpacklo_pd((__m512d)low, (__m512d)high) + (f32xW)_mm512_unpackhi_pd((__m512d)low, (__m512d)high);
    f32xW all = pairs + (f32xW)_mm512_permute_ps(pairs, 0xb1);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
    _mm256_storeu_ps(sums, _mm512_castps512_ps256(_mm512_permutexvar_ps(order, all)));
}

#else

enum { W = 8, W_SUMS = 4 };

typedef f32x8 f32xW;

static inline f32xW f32xW_set(float x)
{
    return f32x8_set(x);
}

static inline f32xW f32xW_load_part(const float *x, size_t n)
{
    return n < W ? f32x8_load_part(x, n, 0.0f) : f32x8_load(x);
}

static inline f32xW f32xW_fma(f32xW a, f32xW b, f32xW c)
{
#ifdef __FMA__
    return _mm256_fmadd_ps(a, b, c);
#else
    return a * b + c;
#endif
}

static inline void f32xW_sums(float sums[W_SUMS], const f32xW a[W_SUMS])
{
    f32x8 pairs = add_quarters(add_halves(a[0], a[1]), add_halves(a[2], a[3]));
    f32x8 all = pairs + __builtin_shufflevector(pairs, pairs, 1, 0, 3, 2, 5, 4, 7, 6);
    f32x4 in_order = __builtin_shufflevector(all, all, 0, 4, 2, 6);
    memcpy(sums, &in_order, sizeof in_order);
}

#endif

static inline f32xW f32xW_load(const float *x)
{
    f32xW loaded;
    memcpy(&loaded, x, sizeof loaded);
    return loaded;
}

static inline void f32xW_store(float *x, f32xW a)
{
    memcpy(x, &a, sizeof a);
}

#endif
