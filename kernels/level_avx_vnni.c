/* AVX-VNNI: what AVX-512 VNNI does, 32 bytes at a time, on processors without AVX-512. */
#ifdef KERNELS_SIMULATED /* in plain C, so that the tests run it on any machine */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#define kernels_avx_vnni kernels_avx_vnni_simulated
#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32
#else
#include <cpuid.h>
#include <immintrin.h>
#endif
#include <stddef.h>
#include <stdint.h>

#include "kernels/level_256.h"

enum { OFFSET = 128, ROWS = 2, MANY_ROWS = 12, VECTORS = 2, WIDE_ROWS = 6, PART_ROWS = 2 };

typedef chunk weight_chunk;

/* w + 128: the instruction wants one factor without a sign. Sums are then too large, by 128 times a row's values. */
static inline weight_chunk prepare_weights(chunk w)
{
    return _mm256_xor_si256(w, _mm256_set1_epi8(-128));
}

static inline chunk multiply_add(chunk sum, weight_chunk w, chunk x)
{
    return _mm256_dpbusd_avx_epi32(sum, w, x);
}

static inline chunk four_columns_of(int32_t columns)
{
    return _mm256_set1_epi32(columns);
}

#include "kernels/level_dot.h"

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

const kernel_level kernels_avx_vnni = {.name = "avx_vnni", .runs_here = runs_here, LEVEL_KERNELS};
