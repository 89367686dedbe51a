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

static inline lanes lanes_magnitude(lanes x)
{
    return (lanes)((int_lanes)x & 0x7fffffff);
}

static inline int_lanes int_lanes_of(int32_t x)
{
    return (int_lanes){x, x, x, x, x, x, x, x};
}

static inline int_lanes int_lanes_add(int_lanes a, int_lanes b)
{
    return a + b;
}

static inline int_lanes lanes_bits(lanes x)
{
    return (int_lanes)x;
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

/* Eight values of -128 … 127, or of 0 … 255 when they have no sign. */
static inline void int_lanes_store_bytes(int8_t *to, int_lanes x, bool without_sign)
{
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)x), _mm256_extracti128_si256((__m256i)x, 1));
    __m128i bytes = without_sign ? _mm_packus_epi16(words, words) : _mm_packs_epi16(words, words);
    _mm_storel_epi64((__m128i *)(void *)to, bytes);
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

static inline lanes lanes_magnitude(lanes x)
{
    for (int i = 0; i < LANES; i++)
        x.at[i] = x.at[i] < 0.0f ? -x.at[i] : x.at[i];
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

static inline int_lanes lanes_bits(lanes x)
{
    int_lanes r;
    memcpy(&r, &x, sizeof r);
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

static inline void int_lanes_store_bytes(int8_t *to, int_lanes x, bool without_sign)
{
    (void)without_sign; /* the same bits */
    for (int i = 0; i < LANES; i++)
        to[i] = (int8_t)x.at[i];
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

/* The first n < LANES floats of x; `rest` in the other lanes. */
static inline lanes lanes_load_part(const float *x, size_t n, float rest)
{
    float all[LANES];
    for (size_t i = 0; i < LANES; i++)
        all[i] = i < n ? x[i] : rest;
    return lanes_load(all);
}

static inline void lanes_store_part(float *x, size_t n, lanes a)
{
    float all[LANES];
    lanes_store(all, a);
    memcpy(x, all, n * sizeof *x);
}

/* ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)): halves are added to halves. */
static inline float lanes_sum(lanes a)
{
    float x[LANES];
    lanes_store(x, a);
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/* The largest lane, when all are numbers. */
static inline float lanes_largest(lanes a)
{
    float x[LANES];
    lanes_store(x, a);
    for (int i = 1; i < LANES; i++)
        x[0] = x[i] > x[0] ? x[i] : x[0];
    return x[0];
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

#endif
