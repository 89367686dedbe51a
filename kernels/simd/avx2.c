/* AVX2: 32 byte products in two instructions. */
#include <immintrin.h>

#include "kernels/simd/i8x32.inc"

enum {
    OFFSET = 0,
    ROW_PLUS = 127,
    SMALL_ROWS = 2,
    PACKED_MIN_ROWS = 8,
    PANEL_VECTORS = 2,
    PACKED_ROWS = 3,
    REST_ROWS = 1,
};

/* vpmaddubsw multiplies unsigned by signed bytes and adds pairs of products in 16 bits, which may saturate. For few
 * rows the unsigned factor is |w| <= 128, and the signed one is x with the sign of w, |x| <= 127: a pair is at most 2 *
 * 128 * 127 = 32512, which fits. */
typedef struct {
    __m256i magnitude, sign;
} weights_i8xN;

static inline i8xN row_load(const int8_t *x)
{
    return _mm256_sub_epi8(i8xN_load(x), _mm256_set1_epi8(ROW_PLUS));
}

static inline weights_i8xN weights_of(i8xN w)
{
    return (weights_i8xN){_mm256_abs_epi8(w), w};
}

static inline i8xN dot_add(i8xN sums, weights_i8xN w, i8xN x)
{
    __m256i pairs = _mm256_maddubs_epi16(w.magnitude, _mm256_sign_epi8(x, w.sign));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* For many rows the unsigned factor is the row as stored, x + 127 <= 254. A pair fits if the magnitude of the sum of
 * its weights is at most 129: 254 * 129 = 32766. export.py scales the weights accordingly. */
static inline i8xN pack(i8xN w)
{
    return w;
}

static inline i8xN dot_add_word(i8xN sums, i8xN words, int32_t word)
{
    __m256i pairs = _mm256_maddubs_epi16(i8xN_set(word), words);
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* Sums come out too large by 127 times the sum of the output's weights. *largest has the largest magnitudes of the sum
 * of a pair. */
static inline i8xN check_packed(i8xN offsets, i8xN *largest, i8xN words)
{
    __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), words);
    *largest = _mm256_max_epi16(*largest, _mm256_abs_epi16(pairs));
    return _mm256_add_epi32(offsets, _mm256_madd_epi16(pairs, _mm256_set1_epi16(ROW_PLUS)));
}

static inline bool can_pack(i8xN largest)
{
    __m256i too_large = _mm256_cmpgt_epi16(largest, _mm256_set1_epi16(129));
    return _mm256_testz_si256(too_large, too_large);
}

#include "kernels/simd/level.inc"

static bool runs_here(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const kernel_level kernels_avx2 = {"avx2", runs_here, false, LEVEL_FUNCTIONS};
