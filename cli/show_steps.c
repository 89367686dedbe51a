/* Decoding step by step: what was chosen, and what else was likely. */
#include "cli/show_steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "cli/terminal.h"
#include "model/greedy.h"

enum { N_ALTERNATIVES = 5 };

/* A trace reader of the logits. */
typedef struct {
    const translator *translator;
    const translated_sentence *sentence;
    const terminal *term;
    float *logits; /* [n_target_vocabulary], room for a row that is changed */
} step_shower;

/* The most probable tokens but the chosen one, by logits that are used up; as greedy search sees them. */
static void show_alternatives(const step_shower *s, int32_t chosen)
{
    const transformer *model = translator_model(s->translator);
    size_t n = model->config.tokenizer.n_target_vocabulary;
    terminal_flow flow = {.term = s->term, .indent = 10, .gap = 3};
    greedy_suppress(s->logits, &model->config);
    size_t best = kernels_argmax(s->logits, n);
    float log_sum = best < n ? s->logits[best] - kernels_log_softmax_at(s->logits, n, best) : 0.0f;
    s->logits[chosen] = -INFINITY;
    best = kernels_argmax(s->logits, n);
    for (size_t i = 0; i < N_ALTERNATIVES && best < n; i++) {
        char alternative[100];
        snprintf(alternative, sizeof alternative, "%.2f %s", (double)(s->logits[best] - log_sum),
                 tokenizer_target_piece(translator_tokenizer(s->translator), (int32_t)best));
        terminal_flow_word(&flow, alternative);
        s->logits[best] = -INFINITY;
        best = kernels_argmax(s->logits, n);
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
        terminal_flow_word(&flow, tokenizer_target_piece(translator_tokenizer(s->translator), chosen));
        terminal_flow_end(&flow);
        memcpy(s->logits, data + i * columns, columns * sizeof *data);
        show_alternatives(s, chosen);
    }
}

bool show_steps(translator *t, const text_line *line, const translation *result, size_t number, failure *why)
{
    terminal term = terminal_of(stderr);
    size_t n_vocabulary = translator_model(t)->config.tokenizer.n_target_vocabulary;
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
