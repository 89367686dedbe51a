#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/show_attention.h"
#include "explain/explain.h"
#include "translator/translator.h"

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

#endif
