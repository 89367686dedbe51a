/* Random numbers that are a function of a key and a counter: any of them can be computed without those before it. */
#ifndef SUPPORT_PHILOX_H
#define SUPPORT_PHILOX_H

#include <stdint.h>

/* Replaces counter [4] by 128 random bits: Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2,
 * 3", 2011, https://doi.org/10.1145/2063384.2063405. */
void philox(uint32_t *counter, uint64_t key);

/* A number in [0, 1), a multiple of 2^-53, made of the first two words of random bits. */
double philox_uniform(const uint32_t *bits);

#endif
