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
void cli_print(FILE *file, const char *untrusted);

/* Prints "translate: …" on standard error, by cli_print. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on a file of the checkpoint that becomes shorter while it is mapped ends the program with a sentence and the
 * exit status 1. Once in a program. */
bool cli_catch_bus_errors(const char *directory, failure *why);

/* A bar on standard error: how much of a file is done, lines per second, time left. */
typedef struct {
    bool shown;
    size_t n_bytes_total, n_bytes, n_lines;
    size_t n_bytes_skipped, n_lines_skipped; /* of them, done before it started */
    struct timespec started, drawn;
} progress;

void progress_start(progress *p, size_t n_bytes_total);
void progress_skip(progress *p, size_t n_bytes, size_t n_lines);
void progress_advance(progress *p, size_t n_bytes, size_t n_lines);
void progress_clear(const progress *p); /* makes room for a sentence on the bar's line */
void progress_end(const progress *p);

/* Where lines come from. */
typedef struct {
    int descriptor; /* not used when `ended` from the start: then all of the text is in the buffer */
    const char *name;
    text_buffer buffer; /* what was read; freed by whoever fills in the source */
    size_t used;        /* bytes of the buffer that were handed out */
    bool ended;
    int problem; /* why it cannot be read on, an errno, once the lines before are handed out; 0 for none */
} line_source;

/* Waits for a line, and takes those that have arrived behind it, n at most and about a megabyte: sizes [n_read] with
 * their ends, one after the other from the beginning of the buffer on, until the next call. None when the source has
 * ended. */
bool line_source_next(line_source *source, size_t *sizes, size_t n, size_t *n_read, failure *why);

/* Which attention to show: all of them; one, as its mean over the heads where head = n_heads; or, where `attention` is
 * NULL, the cross-attention that aligns best. */
typedef struct {
    bool all;
    const attention_weights *attention;
    size_t head;
} attention_choice;

/* The choice with this name: "all", "" for what aligns best, or a trace name such as "decoder.1.cross_attention", with
 * a head behind it as in "encoder.0.self_attention:3". Fails with what names there are. */
bool attention_choose(attention_choice *choice, const char *name, const transformer *model, failure *why);

/* A stream of lines through the translator. */
typedef struct {
    translator *translator;
    line_source *source;
    FILE *out;
    const char *out_name;
    bool to_file;                      /* which nobody reads before it is whole */
    size_t n_skipped;                  /* lines of the input that are not to be translated again */
    bool tokens;                       /* show them, on standard error */
    bool steps;                        /* show them, on standard error */
    const attention_choice *attention; /* shown on standard error, or NULL */
    const char *trace;                 /* a file for the tensors of a line of one sentence, or NULL */
    explanation *explanation;          /* gets every line, or NULL */
    progress *progress;                /* or NULL */
} line_filter;

/* One line out per line in, until the input ends; a signal that stop_signal knows of is a failure, after whole lines.
 */
bool filter_lines(const line_filter *filter, failure *why);

/* Where sentence s of line `number` (from 1) is, as the heading of what is shown of it. */
void show_place(const text_line *line, const translation *result, size_t number, size_t s);

/* Pieces, ids and log-probabilities of line `number` (from 1), on standard error. */
void show_tokens(const translator *t, const text_line *line, const translation *result, size_t number);

/* Every step of decoding: the chosen piece and the five most probable others, with log-probabilities, which must be
 * there. On standard error. */
bool show_steps(translator *t, const text_line *line, const translation *result, size_t number, failure *why);

/* The attention of each sentence, drawn on standard error. */
bool show_attention(const attention_choice *choice, translator *t, const text_line *line, const translation *result,
                    size_t number, failure *why);

/* What a checkpoint is, on standard output. */
void show_checkpoint(const translator *t, const char *directory);

/* Writes every tensor of one sentence's translation to a safetensors file. */
bool trace_file_write(const char *path, translator *t, const translated_sentence *sentence, failure *why);

#endif
