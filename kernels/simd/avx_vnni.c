/* AVX-VNNI: the dot products of AVX-512 VNNI, 32 bytes at a time, on CPUs without AVX-512. */
#include <cpuid.h>
#include <immintrin.h>

#include "kernels/simd/i8x32.inc"

enum { OFFSET = 128, SMALL_ROWS = 2, PACKED_MIN_ROWS = 12, PANEL_VECTORS = 2, PACKED_ROWS = 6, REST_ROWS = 2 };

typedef i8xN weights_i8xN;

/* w + 128: the instruction takes one factor unsigned. Sums come out too large by 128 times the sum of the row. */
static inline weights_i8xN weights_of(i8xN w)
{
    return _mm256_xor_si256(w, _mm256_set1_epi8(-128));
}

static inline i8xN dot_add(i8xN sums, weights_i8xN w, i8xN x)
{
    return _mm256_dpbusd_avx_epi32(sums, w, x);
}

#include "kernels/simd/dot_product.inc"

#include "kernels/simd/level.inc"

static bool runs_here(void)
{
    unsigned a, b, c, d; /* leaf 7, subleaf 1, EAX bit 4; gcc 12 has no name for it */
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __get_cpuid_count(7, 1, &a, &b, &c, &d) &&
           (a >> 4 & 1);
}

const kernel_level kernels_avx_vnni = {"avx_vnni", runs_here, false, LEVEL_FUNCTIONS};
