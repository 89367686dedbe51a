/* Translates the sentences of many lines in batches, on several threads. Private to translator/. */
#ifndef TRANSLATOR_BATCHES_H
#define TRANSLATOR_BATCHES_H

#include "support/team.h"
#include "translator/translator.h"

typedef struct {
    const transformer *model;
    thread_team *team;
    transformer_state **states; /* [threads of the team] */
    search_options search;
    token_ids prefix; /* of every target, unless its sentence has one */
} batch_workers;

/* *workers must be zero-initialized, and n_threads >= 1. Call batches_close even if batches_open fails. */
bool batches_open(batch_workers *workers, const transformer *model, size_t n_threads, failure *why);
void batches_close(batch_workers *workers);

/* Fills in the target of every sentence of lines [n_lines] that has none yet. The sources must be filled in. */
bool batches_translate(const batch_workers *workers, translation *lines, size_t n_lines, bool with_details,
                       failure *why);

#endif
