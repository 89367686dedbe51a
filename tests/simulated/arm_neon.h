/* In place of the compiler's: the instructions of 64-bit ARM in plain C, by SIMDe. The CPU is asked for nothing. */
#ifndef TESTS_SIMULATED_ARM_NEON_H
#define TESTS_SIMULATED_ARM_NEON_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>

#define HWCAP_ASIMDDP 0

#endif
