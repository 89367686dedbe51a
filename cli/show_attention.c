/* The attention of a sentence: what was asked for of its recorded pass is drawn. */
#include "cli/show_attention.h"

#include <math.h>
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

/* Prints the parts of a heading, and then what is down and across. */
static void print_heading(const char *const *parts, size_t n, attention_kind kind, const terminal *term)
{
    terminal_flow heading = {.term = term, .gap = 1};
    for (size_t i = 0; i < n; i++)
        terminal_flow_word(&heading, parts[i]);
    terminal_flow_word(&heading, kind == ENCODER_SELF ? "source pieces down," : "pieces fed → predicted down,");
    terminal_flow_word(&heading, kind == DECODER_SELF ? "pieces fed across" : "source pieces across");
    terminal_flow_end(&heading);
}

static void say_what_is_drawn(const drawn_attention *drawn, const attention_choice *choice, const model_config *config,
                              const terminal *term)
{
    const attention *shown = &drawn->attention;
    char name[sizeof shown->name + 24], heads[40], layers[64];
    const char *parts[3] = {name};
    size_t n = 1;
    snprintf(name, sizeof name, drawn->head < shown->n_heads ? "%s:%zu," : "%s,", shown->name, drawn->head);
    if (drawn->head == shown->n_heads && shown->n_heads > 1) {
        snprintf(heads, sizeof heads, "mean of %zu heads,", shown->n_heads);
        parts[n++] = heads;
    }
    if (!*choice->attention && config->decoder.n_layers > 1) {
        snprintf(layers, sizeof layers, "lowest mean entropy of %zu layers,", config->decoder.n_layers);
        parts[n++] = layers;
    }
    print_heading(parts, n, shown->kind, term);
}

/* The pieces of a sentence: source [n_src], predicted [n_tgt] and fed [n_tgt]. */
typedef struct {
    const char **source, **predicted, **fed;
} pieces;

static pieces list_pieces(const char **all, const translator *t, const translated_sentence *sentence)
{
    size_t n_src = sentence->source.n, n_tgt = sentence->target.n;
    pieces p = {all, all + n_src, all + n_src + n_tgt};
    for (size_t i = 0; i < n_src; i++)
        p.source[i] = translator_source_piece(t, sentence->source.at[i]);
    p.fed[0] = translator_target_piece(t, translator_config(t)->target_start);
    for (size_t i = 0; i < n_tgt; i++) {
        p.predicted[i] = translator_target_piece(t, sentence->target.at[i]);
        if (i + 1 < n_tgt)
            p.fed[i + 1] = p.predicted[i];
    }
    return p;
}

/* The map with the pieces of the sentence. */
static bool draw(const drawn_attention *drawn, const translator *t, const translated_sentence *sentence,
                 const pieces *p, const terminal *term, failure *why)
{
    const model_config *config = translator_config(t);
    attention_kind kind = drawn->attention.kind;
    size_t n_src = sentence->source.n, n_tgt = sentence->target.n;
    attention_map map = {.weights = drawn->weights,
                         .n_queries = kind == ENCODER_SELF ? n_src : n_tgt,
                         .n_keys = kind == DECODER_SELF ? n_tgt : n_src,
                         .causal = kind == DECODER_SELF,
                         .query = kind == ENCODER_SELF ? p->source : p->predicted,
                         .key = kind == DECODER_SELF ? p->fed : p->source,
                         .fed = kind == ENCODER_SELF ? NULL : p->fed};
    attention_map_draw(&map, term);
    bool ended = sentence->target.at[n_tgt - 1] == config->target_end;
    return kind != CROSS || attention_map_align(&map, ended ? n_tgt - 1 : n_tgt, n_src - 1, term, why);
}

static bool show_choice(const attention_choice *choice, const translator *t, const translated_sentence *sentence,
                        const trace_record *pass, const pieces *p, const terminal *term, failure *why)
{
    size_t n_src = sentence->source.n, n_tgt = sentence->target.n, longest = n_src > n_tgt ? n_src : n_tgt;
    drawn_attention drawn = {.weights = malloc(longest * longest * sizeof(float))};
    if (!drawn.weights)
        return failure_memory(why, "the attention");
    choose(&drawn, choice, translator_config(t), pass);
    say_what_is_drawn(&drawn, choice, translator_config(t), term);
    bool ok = draw(&drawn, t, sentence, p, term, why);
    free(drawn.weights);
    return ok;
}

/* The weight that the queries give to the keys `distance` places behind them, the mean over the queries. */
static double share_at_distance(const float *weights, size_t n_queries, size_t n_keys, long distance)
{
    double sum = 0.0;
    for (size_t i = 0; i < n_queries; i++) {
        long j = (long)i - distance;
        if (j >= 0 && j < (long)n_keys)
            sum += (double)weights[i * n_keys + (size_t)j];
    }
    return sum / (double)n_queries;
}

/* Summarizes a head of weights [n_queries, n_keys] with these keys. The keys with the most weight are those at one
 * place, a piece; or, in self-attention, those at one distance from their queries. */
static head_summary summarize(const float *weights, size_t n_queries, size_t n_keys, const char **keys, bool self)
{
    static const struct {
        const char *name;
        long distance;
    } neighbours[] = {{"itself", 0}, {"previous", 1}, {"next", -1}};
    head_summary summary = {.most = ""};
    for (size_t i = 0; i < n_queries * n_keys; i++)
        if (weights[i] > 0.0f)
            summary.entropy -= (double)weights[i] * log((double)weights[i]) / (double)n_queries;
    for (size_t j = 0; j < n_keys; j++) {
        double share = 0.0;
        for (size_t i = 0; i < n_queries; i++)
            share += (double)weights[i * n_keys + j] / (double)n_queries;
        if (share > summary.share) {
            summary.most = keys[j];
            summary.share = share;
        }
    }
    for (size_t k = 0; self && k < sizeof neighbours / sizeof *neighbours; k++) {
        double share = share_at_distance(weights, n_queries, n_keys, neighbours[k].distance);
        if (share > summary.share) {
            summary.most = neighbours[k].name;
            summary.share = share;
        }
    }
    return summary;
}

static bool show_all(const translator *t, const trace_record *pass, const pieces *p, const terminal *term, failure *why)
{
    const model_config *config = translator_config(t);
    size_t most_heads =
        config->encoder.n_heads > config->decoder.n_heads ? config->encoder.n_heads : config->decoder.n_heads;
    head_summary *summaries = malloc(most_heads * sizeof *summaries);
    if (!summaries)
        return failure_memory(why, "the attention");
    attention_map_legend(term);
    attention nth;
    for (size_t i = 0; nth_attention(&nth, config, i); i++) {
        const traced_tensor *tensor = trace_record_find(pass, nth.name, ".weights");
        const float *weights = trace_record_data(pass, tensor);
        size_t n_queries = tensor->rows / nth.n_heads, n_keys = tensor->columns;
        for (size_t h = 0; h < nth.n_heads; h++)
            summaries[h] = summarize(weights + h * n_queries * n_keys, n_queries, n_keys,
                                     nth.kind == DECODER_SELF ? p->fed : p->source, nth.kind != CROSS);
        char name[sizeof nth.name + 1];
        snprintf(name, sizeof name, "%s,", nth.name);
        const char *parts[] = {name};
        fputc('\n', term->file);
        print_heading(parts, 1, nth.kind, term);
        attention_map_thumbnails(weights, summaries, nth.n_heads, n_queries, n_keys, term);
    }
    free(summaries);
    return true;
}

bool show_attention(const attention_choice *choice, const translator *t, const translated_sentence *sentence,
                    const trace_record *pass, const terminal *term, failure *why)
{
    const char **all = malloc((sentence->source.n + 2 * sentence->target.n) * sizeof *all);
    if (!all)
        return failure_memory(why, "the attention");
    const pieces p = list_pieces(all, t, sentence);
    bool ok = choice->all ? show_all(t, pass, &p, term, why) : show_choice(choice, t, sentence, pass, &p, term, why);
    free(all);
    return ok;
}
