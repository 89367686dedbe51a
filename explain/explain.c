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

enum {
    PRECISE_BITS = 12, /* query, key and weights: the page computes a softmax with them */
    BITS = 9,          /* all others */
    N_BEST = 8,        /* pieces of each reading of the residual stream */
    N_STRONGEST = 16   /* of the inner layer's numbers of each row */
};

struct explanation {
    translator *with;
    json_text lines;     /* one object per line */
    json_text sentences; /* one object per sentence */
    size_t n_lines, n_sentences;
};

/* Reads the trace of one sentence. */
typedef struct {
    const transformer *model;
    const tokenizer *tokenizer;
    const token_ids *target;
    json_text *to;
    transformer_state state; /* laid out for the target, to read the residual stream through the output layer */
    char last_norm[64];      /* the part of the residual stream whose reading is `output` itself */
} sentence_reader;

explanation *explanation_open(translator *with, failure *why)
{
    explanation *e = calloc(1, sizeof *e);
    if (!e) {
        failure_memory(why, "the page");
        return NULL;
    }
    e->with = with;
    e->lines.done = e->sentences.done = true;
    return e;
}

void explanation_close(explanation *of)
{
    if (!of)
        return;
    text_free(&of->lines.text);
    text_free(&of->sentences.text);
    free(of);
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
    json_text_put(r->to, ",\"reading\":[");
    for (size_t row = 0; row < rows; row++, logits += n_vocabulary) {
        greedy_suppress(logits, &r->model->config);
        if (kernels_argmax(logits, n_vocabulary) == n_vocabulary) {
            r->to->done = r->to->done && failure_set(r->to->why, "found a reading of the residual stream that is not a "
                                                                 "number, expected what a page can show");
            return;
        }
        kernels_softmax(logits, n_vocabulary);
        json_text_put(r->to, "%s{\"chosen\":%.4g,\"best\":[", row ? "," : "", (double)logits[r->target->at[row]]);
        for (size_t n = 0; n < N_BEST && n < n_vocabulary; n++) {
            size_t id = kernels_argmax(logits, n_vocabulary);
            const char *piece = tokenizer_target_piece(r->tokenizer, (int32_t)id);
            json_text_put(r->to, n ? ",[" : "[");
            json_text_string(r->to, piece, strlen(piece));
            json_text_put(r->to, ",%.4g]", (double)logits[id]);
            logits[id] = -1.0f;
        }
        json_text_put(r->to, "]}");
    }
    json_text_put(r->to, "]");
}

/* What the decoder would say if it stopped at x [rows, d_model]. */
static void put_reading_of(sentence_reader *r, const float *x, size_t rows, size_t d_model)
{
    memcpy(r->state.x, x, rows * d_model * sizeof *x);
    model_output(&r->state, r->model, NULL);
    put_reading(r, r->state.logits, rows);
}

/* The numbers of largest magnitude of each row, as [column, number]. */
static void put_strongest(json_text *to, const float *data, size_t rows, size_t columns)
{
    json_text_put(to, ",\"strongest\":[");
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
        json_text_put(to, "%s{\"positive\":%zu,\"numbers\":[", row ? "," : "", n_active);
        for (size_t i = 0; i < n; i++)
            json_text_put(to, "%s[%zu,%.4g]", i ? "," : "", strongest[i], (double)data[strongest[i]]);
        json_text_put(to, "]}");
    }
    json_text_put(to, "]");
}

static void read_tensor(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    sentence_reader *r = user;
    bool precise = ends_with(name, ".query") || ends_with(name, ".key") || ends_with(name, ".weights");
    bool target_stream =
        strncmp(name, "decoder.", 8) == 0 && (ends_with(name, "_norm") || ends_with(name, ".embedding"));
    if (ends_with(name, ".heads")) /* the page computes it: weights times values */
        return;
    json_text_put(r->to, "%s\"%s\":{\"rows\":%zu,\"columns\":%zu", strcmp(name, "encoder.embedding") == 0 ? "" : ",\n",
                  name, rows, columns);
    if (strcmp(name, "output") == 0) {
        memcpy(r->state.logits, data, rows * columns * sizeof *data);
        put_reading(r, r->state.logits, rows);
    } else if (ends_with(name, ".inner")) {
        put_strongest(r->to, data, rows, columns);
    } else {
        int bits = precise ? PRECISE_BITS : BITS;
        json_text_put(r->to, ",\"bits\":%d,\"numbers\":", bits);
        json_text_numbers(r->to, data, rows, columns, bits);
        if (target_stream && strcmp(name, r->last_norm) != 0)
            put_reading_of(r, data, rows, columns);
    }
    json_text_put(r->to, "}");
}

typedef const char *piece_of(const tokenizer *of, int32_t id);

static void put_pieces(json_text *to, const char *side, const token_ids *ids, const tokenizer *tokens, piece_of *piece)
{
    json_text_put(to, "\"%s\":[", side);
    for (size_t i = 0; i < ids->n; i++) {
        const char *text = piece(tokens, ids->at[i]);
        json_text_put(to, "%s{\"id\":%d,\"piece\":", i ? "," : "", ids->at[i]);
        json_text_string(to, text, strlen(text));
        json_text_put(to, "}");
    }
    json_text_put(to, "],");
}

static bool put_trace(explanation *to, const translated_sentence *sentence, failure *why)
{
    const transformer *model = translator_model(to->with);
    size_t n_tgt = sentence->target.n;
    sentence_reader r = {
        .model = model, .tokenizer = translator_tokenizer(to->with), .target = &sentence->target, .to = &to->sentences};
    trace_reader reader = {read_tensor, &r};
    snprintf(r.last_norm, sizeof r.last_norm, "decoder.%zu.feed_forward_norm", model->config.decoder.n_layers - 1);
    const batch_shape shape = {1, &sentence->source.n, &n_tgt, &n_tgt, true, NULL};
    if (!state_lay_out(&r.state, &model->config, &shape, why))
        return false;
    r.state.target_first[0] = 0;
    r.state.target_first[1] = n_tgt;
    json_text_put(&to->sentences, "\"trace\":{");
    bool done = translator_trace(to->with, sentence, &reader, why);
    json_text_put(&to->sentences, "}");
    state_free(&r.state);
    return done;
}

static bool put_sentence(explanation *to, const text_line *line, const translated_sentence *sentence, failure *why)
{
    const tokenizer *tokens = translator_tokenizer(to->with);
    json_text *text = &to->sentences;
    text_buffer translated = {0};
    if (!text_append(&translated, "", 0, why) ||
        !tokenizer_decode(tokens, sentence->target.at, sentence->target.n, &translated, why)) {
        text_free(&translated);
        return false;
    }
    json_text_put(text, to->n_sentences++ ? ",\n{\"text\":" : "{\"text\":");
    json_text_string(text, line->bytes + sentence->range.begin, sentence->range.end - sentence->range.begin);
    json_text_put(text, ",\"translation\":");
    json_text_string(text, translated.bytes, translated.size);
    json_text_put(text, ",\"cut\":%s,", sentence->truncated ? "true" : "false");
    put_pieces(text, "source", &sentence->source, tokens, tokenizer_source_piece);
    put_pieces(text, "target", &sentence->target, tokens, tokenizer_target_piece);
    text_free(&translated);
    bool done = put_trace(to, sentence, why);
    json_text_put(text, "}");
    return done;
}

bool explanation_add(explanation *to, const text_line *line, const translation *of, failure *why)
{
    to->lines.why = to->sentences.why = why;
    json_text_put(&to->lines, to->n_lines++ ? ",{\"text\":" : "{\"text\":");
    json_text_string(&to->lines, line->bytes, line->size);
    json_text_put(&to->lines, ",\"translation\":");
    json_text_string(&to->lines, of->text.bytes, of->text.size);
    json_text_put(&to->lines, "}");
    bool done = true;
    for (size_t s = 0; s < of->n_sentences && done; s++)
        done = put_sentence(to, line, &of->sentences[s], why);
    return done && to->lines.done && to->sentences.done;
}

static void put_stack(json_text *to, const char *name, const stack_config *stack)
{
    json_text_put(to, "\"%s\":{\"n_layers\":%zu,\"n_heads\":%zu,\"d_ff\":%zu},", name, stack->n_layers, stack->n_heads,
                  stack->d_ff);
}

static void put_checkpoint(json_text *to, const transformer *model, const tokenizer *tokens)
{
    const model_config *c = &model->config;
    const char *start = tokenizer_target_piece(tokens, c->tokenizer.target_start);
    json_text_put(to, "{\"source_language\":");
    json_text_string(to, c->source_language, strlen(c->source_language));
    json_text_put(to, ",\"target_language\":");
    json_text_string(to, c->target_language, strlen(c->target_language));
    json_text_put(to, ",\"d_model\":%zu,", c->d_model);
    put_stack(to, "encoder", &c->encoder);
    put_stack(to, "decoder", &c->decoder);
    json_text_put(to, "\"activation\":\"%s\",\"scale_embedding\":%s,", config_activation_name(c->activation),
                  c->scale_embedding ? "true" : "false");
    json_text_put(to, "\"n_source_vocabulary\":%zu,\"n_target_vocabulary\":%zu,", c->tokenizer.n_source_vocabulary,
                  c->tokenizer.n_target_vocabulary);
    json_text_put(to, "\"max_positions\":%zu,\"dtype\":\"%s\",\"start\":", c->max_positions, model->dtype);
    json_text_string(to, start, strlen(start));
    json_text_put(to, "}");
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
    bool done = write_all(file, explain_page_before_data, explain_page_before_data_size, n_bytes) &&
                write_all(file, data->bytes, data->size, n_bytes) &&
                write_all(file, explain_page_after_data, explain_page_after_data_size, n_bytes);
    int problem = errno;
    if (fclose(file) != 0 && done) {
        problem = errno;
        done = false;
    }
    return done || failure_set(why, "%s: cannot be written: %s", path, strerror(problem));
}

bool explanation_write(const explanation *of, const char *path, size_t *n_bytes, failure *why)
{
    if (of->n_sentences == 0)
        return failure_set(why, "found no sentence in TEXT, expected at least one for --explain");
    json_text data = {.done = true, .why = why};
    json_text_put(&data, "{\"version\":\"%s\",\"checkpoint\":", TRANSFORMER_VERSION);
    put_checkpoint(&data, translator_model(of->with), translator_tokenizer(of->with));
    json_text_put(&data, ",\n\"lines\":[");
    json_text_append(&data, &of->lines);
    json_text_put(&data, "],\n\"sentences\":[");
    json_text_append(&data, &of->sentences);
    json_text_put(&data, "]}");
    bool done = data.done && write_page(path, &data.text, n_bytes, why);
    text_free(&data.text);
    return done;
}
