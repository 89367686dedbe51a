/* Decoding step by step: what the decoder was fed, what was chosen, and what else was likely. */
#include "cli/show_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/sample.h"
#include "model/search.h"
#include "model/top_tokens.h"

enum { N_ALTERNATIVES = 5 };

/* The most probable tokens except the chosen one, by logits that are used up. */
static void show_alternatives(const translator *t, float *logits, int32_t chosen, const terminal *term)
{
    terminal_flow flow = {.term = term, .indent = 10, .gap = 3};
    token_probability top[N_ALTERNATIVES + 1];
    size_t n = model_top_tokens(top, N_ALTERNATIVES + 1, logits, translator_config(t));
    for (size_t i = 0, n_shown = 0; i < n && n_shown < N_ALTERNATIVES; i++) {
        if (top[i].id == chosen)
            continue;
        char alternative[100];
        snprintf(alternative, sizeof alternative, "%.2f %s", (double)top[i].log_probability,
                 translator_target_piece(t, top[i].id));
        terminal_flow_word(&flow, alternative);
        n_shown++;
    }
    terminal_flow_end(&flow);
}

bool show_steps(const translator *t, const translated_sentence *sentence, const trace_record *pass,
                const terminal *term, failure *why)
{
    const traced_tensor *output = trace_record_find(pass, "output", "");
    const float *data = trace_record_data(pass, output);
    const sampling_options *sampling = &translator_search(t)->sampling;
    size_t n = output->columns;
    float *logits = malloc(2 * n * sizeof *logits); /* of one step, and scratch memory */
    int32_t *order = malloc(n * sizeof *order);
    if (!logits || !order) {
        free(logits);
        free(order);
        return failure_memory(why, "the steps");
    }
    for (size_t i = 0; i < output->rows; i++, data += n) {
        int32_t fed = i ? sentence->target.at[i - 1] : translator_config(t)->target_start;
        int32_t chosen = sentence->target.at[i];
        char step[40];
        snprintf(step, sizeof step, "step %3zu %9.4f", i + 1, (double)sentence->log_probabilities[i]);
        terminal_flow flow = {.term = term, .indent = 2, .gap = 2};
        terminal_flow_word(&flow, step);
        terminal_flow_word(&flow, translator_target_piece(t, fed));
        flow.gap = 1;
        terminal_flow_word(&flow, "→");
        terminal_flow_word(&flow, translator_target_piece(t, chosen));
        terminal_flow_end(&flow);
        memcpy(logits, data, n * sizeof *logits);
        if (sampling->temperature > 0.0) {
            search_suppress(logits, translator_config(t));
            sample_warp(logits, n, sampling, logits + n, order);
        }
        show_alternatives(t, logits, chosen, term);
    }
    free(logits);
    free(order);
    return true;
}
