/* A team of threads that does one task together.
 *
 * Between tasks the threads spin for a while before they sleep: a single sentence is hundreds of
 * tasks of microseconds, one right after the other. */
#ifndef SUPPORT_TEAM_H
#define SUPPORT_TEAM_H

#include <stddef.h>

#include "support/failure.h"

typedef struct thread_team thread_team;

/* A team of n_threads >= 1, the caller of team_run among them. NULL on failure. */
thread_team *team_open(size_t n_threads, failure *why);
void team_close(thread_team *team);

size_t team_size(const thread_team *team);

/* Part `part` of n_parts of a task; the parts run at the same time. */
typedef void team_task(void *user, size_t part, size_t n_parts);

/* Runs all parts of the task, one on each thread, and returns when they are done. One caller at a time, and no
 * part may call it. Without a team (NULL) the task has one part. */
void team_run(thread_team *team, team_task *task, void *user);

#endif
