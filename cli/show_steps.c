/* Decoding step by step: what was chosen, and what else was likely. */
#include "cli/show_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "cli/terminal.h"
#include "model/top_tokens.h"

enum { N_ALTERNATIVES = 5 };

/* A trace reader of the logits. */
typedef struct {
    const translator *translator;
    const translated_sentence *sentence;
    const terminal *term;
    float *logits; /* [n_target_vocabulary], room for a row that is changed */
} step_shower;

/* The most probable tokens but the chosen one, by logits that are used up. */
static void show_alternatives(const step_shower *s, int32_t chosen)
{
    terminal_flow flow = {.term = s->term, .indent = 10, .gap = 3};
    int32_t ids[N_ALTERNATIVES + 1];
    float log_probabilities[N_ALTERNATIVES + 1];
    size_t n =
        model_top_tokens(ids, log_probabilities, N_ALTERNATIVES + 1, s->logits, translator_config(s->translator));
    for (size_t i = 0, n_shown = 0; i < n && n_shown < N_ALTERNATIVES; i++) {
        if (ids[i] == chosen)
            continue;
        char alternative[100];
        snprintf(alternative, sizeof alternative, "%.2f %s", (double)log_probabilities[i],
                 translator_target_piece(s->translator, ids[i]));
        terminal_flow_word(&flow, alternative);
        n_shown++;
    }
    terminal_flow_end(&flow);
}

static void show_output(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    const step_shower *s = user;
    if (strcmp(name, "output") != 0)
        return;
    for (size_t i = 0; i < rows; i++) {
        int32_t chosen = s->sentence->target.at[i];
        char step[40];
        snprintf(step, sizeof step, "step %3zu %9.4f", i + 1, (double)s->sentence->log_probabilities[i]);
        terminal_flow flow = {.term = s->term, .indent = 2, .gap = 2};
        terminal_flow_word(&flow, step);
        terminal_flow_word(&flow, translator_target_piece(s->translator, chosen));
        terminal_flow_end(&flow);
        memcpy(s->logits, data + i * columns, columns * sizeof *data);
        show_alternatives(s, chosen);
    }
}

bool show_steps(translator *t, const text_line *line, const translation *result, size_t number, failure *why)
{
    terminal term = terminal_of(stderr);
    size_t n_vocabulary = translator_config(t)->n_target_vocabulary;
    float *logits = malloc(n_vocabulary * sizeof *logits);
    bool ok = logits || failure_memory(why, "the steps");
    for (size_t s = 0; s < result->n_sentences && ok; s++) {
        step_shower shower = {t, &result->sentences[s], &term, logits};
        trace_reader reader = {show_output, &shower};
        show_place(line, result, number, s);
        ok = translator_trace(t, &result->sentences[s], &reader, why);
    }
    free(logits);
    return ok;
}
