/* The threads take the pairs one by one. All tokens of a pair are computed together, so batches would gain little. */
#include "translator/score.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "model/score.h"

typedef struct {
    const batch_workers *workers;
    translated_sentence *pairs;
    size_t n;
    atomic_size_t next; /* the first pair not yet taken */
    atomic_flag failed; /* *why has been written */
    failure *why;
} score_queue;

static bool score_pair(const transformer *model, transformer_state *state, translated_sentence *pair, failure *why)
{
    size_t n_tgt = pair->target.n;
    const batch_shape shape = {1, &pair->source.n, &n_tgt, &n_tgt, 1, true, NULL};
    if (!(pair->log_probabilities = malloc(n_tgt * sizeof *pair->log_probabilities)))
        return failure_memory(why, "the log-probabilities");
    return state_lay_out(state, model_get_config(model), &shape, why) &&
           score_target(pair->log_probabilities, state, model, pair->source.at, pair->target.at, n_tgt, why);
}

static void take_pairs(void *user, size_t part, size_t n_parts)
{
    (void)n_parts;
    score_queue *queue = user;
    size_t i;
    while ((i = atomic_fetch_add(&queue->next, 1)) < queue->n) {
        failure why;
        translated_sentence *pair = &queue->pairs[i];
        if (pair->target.n == 0 || score_pair(queue->workers->model, queue->workers->states[part], pair, &why))
            continue;
        if (!atomic_flag_test_and_set(&queue->failed))
            *queue->why = why;
        atomic_store(&queue->next, queue->n);
    }
}

bool score_pairs(const batch_workers *workers, translated_sentence *pairs, size_t n, failure *why)
{
    score_queue queue = {.workers = workers, .pairs = pairs, .n = n, .why = why};
    atomic_init(&queue.next, 0);
    atomic_flag_clear(&queue.failed);
    team_run(workers->team, take_pairs, &queue);
    return !atomic_flag_test_and_set(&queue.failed);
}
