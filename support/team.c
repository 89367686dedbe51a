/* A thread pool for one caller: spin first, then sleep on a condition variable. */
#include "support/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SPINS = 4000 }; /* tens of microseconds on CPUs with a slow `pause` */

typedef struct {
    thread_team *team;
    size_t part;
    pthread_t thread;
} member;

struct thread_team {
    size_t n_threads;
    member *members; /* [n_threads - 1]; the caller of team_run is part 0 */
    size_t n_started;

    team_task *task; /* written before `number` is increased, read after it was seen */
    void *user;
    atomic_size_t number;    /* of the current task; SIZE_MAX closes the team */
    atomic_size_t n_working; /* members still working on their part */

    pthread_mutex_t mutex; /* guards n_asleep and both conditions */
    pthread_cond_t begun, finished;
    size_t n_asleep;
};

static inline void pause_briefly(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* Waits until the number differs from `seen`, and returns it. */
static size_t wait_for_task(thread_team *team, size_t seen)
{
    size_t number;
    for (int i = 0; i < SPINS; i++) {
        if ((number = atomic_load_explicit(&team->number, memory_order_acquire)) != seen)
            return number;
        pause_briefly();
    }
    pthread_mutex_lock(&team->mutex);
    team->n_asleep++;
    while ((number = atomic_load_explicit(&team->number, memory_order_acquire)) == seen)
        pthread_cond_wait(&team->begun, &team->mutex);
    team->n_asleep--;
    pthread_mutex_unlock(&team->mutex);
    return number;
}

static void *work(void *user)
{
    const member *me = user;
    thread_team *team = me->team;
    size_t seen = 0;
    while ((seen = wait_for_task(team, seen)) != SIZE_MAX) {
        team->task(team->user, me->part, team->n_threads);
        if (atomic_fetch_sub_explicit(&team->n_working, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&team->mutex);
            pthread_cond_signal(&team->finished);
            pthread_mutex_unlock(&team->mutex);
        }
    }
    return NULL;
}

/* Starts task `number`, and wakes sleeping members. */
static void begin(thread_team *team, size_t number)
{
    pthread_mutex_lock(&team->mutex);
    atomic_store_explicit(&team->number, number, memory_order_release);
    if (team->n_asleep)
        pthread_cond_broadcast(&team->begun);
    pthread_mutex_unlock(&team->mutex);
}

thread_team *team_open(size_t n_threads, failure *why)
{
    thread_team *team = calloc(1, sizeof *team);
    if (!team || !(team->members = calloc(n_threads, sizeof *team->members))) {
        failure_memory(why, "the threads");
        free(team);
        return NULL;
    }
    team->n_threads = n_threads;
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->begun, NULL);
    pthread_cond_init(&team->finished, NULL);
    for (size_t i = 0; i + 1 < n_threads; i++) {
        member *m = &team->members[i];
        *m = (member){.team = team, .part = i + 1};
        int problem = pthread_create(&m->thread, NULL, work, m);
        if (problem) {
            failure_set(why, "cannot start thread %zu of %zu: %s; use fewer threads", i + 2, n_threads,
                        strerror(problem));
            team_close(team);
            return NULL;
        }
        team->n_started++;
    }
    return team;
}

void team_close(thread_team *team)
{
    if (!team)
        return;
    begin(team, SIZE_MAX);
    for (size_t i = 0; i < team->n_started; i++)
        pthread_join(team->members[i].thread, NULL);
    pthread_cond_destroy(&team->finished);
    pthread_cond_destroy(&team->begun);
    pthread_mutex_destroy(&team->mutex);
    free(team->members);
    free(team);
}

size_t team_size(const thread_team *team)
{
    return team ? team->n_threads : 1;
}

void team_run(thread_team *team, team_task *task, void *user)
{
    if (team_size(team) == 1) {
        task(user, 0, 1);
        return;
    }
    team->task = task;
    team->user = user;
    atomic_store_explicit(&team->n_working, team->n_threads - 1, memory_order_relaxed);
    begin(team, atomic_load_explicit(&team->number, memory_order_relaxed) + 1);
    task(user, 0, team->n_threads);
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&team->n_working, memory_order_acquire) == 0)
            return;
        pause_briefly();
    }
    pthread_mutex_lock(&team->mutex);
    while (atomic_load_explicit(&team->n_working, memory_order_acquire) != 0)
        pthread_cond_wait(&team->finished, &team->mutex);
    pthread_mutex_unlock(&team->mutex);
}
