/* What this machine can do at most, for the shares in bench.py's tables. Compiled there with -O3 -march=native.
 *
 *   bench_machine read BYTES THREADS    gigabytes per second that THREADS read together out of BYTES, again and again
 *   bench_machine multiply THREADS      billions of float32 multiply-adds per second, out of registers
 *
 * The best of several rounds is printed. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __AVX512F__
enum { VECTOR_BYTES = 64 };
#else
enum { VECTOR_BYTES = 32 };
#endif
enum { N_ROUNDS = 7, MAX_THREADS = 256, N_CHAINS = 10, N_STEPS = 20000000 };

typedef uint64_t words __attribute__((vector_size(64)));
typedef float floats __attribute__((vector_size(VECTOR_BYTES)));
enum { N_FLOATS = VECTOR_BYTES / sizeof(float) };

typedef struct {
    const words *data; /* [n] */
    size_t n, n_times;
    uint64_t result; /* keeps the work from being optimized away */
} task;

static void *read_all(void *argument)
{
    task *t = argument;
    words sum[4] = {0};
    for (size_t time = 0; time < t->n_times; time++)
        for (size_t i = 0; i + 4 <= t->n; i += 4)
            for (size_t j = 0; j < 4; j++)
                sum[j] += t->data[i + j] ^ time;
    for (size_t j = 0; j < 4; j++)
        for (size_t k = 0; k < 8; k++)
            t->result += sum[j][k];
    return NULL;
}

/* Independent chains, enough to hide the latency of a multiply-add. */
static void *multiply(void *argument)
{
    task *t = argument;
    floats x[N_CHAINS], factor = (floats){0} + 0.999999f, term = (floats){0} + 1e-6f;
    for (size_t c = 0; c < N_CHAINS; c++)
        x[c] = (floats){0} + (float)c;
    for (size_t step = 0; step < N_STEPS; step++)
        for (size_t c = 0; c < N_CHAINS; c++)
            x[c] = x[c] * factor + term;
    for (size_t c = 0; c < N_CHAINS; c++)
        for (size_t k = 0; k < N_FLOATS; k++)
            t->result += (uint64_t)x[c][k];
    return NULL;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Seconds of the fastest round in which all threads do their task. */
static double best_seconds(void *(*work)(void *), task *tasks, size_t n_threads)
{
    double best = 1e9;
    for (int round = 0; round < N_ROUNDS; round++) {
        pthread_t threads[MAX_THREADS];
        double start = now();
        for (size_t i = 0; i < n_threads; i++)
            if (pthread_create(&threads[i], NULL, work, &tasks[i]) != 0)
                abort();
        for (size_t i = 0; i < n_threads; i++)
            pthread_join(threads[i], NULL);
        double seconds = now() - start;
        best = seconds < best ? seconds : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    int reads = argc == 4 && strcmp(argv[1], "read") == 0;
    size_t n_threads = argc > 2 ? strtoul(argv[argc - 1], NULL, 10) : 0;
    if ((!reads && (argc != 3 || strcmp(argv[1], "multiply") != 0)) || n_threads < 1 || n_threads > MAX_THREADS) {
        fputs("usage: bench_machine read BYTES THREADS | multiply THREADS\n", stderr);
        return 2;
    }
    task tasks[MAX_THREADS] = {0};
    double amount; /* bytes or multiply-adds of a round */
    if (reads) {
        size_t n_words = strtoul(argv[2], NULL, 10) / sizeof(words), each = n_words / n_threads / 4 * 4;
        words *data = each ? aligned_alloc(64, n_words * sizeof *data) : NULL;
        if (!data)
            return 1;
        memset(data, 1, n_words * sizeof *data);
        size_t n_times = 1 + ((size_t)1 << 30) / (n_words * sizeof *data); /* about a gigabyte a round */
        for (size_t i = 0; i < n_threads; i++)
            tasks[i] = (task){data + i * each, each, n_times, 0};
        amount = (double)(each * sizeof *data) * (double)n_threads * (double)n_times;
    } else {
        amount = (double)N_FLOATS * N_CHAINS * N_STEPS * (double)n_threads;
    }
    double seconds = best_seconds(reads ? read_all : multiply, tasks, n_threads);
    uint64_t result = 0;
    for (size_t i = 0; i < n_threads; i++)
        result += tasks[i].result;
    fprintf(stderr, "%llu\n", (unsigned long long)result);
    printf("%.2f\n", 1e-9 * amount / seconds);
    return 0;
}
