/* Shows tokens, and facts about the checkpoint. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stdio.h>

#include "translator/translator.h"

/* Prints the heading of a view of sentence s of line `number`, counted from 1. */
void show_place(FILE *file, const text_line *line, const translation *result, size_t number, size_t s);

/* Prints pieces, ids and log-probabilities of line `number`, counted from 1, on standard error. */
void show_tokens(const translator *t, const text_line *line, const translation *result, size_t number);

/* Describes the checkpoint, on standard output. */
bool show_checkpoint(const translator *t, const char *directory, failure *why);

#endif
