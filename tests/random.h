/* Reproducible pseudorandom numbers: xorshift64 (Marsaglia 2003). */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* x [n], each from -1 to 1 */
static inline void random_floats(float *x, size_t n, uint64_t seed)
{
    uint64_t state = 88172645463325252u + seed * 7919;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(random_next(&state) >> 40) / (float)(1 << 23) - 1.0f;
}

/* x [n], each from -127 to 127 */
static inline void random_bytes(int8_t *x, size_t n, uint64_t seed)
{
    uint64_t state = 88172645463325252u + seed * 7919;
    for (size_t i = 0; i < n; i++)
        x[i] = (int8_t)((int)(random_next(&state) % 255) - 127);
}

#endif
