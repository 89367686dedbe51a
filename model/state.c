#include "model/state.h"

#include <stdlib.h>
#include <string.h>

#include "support/buffer.h"

#define ALIGNMENT 64u /* a cache line */

/* A walk over the arena: with base NULL it only adds up sizes. */
typedef struct {
    char *base;
    size_t used;
    bool overflow;
} carving;

/* The next rows * columns elements. */
static void *carve(carving *c, size_t rows, size_t columns, size_t element_size)
{
    size_t size, start = c->used;
    if (!size_product(rows, columns, &size) || !size_product(size, element_size, &size) ||
        __builtin_add_overflow(size, ALIGNMENT - 1, &size) ||
        __builtin_add_overflow(start, size / ALIGNMENT * ALIGNMENT, &c->used)) {
        c->overflow = true;
        return NULL;
    }
    return c->base ? c->base + start : NULL;
}

static float *carve_floats(carving *c, size_t rows, size_t columns)
{
    return carve(c, rows, columns, sizeof(float));
}

typedef struct {
    size_t rows;        /* of the largest call, encoder or decoder */
    size_t target_rows; /* of the largest decoder call */
    size_t scores;      /* queries * keys of the largest sentence, times heads */
} sizes;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static sizes sizes_of(const model_config *c, const batch_shape *shape)
{
    sizes of = {0};
    size_t source_rows = 0;
    for (size_t s = 0; s < shape->n_sentences; s++) {
        size_t n_src = shape->n_src[s], n_new = shape->n_new[s];
        source_rows += n_src;
        of.target_rows += n_new;
        of.scores = larger(of.scores, n_src * n_src * c->encoder.n_heads);
        of.scores = larger(of.scores, n_new * larger(shape->n_tgt[s], n_src) * c->decoder.n_heads);
    }
    of.rows = larger(source_rows, of.target_rows);
    return of;
}

static void carve_memories(carving *c, memory *memories, size_t n_layers, const size_t *capacity, size_t n_sentences,
                           size_t d_model)
{
    for (size_t l = 0; l < n_layers; l++)
        for (size_t s = 0; s < n_sentences; s++) {
            memory of = {.capacity = capacity[s]};
            of.keys = carve_floats(c, capacity[s], d_model);
            of.values = carve_floats(c, capacity[s], d_model);
            if (c->base)
                memories[l * n_sentences + s] = of;
        }
}

static linear_scratch carve_linear(carving *c, const sizes *size, size_t d, thread_team *team)
{
    size_t n_threads = team_size(team);
    linear_scratch of = {.team = team};
    of.values = carve(c, size->rows, linear_padded(d), sizeof(int8_t));
    of.scales = carve_floats(c, size->rows, 1);
    of.offsets = carve(c, size->rows, 1, sizeof(int32_t));
    of.block = carve(c, n_threads, size->target_rows, LINEAR_BLOCK * sizeof(float));
    of.best = carve(c, n_threads, size->target_rows, sizeof(linear_best));
    return of;
}

/* All arrays of the state, in order of use. Called twice: to add up, and to hand out. */
static void carve_all(carving *c, transformer_state *of, const model_config *config, const batch_shape *shape)
{
    sizes size = sizes_of(config, shape);
    const size_t *n_src = shape->n_src, *n_tgt = shape->n_tgt, n = shape->n_sentences;
    size_t d_model = config->d_model, d_ff = larger(config->encoder.d_ff, config->decoder.d_ff);
    size_t n_layers = config->decoder.n_layers;
    of->n_sentences = n;
    size_t *source_first = carve(c, n + 1, 1, sizeof(size_t));
    of->target_first = carve(c, n + 1, 1, sizeof(size_t));
    of->x = carve_floats(c, size.rows, d_model);
    of->sublayer = carve_floats(c, size.rows, d_model);
    of->inner = carve_floats(c, size.rows, d_ff);
    of->attention.q = carve_floats(c, size.rows, d_model);
    of->attention.k = carve_floats(c, size.rows, d_model);
    of->attention.v = carve_floats(c, size.rows, d_model);
    of->attention.heads = carve_floats(c, size.rows, d_model);
    of->attention.scores = carve_floats(c, size.scores, 1);
    of->attention.linear = carve_linear(c, &size, larger(d_model, d_ff), shape->team);
    of->chosen = carve(c, size.target_rows, 1, sizeof(size_t));
    of->logits = carve_floats(c, shape->with_logits ? size.target_rows : 0, config->tokenizer.n_target_vocabulary);
    of->past = carve(c, n_layers, n, sizeof(memory));
    of->source_memory = carve(c, n_layers, n, sizeof(memory));
    carve_memories(c, of->past, n_layers, n_tgt, n, d_model);
    carve_memories(c, of->source_memory, n_layers, n_src, n, d_model);
    of->generated = carve(c, n, 1, sizeof(generated_tokens));
    of->alive = carve(c, n, 1, sizeof(size_t));
    of->newest = carve(c, n, 1, sizeof(int32_t));
    for (size_t s = 0; s < n; s++) {
        generated_tokens tokens = {.capacity = n_tgt[s]};
        tokens.ids = carve(c, n_tgt[s], 1, sizeof(int32_t));
        tokens.log_probabilities = carve_floats(c, n_tgt[s], 1);
        if (c->base)
            of->generated[s] = tokens;
    }
    of->source = (row_stack){n, source_first};
    of->target = (row_stack){n, of->target_first};
    if (c->base) {
        source_first[0] = 0;
        for (size_t s = 0; s < n; s++)
            source_first[s + 1] = source_first[s] + n_src[s];
    }
}

bool state_lay_out(transformer_state *of, const model_config *config, const batch_shape *shape, failure *why)
{
    carving c = {0};
    carve_all(&c, of, config, shape);
    if (c.overflow)
        return failure_memory(why, "sentences of such a length");
    if (c.used > of->arena_size) {
        size_t size =
            larger(c.used, 2 * of->arena_size); /* arenas that grow little by little leave holes in the heap */
        state_free(of);
        if (posix_memalign(&of->arena, ALIGNMENT, size) != 0) {
            of->arena = NULL;
            return failure_memory(why, "a batch of sentences");
        }
        of->arena_size = size;
    }
    c = (carving){.base = of->arena};
    carve_all(&c, of, config, shape);
    return true;
}

void state_free(transformer_state *of)
{
    free(of->arena);
    *of = (transformer_state){0};
}

void state_move_sentence(transformer_state *of, const model_config *config, size_t from, size_t to)
{
    for (size_t l = 0; l < config->decoder.n_layers; l++) {
        size_t layer = l * of->n_sentences;
        of->past[layer + to] = of->past[layer + from];
        of->source_memory[layer + to] = of->source_memory[layer + from];
    }
}
