/* Translates a stream of lines. */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/lines.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/show_attention.h"
#include "explain/explain.h"
#include "translator/translator.h"

/* What to translate, where to write it, and what to show. */
typedef struct {
    translator *translator;
    line_source *source;
    FILE *out;
    const char *out_name;
    bool to_file;                      /* nobody is waiting for the first lines */
    size_t n_skipped;                  /* lines of the input that an interrupted run has translated */
    bool json_lines;                   /* write an object per line, without any of the views below */
    bool score;                        /* the lines have translations: score them */
    size_t n_best;                     /* write a line per hypothesis, with its score, if not 0 */
    bool tokens;                       /* show on standard error */
    bool steps;                        /* show on standard error */
    const attention_choice *attention; /* show on standard error; NULL: do not */
    const output_file *trace;          /* for the tensors of a single sentence, or NULL */
    const char *const *without;        /* [n_without], the parts of the model that are switched off */
    size_t n_without;
    explanation *explanation; /* collects every line, or NULL */
    progress *progress;       /* or NULL */
} line_filter;

/* Writes one line per input line, until the input ends. Fails after whole lines if a signal to stop arrives. */
bool filter_lines(const line_filter *filter, failure *why);

#endif
