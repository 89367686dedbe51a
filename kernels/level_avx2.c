/* AVX2: 32 products of 8 bits in two instructions. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { ROWS = 2, CHUNK = 32, OFFSET = 0, STORED_PLUS = 127 };

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

/* to [4]: the sums of the eight values of each of four. */
static inline void sum_chunks(int32_t *to, const chunk of[4])
{
    __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(of[0], of[1]), _mm256_hadd_epi32(of[2], of[3]));
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storeu_si128((__m128i *)(void *)to, half);
}

#include "kernels/level_tile.h"

/* Many rows. Stored values, which have no sign, go through vpmaddubsw as they are, with weights whose neighbours add up
 * to 129 at most: 254 * 129 = 32766 fits in 16 bits. export.py scales weights so that they do. 16 outputs at once are
 * brought into the order of the sums, 8 outputs to a vector, four columns of each side by side, so that nothing is
 * added across a vector; that is worth its time when many rows follow. */

enum { MANY_ROWS = 8, WIDE = 16, VECTORS = WIDE / LANES, WIDE_ROWS = 3, MOST_COLUMNS = 4096 };

/* to [8, 8 words] = from [8 rows of 8 words], rows and words swapped. */
static inline void transpose_words(chunk *to, const chunk from[8])
{
    chunk a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm256_unpacklo_epi32(from[i], from[i + 1]);
        a[i + 1] = _mm256_unpackhi_epi32(from[i], from[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            b[i + 2 * j] = _mm256_unpacklo_epi64(a[i + j], a[i + j + 2]);
            b[i + 2 * j + 1] = _mm256_unpackhi_epi64(a[i + j], a[i + j + 2]);
        }
    for (int i = 0; i < 4; i++) {
        to[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
        to[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
    }
}

/* WIDE rows of weights in the order of the sums, padded to a multiple of CHUNK columns. */
typedef struct {
    chunk words[MOST_COLUMNS / 4][VECTORS];
    int32_t sums[WIDE]; /* of each row of weights */
} wide_weights;

/* False when neighbours add up to more than 129 somewhere. */
static bool arrange(wide_weights *to, const int8_t *w, size_t d)
{
    chunk largest = zero_chunk();
    for (size_t v = 0; v < VECTORS; v++, w += LANES * d) {
        chunk sum[LANES];
        for (size_t j = 0; j < LANES; j++)
            sum[j] = zero_chunk();
        for (size_t i = 0; i < d; i += CHUNK) {
            chunk rows[LANES], swapped[LANES];
            for (size_t j = 0; j < LANES; j++) {
                rows[j] = d - i < CHUNK ? load_part(w + j * d + i, d - i) : load_chunk(w + j * d + i);
                chunk pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), rows[j]);
                largest = _mm256_max_epi16(largest, _mm256_abs_epi16(pairs));
                sum[j] = _mm256_add_epi32(sum[j], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
            }
            transpose_words(swapped, rows);
            for (size_t k = 0; k < LANES; k++)
                to->words[i / 4 + k][v] = swapped[k];
        }
        sum_chunks(to->sums + v * LANES, sum);
        sum_chunks(to->sums + v * LANES + 4, sum + 4);
    }
    chunk too_large = _mm256_cmpgt_epi16(largest, _mm256_set1_epi16(129));
    return _mm256_testz_si256(too_large, too_large);
}

/* out [n_rows, WIDE] of rows `row` … */
static inline __attribute__((always_inline)) void wide_tile(float *out, size_t out_stride, const wide_weights *weights,
                                                            const rounded_rows *x, size_t row, const linear_weights *w,
                                                            size_t o, size_t n_rows)
{
    chunk sum[WIDE_ROWS][VECTORS];
    const int8_t *values = x->values + row * x->stride;
#pragma GCC unroll 4
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < VECTORS; v++)
            sum[r][v] = zero_chunk();
    for (size_t k = 0; k < (w->d_in + 3) / 4; k++)
#pragma GCC unroll 2
        for (size_t v = 0; v < VECTORS; v++) {
            chunk words = weights->words[k][v];
#pragma GCC unroll 4
            for (size_t r = 0; r < n_rows; r++) {
                int32_t four_columns;
                memcpy(&four_columns, values + r * x->stride + 4 * k, sizeof four_columns);
                chunk pairs = _mm256_maddubs_epi16(_mm256_set1_epi32(four_columns), words);
                sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
            }
        }
#pragma GCC unroll 2
    for (size_t v = 0; v < VECTORS; v++) {
        size_t at = o + v * LANES;
        chunk offset =
            _mm256_mullo_epi32(load_chunk((const int8_t *)(weights->sums + v * LANES)), _mm256_set1_epi32(STORED_PLUS));
        lanes scales = lanes_load(w->scale + at), bias = w->bias ? lanes_load(w->bias + at) : lanes_of(0.0f);
#pragma GCC unroll 4
        for (size_t r = 0; r < n_rows; r++) {
            lanes result = lanes_of_ints((int_lanes)_mm256_sub_epi32(sum[r][v], offset));
            result = lanes_multiply(result, lanes_multiply(scales, lanes_of(x->scales[row + r])));
            lanes_store(out + r * out_stride + v * LANES, lanes_add(result, bias));
        }
    }
}

static size_t many_rows(float *out, size_t out_stride, const rounded_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows)
{
    wide_weights weights;
    if (n_rows < MANY_ROWS || w->d_in > MOST_COLUMNS)
        return first;
    for (; first + WIDE <= last; first += WIDE, out += WIDE) {
        if (!arrange(&weights, w->weight_int8 + first * w->d_in, w->d_in)) {
            any_rows(out, out_stride, x, w, first, first + WIDE, n_rows);
            continue;
        }
        size_t row = 0;
        for (; row + WIDE_ROWS <= n_rows; row += WIDE_ROWS)
            wide_tile(out + row * out_stride, out_stride, &weights, x, row, w, first, WIDE_ROWS);
        for (; row < n_rows; row++)
            wide_tile(out + row * out_stride, out_stride, &weights, x, row, w, first, 1);
    }
    return first;
}

static bool runs_here(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const kernel_level level_avx2 = {.name = "avx2", .runs_here = runs_here, LEVEL_KERNELS};
