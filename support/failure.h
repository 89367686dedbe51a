/* Error messages, handed to the caller instead of printed: only cli/ prints.
 *
 * A function that can fail takes `failure *why` as its last argument. On failure it returns false or NULL and has
 * written a message to *why: "FILE: what is wrong; what to do". On success *why is unspecified. */
#ifndef SUPPORT_FAILURE_H
#define SUPPORT_FAILURE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    char sentence[5120]; /* the message, with room for a path of 4,096 bytes */
} failure;

/* Writes the message, truncated if it is too long. Always returns false, for use as `return failure_set(why, …)`. */
bool failure_set(failure *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a failed allocation; `purpose` completes "not enough memory for …". */
bool failure_memory(failure *why, const char *purpose);

/* Passes the message to the handler set by failure_on_fatal, if any, and exits with EXIT_FAILURE. For code that cannot
 * return a failure, such as an allocation inside a library. The handler may only do what a signal handler may. */
void failure_fatal(const char *message) __attribute__((noreturn));
void failure_on_fatal(void (*say)(const char *message));

#ifdef __cplusplus
}
#endif

#endif
