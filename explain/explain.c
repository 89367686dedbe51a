/* Writes the data of the page as a JSON object: the checkpoint, how it searched, and for each sentence its pieces, the
 * hypotheses of beam search, and the tensors of a recorded pass under their trace names, in order of computation. */
#include "explain/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/block_floats.h"
#include "explain/page.h"
#include "model/top_tokens.h"
#include "support/file.h"
#include "translator/tokens_json.h"

enum {
    PRECISE_BITS = 12,    /* of query, key and weights: the page computes a softmax from them */
    BITS = 9,             /* of all other tensors */
    N_BEST = 8,           /* pieces in each reading of the residual stream */
    LEAST_POSITIONS = 64, /* as positions.js shows them */
    N_STRONGEST = 16,     /* numbers in each row of an inner layer */
    MOST_TOKENS = 1024    /* of all sentences, source and target together: the page takes about 22 kB for each */
};

struct explanation {
    translator *translator;
    json_text lines;     /* one object per line */
    json_text sentences; /* one object per sentence */
    size_t n_lines, n_sentences, n_tokens;
    const char *const *without; /* [n_without], the parts that are switched off */
    size_t n_without;
    bool given;         /* the translations */
    size_t n_positions; /* of the longest sentence, and at least LEAST_POSITIONS */
};

explanation *explanation_open(translator *t, failure *why)
{
    explanation *e = calloc(1, sizeof *e);
    if (!e) {
        failure_memory(why, "the page");
        return NULL;
    }
    e->translator = t;
    e->n_positions = LEAST_POSITIONS;
    e->lines = e->sentences = json_text_start(NULL);
    return e;
}

void explanation_close(explanation *e)
{
    if (!e)
        return;
    text_free(&e->lines.text);
    text_free(&e->sentences.text);
    free(e);
}

void explanation_set_experiment(explanation *e, const char *const *without, size_t n, bool given)
{
    e->without = without;
    e->n_without = n;
    e->given = given;
}

/* ,"without":["positions"] if any part is switched off */
static void put_without(json_text *json, const explanation *e)
{
    for (size_t i = 0; i < e->n_without; i++) {
        json_text_put(json, i ? "," : ",\"without\":[");
        json_text_string(json, e->without[i], strlen(e->without[i]));
    }
    json_text_put(json, e->n_without ? "]" : "");
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), n_end = strlen(end);
    return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

/* What the decoder would say if it stopped at x [target->n, d_model]: for each row, the probability of the chosen piece
 * and the most probable pieces. */
static void put_reading(explanation *e, const float *x, const token_ids *target)
{
    json_text *json = &e->sentences;
    const model_config *config = translator_config(e->translator);
    if (!json->ok)
        return;
    float *logits = translator_output_of(e->translator, x, target->n, json->why);
    if (!logits) {
        json->ok = false;
        return;
    }
    json_text_put(json, ",\"reading\":[");
    for (size_t row = 0; row < target->n && json->ok; row++, logits += config->n_target_vocabulary) {
        token_probability best[N_BEST];
        size_t n = model_top_tokens(best, N_BEST, logits, config);
        if (n == 0)
            json->ok = failure_set(json->why, "a reading of the residual stream is NaN, which the page cannot show");
        json_text_put(json, "%s{\"chosen\":%.4g,\"best\":[", row ? "," : "", (double)logits[target->at[row]]);
        for (size_t i = 0; i < n; i++) {
            const char *piece = translator_target_piece(e->translator, best[i].id);
            json_text_put(json, i ? ",[" : "[");
            json_text_string(json, piece, strlen(piece));
            json_text_put(json, ",%.4g]", (double)best[i].probability);
        }
        json_text_put(json, "]}");
    }
    json_text_put(json, "]");
}

/* The numbers of largest magnitude of each row, as [column, number]. */
static void put_strongest(json_text *json, const float *data, size_t rows, size_t columns)
{
    json_text_put(json, ",\"strongest\":[");
    for (size_t row = 0; row < rows; row++, data += columns) {
        size_t strongest[N_STRONGEST], n = 0, n_active = 0;
        for (size_t column = 0; column < columns; column++) {
            n_active += data[column] > 0.0f;
            size_t place = n;
            while (place > 0 && fabsf(data[column]) > fabsf(data[strongest[place - 1]]))
                place--;
            if (place == N_STRONGEST)
                continue;
            n += n < N_STRONGEST;
            memmove(&strongest[place + 1], &strongest[place], (n - 1 - place) * sizeof *strongest);
            strongest[place] = column;
        }
        json_text_put(json, "%s{\"positive\":%zu,\"numbers\":[", row ? "," : "", n_active);
        for (size_t i = 0; i < n; i++)
            json_text_put(json, "%s[%zu,%.4g]", i ? "," : "", strongest[i], (double)data[strongest[i]]);
        json_text_put(json, "]}");
    }
    json_text_put(json, "]");
}

/* Whether the tensor is the decoder's residual stream, which every sublayer adds to. */
static bool is_stream(const char *name, const model_config *c)
{
    return strncmp(name, "decoder.", 8) == 0 && strcmp(name, "decoder.final_norm") != 0 &&
           (ends_with(name, c->norm_before ? "_residual" : "_norm") || strcmp(name, "decoder.embedding_norm") == 0 ||
            (ends_with(name, ".embedding") && !c->norm_embedding));
}

/* The tensor `output` is shown as the reading of the last tensor of the residual stream. */
static void put_tensor(explanation *e, const trace_record *pass, const traced_tensor *tensor, const token_ids *target)
{
    const char *name = tensor->name;
    const float *data = trace_record_data(pass, tensor);
    bool precise = ends_with(name, ".query") || ends_with(name, ".key") || ends_with(name, ".weights");
    const model_config *config = translator_config(e->translator);
    size_t to_output = config->norm_final ? 2 : 1; /* tensors from the last one of the stream on */
    if (ends_with(name, ".scores") || ends_with(name, ".heads"))
        return; /* the page computes them */
    json_text_put(&e->sentences, "%s\"%s\":{\"rows\":%zu,\"columns\":%zu", tensor == pass->tensors ? "" : ",\n", name,
                  tensor->rows, tensor->columns);
    if (strcmp(name, "output") == 0) {
        put_reading(e, trace_record_data(pass, tensor - to_output), target);
    } else if (ends_with(name, ".inner")) {
        put_strongest(&e->sentences, data, tensor->rows, tensor->columns);
    } else {
        int bits = precise ? PRECISE_BITS : BITS;
        json_text_put(&e->sentences, ",\"bits\":%d,\"numbers\":", bits);
        block_floats_put(&e->sentences, data, tensor->rows, tensor->columns, bits);
        if (is_stream(name, config) && strcmp(tensor[to_output].name, "output") != 0)
            put_reading(e, data, target);
    }
    json_text_put(&e->sentences, "}");
}

/* ,"beam":[{"n":2,"piece":"▁sehe","parent":0,"ended":false,"sum":-0.2315,"score":-0.1157}] after beam search; a
 * hypothesis of one piece has no parent. */
static void put_beam(json_text *json, const translator *t, const translated_sentence *sentence)
{
    for (size_t i = 0; i < sentence->n_steps; i++) {
        const beam_step *step = &sentence->steps[i];
        const char *piece = translator_target_piece(t, step->id);
        json_text_put(json, "%s{\"n\":%zu,\"piece\":", i ? "," : ",\"beam\":[", step->n);
        json_text_string(json, piece, strlen(piece));
        if (step->parent != NO_PARENT)
            json_text_put(json, ",\"parent\":%zu", step->parent);
        json_text_put(json, ",\"ended\":%s,\"sum\":%.6g,\"score\":%.6g}", step->ended ? "true" : "false", step->sum,
                      step->score);
    }
    json_text_put(json, sentence->n_steps ? "]" : "");
}

bool explanation_add_line(explanation *e, const text_line *line, const translation *result, failure *why)
{
    e->lines.why = why;
    json_text_put(&e->lines, e->n_lines++ ? ",{\"text\":" : "{\"text\":");
    json_text_string(&e->lines, line->bytes, line->size);
    json_text_put(&e->lines, ",\"translation\":");
    json_text_string(&e->lines, result->text.bytes, result->text.size);
    put_without(&e->lines, e);
    json_text_put(&e->lines, "}");
    return e->lines.ok;
}

bool explanation_add_sentence(explanation *e, const text_line *line, const translated_sentence *sentence,
                              const trace_record *pass, failure *why)
{
    json_text *json = &e->sentences;
    text_buffer translated = TEXT_EMPTY;
    size_t n_src = sentence->source.n, n_tgt = sentence->target.n, longer = n_src > n_tgt ? n_src : n_tgt;
    e->n_tokens += n_src + n_tgt;
    e->n_positions = longer > e->n_positions ? longer : e->n_positions;
    if (e->n_tokens > MOST_TOKENS)
        return failure_set(why, "TEXT and its translation have more than %d tokens, too many for a page; shorten TEXT",
                           MOST_TOKENS);
    json->why = why;
    json->ok = json->ok && translator_decode(e->translator, &sentence->target, &translated, why);
    json_text_put(json, e->n_sentences++ ? ",\n{\"text\":" : "{\"text\":");
    json_text_string(json, line->bytes + sentence->range.begin, sentence->range.end - sentence->range.begin);
    json_text_put(json, ",\"translation\":");
    json_text_string(json, translated.bytes, translated.size);
    text_free(&translated);
    json_text_put(json, ",\"truncated\":%s,", sentence->truncated ? "true" : "false");
    put_tokens_json(json, e->translator, sentence);
    put_without(json, e);
    put_beam(json, e->translator, sentence);
    json_text_put(json, e->given ? ",\"given\":true,\"trace\":{" : ",\"trace\":{");
    for (const traced_tensor *tensor = pass->tensors; tensor < pass->tensors + pass->n; tensor++)
        put_tensor(e, pass, tensor, &sentence->target);
    json_text_put(json, "}}");
    return json->ok;
}

static void put_stack(json_text *json, const char *name, const stack_config *stack)
{
    json_text_put(json, "\"%s\":{\"n_layers\":%zu,\"n_heads\":%zu,\"d_head\":%zu,\"d_ff\":%zu},", name, stack->n_layers,
                  stack->n_heads, stack->d_head, stack->d_ff);
}

/* Stored tables of positions: as many rows as the page shows, or none if positions are sinusoids. */
static void put_positions(json_text *json, const explanation *e)
{
    const model_config *c = translator_config(e->translator);
    size_t rows = e->n_positions < c->max_positions ? e->n_positions : c->max_positions;
    for (int of_source = 1; of_source >= 0 && c->stored_positions; of_source--) {
        json_text_put(json, ",\"%s_positions\":{\"rows\":%zu,\"columns\":%zu,\"bits\":%d,\"numbers\":",
                      of_source ? "source" : "target", rows, c->d_model, BITS);
        block_floats_put(json, model_get_positions(translator_model(e->translator), of_source), rows, c->d_model, BITS);
        json_text_put(json, "}");
    }
}

/* The pieces of ids as a list of strings. */
static void put_names(json_text *json, const char *key, const id_list *ids, const translator *t,
                      const char *(*piece)(const translator *t, int32_t id))
{
    json_text_put(json, ",\"%s\":[", key);
    for (size_t i = 0; i < ids->n; i++) {
        const char *text = piece(t, ids->at[i]);
        json_text_put(json, i ? "," : "");
        json_text_string(json, text, strlen(text));
    }
    json_text_put(json, "]");
}

static void put_checkpoint(json_text *json, const explanation *e)
{
    const translator *t = e->translator;
    const model_config *c = translator_config(t);
    const char *start = translator_target_piece(t, c->target_start);
    json_text_put(json, "{\"source_language\":");
    json_text_string(json, c->source_language, strlen(c->source_language));
    json_text_put(json, ",\"target_language\":");
    json_text_string(json, c->target_language, strlen(c->target_language));
    json_text_put(json, ",\"d_model\":%zu,", c->d_model);
    put_stack(json, "encoder", &c->encoder);
    put_stack(json, "decoder", &c->decoder);
    json_text_put(json, "\"activation\":\"%s\",\"scale_embedding\":%s,", config_activation_name(c->activation),
                  c->scale_embedding ? "true" : "false");
    json_text_put(json, "\"n_source_vocabulary\":%zu,\"n_target_vocabulary\":%zu,", c->n_source_vocabulary,
                  c->n_target_vocabulary);
    json_text_put(json, "\"max_positions\":%zu,\"dtype\":\"%s\",\"start\":", c->max_positions,
                  model_get_facts(translator_model(t)).dtype);
    json_text_string(json, start, strlen(start));
    json_text_put(json, ",\"norm\":{\"before\":%s,\"embedding\":%s,\"final\":%s,\"epsilon\":%g},\"tokenizer\":\"%s\"",
                  c->norm_before ? "true" : "false", c->norm_embedding ? "true" : "false",
                  c->norm_final ? "true" : "false", c->norm_epsilon, c->splitter);
    put_names(json, "before", &c->source_before, t, translator_source_piece);
    put_names(json, "after", &c->source_after, t, translator_source_piece);
    put_names(json, "forced", &c->target_forced, t, translator_target_piece);
    put_positions(json, e);
    json_text_put(json, "}");
}

static void put_search(json_text *json, const translator *t)
{
    const search_options *search = translator_search(t);
    const sampling_options *sampling = &search->sampling;
    json_text_put(json, "{\"n_beams\":%zu,\"length_penalty\":%g,\"no_repeat\":%zu,\"n_prefix\":%zu,", search->n_beams,
                  search->length_penalty, search->no_repeat, translator_prefix(t)->n);
    json_text_put(json, "\"temperature\":%g,\"top_k\":%zu,\"top_p\":%g,\"seed\":%zu}", sampling->temperature,
                  sampling->top_k, sampling->top_p, sampling->seed);
}

bool explanation_write(const explanation *e, FILE *file, const char *name, size_t *n_bytes, failure *why)
{
    if (e->n_sentences == 0)
        return failure_set(why, "TEXT has no sentence; --explain requires one");
    json_text data = json_text_start(why);
    json_text_put(&data, "{\"version\":\"%s\",\"checkpoint\":", TRANSFORMER_VERSION);
    put_checkpoint(&data, e);
    json_text_put(&data, ",\n\"search\":");
    put_search(&data, e->translator);
    json_text_put(&data, ",\n\"lines\":[");
    json_text_append(&data, e->lines.text.bytes, e->lines.text.size);
    json_text_put(&data, "],\n\"sentences\":[");
    json_text_append(&data, e->sentences.text.bytes, e->sentences.text.size);
    json_text_put(&data, "]}");
    const file_part parts[] = {{explain_page_before_data, explain_page_before_data_size},
                               {data.text.bytes, data.text.size},
                               {explain_page_after_data, explain_page_after_data_size}};
    *n_bytes = parts[0].size + parts[1].size + parts[2].size;
    bool ok = data.ok && file_write(file, name, parts, 3, why);
    text_free(&data.text);
    return ok;
}
