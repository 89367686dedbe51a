/* The prompt of a run on a terminal: reads lines with editing and a history, and translates each. Lines that begin with
 * a colon are commands. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include <stdbool.h>

#include "cli/arguments.h"
#include "cli/session.h"

/* Whether the run gets a prompt: no input or output is named, lines are translated to text, and standard input and
 * output are terminals. */
bool prompt_is_wanted(const arguments *a);

/* Runs the prompt until :quit or end of file. The session has the options of *a; commands may replace it. */
bool prompt_run(const arguments *a, session *s, failure *why);

#endif
