#include "model/state.h"

#include <sys/mman.h>

#include "support/buffer.h"

#define ALIGNMENT 64u /* a cache line */
#define PAGE 4096u

enum { ENCODER_ROWS = 512 }; /* of a call, or one sentence: what is computed stays in the cache */

/* A walk over the arena: with base NULL it only adds up sizes. */
typedef struct {
    char *base;
    size_t used;
    size_t dense; /* of that: what every batch fills */
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

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* For what grows from batch to batch, as sentences are sorted, the longest first: at least twice as much room. */
static size_t doubled(size_t was, size_t needed)
{
    return needed <= was ? was : larger(needed, 2 * was);
}

/* Room for the largest in each respect of this batch and those before. */
static state_sizes sizes_of(state_sizes of, const model_config *c, const batch_shape *shape)
{
    size_t source_rows = 0, target_rows = 0, encoder_rows = ENCODER_ROWS;
    for (size_t s = 0; s < shape->n_sentences; s++) {
        size_t n_src = shape->n_src[s], n_tgt = shape->n_tgt[s], n_new = shape->n_new[s];
        source_rows += n_src;
        target_rows += n_new;
        encoder_rows = larger(encoder_rows, n_src);
        of.n_tgt = larger(of.n_tgt, n_tgt);
        of.scores = larger(of.scores, n_src * n_src * c->encoder.n_heads);
        of.scores = larger(of.scores, n_new * larger(n_tgt, n_src) * c->decoder.n_heads);
    }
    of.n_sentences = doubled(of.n_sentences, shape->n_sentences);
    of.source_rows = larger(of.source_rows, source_rows);
    of.target_rows = doubled(of.target_rows, target_rows);
    of.logit_rows = larger(of.logit_rows, shape->with_logits ? target_rows : 0);
    of.rows = larger(of.rows, larger(source_rows < encoder_rows ? source_rows : encoder_rows, target_rows));
    of.n_threads = larger(of.n_threads, team_size(shape->team));
    return of;
}

/* Sentence after sentence, each layer's keys and values: room for `apart` rows or, when that is 0, for as many as the
 * sentence can have. More sentences move none of the others. */
static void carve_caches(carving *c, kv_cache *caches, size_t n_layers, size_t rows, size_t d_model,
                         const size_t *capacity, size_t n_sentences, size_t apart)
{
    float *next = carve_floats(c, rows, 2 * n_layers * d_model);
    if (!c->base)
        return;
    for (size_t s = 0; s < n_sentences; s++) {
        size_t room = (apart ? apart : capacity[s]) * d_model;
        for (size_t l = 0; l < n_layers; l++, next += 2 * room)
            caches[l * n_sentences + s] = (kv_cache){next, next + room, 0, capacity[s]};
    }
}

static void carve_generated(carving *c, generated_tokens *generated, const size_t *capacity, size_t n_sentences,
                            const state_sizes *size)
{
    int32_t *ids = carve(c, size->n_sentences, size->n_tgt, sizeof *ids);
    float *log_probabilities = carve_floats(c, size->n_sentences, size->n_tgt);
    if (!c->base)
        return;
    for (size_t s = 0; s < n_sentences; s++)
        generated[s] = (generated_tokens){.ids = ids + s * size->n_tgt,
                                          .log_probabilities = log_probabilities + s * size->n_tgt,
                                          .capacity = capacity[s]};
}

static linear_scratch carve_linear(carving *c, const state_sizes *size, size_t d, thread_team *team)
{
    linear_scratch of = {.team = team};
    of.values = carve(c, size->rows, kernels_linear_padded(d), sizeof(int8_t));
    of.scales = carve_floats(c, size->rows, 1);
    of.offsets = carve(c, size->rows, 1, sizeof(int32_t));
    of.block = carve(c, size->n_threads, size->target_rows, LINEAR_BLOCK * sizeof(float));
    of.best = carve(c, size->n_threads, size->target_rows, sizeof(linear_best));
    return of;
}

/* All arrays of the state. Called twice: to add up, and to hand out. Where an array lies depends on of->sizes alone: it
 * is there again for the next batch, and what no batch has come to is never touched. */
static void carve_all(carving *c, transformer_state *of, const model_config *config, const batch_shape *shape)
{
    const state_sizes *size = &of->sizes;
    size_t d_model = config->d_model, d_ff = larger(config->encoder.d_ff, config->decoder.d_ff);
    size_t n_layers = config->decoder.n_layers, n = shape->n_sentences;
    of->n_sentences = n;
    of->source_first = carve(c, size->n_sentences + 1, 1, sizeof(size_t));
    of->target_first = carve(c, size->n_sentences + 1, 1, sizeof(size_t));
    of->x = carve_floats(c, size->rows, d_model);
    of->sublayer = carve_floats(c, size->rows, d_model);
    size_t shared = c->used; /* by feed-forward and attention, which take turns */
    of->inner = carve_floats(c, size->rows, d_ff);
    size_t end = c->used;
    c->used = shared;
    of->attention.q = carve_floats(c, size->rows, d_model);
    of->attention.k = carve_floats(c, size->rows, d_model);
    of->attention.v = carve_floats(c, size->rows, d_model);
    of->attention.context = carve_floats(c, size->rows, d_model);
    c->used = larger(c->used, end);
    of->attention.scores = carve_floats(c, size->scores, 1);
    of->attention.linear = carve_linear(c, size, larger(d_model, d_ff), shape->team);
    of->chosen = carve(c, size->target_rows, 1, sizeof(size_t));
    of->logits = carve_floats(c, size->logit_rows, config->tokenizer.n_target_vocabulary);
    of->alive = carve(c, size->n_sentences, 1, sizeof(size_t));
    of->newest = carve(c, size->n_sentences, 1, sizeof(int32_t));
    of->generated = carve(c, size->n_sentences, 1, sizeof(generated_tokens));
    carve_generated(c, of->generated, shape->n_tgt, n, size);
    of->past = carve(c, n_layers, size->n_sentences, sizeof(kv_cache));
    of->source_cache = carve(c, n_layers, size->n_sentences, sizeof(kv_cache));
    carve_caches(c, of->source_cache, n_layers, size->source_rows, d_model, shape->n_src, n, 0);
    c->dense = c->used;
    carve_caches(c, of->past, n_layers, size->n_sentences * size->n_tgt, d_model, shape->n_tgt, n, size->n_tgt);
    of->target = (row_stack){n, of->target_first};
}

/* Mapped, not taken from the heap: a page becomes resident when it is written. A mapping that is too small becomes
 * larger. The pages that every batch fills stay; those of the past, which come to lie elsewhere, go. */
static bool map_arena(transformer_state *of, const carving *needed, failure *why)
{
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    size_t size = needed->used, dense = (needed->dense + PAGE - 1) / PAGE * PAGE;
    char *arena = MAP_FAILED;
    if (!needed->overflow)
        arena = of->arena ? mremap(of->arena, of->arena_size, size, MREMAP_MAYMOVE)
                          : mmap(NULL, size, protection, flags, -1, 0);
    if (arena == MAP_FAILED) {
        state_free(of);
        return failure_memory(why, "a batch of sentences");
    }
    if (of->arena && dense < size)
        madvise(arena + dense, size - dense, MADV_DONTNEED);
    of->arena = arena;
    of->arena_size = size;
    return true;
}

bool state_lay_out(transformer_state *of, const model_config *config, const batch_shape *shape, failure *why)
{
    carving c = {0};
    of->sizes = sizes_of(of->sizes, config, shape);
    carve_all(&c, of, config, shape);
    if ((c.overflow || c.used > of->arena_size) && !map_arena(of, &c, why))
        return false;
    c = (carving){.base = of->arena};
    carve_all(&c, of, config, shape);
    state_take_source(of, 0);
    return true;
}

void state_free(transformer_state *of)
{
    if (of->arena)
        munmap(of->arena, of->arena_size);
    *of = (transformer_state){0};
}

void state_take_source(transformer_state *of, size_t begin)
{
    size_t n = 0, n_rows = 0;
    of->source_first[0] = 0;
    while (begin + n < of->n_sentences) {
        n_rows += of->source_cache[begin + n].capacity;
        if (n > 0 && n_rows > ENCODER_ROWS)
            break;
        of->source_first[++n] = n_rows;
    }
    of->source_begin = begin;
    of->source = (row_stack){n, of->source_first};
}

void state_move_sentence(transformer_state *of, const model_config *config, size_t from, size_t to)
{
    for (size_t l = 0; l < config->decoder.n_layers; l++) {
        size_t layer = l * of->n_sentences;
        of->past[layer + to] = of->past[layer + from];
        of->source_cache[layer + to] = of->source_cache[layer + from];
    }
}
