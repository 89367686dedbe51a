/* AVX2: 32 products of 8 bits in two instructions. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/level_256.h"

enum { ROWS = 2, OFFSET = 0, STORED_PLUS = 127 };

/* vpmaddubsw multiplies bytes without a sign by bytes with one and adds pairs in 16 bits, where they would saturate in
 * general. Here the first factor is |w| <= 128 and the second x with the sign of w, |x| <= 127: pairs are at most
 * 2 * 128 * 127 = 32512, which fits. */
typedef struct {
    __m256i magnitude, sign;
} weight_chunk;

/* With their sign, as everything but many_rows wants them. */
static inline chunk load_values(const int8_t *x)
{
    return _mm256_sub_epi8(load_chunk(x), _mm256_set1_epi8(STORED_PLUS));
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

#include "kernels/level_tile.h"

/* For level_wide.h: stored values, which have no sign, go through vpmaddubsw as they are, with weights whose neighbours
 * add up to 129 at most: 254 * 129 = 32766 fits in 16 bits. export.py scales weights so that they do. */

enum { MANY_ROWS = 8, VECTORS = 2, WIDE_ROWS = 3, PART_ROWS = 1 };

static inline chunk wide_weights_of(chunk w)
{
    return w;
}

static inline chunk add_words(chunk sum, chunk words, int32_t four_columns)
{
    chunk pairs = _mm256_maddubs_epi16(_mm256_set1_epi32(four_columns), words);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* Adds 127 times the sum of each output's words to the offsets, and keeps the largest sum of neighbours. */
static inline chunk note_words(chunk offsets, chunk *largest, chunk words)
{
    chunk pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), words);
    *largest = _mm256_max_epi16(*largest, _mm256_abs_epi16(pairs));
    return _mm256_add_epi32(offsets, _mm256_madd_epi16(pairs, _mm256_set1_epi16(STORED_PLUS)));
}

static inline bool may_be_wide(chunk largest)
{
    chunk too_large = _mm256_cmpgt_epi16(largest, _mm256_set1_epi16(129));
    return _mm256_testz_si256(too_large, too_large);
}

#include "kernels/level_wide.h"

static bool runs_here(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const kernel_level kernels_avx2 = {.name = "avx2", .runs_here = runs_here, LEVEL_KERNELS};
