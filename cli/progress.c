#include <unistd.h>

#include "cli/cli.h"

#define BAR_WIDTH 30
#define SECONDS_BETWEEN_DRAWINGS 0.1

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
    return (double)(b->tv_sec - a->tv_sec) + 1e-9 * (double)(b->tv_nsec - a->tv_nsec);
}

static void draw(const progress *of)
{
    double done = of->n_bytes_total ? (double)of->n_bytes / (double)of->n_bytes_total : 1.0;
    double seconds = seconds_between(&of->started, &of->drawn);
    size_t n_bytes = of->n_bytes - of->n_bytes_skipped, n_lines = of->n_lines - of->n_lines_skipped;
    double rest = (double)of->n_bytes_total - (double)of->n_bytes;
    double left = n_bytes && rest > 0.0 ? seconds * rest / (double)n_bytes : 0.0;
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = (double)i < done * BAR_WIDTH ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3.0f %%  %zu lines  %.1f lines/s  %d:%02d left ", bar, 100.0 * done, of->n_lines,
            seconds > 0.0 ? (double)n_lines / seconds : 0.0, (int)left / 60, (int)left % 60);
    fflush(stderr);
}

void progress_start(progress *of, size_t n_bytes_total)
{
    *of = (progress){.shown = isatty(STDERR_FILENO), .n_bytes_total = n_bytes_total};
    clock_gettime(CLOCK_MONOTONIC, &of->started);
    of->drawn = of->started;
}

void progress_skip(progress *of, size_t n_bytes, size_t n_lines)
{
    of->n_bytes = of->n_bytes_skipped = n_bytes;
    of->n_lines = of->n_lines_skipped = n_lines;
}

void progress_advance(progress *of, size_t n_bytes, size_t n_lines)
{
    struct timespec now;
    of->n_bytes += n_bytes;
    of->n_lines += n_lines;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!of->shown || (seconds_between(&of->drawn, &now) < SECONDS_BETWEEN_DRAWINGS && of->n_bytes < of->n_bytes_total))
        return;
    of->drawn = now;
    draw(of);
}

void progress_clear(const progress *of)
{
    if (of->shown)
        fputs("\r\033[K", stderr);
}

void progress_end(const progress *of)
{
    if (of->shown)
        fputc('\n', stderr);
}
