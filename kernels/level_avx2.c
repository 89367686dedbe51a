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

static bool runs_here(void)
{
    return __builtin_cpu_supports("avx2");
}

const kernel_level level_avx2 = {.name = "avx2", .runs_here = runs_here, LEVEL_KERNELS};
