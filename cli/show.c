#include "cli/show.h"

#include <stdio.h>

#include "cli/say.h"

static void show_piece(const char *side, int32_t id, const float *log_probability, const char *piece)
{
    fprintf(stderr, "  %s %7d  ", side, id);
    if (log_probability)
        fprintf(stderr, "%9.4f  ", (double)*log_probability);
    cli_print(stderr, piece);
    fputc('\n', stderr);
}

void show_place(FILE *file, const text_line *line, const translation *result, size_t number, size_t s)
{
    const byte_range *range = &result->sentences[s].range;
    fprintf(file, "line %zu, sentence %zu, bytes %zu to %zu of %zu\n", number, s + 1, range->begin, range->end,
            line->size);
}

/* "  protected: <copy:0> = https://…", and the tags that the model does not see. */
static void show_protected(const translator *t, const text_line *line, const translated_sentence *sentence)
{
    size_t n_tokens = 0;
    for (size_t i = 0; i < sentence->n_spans; i++) {
        const protected_span *span = &sentence->spans[i];
        fputs("  protected: ", stderr);
        if (span->kind == SPAN_OPAQUE) {
            cli_print(stderr, translator_source_piece(t, translator_config(t)->copy_tokens.at[n_tokens++]));
            fputs(" = ", stderr);
        }
        cli_print_bytes(stderr, line->bytes + span->range.begin, span->range.end - span->range.begin);
        fputc('\n', stderr);
    }
}

void show_tokens(const translator *t, const text_line *line, const translation *result, size_t number)
{
    for (size_t s = 0; s < result->n_sentences; s++) {
        const translated_sentence *sentence = &result->sentences[s];
        show_place(stderr, line, result, number, s);
        show_protected(t, line, sentence);
        for (size_t i = 0; i < sentence->source.n; i++)
            show_piece("source", sentence->source.at[i], NULL, translator_source_piece(t, sentence->source.at[i]));
        for (size_t i = 0; i < sentence->target.n; i++)
            show_piece("target", sentence->target.at[i], &sentence->log_probabilities[i],
                       translator_target_piece(t, sentence->target.at[i]));
    }
}

static void show_stack(const char *name, const stack_config *stack)
{
    printf("%-22s%zu layers, %zu heads, d_ff %zu\n", name, stack->n_layers, stack->n_heads, stack->d_ff);
}

void show_checkpoint(const translator *t, const char *directory)
{
    const model_config *c = translator_config(t);
    const model_facts facts = model_get_facts(translator_model(t));
    printf("%-22s", "checkpoint");
    cli_print(stdout, directory);
    putchar('\n');
    printf("%-22s", "languages");
    cli_print(stdout, c->source_language);
    fputs(" to ", stdout);
    cli_print(stdout, c->target_language);
    putchar('\n');
    printf("%-22s%zu numbers in %.1f MB, %s\n", "weights", facts.n_weights, 1e-6 * (double)facts.n_bytes, facts.dtype);
    printf("%-22s%zu\n", "d_model", c->d_model);
    show_stack("encoder", &c->encoder);
    show_stack("decoder", &c->decoder);
    printf("%-22s%s\n", "activation", config_activation_name(c->activation));
    printf("%-22s%zu source, %zu target, %s\n", "vocabulary", c->n_source_vocabulary, c->n_target_vocabulary,
           c->shared_vocabulary ? "shared" : "separate");
    printf("%-22s%s, output layer %s\n", "sharing",
           c->shared_embedding ? "one embedding" : "an embedding for each side",
           c->tied_output ? "tied to the target's" : "of its own");
    printf("%-22s%zu positions, translations of at most %zu tokens\n", "lengths", c->max_positions, c->max_length);
    printf("%-22s%s\n", "instruction set", facts.instruction_set);
    if (facts.blas_core)
        printf("%-22sOpenBLAS, for %s\n", "float32 products by", facts.blas_core);
}
