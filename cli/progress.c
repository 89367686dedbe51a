#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define SECONDS_BETWEEN_DRAWINGS 0.1

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
    return (double)(b->tv_sec - a->tv_sec) + 1e-9 * (double)(b->tv_nsec - a->tv_nsec);
}

static void draw(const progress *p)
{
    double fraction = p->n_bytes_total ? (double)p->n_bytes / (double)p->n_bytes_total : 1.0;
    double seconds = seconds_between(&p->started, &p->drawn);
    size_t n_bytes = p->n_bytes - p->n_bytes_skipped, n_lines = p->n_lines - p->n_lines_skipped;
    double rest = (double)p->n_bytes_total - (double)p->n_bytes;
    double left = n_bytes && rest > 0.0 ? seconds * rest / (double)n_bytes : 0.0;
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = (double)i < fraction * BAR_WIDTH ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3.0f %%  %zu lines  %.1f lines/s  %d:%02d left ", bar, 100.0 * fraction, p->n_lines,
            seconds > 0.0 ? (double)n_lines / seconds : 0.0, (int)left / 60, (int)left % 60);
    fflush(stderr);
}

void progress_start(progress *p, size_t n_bytes_total)
{
    *p = (progress){.shown = isatty(STDERR_FILENO), .n_bytes_total = n_bytes_total};
    clock_gettime(CLOCK_MONOTONIC, &p->started);
    p->drawn = p->started;
}

void progress_skip(progress *p, size_t n_bytes, size_t n_lines)
{
    p->n_bytes = p->n_bytes_skipped = n_bytes;
    p->n_lines = p->n_lines_skipped = n_lines;
}

void progress_advance(progress *p, size_t n_bytes, size_t n_lines)
{
    struct timespec now;
    p->n_bytes += n_bytes;
    p->n_lines += n_lines;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!p->shown || (seconds_between(&p->drawn, &now) < SECONDS_BETWEEN_DRAWINGS && p->n_bytes < p->n_bytes_total))
        return;
    p->drawn = now;
    draw(p);
}

void progress_clear(const progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
}

void progress_end(const progress *p)
{
    if (p->shown)
        fputc('\n', stderr);
}
