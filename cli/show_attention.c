/* The attention of a sentence, as the trace hook shows it: what was asked for of it is kept and drawn. */
#include "cli/show_attention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/attention_map.h"
#include "cli/show.h"

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
                       "found the attention \"%.100s\", expected all, encoder.L.self_attention with L below %zu, or "
                       "decoder.L.self_attention or decoder.L.cross_attention with L below %zu; :H behind a name is "
                       "one head, below %zu in the encoder and %zu in the decoder",
                       name, encoder->n_layers, decoder->n_layers, encoder->n_heads, decoder->n_heads);
}

/* A trace reader that keeps one attention. */
typedef struct {
    const attention_choice *choice; /* not all */
    const model_config *config;
    attention kept;        /* whose name is empty before */
    float *weights, *next; /* [n_queries, n_keys] of what is kept and of what may replace it; room for the largest */
    double entropy;        /* of what is kept */
} attention_keeper;

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

/* How spread the rows of weights [n_queries, n_keys] are: the mean of their entropies, each row without its last
 * column, the end token, which takes what finds nothing elsewhere, and divided by its sum. In nats. */
static double mean_entropy(const float *weights, size_t n_queries, size_t n_keys)
{
    double entropy = 0.0;
    for (size_t i = 0; i < n_queries; i++, weights += n_keys) {
        double sum = 0.0, of_row = 0.0;
        for (size_t j = 0; j + 1 < n_keys; j++)
            sum += (double)weights[j];
        for (size_t j = 0; j + 1 < n_keys; j++)
            if (weights[j] > 0.0f)
                of_row -= (double)weights[j] / sum * log((double)weights[j] / sum);
        entropy += of_row / (double)n_queries;
    }
    return entropy;
}

/* The attention whose weights the trace calls by this name; false if they are another tensor. */
static bool find_attention(attention *found, const model_config *config, const char *name)
{
    for (size_t i = 0; nth_attention(found, config, i); i++) {
        size_t length = strlen(found->name);
        if (strncmp(name, found->name, length) == 0 && strcmp(name + length, ".weights") == 0)
            return true;
    }
    return false;
}

/* Keeps the attention that was asked for; of none, the cross-attention whose mean over the heads has the lowest mean
 * entropy: it aligns best. */
static void keep(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    attention_keeper *k = user;
    const char *chosen = k->choice->attention;
    attention found;
    if (!find_attention(&found, k->config, name) || (*chosen ? strcmp(found.name, chosen) != 0 : found.kind != CROSS))
        return;
    size_t n_queries = rows / found.n_heads;
    take_head(k->next, data, found.n_heads, n_queries * columns, *chosen ? k->choice->head : found.n_heads);
    double entropy = mean_entropy(k->next, n_queries, columns);
    if (*k->kept.name && entropy >= k->entropy)
        return;
    float *replaced = k->weights;
    k->weights = k->next;
    k->next = replaced;
    k->kept = found;
    k->entropy = entropy;
}

static void say_what_is_kept(const attention_keeper *k, const terminal *term)
{
    static const char *const down[] = {"source pieces down,", "chosen pieces down,", "target pieces down,"};
    static const char *const across[] = {"source pieces across", "the pieces before them across",
                                         "source pieces across"};
    terminal_flow heading = {.term = term, .gap = 1};
    char words[sizeof k->kept.name + 40];
    size_t head = *k->choice->attention ? k->choice->head : k->kept.n_heads;
    snprintf(words, sizeof words, head < k->kept.n_heads ? "%s:%zu," : "%s,", k->kept.name, head);
    terminal_flow_word(&heading, words);
    if (head == k->kept.n_heads && k->kept.n_heads > 1) {
        snprintf(words, sizeof words, "mean of %zu heads,", k->kept.n_heads);
        terminal_flow_word(&heading, words);
    }
    if (!*k->choice->attention && k->config->decoder.n_layers > 1) {
        snprintf(words, sizeof words, "lowest mean entropy of %zu layers,", k->config->decoder.n_layers);
        terminal_flow_word(&heading, words);
    }
    terminal_flow_word(&heading, down[k->kept.kind]);
    terminal_flow_word(&heading, across[k->kept.kind]);
    terminal_flow_end(&heading);
}

/* What is kept, drawn with the pieces of the sentence; labels [n_src + 2 n_tgt] is room for them. */
static bool draw(const attention_keeper *k, const translator *t, const translated_sentence *sentence,
                 const char **labels, const terminal *term, failure *why)
{
    size_t n_src = sentence->source.n, n_tgt = sentence->target.n;
    const char **source = labels, **chosen = labels + n_src, **before = chosen + n_tgt;
    for (size_t i = 0; i < n_src; i++)
        source[i] = translator_source_piece(t, sentence->source.at[i]);
    before[0] = translator_target_piece(t, k->config->target_start);
    for (size_t i = 0; i < n_tgt; i++) {
        chosen[i] = translator_target_piece(t, sentence->target.at[i]);
        if (i + 1 < n_tgt)
            before[i + 1] = chosen[i];
    }
    attention_map map = {.weights = k->weights,
                         .n_queries = k->kept.kind == ENCODER_SELF ? n_src : n_tgt,
                         .n_keys = k->kept.kind == DECODER_SELF ? n_tgt : n_src,
                         .causal = k->kept.kind == DECODER_SELF,
                         .query = k->kept.kind == ENCODER_SELF ? source : chosen,
                         .key = k->kept.kind == DECODER_SELF ? before : source};
    say_what_is_kept(k, term);
    attention_map_draw(&map, term);
    bool ended = sentence->target.at[n_tgt - 1] == k->config->target_end;
    return k->kept.kind != CROSS || attention_map_align(&map, ended ? n_tgt - 1 : n_tgt, n_src - 1, term, why);
}

static bool show_kept(const attention_choice *choice, translator *t, const translated_sentence *sentence,
                      const terminal *term, failure *why)
{
    size_t n_src = sentence->source.n, n_tgt = sentence->target.n, longest = n_src > n_tgt ? n_src : n_tgt;
    attention_keeper keeper = {.choice = choice,
                               .config = translator_config(t),
                               .weights = malloc(longest * longest * sizeof(float)),
                               .next = malloc(longest * longest * sizeof(float))};
    const char **labels = malloc((n_src + 2 * n_tgt) * sizeof *labels);
    trace_reader reader = {keep, &keeper};
    bool ok = keeper.weights && keeper.next && labels;
    if (!ok)
        failure_memory(why, "the attention");
    ok = ok && translator_trace(t, sentence, &reader, why) && draw(&keeper, t, sentence, labels, term, why);
    free(keeper.weights);
    free(keeper.next);
    free(labels);
    return ok;
}

/* A trace reader that draws every attention as it comes. */
typedef struct {
    const model_config *config;
    const terminal *term;
} attention_drawer;

static void draw_thumbnails(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    const attention_drawer *d = user;
    attention found;
    if (!find_attention(&found, d->config, name))
        return;
    fprintf(d->term->file, "%s\n", found.name);
    attention_map_thumbnails(data, found.n_heads, rows / found.n_heads, columns, d->term);
}

bool show_attention(const attention_choice *choice, translator *t, const text_line *line, const translation *result,
                    size_t number, failure *why)
{
    terminal term = terminal_of(stderr);
    attention_drawer drawer = {translator_config(t), &term};
    trace_reader reader = {draw_thumbnails, &drawer};
    for (size_t s = 0; s < result->n_sentences; s++) {
        show_place(line, result, number, s);
        if (!(choice->all ? translator_trace(t, &result->sentences[s], &reader, why)
                          : show_kept(choice, t, &result->sentences[s], &term, why)))
            return false;
    }
    return true;
}
