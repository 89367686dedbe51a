/* Vectors of 32 bytes, for the levels that have them. */
enum { CHUNK = 32 };

typedef __m256i chunk;
typedef int32_t int_chunk __attribute__((vector_size(CHUNK)));

static inline chunk zero_chunk(void)
{
    return _mm256_setzero_si256();
}

static inline chunk load_chunk(const int8_t *x)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)x);
}

/* In each lane of 16 bytes: the sums of the lane's values of each of four. */
static inline chunk sum_lanes(const int_chunk *of)
{
    return _mm256_hadd_epi32(_mm256_hadd_epi32((chunk)of[0], (chunk)of[1]),
                             _mm256_hadd_epi32((chunk)of[2], (chunk)of[3]));
}

static inline void sum_chunks(int32_t (*to)[4], const int_chunk *of)
{
    chunk a = sum_lanes(of), b = sum_lanes(of + 4);
    chunk all = _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
    _mm256_storeu_si256((__m256i *)(void *)to, all);
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
