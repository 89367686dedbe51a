/* The prompt of a run on a terminal: reads lines with editing and a history, and translates each. Lines that begin with
 * a colon are commands. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include <stdbool.h>

#include "cli/arguments.h"
#include "translator/translator.h"

/* What main does for the prompt. */
typedef struct {
    translator *(*open)(const arguments *a, failure *why); /* a translator with these options; NULL on failure */
    bool (*translate)(const arguments *a, translator *t,
                      failure *why); /* TEXT, with the views; returns false on failure */
} prompt_actions;

/* Whether the run gets a prompt: no input or output is named, lines are translated to text, and standard input and
 * output are terminals. */
bool prompt_is_wanted(const arguments *a);

/* Runs the prompt until :quit or end of file. *t has the options of *a; commands may replace it. */
bool prompt_run(const arguments *a, translator **t, const prompt_actions *actions, failure *why);

#endif
