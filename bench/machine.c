/* What this machine can do at most, for the shares in the benchmark's tables. Compiled there with -O3 -march=native.
 *
 *   machine read BYTES THREADS    gigabytes per second that THREADS read together out of BYTES, again and again
 *   machine float32 THREADS       billions of float32 multiply-adds per second, out of registers
 *   machine int8 THREADS          the same of 8-bit numbers, summed in 32 bits, with the best instruction here
 *
 * The best of several rounds is printed, and after it what it was measured with. */
#ifdef __x86_64__
#include <immintrin.h>
#endif
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

/* sums += products of unsigned and signed bytes, four to a sum (two, and 16-bit sums, where nothing multiplies bytes)
 */
#if defined __AVX512VNNI__
typedef __m512i integers;
enum { N_PRODUCTS = 64 };
static const char INT8_NAME[] = "vpdpbusd of 512 bits";
#define MULTIPLY_INT8(sums, a, b) _mm512_dpbusd_epi32(sums, a, b)
#elif defined __AVXVNNI__
typedef __m256i integers;
enum { N_PRODUCTS = 32 };
static const char INT8_NAME[] = "vpdpbusd of 256 bits";
#define MULTIPLY_INT8(sums, a, b) _mm256_dpbusd_avx_epi32(sums, a, b)
#elif defined __AVX2__
typedef __m256i integers;
enum { N_PRODUCTS = 32 };
static const char INT8_NAME[] = "vpmaddubsw, vpmaddwd and vpaddd of 256 bits";
#define MULTIPLY_INT8(sums, a, b)                                                                                      \
    _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)))
#else
typedef uint16_t integers __attribute__((vector_size(16)));
enum { N_PRODUCTS = 8 };
static const char INT8_NAME[] = "16-bit multiplications of 128 bits";
#define MULTIPLY_INT8(sums, a, b) ((sums) + (a) * (b))
#endif

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
static void *multiply_float32(void *argument)
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

/* The compiler must not see that a and b stay the same, or it would move their product out of the loop. */
static void *multiply_int8(void *argument)
{
    task *t = argument;
    integers x[N_CHAINS], a, b;
    memset(x, 0, sizeof x);
    memset(&a, 3, sizeof a);
    memset(&b, 5, sizeof b);
    for (size_t step = 0; step < N_STEPS; step++) {
        __asm__("" : "+m"(a), "+m"(b));
        for (size_t c = 0; c < N_CHAINS; c++)
            x[c] = MULTIPLY_INT8(x[c], a, b);
    }
    uint64_t sums[N_CHAINS * sizeof(integers) / 8];
    memcpy(sums, x, sizeof x);
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        t->result += sums[i];
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

/* Shares of n_words words in `tasks`, and the bytes of a round; 0 when there is no memory. */
static double share_words(task *tasks, size_t n_threads, size_t n_words)
{
    size_t each = n_words / n_threads / 4 * 4, n_times = 1;
    words *data = each ? aligned_alloc(64, n_words * sizeof *data) : NULL;
    if (!data)
        return 0;
    memset(data, 1, n_words * sizeof *data);
    n_times += ((size_t)1 << 30) / (n_words * sizeof *data); /* about a gigabyte a round */
    for (size_t i = 0; i < n_threads; i++)
        tasks[i] = (task){data + i * each, each, n_times, 0};
    return (double)(each * sizeof *data) * (double)n_threads * (double)n_times;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    size_t n_threads = argc > 2 ? strtoul(argv[argc - 1], NULL, 10) : 0;
    task tasks[MAX_THREADS] = {0};
    double amount = 0; /* bytes or multiply-adds of a round */
    void *(*work)(void *) = NULL;
    char used[60] = "";
    if (n_threads < 1 || n_threads > MAX_THREADS) {
        n_threads = 0;
    } else if (argc == 4 && strcmp(what, "read") == 0) {
        work = read_all;
        amount = share_words(tasks, n_threads, strtoul(argv[2], NULL, 10) / sizeof(words));
        snprintf(used, sizeof used, "loads out of %s bytes", argv[2]);
    } else if (argc == 3 && strcmp(what, "float32") == 0) {
        work = multiply_float32;
        amount = (double)N_FLOATS * N_CHAINS * N_STEPS * (double)n_threads;
        snprintf(used, sizeof used, "multiply-adds of %d bits", 8 * VECTOR_BYTES);
    } else if (argc == 3 && strcmp(what, "int8") == 0) {
        work = multiply_int8;
        amount = (double)N_PRODUCTS * N_CHAINS * N_STEPS * (double)n_threads;
        snprintf(used, sizeof used, "%s", INT8_NAME);
    }
    if (!work) {
        fputs("usage: machine read BYTES THREADS | float32 THREADS | int8 THREADS\n", stderr);
        return 2;
    }
    if (amount == 0)
        return 1;
    double seconds = best_seconds(work, tasks, n_threads);
    uint64_t result = 0;
    for (size_t i = 0; i < n_threads; i++)
        result += tasks[i].result;
    fprintf(stderr, "%llu\n", (unsigned long long)result);
    printf("%.2f %s\n", 1e-9 * amount / seconds, used);
    return 0;
}
