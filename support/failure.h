/* Errors are sentences handed to the caller.
 *
 * A function that can fail takes `failure *why` as its last argument and returns false or NULL after
 * it has filled in one sentence: what was found, what was expected, what to do. Only cli/ prints. */
#ifndef SUPPORT_FAILURE_H
#define SUPPORT_FAILURE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    char sentence[5120]; /* room for a path and what is wrong with it */
} failure;

/* Writes the sentence (cut at its size) and returns false, so that `return failure_set(why, …)` reads well. */
bool failure_set(failure *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for memory that could not be had for `purpose`. */
bool failure_memory(failure *why, const char *purpose);

/* Ends the process with EXIT_FAILURE: for a library that cannot be left in the middle of a call, so that no failure can
 * be handed to its caller. The sentence goes to what failure_on_fatal got, which may only do what a signal handler may.
 */
void failure_fatal(const char *sentence) __attribute__((noreturn));
void failure_on_fatal(void (*say)(const char *sentence));

#ifdef __cplusplus
}
#endif

#endif
