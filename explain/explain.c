/* What the page shows of a translation, collected from the trace hook: a JSON object of the checkpoint and, for each
 * sentence, its pieces and its tensors under their trace names, in order of computation. */
#include "explain/explain.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/json_text.h"
#include "explain/page.h"
#include "kernels/kernels.h"
#include "model/forward.h"
#include "model/greedy.h"
#include "model/model.h"
#include "model/state.h"

enum {
    PRECISE_BITS = 12, /* query, key and weights: the page computes a softmax with them */
    BITS = 9,          /* all others */
    N_BEST = 8,        /* pieces of each reading of the residual stream */
    N_STRONGEST = 16   /* of the inner layer's numbers of each row */
};

struct explanation {
    translator *translator;
    json_text lines;     /* one object per line */
    json_text sentences; /* one object per sentence */
    size_t n_lines, n_sentences;
};

/* Reads the trace of one sentence. */
typedef struct {
    const transformer *model;
    const translator *translator;
    const token_ids *target;
    json_text *json;
    transformer_state state; /* laid out for the target, to read the residual stream through the output layer */
    char last_norm[64];      /* the part of the residual stream whose reading is `output` itself */
} sentence_reader;

explanation *explanation_open(translator *t, failure *why)
{
    explanation *e = calloc(1, sizeof *e);
    if (!e) {
        failure_memory(why, "the page");
        return NULL;
    }
    e->translator = t;
    e->lines.ok = e->sentences.ok = true;
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

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), n_end = strlen(end);
    return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

/* After each row of logits [rows, n_target_vocabulary], which are used up: the probability of the chosen piece, and
 * the most probable pieces. */
static void put_reading(const sentence_reader *r, float *logits, size_t rows)
{
    size_t n_vocabulary = r->model->output.d_out;
    json_text_put(r->json, ",\"reading\":[");
    for (size_t row = 0; row < rows; row++, logits += n_vocabulary) {
        greedy_suppress(logits, &r->model->config);
        if (kernels_argmax(logits, n_vocabulary) == n_vocabulary) {
            r->json->ok =
                r->json->ok && failure_set(r->json->why, "found a reading of the residual stream that is not a "
                                                         "number, expected what a page can show");
            return;
        }
        kernels_softmax(logits, n_vocabulary);
        json_text_put(r->json, "%s{\"chosen\":%.4g,\"best\":[", row ? "," : "", (double)logits[r->target->at[row]]);
        for (size_t n = 0; n < N_BEST && n < n_vocabulary; n++) {
            size_t id = kernels_argmax(logits, n_vocabulary);
            const char *piece = translator_target_piece(r->translator, (int32_t)id);
            json_text_put(r->json, n ? ",[" : "[");
            json_text_string(r->json, piece, strlen(piece));
            json_text_put(r->json, ",%.4g]", (double)logits[id]);
            logits[id] = -1.0f;
        }
        json_text_put(r->json, "]}");
    }
    json_text_put(r->json, "]");
}

/* What the decoder would say if it stopped at x [rows, d_model]. */
static void put_reading_of(sentence_reader *r, const float *x, size_t rows, size_t d_model)
{
    memcpy(r->state.x, x, rows * d_model * sizeof *x);
    model_output(&r->state, r->model, NULL);
    put_reading(r, r->state.logits, rows);
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

static void read_tensor(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    sentence_reader *r = user;
    bool precise = ends_with(name, ".query") || ends_with(name, ".key") || ends_with(name, ".weights");
    bool target_stream =
        strncmp(name, "decoder.", 8) == 0 && (ends_with(name, "_norm") || ends_with(name, ".embedding"));
    if (ends_with(name, ".heads")) /* the page computes it: weights times values */
        return;
    json_text_put(r->json, "%s\"%s\":{\"rows\":%zu,\"columns\":%zu",
                  strcmp(name, "encoder.embedding") == 0 ? "" : ",\n", name, rows, columns);
    if (strcmp(name, "output") == 0) {
        memcpy(r->state.logits, data, rows * columns * sizeof *data);
        put_reading(r, r->state.logits, rows);
    } else if (ends_with(name, ".inner")) {
        put_strongest(r->json, data, rows, columns);
    } else {
        int bits = precise ? PRECISE_BITS : BITS;
        json_text_put(r->json, ",\"bits\":%d,\"numbers\":", bits);
        json_text_numbers(r->json, data, rows, columns, bits);
        if (target_stream && strcmp(name, r->last_norm) != 0)
            put_reading_of(r, data, rows, columns);
    }
    json_text_put(r->json, "}");
}

typedef const char *piece_of(const translator *t, int32_t id);

static void put_pieces(json_text *json, const char *side, const token_ids *ids, const translator *t, piece_of *piece)
{
    json_text_put(json, "\"%s\":[", side);
    for (size_t i = 0; i < ids->n; i++) {
        const char *text = piece(t, ids->at[i]);
        json_text_put(json, "%s{\"id\":%d,\"piece\":", i ? "," : "", ids->at[i]);
        json_text_string(json, text, strlen(text));
        json_text_put(json, "}");
    }
    json_text_put(json, "],");
}

static bool put_trace(explanation *e, const translated_sentence *sentence, failure *why)
{
    const transformer *model = translator_model(e->translator);
    size_t n_tgt = sentence->target.n;
    sentence_reader r = {
        .model = model, .translator = e->translator, .target = &sentence->target, .json = &e->sentences};
    trace_reader reader = {read_tensor, &r};
    snprintf(r.last_norm, sizeof r.last_norm, "decoder.%zu.feed_forward_norm", model->config.decoder.n_layers - 1);
    const batch_shape shape = {1, &sentence->source.n, &n_tgt, &n_tgt, true, NULL};
    if (!state_lay_out(&r.state, &model->config, &shape, why))
        return false;
    state_take_target(&r.state, 1, n_tgt);
    json_text_put(&e->sentences, "\"trace\":{");
    bool ok = translator_trace(e->translator, sentence, &reader, why);
    json_text_put(&e->sentences, "}");
    state_free(&r.state);
    return ok;
}

static bool put_sentence(explanation *e, const text_line *line, const translated_sentence *sentence, failure *why)
{
    json_text *text = &e->sentences;
    text_buffer translated = {0};
    if (!text_append(&translated, "", 0, why) ||
        !translator_decode(e->translator, &sentence->target, &translated, why)) {
        text_free(&translated);
        return false;
    }
    json_text_put(text, e->n_sentences++ ? ",\n{\"text\":" : "{\"text\":");
    json_text_string(text, line->bytes + sentence->range.begin, sentence->range.end - sentence->range.begin);
    json_text_put(text, ",\"translation\":");
    json_text_string(text, translated.bytes, translated.size);
    json_text_put(text, ",\"cut\":%s,", sentence->truncated ? "true" : "false");
    put_pieces(text, "source", &sentence->source, e->translator, translator_source_piece);
    put_pieces(text, "target", &sentence->target, e->translator, translator_target_piece);
    text_free(&translated);
    bool ok = put_trace(e, sentence, why);
    json_text_put(text, "}");
    return ok;
}

bool explanation_add(explanation *e, const text_line *line, const translation *result, failure *why)
{
    e->lines.why = e->sentences.why = why;
    json_text_put(&e->lines, e->n_lines++ ? ",{\"text\":" : "{\"text\":");
    json_text_string(&e->lines, line->bytes, line->size);
    json_text_put(&e->lines, ",\"translation\":");
    json_text_string(&e->lines, result->text.bytes, result->text.size);
    json_text_put(&e->lines, "}");
    bool ok = true;
    for (size_t s = 0; s < result->n_sentences && ok; s++)
        ok = put_sentence(e, line, &result->sentences[s], why);
    return ok && e->lines.ok && e->sentences.ok;
}

static void put_stack(json_text *json, const char *name, const stack_config *stack)
{
    json_text_put(json, "\"%s\":{\"n_layers\":%zu,\"n_heads\":%zu,\"d_ff\":%zu},", name, stack->n_layers,
                  stack->n_heads, stack->d_ff);
}

static void put_checkpoint(json_text *json, const translator *t)
{
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
    json_text_put(json, "}");
}

static bool write_all(FILE *file, const char *bytes, size_t size, size_t *n_bytes)
{
    *n_bytes += size;
    return fwrite(bytes, 1, size, file) == size;
}

/* The page up to its data, the data, and the rest of the page. */
static bool write_page(const char *path, const text_buffer *data, size_t *n_bytes, failure *why)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return failure_set(why, "%s: cannot be written: %s", path, strerror(errno));
    *n_bytes = 0;
    bool ok = write_all(file, explain_page_before_data, explain_page_before_data_size, n_bytes) &&
              write_all(file, data->bytes, data->size, n_bytes) &&
              write_all(file, explain_page_after_data, explain_page_after_data_size, n_bytes);
    int problem = errno;
    if (fclose(file) != 0 && ok) {
        problem = errno;
        ok = false;
    }
    return ok || failure_set(why, "%s: cannot be written: %s", path, strerror(problem));
}

bool explanation_write(const explanation *e, const char *path, size_t *n_bytes, failure *why)
{
    if (e->n_sentences == 0)
        return failure_set(why, "found no sentence in TEXT, expected at least one for --explain");
    json_text data = {.ok = true, .why = why};
    json_text_put(&data, "{\"version\":\"%s\",\"checkpoint\":", TRANSFORMER_VERSION);
    put_checkpoint(&data, e->translator);
    json_text_put(&data, ",\n\"lines\":[");
    json_text_append(&data, &e->lines);
    json_text_put(&data, "],\n\"sentences\":[");
    json_text_append(&data, &e->sentences);
    json_text_put(&data, "]}");
    bool ok = data.ok && write_page(path, &data.text, n_bytes, why);
    text_free(&data.text);
    return ok;
}
