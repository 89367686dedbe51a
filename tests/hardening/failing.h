/* Allocations that fail on demand. Counts malloc and its variants, C++'s new, mmap, mremap and pthread_create in the
 * whole process, including libraries, and makes the n-th fail.
 *
 * Either linked into a test program, or preloaded into any program. If preloaded, the environment says which fail:
 * FAILING_ALLOCATION="12 once" for the 12th allocation, "12 on" for the 12th and all later ones, "own 12 once" to count
 * only those of the program itself, not of its libraries. */
#ifndef TESTS_FAILING_H
#define TESTS_FAILING_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Chooses which allocations are counted from now on: those called from the program's own code, or all. */
typedef enum { FAILING_OWN, FAILING_ALL } failing_callers;

/* Makes allocation `number`, counted from 1, fail; with from_then_on, all later ones too. */
void failing_start(size_t number, bool from_then_on, failing_callers whose);

/* Stops failing. Returns the number of allocations refused since failing_start. */
size_t failing_stop(void);

/* The number of blocks and mappings in use. */
size_t failing_in_use(void);

#ifdef __cplusplus
}
#endif

#endif
