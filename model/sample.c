/* The largest values are taken from a heap, one by one: the vocabulary is never sorted. */
#include "model/sample.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "support/philox.h"

/* Whether token a comes before token b: the larger value first, on a tie the lower id. */
static bool precedes(const float *x, int32_t a, int32_t b)
{
    return x[a] > x[b] || (x[a] == x[b] && a < b);
}

/* Moves heap [i] down to its place; no entry of heap [n] precedes its parent, (i - 1) / 2. */
static void sift_down(int32_t *heap, size_t i, size_t n, const float *x)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && precedes(x, heap[child + 1], heap[child]);
        if (!precedes(x, heap[child], heap[i]))
            return;
        int32_t moved = heap[i];
        heap[i] = heap[child];
        heap[child] = moved;
    }
}

static void make_heap(int32_t *heap, size_t n, const float *x)
{
    for (size_t i = 0; i < n; i++)
        heap[i] = (int32_t)i;
    for (size_t i = n / 2; i-- > 0;)
        sift_down(heap, i, n, x);
}

/* Removes the first of heap [*n] and returns it. */
static int32_t pop(int32_t *heap, size_t *n, const float *x)
{
    int32_t first = heap[0];
    heap[0] = heap[--*n];
    sift_down(heap, 0, *n, x);
    return first;
}

static void exclude(float *logits, const int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        logits[ids[i]] = -INFINITY;
}

static void keep_top_k(float *logits, size_t n, size_t k, int32_t *heap)
{
    size_t n_left = n;
    float last = INFINITY;
    make_heap(heap, n, logits);
    while (n_left > 0 && (n - n_left < k || logits[heap[0]] == last))
        last = logits[pop(heap, &n_left, logits)];
    exclude(logits, heap, n_left);
}

static void keep_top_p(float *logits, size_t n, double p, float *probabilities, int32_t *heap)
{
    size_t n_left = n;
    double sum = 0.0;
    memcpy(probabilities, logits, n * sizeof *logits);
    kernels_softmax(probabilities, n);
    make_heap(heap, n, probabilities);
    do
        sum += (double)probabilities[pop(heap, &n_left, probabilities)];
    while (n_left > 0 && sum < p);
    exclude(logits, heap, n_left);
}

bool sample_warp(float *logits, size_t n, const sampling_options *options, float *probabilities, int32_t *order)
{
    for (size_t i = 0; i < n; i++)
        logits[i] /= (float)options->temperature;
    if (kernels_argmax(logits, n) == n)
        return false;
    if (options->top_k > 0)
        keep_top_k(logits, n, options->top_k, order);
    if (options->top_p < 1.0)
        keep_top_p(logits, n, options->top_p, probabilities, order);
    return true;
}

size_t sample_token(float *logits, size_t n, const sampling_options *options, float *probabilities, int32_t *order,
                    double random)
{
    if (!sample_warp(logits, n, options, probabilities, order))
        return n;
    memcpy(probabilities, logits, n * sizeof *logits);
    kernels_softmax(probabilities, n);
    double sum = 0.0;
    size_t chosen = n;
    for (size_t i = 0; i < n && sum <= random; i++) /* rounding errors may keep the sum from exceeding `random` */
        if (probabilities[i] > 0.0f) {
            sum += (double)probabilities[i];
            chosen = i;
        }
    return chosen;
}

double sample_random(size_t seed, const sample_place *place, size_t step)
{
    uint32_t counter[4] = {(uint32_t)step, (uint32_t)place->position, (uint32_t)place->line,
                           (uint32_t)(place->line >> 32)};
    philox(counter, seed);
    return philox_uniform(counter);
}
