/* Allocations that fail on demand: malloc and its kin, C++'s new, mmap, mremap and pthread_create of the whole process,
 * the libraries' too, are counted, and the n-th is refused.
 *
 * Linked into a test program, or preloaded into any program as a library, where the environment says what fails:
 * FAILING_ALLOCATION="12 once", or "12 on" for the 12th and all that follow, "own 12 once" to count only what the
 * program itself calls and not its libraries. */
#ifndef TESTS_FAILING_H
#define TESTS_FAILING_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which allocations are counted from now on: those with the program's own code as the caller, or all. */
typedef enum { FAILING_OWN, FAILING_ALL } failing_callers;

/* Allocation `number`, from 1, is refused, with from_then_on those after it too. */
void failing_start(size_t number, bool from_then_on, failing_callers whose);

/* Nothing fails any more. How many were refused since failing_start. */
size_t failing_stop(void);

/* Blocks and mappings that are in use. */
size_t failing_in_use(void);

#ifdef __cplusplus
}
#endif

#endif
