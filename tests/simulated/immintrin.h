/* Replaces the compiler's header: x86-64 intrinsics emulated in plain C by SIMDe, whatever the CPU. */
#ifndef TESTS_SIMULATED_IMMINTRIN_H
#define TESTS_SIMULATED_IMMINTRIN_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32
#define __builtin_cpu_supports(name) 0

#endif
