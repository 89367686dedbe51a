#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stdio.h>

#include "translator/translator.h"

/* Where sentence s of line `number` (from 1) is, as the heading of what is shown of it. */
void show_place(FILE *file, const text_line *line, const translation *result, size_t number, size_t s);

/* Pieces, ids and log-probabilities of line `number` (from 1), on standard error. */
void show_tokens(const translator *t, const text_line *line, const translation *result, size_t number);

/* What a checkpoint is, on standard output. */
void show_checkpoint(const translator *t, const char *directory);

#endif
