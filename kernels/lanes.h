/* Eight floats at a time. With AVX2 they are one register, without it a loop over eight: every operation rounds once
 * for each lane, as IEEE 754 says, and sums are taken in one order, so that the bits are the same on every machine.
 * Private to kernels/; included by the files that are compiled once for each instruction-set level. */
#ifndef KERNELS_LANES_H
#define KERNELS_LANES_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 8 };

#ifdef __AVX2__

#include <immintrin.h>

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t int_lanes __attribute__((vector_size(4 * LANES)));

static inline lanes lanes_of(float x)
{
    return (lanes){x, x, x, x, x, x, x, x};
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return a + b;
}

static inline lanes lanes_subtract(lanes a, lanes b)
{
    return a - b;
}

static inline lanes lanes_multiply(lanes a, lanes b)
{
    return a * b;
}

static inline lanes lanes_divide(lanes a, lanes b)
{
    return a / b;
}

/* a * b + c, rounded once: unlike all else here, not what machines without the instruction compute. */
static inline lanes lanes_fused(lanes a, lanes b, lanes c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* a > b ? a : b */
static inline lanes lanes_larger(lanes a, lanes b)
{
    return _mm256_max_ps(a, b);
}

/* a < b ? a : b */
static inline lanes lanes_smaller(lanes a, lanes b)
{
    return _mm256_min_ps(a, b);
}

/* a < b ? x : y */
static inline lanes lanes_less(lanes a, lanes b, lanes x, lanes y)
{
    return _mm256_blendv_ps(y, x, (lanes)(a < b));
}

static inline int_lanes int_lanes_of(int32_t x)
{
    return (int_lanes){x, x, x, x, x, x, x, x};
}

static inline int_lanes int_lanes_add(int_lanes a, int_lanes b)
{
    return a + b;
}

static inline int_lanes int_lanes_larger(int_lanes a, int_lanes b)
{
    return (int_lanes)_mm256_max_epi32((__m256i)a, (__m256i)b);
}

static inline int_lanes lanes_bits(lanes x)
{
    return (int_lanes)x;
}

/* Of |x|: they grow with it; those of what is not a number are the largest. */
static inline int_lanes lanes_magnitude_bits(lanes x)
{
    return (int_lanes)x & 0x7fffffff;
}

/* 2^n; -126 <= n <= 127 */
static inline lanes lanes_power_of_two(int_lanes n)
{
    return (lanes)((n + 127) << 23);
}

static inline lanes lanes_of_ints(int_lanes x)
{
    return __builtin_convertvector(x, lanes);
}

/* The first n <= LANES floats of x; `rest` in the other lanes. */
static inline lanes lanes_load_part(const float *x, size_t n, float rest)
{
    const int_lanes taken = (int_lanes){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)n;
    return _mm256_blendv_ps(lanes_of(rest), _mm256_maskload_ps(x, (__m256i)taken), (lanes)taken);
}

static inline void lanes_store_part(float *x, size_t n, lanes a)
{
    if (n == LANES) {
        _mm256_storeu_ps(x, a);
        return;
    }
    __m128 left = _mm256_castps256_ps128(a); /* masked stores take longer than these */
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
}

/* ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)): halves are added to halves. */
static inline float lanes_sum(lanes a)
{
    __m128 fours = _mm256_castps256_ps128(a) + _mm256_extractf128_ps(a, 1);
    __m128 twos = fours + _mm_movehl_ps(fours, fours);
    return twos[0] + twos[1];
}

/* The largest lane, when all are numbers. */
static inline float lanes_largest(lanes a)
{
    __m128 fours = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 twos = _mm_max_ps(fours, _mm_movehl_ps(fours, fours));
    return twos[0] > twos[1] ? twos[0] : twos[1];
}

static inline int32_t int_lanes_largest(int_lanes a)
{
    __m128i fours = _mm_max_epi32(_mm256_castsi256_si128((__m256i)a), _mm256_extracti128_si256((__m256i)a, 1));
    __m128i twos = _mm_max_epi32(fours, _mm_srli_si128(fours, 8));
    return _mm_cvtsi128_si32(_mm_max_epi32(twos, _mm_srli_si128(twos, 4)));
}

/* Lane j: lanes_sum of of[j]. The same additions, but of several sums at once: halves of two, then of four, of eight.
 */
static inline lanes lanes_sums(const lanes of[LANES])
{
    lanes fours[4], twos[2];
    for (size_t j = 0; j < 4; j++)
        fours[j] = _mm256_permute2f128_ps(of[j], of[j + 4], 0x20) + _mm256_permute2f128_ps(of[j], of[j + 4], 0x31);
    for (size_t j = 0; j < 2; j++) {
        __m256d a = (__m256d)fours[2 * j], b = (__m256d)fours[2 * j + 1];
        twos[j] = (lanes)_mm256_unpacklo_pd(a, b) + (lanes)_mm256_unpackhi_pd(a, b);
    }
    return _mm256_shuffle_ps(twos[0], twos[1], 0x88) + _mm256_shuffle_ps(twos[0], twos[1], 0xdd);
}

/* 4 * LANES values of -128 … 127, or of 0 … 255 when they have no sign. */
static inline void int_lanes_store_bytes(int8_t *to, const int_lanes x[4], bool without_sign)
{
    __m256i a = _mm256_packs_epi32((__m256i)x[0], (__m256i)x[1]), b = _mm256_packs_epi32((__m256i)x[2], (__m256i)x[3]);
    __m256i fours = without_sign ? _mm256_packus_epi16(a, b) : _mm256_packs_epi16(a, b);
    __m256i bytes = _mm256_permutevar8x32_epi32(fours, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)(void *)to, bytes);
}

#else

typedef struct {
    float at[LANES];
} lanes;

typedef struct {
    int32_t at[LANES];
} int_lanes;

static inline lanes lanes_of(float x)
{
    lanes r;
    for (int i = 0; i < LANES; i++)
        r.at[i] = x;
    return r;
}

static inline lanes lanes_add(lanes a, lanes b)
{
    for (int i = 0; i < LANES; i++)
        a.at[i] += b.at[i];
    return a;
}

static inline lanes lanes_subtract(lanes a, lanes b)
{
    for (int i = 0; i < LANES; i++)
        a.at[i] -= b.at[i];
    return a;
}

static inline lanes lanes_multiply(lanes a, lanes b)
{
    for (int i = 0; i < LANES; i++)
        a.at[i] *= b.at[i];
    return a;
}

static inline lanes lanes_divide(lanes a, lanes b)
{
    for (int i = 0; i < LANES; i++)
        a.at[i] /= b.at[i];
    return a;
}

static inline lanes lanes_fused(lanes a, lanes b, lanes c)
{
    return lanes_add(lanes_multiply(a, b), c);
}

static inline lanes lanes_larger(lanes a, lanes b)
{
    for (int i = 0; i < LANES; i++)
        a.at[i] = a.at[i] > b.at[i] ? a.at[i] : b.at[i];
    return a;
}

static inline lanes lanes_smaller(lanes a, lanes b)
{
    for (int i = 0; i < LANES; i++)
        a.at[i] = a.at[i] < b.at[i] ? a.at[i] : b.at[i];
    return a;
}

static inline lanes lanes_less(lanes a, lanes b, lanes x, lanes y)
{
    for (int i = 0; i < LANES; i++)
        x.at[i] = a.at[i] < b.at[i] ? x.at[i] : y.at[i];
    return x;
}

static inline int_lanes int_lanes_of(int32_t x)
{
    int_lanes r;
    for (int i = 0; i < LANES; i++)
        r.at[i] = x;
    return r;
}

static inline int_lanes int_lanes_add(int_lanes a, int_lanes b)
{
    for (int i = 0; i < LANES; i++)
        a.at[i] += b.at[i];
    return a;
}

static inline int_lanes int_lanes_larger(int_lanes a, int_lanes b)
{
    for (int i = 0; i < LANES; i++)
        a.at[i] = a.at[i] > b.at[i] ? a.at[i] : b.at[i];
    return a;
}

static inline int_lanes lanes_bits(lanes x)
{
    int_lanes r;
    memcpy(&r, &x, sizeof r);
    return r;
}

static inline int_lanes lanes_magnitude_bits(lanes x)
{
    int_lanes r = lanes_bits(x);
    for (int i = 0; i < LANES; i++)
        r.at[i] &= 0x7fffffff;
    return r;
}

static inline lanes lanes_power_of_two(int_lanes n)
{
    lanes r;
    for (int i = 0; i < LANES; i++)
        n.at[i] = (int32_t)((uint32_t)(n.at[i] + 127) << 23);
    memcpy(&r, &n, sizeof r);
    return r;
}

static inline lanes lanes_of_ints(int_lanes x)
{
    lanes r;
    for (int i = 0; i < LANES; i++)
        r.at[i] = (float)x.at[i];
    return r;
}

static inline void int_lanes_store_bytes(int8_t *to, const int_lanes x[4], bool without_sign)
{
    (void)without_sign; /* the same bits */
    for (int i = 0; i < 4 * LANES; i++)
        to[i] = (int8_t)x[i / LANES].at[i % LANES];
}

/* The first n <= LANES floats of x; `rest` in the other lanes. */
static inline lanes lanes_load_part(const float *x, size_t n, float rest)
{
    lanes r = lanes_of(rest);
    memcpy(&r, x, n * sizeof *x);
    return r;
}

static inline void lanes_store_part(float *x, size_t n, lanes a)
{
    memcpy(x, &a, n * sizeof *x);
}

/* ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)): halves are added to halves. */
static inline float lanes_sum(lanes a)
{
    const float *x = a.at;
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/* The largest lane, when all are numbers. */
static inline float lanes_largest(lanes a)
{
    for (int i = 1; i < LANES; i++)
        a.at[0] = a.at[i] > a.at[0] ? a.at[i] : a.at[0];
    return a.at[0];
}

static inline int32_t int_lanes_largest(int_lanes a)
{
    for (int i = 1; i < LANES; i++)
        a.at[0] = a.at[i] > a.at[0] ? a.at[i] : a.at[0];
    return a.at[0];
}

/* Lane j: lanes_sum of of[j]. */
static inline lanes lanes_sums(const lanes of[LANES])
{
    lanes r;
    for (int j = 0; j < LANES; j++)
        r.at[j] = lanes_sum(of[j]);
    return r;
}

#endif

static inline lanes lanes_load(const float *x)
{
    lanes r;
    memcpy(&r, x, sizeof r);
    return r;
}

static inline void lanes_store(float *x, lanes a)
{
    memcpy(x, &a, sizeof a);
}

static inline int32_t int_lanes_sum(int_lanes a)
{
    int32_t x[LANES], sum = 0;
    memcpy(x, &a, sizeof x);
    for (int i = 0; i < LANES; i++)
        sum += x[i];
    return sum;
}

/* x rounded to the nearest integers, ties to even; |x| < 2^22. Adding 1.5 * 2^23, whose last bit counts ones, rounds;
 * the integer is then what the bits have grown by. */
static inline int_lanes lanes_rounded(lanes x)
{
    return int_lanes_add(lanes_bits(lanes_add(x, lanes_of(12582912.0f))), int_lanes_of(-0x4b400000));
}

/* Where a register holds sixteen floats, two sets of lanes side by side; elsewhere one. */

#ifdef __AVX512F__

enum { SETS = 2 };

typedef float wide __attribute__((vector_size(4 * LANES * SETS)));

static inline wide wide_of(float x)
{
    return (wide)_mm512_set1_ps(x);
}

static inline wide wide_add(wide a, wide b)
{
    return a + b;
}

static inline wide wide_multiply(wide a, wide b)
{
    return a * b;
}

#else

enum { SETS = 1 };

typedef lanes wide;

static inline wide wide_of(float x)
{
    return lanes_of(x);
}

static inline wide wide_add(wide a, wide b)
{
    return lanes_add(a, b);
}

static inline wide wide_multiply(wide a, wide b)
{
    return lanes_multiply(a, b);
}

#endif

enum { WIDE_LANES = SETS * LANES };

static inline wide wide_load(const float *x)
{
    wide r;
    memcpy(&r, x, sizeof r);
    return r;
}

static inline void wide_store(float *x, wide a)
{
    memcpy(x, &a, sizeof a);
}

#endif
