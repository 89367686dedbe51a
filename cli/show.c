#include "cli/show.h"

#include <stdio.h>
#include <stdlib.h>

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
    printf("%-22s%zu layers, %zu heads, d_ff %zu, d_head %zu\n", name, stack->n_layers, stack->n_heads, stack->d_ff,
           stack->d_head);
}

/* "norm                  before each sublayer, after each stack, of embeddings, epsilon 1e-06" */
static void show_norm(const model_config *c)
{
    printf("%-22s%s each sublayer%s%s", "norm", c->norm_before ? "before" : "after",
           c->norm_embedding ? ", of embeddings" : "", c->norm_final ? ", after each stack" : "");
    if (c->norm_epsilon != 1e-5) /* PyTorch's default */
        printf(", epsilon %g", c->norm_epsilon);
    putchar('\n');
}

static void print_pieces(const id_list *ids, const char *(*piece)(const translator *t, int32_t id), const translator *t)
{
    for (size_t i = 0; i < ids->n; i++) {
        putchar(' ');
        cli_print(stdout, piece(t, ids->at[i]));
    }
}

/* What splits text, and the tokens around it: "source text </s>, target <pad> text </s>". */
static void show_tokenizer(const translator *t, const model_config *c)
{
    const id_list start = {1, {c->target_start}}, end = {1, {c->target_end}};
    printf("%-22s%s%s", "tokenizer", c->splitter, c->lower_case ? ", lower case" : "");
    if (c->n_merges)
        printf(", %zu merges%s", c->n_merges, c->prefix_space ? ", a space before the text" : "");
    printf("\n%-22ssource", "frame");
    print_pieces(&c->source_before, translator_source_piece, t);
    fputs(" text", stdout);
    print_pieces(&c->source_after, translator_source_piece, t);
    fputs(", target", stdout);
    print_pieces(&start, translator_target_piece, t);
    print_pieces(&c->target_forced, translator_target_piece, t);
    fputs(" text", stdout);
    print_pieces(&end, translator_target_piece, t);
    putchar('\n');
}

static bool show_languages(const translator *t, const model_config *c, failure *why)
{
    language_name *names;
    size_t n;
    if (!translator_list_languages(t, &names, &n, why))
        return false;
    printf("%-22s", "languages");
    cli_print(stdout, c->source_language);
    fputs(" to ", stdout);
    cli_print(stdout, c->target_language);
    putchar('\n');
    for (size_t i = 0; i < n; i++) {
        if (i == 0)
            printf("%-21s", "languages for --to");
        putchar(' ');
        cli_print_bytes(stdout, names[i].name, names[i].size);
    }
    if (n)
        putchar('\n');
    free(names);
    return true;
}

bool show_checkpoint(const translator *t, const char *directory, failure *why)
{
    const model_config *c = translator_config(t);
    const model_facts facts = model_get_facts(translator_model(t));
    printf("%-22s", "checkpoint");
    cli_print(stdout, directory);
    putchar('\n');
    if (!show_languages(t, c, why))
        return false;
    printf("%-22s%zu numbers in %.1f MB, %s\n", "weights", facts.n_weights, 1e-6 * (double)facts.n_bytes, facts.dtype);
    printf("%-22s%zu\n", "d_model", c->d_model);
    show_stack("encoder", &c->encoder);
    show_stack("decoder", &c->decoder);
    show_norm(c);
    printf("%-22s%s\n", "activation", config_activation_name(c->activation));
    printf("%-22s%s\n", "positions", c->stored_positions ? "stored tables" : "sinusoids");
    show_tokenizer(t, c);
    printf("%-22s%zu source, %zu target, %s\n", "vocabulary", c->n_source_vocabulary, c->n_target_vocabulary,
           c->shared_vocabulary ? "shared" : "separate");
    printf("%-22s%s%s, output layer %s\n", "sharing",
           c->shared_embedding ? "one embedding" : "an embedding for each side",
           c->scale_embedding ? ", times sqrt(d_model)" : "", c->tied_output ? "tied to the target's" : "of its own");
    printf("%-22s%zu positions, translations of at most %zu tokens\n", "lengths", c->max_positions, c->max_length);
    printf("%-22s%s\n", "instruction set", facts.instruction_set);
    if (facts.blas_core)
        printf("%-22sOpenBLAS, for %s\n", "float32 products by", facts.blas_core);
    return true;
}
