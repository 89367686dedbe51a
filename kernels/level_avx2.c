/* AVX2: 32 products of 8 bits in two instructions. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { ROWS = 2, CHUNK = 32, OFFSET = 0 };

typedef __m256i chunk;

/* vpmaddubsw multiplies bytes without a sign by bytes with one and adds pairs in 16 bits, where they would saturate in
 * general. Here the first factor is |w| <= 128 and the second x with the sign of w, |x| <= 127: pairs are at most
 * 2 * 128 * 127 = 32512, which fits. */
typedef struct {
    __m256i magnitude, sign;
} weight_chunk;

static inline chunk zero_chunk(void)
{
    return _mm256_setzero_si256();
}

static inline chunk load_chunk(const int8_t *x)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)x);
}

static inline weight_chunk prepare_weights(chunk w)
{
    return (weight_chunk){_mm256_abs_epi8(w), w};
}

static inline chunk multiply_add(chunk sum, weight_chunk w, chunk x)
{
    __m256i pairs = _mm256_maddubs_epi16(w.magnitude, _mm256_sign_epi8(x, w.sign));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* to [4]: the sums of the eight values of each of four. */
static inline void sum_chunks(int32_t *to, const chunk of[4])
{
    __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(of[0], of[1]), _mm256_hadd_epi32(of[2], of[3]));
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storeu_si128((__m128i *)(void *)to, half);
}

#include "kernels/level_tile.h"

enum { UNSIGNED = 127, MANY_ROWS = 8 };

/* Activations plus 127 have no sign, and vpmaddubsw takes them as they are, with weights whose neighbours add up to 129
 * at most: 254 * 129 = 32766. export.py scales weights so that they do. The sums are then too large by 127 times the
 * weights' own. To look for it is worth its time when many rows follow. */
static void look_at_weights(weight_tile *tile, size_t n_rows)
{
    if (n_rows < MANY_ROWS)
        return;
    chunk largest = zero_chunk(), sum[OUTPUTS];
    for (size_t j = 0; j < OUTPUTS; j++) {
        const int8_t *w = tile->w + j * tile->stride;
        sum[j] = zero_chunk();
        for (size_t i = 0; i < tile->d; i += CHUNK) {
            chunk weights = tile->d - i < CHUNK ? load_part(w + i, tile->d - i) : load_chunk(w + i);
            chunk pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), weights);
            largest = _mm256_max_epi16(largest, _mm256_abs_epi16(pairs));
            sum[j] = _mm256_add_epi32(sum[j], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
    }
    sum_chunks(tile->sums, sum);
    chunk too_large = _mm256_cmpgt_epi16(largest, _mm256_set1_epi16(129));
    tile->small_pairs = _mm256_testz_si256(too_large, too_large);
}

/* Adds the products of CHUNK columns, as add_chunk does. */
static inline __attribute__((always_inline)) void add_unsigned(chunk sum[ROWS][OUTPUTS], const int8_t *w,
                                                               size_t w_stride, const int8_t *x, size_t x_stride)
{
    chunk values[ROWS];
#pragma GCC unroll 2
    for (size_t r = 0; r < ROWS; r++)
        values[r] = _mm256_add_epi8(load_chunk(x + r * x_stride), _mm256_set1_epi8(UNSIGNED));
#pragma GCC unroll 4
    for (size_t j = 0; j < OUTPUTS; j++) {
        chunk weights = load_chunk(w + j * w_stride);
#pragma GCC unroll 2
        for (size_t r = 0; r < ROWS; r++) {
            chunk pairs = _mm256_maddubs_epi16(values[r], weights);
            sum[r][j] = _mm256_add_epi32(sum[r][j], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
    }
}

/* dot for ROWS rows and small pairs. */
static void dot_unsigned(int32_t (*sums)[OUTPUTS], const weight_tile *tile, const int8_t *x, size_t x_stride)
{
    chunk sum[ROWS][OUTPUTS];
#pragma GCC unroll 2
    for (size_t r = 0; r < ROWS; r++)
#pragma GCC unroll 4
        for (size_t j = 0; j < OUTPUTS; j++)
            sum[r][j] = zero_chunk();
    const int8_t *w = tile->w;
    size_t d = tile->d, stride = tile->stride, i = 0;
    for (; i + CHUNK <= d; i += CHUNK)
        add_unsigned(sum, w + i, stride, x + i, x_stride);
    if (i < d) {
        int8_t last[OUTPUTS * CHUNK] = {0};
        for (size_t j = 0; j < OUTPUTS; j++)
            memcpy(last + j * CHUNK, w + j * stride + i, d - i);
        add_unsigned(sum, last, CHUNK, x + i, x_stride);
    }
#pragma GCC unroll 2
    for (size_t r = 0; r < ROWS; r++) {
        sum_chunks(sums[r], sum[r]);
        for (size_t j = 0; j < OUTPUTS; j++)
            sums[r][j] -= UNSIGNED * tile->sums[j];
    }
}

static void dot_tile(int32_t (*sums)[OUTPUTS], const weight_tile *tile, const int8_t *x, size_t x_stride, size_t n_rows)
{
    if (n_rows == 1)
        dot(sums, tile, x, x_stride, 1);
    else if (tile->small_pairs)
        dot_unsigned(sums, tile, x, x_stride);
    else
        dot(sums, tile, x, x_stride, ROWS);
}

static bool runs_here(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const kernel_level level_avx2 = {.name = "avx2", .runs_here = runs_here, LEVEL_KERNELS};
