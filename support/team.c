#include "support/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SPINS = 4000 }; /* tens of microseconds where `pause` takes its time */

typedef struct {
    thread_team *of;
    size_t part;
    pthread_t thread;
} member;

struct thread_team {
    size_t n_threads;
    member *members; /* [n_threads - 1], parts 1 … */
    size_t n_started;

    team_task *task; /* written before `number` grows, read after */
    void *user;
    atomic_size_t number;    /* of the task; SIZE_MAX: the team is closed */
    atomic_size_t n_working; /* members that have not finished their part */

    pthread_mutex_t mutex; /* guards sleeping: n_asleep, and waiting on the conditions */
    pthread_cond_t begun, done;
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

/* Waits until the task's number is not `seen`, and returns it. */
static size_t wait_for_task(thread_team *of, size_t seen)
{
    size_t number;
    for (int i = 0; i < SPINS; i++) {
        if ((number = atomic_load_explicit(&of->number, memory_order_acquire)) != seen)
            return number;
        pause_briefly();
    }
    pthread_mutex_lock(&of->mutex);
    of->n_asleep++;
    while ((number = atomic_load_explicit(&of->number, memory_order_acquire)) == seen)
        pthread_cond_wait(&of->begun, &of->mutex);
    of->n_asleep--;
    pthread_mutex_unlock(&of->mutex);
    return number;
}

static void *work(void *user)
{
    const member *me = user;
    thread_team *of = me->of;
    size_t seen = 0;
    while ((seen = wait_for_task(of, seen)) != SIZE_MAX) {
        of->task(of->user, me->part, of->n_threads);
        if (atomic_fetch_sub_explicit(&of->n_working, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&of->mutex);
            pthread_cond_signal(&of->done);
            pthread_mutex_unlock(&of->mutex);
        }
    }
    return NULL;
}

/* Makes `number` the task's, and wakes who sleeps. */
static void begin(thread_team *of, size_t number)
{
    pthread_mutex_lock(&of->mutex);
    atomic_store_explicit(&of->number, number, memory_order_release);
    if (of->n_asleep)
        pthread_cond_broadcast(&of->begun);
    pthread_mutex_unlock(&of->mutex);
}

thread_team *team_open(size_t n_threads, failure *why)
{
    thread_team *of = calloc(1, sizeof *of);
    if (!of || !(of->members = calloc(n_threads, sizeof *of->members))) {
        failure_memory(why, "the threads");
        free(of);
        return NULL;
    }
    of->n_threads = n_threads;
    pthread_mutex_init(&of->mutex, NULL);
    pthread_cond_init(&of->begun, NULL);
    pthread_cond_init(&of->done, NULL);
    for (size_t i = 0; i + 1 < n_threads; i++) {
        member *m = &of->members[i];
        *m = (member){.of = of, .part = i + 1};
        int problem = pthread_create(&m->thread, NULL, work, m);
        if (problem) {
            failure_set(why, "cannot start thread %zu of %zu: %s; use fewer", i + 2, n_threads, strerror(problem));
            team_close(of);
            return NULL;
        }
        of->n_started++;
    }
    return of;
}

void team_close(thread_team *of)
{
    if (!of)
        return;
    begin(of, SIZE_MAX);
    for (size_t i = 0; i < of->n_started; i++)
        pthread_join(of->members[i].thread, NULL);
    pthread_cond_destroy(&of->done);
    pthread_cond_destroy(&of->begun);
    pthread_mutex_destroy(&of->mutex);
    free(of->members);
    free(of);
}

size_t team_size(const thread_team *of)
{
    return of ? of->n_threads : 1;
}

void team_run(thread_team *with, team_task *task, void *user)
{
    if (team_size(with) == 1) {
        task(user, 0, 1);
        return;
    }
    with->task = task;
    with->user = user;
    atomic_store_explicit(&with->n_working, with->n_threads - 1, memory_order_relaxed);
    begin(with, atomic_load_explicit(&with->number, memory_order_relaxed) + 1);
    task(user, 0, with->n_threads);
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&with->n_working, memory_order_acquire) == 0)
            return;
        pause_briefly();
    }
    pthread_mutex_lock(&with->mutex);
    while (atomic_load_explicit(&with->n_working, memory_order_acquire) != 0)
        pthread_cond_wait(&with->done, &with->mutex);
    pthread_mutex_unlock(&with->mutex);
}
