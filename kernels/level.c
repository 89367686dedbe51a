/* Chooses the instruction-set level. */
#include "kernels/level.h"

#include <string.h>

/* The best first. */
static const kernel_level *const levels[] = {
#ifdef __x86_64__
    &kernels_avx512_vnni, &kernels_avx_vnni, &kernels_avx2,
#endif
#ifdef __aarch64__
    &kernels_neon_dot,
#endif
    &kernels_plain};

enum { N_LEVELS = sizeof levels / sizeof *levels };

const kernel_level *kernels_active = &kernels_plain;

bool kernels_start(const char *wanted)
{
    for (size_t i = 0; i < N_LEVELS; i++)
        if (wanted ? strcmp(wanted, levels[i]->name) == 0 : levels[i]->runs_here()) {
            if (!levels[i]->runs_here())
                return false;
            kernels_active = levels[i];
            return true;
        }
    return false;
}

const char *kernels_level(void)
{
    return kernels_active->name;
}

const char *kernels_level_name(size_t i)
{
    for (size_t l = 0; l < N_LEVELS; l++)
        if (levels[l]->runs_here() && i-- == 0)
            return levels[l]->name;
    return NULL;
}
