/* Binds the tensors of a checkpoint to the structs of model.h by name, and rejects checkpoints that do not match
 * config.json. */
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/layers.h"
#include "support/file.h"

/* Tensors being bound. After the first failure, ok is false and no further tensor is taken, so *why keeps the
 * message. */
typedef struct {
    weights_file *weights;
    size_t n_float32, n_int8; /* matrices of each type */
    bool ok;
    failure *why;
} binding;

static const float *bind_vector(binding *b, const char *name, const char *what, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s.%s", name, what);
    const float *vector = b->ok ? weights_take(b->weights, path, TENSOR_F32, (size_t[]){n}, 1, b->why) : NULL;
    b->ok = vector != NULL;
    return vector;
}

/* The table `name`.weight [n_rows, n_columns]. */
static const float *bind_table(binding *b, const char *name, size_t n_rows, size_t n_columns)
{
    char path[128];
    snprintf(path, sizeof path, "%s.weight", name);
    const float *table =
        b->ok ? weights_take(b->weights, path, TENSOR_F32, (size_t[]){n_rows, n_columns}, 2, b->why) : NULL;
    b->ok = table != NULL;
    return table;
}

/* `name`.weight [d_out, d_in] as F32, or as I8 with `name`.scale [d_out]. */
static linear_weights bind_matrix(binding *b, const char *name, size_t d_out, size_t d_in)
{
    linear_weights w = {.d_out = d_out, .d_in = d_in};
    char path[128];
    tensor_type type = TENSOR_F32;
    snprintf(path, sizeof path, "%s.weight", name);
    if (!b->ok)
        return w;
    weights_find(b->weights, path, &type);
    const void *matrix = weights_take(b->weights, path, type, (size_t[]){d_out, d_in}, 2, b->why);
    b->ok = matrix != NULL;
    if (type == TENSOR_I8) {
        b->n_int8++;
        w.weight_int8 = matrix;
        w.scale = bind_vector(b, name, "scale", d_out);
    } else {
        b->n_float32++;
        w.weight = matrix;
    }
    return w;
}

/* The linear layer `part`.`what`, with its bias. */
static linear_weights bind_part(binding *b, const char *part, const char *what, size_t d_out, size_t d_in)
{
    char name[96];
    snprintf(name, sizeof name, "%s.%s", part, what);
    linear_weights w = bind_matrix(b, name, d_out, d_in);
    w.bias = bind_vector(b, name, "bias", d_out);
    return w;
}

static void name_part(char name[64], const char *stack, size_t layer, const char *part)
{
    snprintf(name, 64, "%s.%zu.%s", stack, layer, part);
}

static void bind_attention(binding *b, attention_weights *w, const char *stack, size_t layer, const char *part,
                           size_t d_model, const stack_config *c)
{
    size_t d_heads = c->n_heads * c->d_head;
    name_part(w->name, stack, layer, part);
    w->n_heads = c->n_heads;
    w->query = bind_part(b, w->name, "query", d_heads, d_model);
    w->key = bind_part(b, w->name, "key", d_heads, d_model);
    w->value = bind_part(b, w->name, "value", d_heads, d_model);
    w->output = bind_part(b, w->name, "output", d_model, d_heads);
}

/* The norm `w->name`_norm. */
static void bind_norm(binding *b, norm_weights *w, const model_config *c)
{
    char name[80];
    snprintf(name, sizeof name, "%s_norm", w->name);
    w->d_model = c->d_model;
    w->weight = bind_vector(b, name, "weight", c->d_model);
    w->bias = bind_vector(b, name, "bias", c->d_model);
    w->epsilon = c->norm_epsilon;
    w->before = c->norm_before;
}

/* The norm of a sublayer. */
static void bind_layer_norm(binding *b, norm_weights *w, const char *stack, size_t layer, const char *sublayer,
                            const model_config *c)
{
    name_part(w->name, stack, layer, sublayer);
    bind_norm(b, w, c);
}

/* A norm outside of the layers, if there is one. */
static void bind_outer_norm(binding *b, norm_weights *w, const char *name, bool exists, const model_config *c)
{
    snprintf(w->name, sizeof w->name, "%s", name);
    if (exists)
        bind_norm(b, w, c);
}

static void bind_feed_forward(binding *b, feed_forward_weights *w, const char *stack, size_t layer,
                              const model_config *c, size_t d_ff)
{
    name_part(w->name, stack, layer, "feed_forward");
    w->inner = bind_part(b, w->name, "inner", d_ff, c->d_model);
    w->outer = bind_part(b, w->name, "outer", c->d_model, d_ff);
    w->activation = c->activation;
}

static void bind_encoder(binding *b, transformer *m)
{
    const model_config *c = &m->config;
    bind_outer_norm(b, &m->encoder_embedding_norm, "encoder.embedding", c->norm_embedding, c);
    for (size_t l = 0; l < c->encoder.n_layers; l++) {
        encoder_layer *layer = &m->encoder[l];
        bind_attention(b, &layer->self_attention, "encoder", l, "self_attention", c->d_model, &c->encoder);
        bind_layer_norm(b, &layer->self_attention_norm, "encoder", l, "self_attention", c);
        bind_feed_forward(b, &layer->feed_forward, "encoder", l, c, c->encoder.d_ff);
        bind_layer_norm(b, &layer->feed_forward_norm, "encoder", l, "feed_forward", c);
    }
    bind_outer_norm(b, &m->encoder_final_norm, "encoder.final", c->norm_final, c);
}

static void bind_decoder(binding *b, transformer *m)
{
    const model_config *c = &m->config;
    bind_outer_norm(b, &m->decoder_embedding_norm, "decoder.embedding", c->norm_embedding, c);
    for (size_t l = 0; l < c->decoder.n_layers; l++) {
        decoder_layer *layer = &m->decoder[l];
        bind_attention(b, &layer->self_attention, "decoder", l, "self_attention", c->d_model, &c->decoder);
        bind_layer_norm(b, &layer->self_attention_norm, "decoder", l, "self_attention", c);
        bind_attention(b, &layer->cross_attention, "decoder", l, "cross_attention", c->d_model, &c->decoder);
        bind_layer_norm(b, &layer->cross_attention_norm, "decoder", l, "cross_attention", c);
        bind_feed_forward(b, &layer->feed_forward, "decoder", l, c, c->decoder.d_ff);
        bind_layer_norm(b, &layer->feed_forward_norm, "decoder", l, "feed_forward", c);
    }
    bind_outer_norm(b, &m->decoder_final_norm, "decoder.final", c->norm_final, c);
}

static void bind_all(binding *b, transformer *m)
{
    const model_config *c = &m->config;
    size_t n_source = c->n_source_vocabulary, n_target = c->n_target_vocabulary;
    m->source_embedding = bind_matrix(b, "source_embedding", n_source, c->d_model);
    m->target_embedding =
        c->shared_embedding ? m->source_embedding : bind_matrix(b, "target_embedding", n_target, c->d_model);
    if (c->stored_positions) {
        m->source_positions = bind_table(b, "source_positions", c->max_positions, c->d_model);
        m->target_positions = bind_table(b, "target_positions", c->max_positions, c->d_model);
    }
    bind_encoder(b, m);
    bind_decoder(b, m);
    m->output = c->tied_output ? m->target_embedding : bind_matrix(b, "output", n_target, c->d_model);
    m->output.bias = bind_vector(b, "output", "bias", n_target);
}

/* The most tensors that bind_all can take: with scales, and nothing shared. */
static size_t most_tensors(const model_config *c)
{
    enum { LINEAR = 3, NORM = 2, ATTENTION = 4 * LINEAR, FEED_FORWARD = 2 * LINEAR };
    return 3 * LINEAR + 4 * NORM + 2 /* positions */ + c->encoder.n_layers * (ATTENTION + FEED_FORWARD + 2 * NORM) +
           c->decoder.n_layers * (2 * ATTENTION + FEED_FORWARD + 3 * NORM);
}

static bool compute_positions(transformer *m, failure *why)
{
    size_t n = m->config.max_positions, d_model = m->config.d_model;
    if (!(m->sinusoids = calloc(n * d_model, sizeof *m->sinusoids))) /* config.c bounds the product */
        return failure_memory(why, "the positions");
    embedding_positions(m->sinusoids, n, d_model);
    m->source_positions = m->target_positions = m->sinusoids;
    return true;
}

static bool open_all(transformer *m, const char *directory, failure *why)
{
    const model_config *c = &m->config;
    char path[4096];
    if (!config_read(&m->config, directory, why) ||
        !file_path(path, sizeof path, directory, "model.safetensors", why) ||
        !(m->weights = weights_open(path, most_tensors(c), why)))
        return false;
    m->encoder = calloc(c->encoder.n_layers, sizeof *m->encoder);
    m->decoder = calloc(c->decoder.n_layers, sizeof *m->decoder);
    if (!m->encoder || !m->decoder)
        return failure_memory(why, "the model");
    binding b = {.weights = m->weights, .ok = true, .why = why};
    bind_all(&b, m);
    m->dtype = b.n_int8 == 0 ? "float32" : b.n_float32 == 0 ? "int8" : "float32 and int8";
    if (!b.ok || !weights_check(m->weights, why))
        return false;
    if (b.n_float32 && !kernels_open_blas(why))
        return false;
    return c->stored_positions || compute_positions(m, why);
}

bool model_use_instruction_set(const char *name, failure *why)
{
    if (kernels_start(name))
        return true;
    char names[100] = "";
    const char *available;
    for (size_t i = 0; (available = kernels_level_name(i)) != NULL; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, i ? ", %s" : "%s", available);
    }
    return failure_set(why, "unknown instruction set \"%.100s\"; this CPU can run %s", name, names);
}

transformer *model_open(const char *directory, failure *why)
{
    transformer *m = calloc(1, sizeof *m);
    if (m ? open_all(m, directory, why) : failure_memory(why, "the model"))
        return m;
    model_close(m);
    return NULL;
}

void model_close(transformer *model)
{
    if (!model)
        return;
    weights_close(model->weights);
    free(model->encoder);
    free(model->decoder);
    free(model->sinusoids);
    free(model->no_positions);
    free(model->heads_off);
    free(model);
}

const model_config *model_get_config(const transformer *model)
{
    return &model->config;
}

const float *model_get_positions(const transformer *model, bool of_source)
{
    return of_source ? model->source_positions : model->target_positions;
}

void model_choose_language(transformer *model, const config_language *language)
{
    model_config *c = &model->config;
    *(c->target_forced.n ? &c->target_forced.at[0] : &c->target_start) = language->id;
    memcpy(c->target_language, language->name, sizeof c->target_language);
}

model_facts model_get_facts(const transformer *model)
{
    return (model_facts){weights_n_elements(model->weights), weights_file_size(model->weights), model->dtype,
                         kernels_level(), kernels_blas_core()};
}

bool model_check_unchanged(const transformer *model, failure *why)
{
    return weights_check_unchanged(model->weights, why);
}
