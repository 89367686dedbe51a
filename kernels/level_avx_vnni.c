/* AVX-VNNI: what AVX-512 VNNI does, 32 bytes at a time, on processors without AVX-512. */
#ifdef KERNELS_SIMULATED /* in plain C, so that the tests run it on any machine */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#define level_avx_vnni level_avx_vnni_simulated
#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32
#else
#include <cpuid.h>
#include <immintrin.h>
#endif
#include <stddef.h>
#include <stdint.h>

enum { ROWS = 2, CHUNK = 32, OFFSET = 128, STORED_PLUS = 0 };

typedef __m256i chunk, weight_chunk;

static inline chunk zero_chunk(void)
{
    return _mm256_setzero_si256();
}

static inline chunk load_chunk(const int8_t *x)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)x);
}

/* w + 128: the instruction wants one factor without a sign. The sums are then too large by 128 times the row's sum. */
static inline weight_chunk prepare_weights(chunk w)
{
    return _mm256_xor_si256(w, _mm256_set1_epi8(-128));
}

static inline chunk multiply_add(chunk sum, weight_chunk w, chunk x)
{
    return _mm256_dpbusd_avx_epi32(sum, w, x);
}

/* to [4]: the sums of the eight values of each of four. */
static inline void sum_chunks(int32_t *to, const chunk of[4])
{
    __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(of[0], of[1]), _mm256_hadd_epi32(of[2], of[3]));
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storeu_si128((__m128i *)(void *)to, half);
}

#include "kernels/level_vnni.h"

static bool runs_here(void)
{
#ifdef KERNELS_SIMULATED
    return true;
#else
    unsigned a, b, c, d; /* gcc 12 has no name for it: leaf 7, subleaf 1, EAX bit 4 */
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __get_cpuid_count(7, 1, &a, &b, &c, &d) &&
           (a >> 4 & 1);
#endif
}

const kernel_level level_avx_vnni = {.name = "avx_vnni", .runs_here = runs_here, LEVEL_KERNELS};
