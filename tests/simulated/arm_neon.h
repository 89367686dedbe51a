/* Replaces the compiler's header: 64-bit ARM intrinsics emulated in plain C by SIMDe, whatever the CPU. */
#ifndef TESTS_SIMULATED_ARM_NEON_H
#define TESTS_SIMULATED_ARM_NEON_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>

#define HWCAP_ASIMDDP 0

#endif
