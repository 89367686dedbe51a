/* A team of threads that work on one task together.
 *
 * Between tasks the threads spin for a moment before they sleep, because a single sentence is hundreds of tasks of a
 * few microseconds each, in quick succession. */
#ifndef SUPPORT_TEAM_H
#define SUPPORT_TEAM_H

#include <stddef.h>

#include "support/failure.h"

typedef struct thread_team thread_team;

/* Starts a team of n_threads >= 1 threads; the caller of team_run is one of them. NULL on failure. */
thread_team *team_open(size_t n_threads, failure *why);
void team_close(thread_team *team);

/* The number of threads; 1 if team is NULL. */
size_t team_size(const thread_team *team);

/* Computes part 0 … n_parts - 1 of a task, concurrently with the other parts. */
typedef void team_task(void *user, size_t part, size_t n_parts);

/* Runs all parts of the task, one per thread, and returns when all have finished. Without a team (NULL), the task has
 * one part. Must not be called concurrently, nor from within a task. */
void team_run(thread_team *team, team_task *task, void *user);

#endif
