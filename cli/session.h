/* What the options open: the translator, and for experiments the original beside it. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>

#include "cli/arguments.h"
#include "cli/show_attention.h"
#include "translator/translator.h"

typedef struct {
    translator *translator;
    translator *original;       /* the same model with nothing switched off, beside --without; else NULL */
    attention_choice attention; /* of --attention, if it is given */
} session;

/* Opens the checkpoint a->model with the options of the search and of experiments. On failure returns false and sets
 * *is_usage to whether an option has a value that the checkpoint does not know. */
bool session_open(session *s, const arguments *a, bool *is_usage, failure *why);
void session_close(session *s);

#endif
