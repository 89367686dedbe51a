/* Loads OpenBLAS at run time, and only if a checkpoint has float32 layers and the level wants it, because loading it
 * slows down start-up. */
#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/level.h"

static struct {
    __typeof__(cblas_sgemm) *sgemm;
    __typeof__(openblas_get_parallel) *get_parallel;
    __typeof__(openblas_set_num_threads) *set_num_threads;
    __typeof__(openblas_get_corename) *get_corename;
} blas;

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* Sets *function, a function pointer, to the library's function `name`. ISO C does not allow casting a void * to one.
 */
static bool find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

bool kernels_open_blas(failure *why)
{
    if (blas.sgemm || !kernels_active->wants_blas)
        return true;
    /* Otherwise it starts threads while it is loaded, which try to allocate forever if memory is short. */
    setenv("OPENBLAS_NUM_THREADS", "1", true);
    void *library = dlopen(BLAS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library || !find(library, "openblas_get_parallel", &blas.get_parallel) ||
        !find(library, "openblas_set_num_threads", &blas.set_num_threads) ||
        !find(library, "openblas_get_corename", &blas.get_corename) || !find(library, "cblas_sgemm", &blas.sgemm)) {
        const char *reason = dlerror();
        return failure_set(why, "cannot load OpenBLAS, which float32 weights need: %s; install libopenblas0",
                           reason ? reason : BLAS_LIBRARY);
    }
    blas.set_num_threads(1);
    return true;
}

bool kernels_blas_is_open(void)
{
    return blas.sgemm != NULL;
}

const char *kernels_blas_core(void)
{
    return blas.get_corename ? blas.get_corename() : NULL;
}

void kernels_blas_matmul_transposed(float *out, size_t out_stride, const float *a, const float *b, size_t m, size_t n,
                                    size_t k)
{
    bool sequential = blas.get_parallel() == OPENBLAS_SEQUENTIAL; /* such a build is not thread-safe */
    if (sequential)
        pthread_mutex_lock(&one_at_a_time);
    blas.sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, 1.0f, a, (int)k, b, (int)k, 0.0f, out,
               (int)out_stride);
    if (sequential)
        pthread_mutex_unlock(&one_at_a_time);
}
