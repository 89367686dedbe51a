/* The attention of a sentence: what was asked for of its recorded pass is drawn. */
#include "cli/show_attention.h"

#include <stdlib.h>
#include <string.h>

#include "cli/attention_map.h"
#include "model/alignment.h"

typedef enum { ENCODER_SELF, DECODER_SELF, CROSS } attention_kind;

/* One of the model's attentions, by its trace name. */
typedef struct {
    char name[64];
    attention_kind kind;
    size_t n_heads;
} attention;

/* Attention i of the model in order of computation; false past the last. */
static bool nth_attention(attention *nth, const model_config *config, size_t i)
{
    size_t n_encoder = config->encoder.n_layers, layer = i < n_encoder ? i : (i - n_encoder) / 2;
    nth->kind = i < n_encoder ? ENCODER_SELF : (i - n_encoder) % 2 ? CROSS : DECODER_SELF;
    nth->n_heads = i < n_encoder ? config->encoder.n_heads : config->decoder.n_heads;
    snprintf(nth->name, sizeof nth->name, "%s.%zu.%s_attention", i < n_encoder ? "encoder" : "decoder", layer,
             nth->kind == CROSS ? "cross" : "self");
    return i < n_encoder + 2 * config->decoder.n_layers;
}

bool attention_choose(attention_choice *choice, const char *name, const model_config *config, failure *why)
{
    const stack_config *encoder = &config->encoder, *decoder = &config->decoder;
    attention nth;
    *choice = (attention_choice){.all = strcmp(name, "all") == 0};
    for (size_t i = 0; nth_attention(&nth, config, i); i++)
        for (size_t head = 0; head <= nth.n_heads; head++) {
            char known[sizeof nth.name + 24];
            snprintf(known, sizeof known, head < nth.n_heads ? "%s:%zu" : "%s", nth.name, head);
            if (strcmp(name, known) == 0) {
                memcpy(choice->attention, nth.name, sizeof nth.name);
                choice->head = head;
            }
        }
    return choice->all || *choice->attention || !*name ||
           failure_set(why,
                       "unknown attention \"%.100s\"; expected all, encoder.L.self_attention with L below %zu, or "
                       "decoder.L.self_attention or decoder.L.cross_attention with L below %zu; append :H for "
                       "one head, below %zu in the encoder and %zu in the decoder",
                       name, encoder->n_layers, decoder->n_layers, encoder->n_heads, decoder->n_heads);
}

/* out [n] = head of weights [n_heads, n], or their mean where head = n_heads. */
static void take_head(float *out, const float *weights, size_t n_heads, size_t n, size_t head)
{
    bool mean = head == n_heads;
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (size_t h = mean ? 0 : head; h < (mean ? n_heads : head + 1); h++)
            sum += (double)weights[h * n + i];
        out[i] = (float)(mean ? sum / (double)n_heads : sum);
    }
}

/* The mean of the entropies of the rows of weights [n_queries, n_keys]. */
static double mean_entropy(const float *weights, size_t n_queries, size_t n_keys)
{
    double entropy = 0.0;
    for (size_t i = 0; i < n_queries; i++, weights += n_keys)
        entropy += alignment_entropy(weights, n_keys) / (double)n_queries;
    return entropy;
}

/* What is drawn: the attention that was asked for, or the cross-attention that aligns best. */
typedef struct {
    attention attention;
    size_t head;    /* n_heads: their mean */
    float *weights; /* [n_queries, n_keys], of that head */
} drawn_attention;

/* Fills in the weights of an attention's head, and returns their mean entropy. */
static double take_weights(drawn_attention *drawn, const trace_record *pass)
{
    const traced_tensor *tensor = trace_record_find(pass, drawn->attention.name, ".weights");
    size_t n_heads = drawn->attention.n_heads, n_queries = tensor->rows / n_heads;
    take_head(drawn->weights, trace_record_data(pass, tensor), n_heads, n_queries * tensor->columns, drawn->head);
    return mean_entropy(drawn->weights, n_queries, tensor->columns);
}

/* What aligns best is the cross-attention whose mean over the heads has the lowest mean entropy. */
static void choose(drawn_attention *drawn, const attention_choice *choice, const model_config *config,
                   const trace_record *pass)
{
    attention nth, best = {0};
    double lowest = 0.0, entropy;
    for (size_t i = 0; nth_attention(&nth, config, i); i++) {
        if (*choice->attention ? strcmp(nth.name, choice->attention) != 0 : nth.kind != CROSS)
            continue;
        drawn->attention = nth;
        drawn->head = *choice->attention ? choice->head : nth.n_heads;
        entropy = take_weights(drawn, pass);
        if (*best.name && entropy >= lowest)
            continue;
        best = nth;
        lowest = entropy;
    }
    drawn->attention = best;
    if (best.n_heads > 0) /* always: attention_choose knows the names, and there is a decoder layer */
        take_weights(drawn, pass);
}

static void say_what_is_drawn(const drawn_attention *drawn, const attention_choice *choice, const model_config *config,
                              const terminal *term)
{
    const attention *shown = &drawn->attention;
    const char *down = shown->kind == ENCODER_SELF ? "source pieces down," : "pieces fed → predicted down,";
    const char *across = shown->kind == DECODER_SELF ? "pieces fed across" : "source pieces across";
    terminal_flow heading = {.term = term, .gap = 1};
    char words[sizeof shown->name + 40];
    snprintf(words, sizeof words, drawn->head < shown->n_heads ? "%s:%zu," : "%s,", shown->name, drawn->head);
    terminal_flow_word(&heading, words);
    if (drawn->head == shown->n_heads && shown->n_heads > 1) {
        snprintf(words, sizeof words, "mean of %zu heads,", shown->n_heads);
        terminal_flow_word(&heading, words);
    }
    if (!*choice->attention && config->decoder.n_layers > 1) {
        snprintf(words, sizeof words, "lowest mean entropy of %zu layers,", config->decoder.n_layers);
        terminal_flow_word(&heading, words);
    }
    terminal_flow_word(&heading, down);
    terminal_flow_word(&heading, across);
    terminal_flow_end(&heading);
}

/* The map with the pieces of the sentence; labels [n_src + 2 n_tgt] is room for them. */
static bool draw(const drawn_attention *drawn, const translator *t, const translated_sentence *sentence,
                 const char **labels, const terminal *term, failure *why)
{
    const model_config *config = translator_config(t);
    attention_kind kind = drawn->attention.kind;
    size_t n_src = sentence->source.n, n_tgt = sentence->target.n;
    const char **source = labels, **predicted = labels + n_src, **fed = predicted + n_tgt;
    for (size_t i = 0; i < n_src; i++)
        source[i] = translator_source_piece(t, sentence->source.at[i]);
    fed[0] = translator_target_piece(t, config->target_start);
    for (size_t i = 0; i < n_tgt; i++) {
        predicted[i] = translator_target_piece(t, sentence->target.at[i]);
        if (i + 1 < n_tgt)
            fed[i + 1] = predicted[i];
    }
    attention_map map = {.weights = drawn->weights,
                         .n_queries = kind == ENCODER_SELF ? n_src : n_tgt,
                         .n_keys = kind == DECODER_SELF ? n_tgt : n_src,
                         .causal = kind == DECODER_SELF,
                         .query = kind == ENCODER_SELF ? source : predicted,
                         .key = kind == DECODER_SELF ? fed : source,
                         .fed = kind == ENCODER_SELF ? NULL : fed};
    attention_map_draw(&map, term);
    bool ended = sentence->target.at[n_tgt - 1] == config->target_end;
    return kind != CROSS || attention_map_align(&map, ended ? n_tgt - 1 : n_tgt, n_src - 1, term, why);
}

static bool show_choice(const attention_choice *choice, const translator *t, const translated_sentence *sentence,
                        const trace_record *pass, const terminal *term, failure *why)
{
    size_t n_src = sentence->source.n, n_tgt = sentence->target.n, longest = n_src > n_tgt ? n_src : n_tgt;
    drawn_attention drawn = {.weights = malloc(longest * longest * sizeof(float))};
    const char **labels = malloc((n_src + 2 * n_tgt) * sizeof *labels);
    bool ok = drawn.weights && labels;
    if (!ok) {
        failure_memory(why, "the attention");
    } else {
        choose(&drawn, choice, translator_config(t), pass);
        say_what_is_drawn(&drawn, choice, translator_config(t), term);
        ok = draw(&drawn, t, sentence, labels, term, why);
    }
    free(drawn.weights);
    free(labels);
    return ok;
}

bool show_attention(const attention_choice *choice, const translator *t, const translated_sentence *sentence,
                    const trace_record *pass, const terminal *term, failure *why)
{
    attention nth;
    if (!choice->all)
        return show_choice(choice, t, sentence, pass, term, why);
    for (size_t i = 0; nth_attention(&nth, translator_config(t), i); i++) {
        const traced_tensor *tensor = trace_record_find(pass, nth.name, ".weights");
        fprintf(term->file, "%s\n", nth.name);
        attention_map_thumbnails(trace_record_data(pass, tensor), nth.n_heads, tensor->rows / nth.n_heads,
                                 tensor->columns, term);
    }
    return true;
}
