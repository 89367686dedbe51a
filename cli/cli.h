/* The parts of the terminal program. Only this room prints: translations on standard output, the rest on
 * standard error. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "explain/explain.h"
#include "model/translator.h"

/* Prints text that came from a file: what could end the line or command the terminal is replaced. */
void cli_print(FILE *to, const char *untrusted);

/* Prints "translate: …" on standard error, by cli_print. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A bar on standard error: how much of a file is done, lines per second, time left. */
typedef struct {
    bool shown;
    size_t n_bytes_total, n_bytes, n_lines;
    struct timespec started, drawn;
} progress;

void progress_start(progress *of, size_t n_bytes_total);
void progress_advance(progress *of, size_t n_bytes, size_t n_lines);
void progress_clear(const progress *of); /* makes room for a sentence on the bar's line */
void progress_end(const progress *of);

/* A stream of lines through the translator. */
typedef struct {
    translator *translator;
    FILE *in, *out;
    const char *in_name, *out_name;
    size_t lines_at_once;     /* at most TRANSLATOR_BATCH; 1: each line is answered before the next is read */
    bool tokens;              /* show them, on standard error */
    const char *trace;        /* a file for the tensors of a line of one sentence, or NULL */
    explanation *explanation; /* gets every line, or NULL */
    progress *progress;       /* or NULL */
} line_filter;

/* One line out per line in, until the input ends. */
bool filter_lines(const line_filter *filter, failure *why);

/* Pieces, ids and log-probabilities of line `number` (from 1), on standard error. */
void show_tokens(const translator *with, const text_line *line, const translation *of, size_t number);

/* What a checkpoint is, on standard output. */
void show_checkpoint(const translator *of, const char *directory);

/* Writes every tensor of one sentence's translation to a safetensors file. */
bool trace_file_write(const char *path, translator *with, const translated_sentence *sentence, failure *why);

#endif
