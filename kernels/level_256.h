/* Vectors of 32 bytes, for the levels that have them. */
enum { CHUNK = 32 };

typedef __m256i chunk;

static inline chunk zero_chunk(void)
{
    return _mm256_setzero_si256();
}

static inline chunk load_chunk(const int8_t *x)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)x);
}

/* to [4]: the sums of the eight values of each of four. */
static inline void sum_chunks(int32_t *to, const chunk of[4])
{
    __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(of[0], of[1]), _mm256_hadd_epi32(of[2], of[3]));
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storeu_si128((__m128i *)(void *)to, half);
}

/* For level_wide.h: lanes of 16 bytes are loaded from the rows where their words go. */
static inline void transpose_words(chunk to[4], const int8_t *w, size_t stride)
{
    chunk rows[4];
    for (size_t j = 0; j < 4; j++) {
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(w + j * stride));
        __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(w + (j + 4) * stride));
        rows[j] = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
    }
    chunk a = _mm256_unpacklo_epi32(rows[0], rows[1]), b = _mm256_unpackhi_epi32(rows[0], rows[1]);
    chunk c = _mm256_unpacklo_epi32(rows[2], rows[3]), d = _mm256_unpackhi_epi32(rows[2], rows[3]);
    to[0] = _mm256_unpacklo_epi64(a, c);
    to[1] = _mm256_unpackhi_epi64(a, c);
    to[2] = _mm256_unpacklo_epi64(b, d);
    to[3] = _mm256_unpackhi_epi64(b, d);
}
