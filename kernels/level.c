/* Chooses the instruction-set level and calls its kernels. */
#include "kernels/level.h"

#include <math.h>
#include <string.h>

/* Best first. */
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

static bool runs_here(const kernel_level *level)
{
    return !level->runs_here || level->runs_here();
}

bool kernels_start(const char *wanted)
{
    for (size_t i = 0; i < N_LEVELS; i++)
        if (runs_here(levels[i]) && (!wanted || strcmp(wanted, levels[i]->name) == 0)) {
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
        if (runs_here(levels[l]) && i-- == 0)
            return levels[l]->name;
    return NULL;
}

void kernels_matmul_transposed(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                               size_t b_stride, size_t m, size_t n, size_t k, float factor)
{
    kernels_active->matmul_transposed(out, out_stride, a, a_stride, b, b_stride, m, n, k, factor);
}

void kernels_matmul_add(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                        size_t m, size_t n, size_t k)
{
    kernels_active->matmul_add(out, out_stride, a, a_stride, b, b_stride, m, n, k);
}

void kernels_layer_norm(float *out, const float *x, const float *weight, const float *bias, double epsilon,
                        size_t n_rows, size_t d)
{
    kernels_active->layer_norm(out, x, weight, bias, epsilon, n_rows, d);
}

size_t kernels_argmax(const float *x, size_t n)
{
    float largest = kernels_active->max(x, n);
    for (size_t i = 0; i < n && isfinite(largest); i++)
        if (x[i] == largest)
            return i;
    return n;
}

void kernels_softmax(float *x, size_t n)
{
    kernels_active->softmax(x, n);
}

double kernels_log_sum_exp(float *x, size_t n)
{
    double largest = (double)kernels_active->max(x, n);
    kernels_active->softmax(x, n);
    return largest - log((double)kernels_active->max(x, n)); /* the softmax of the largest is exp(largest) / sum */
}

void kernels_swish(float *x, size_t n)
{
    kernels_active->swish(x, n);
}
