/* Lays out all arrays of a batch in one memory mapping. Arrays that every batch fills come first. The keys and values
 * of generated tokens come last: their room takes memory only as far as it is written. */
#include "model/state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/buffer.h"

#define ALIGNMENT 64u /* a cache line */
#define PAGE 4096u

enum { ENCODER_ROWS = 512 }; /* most rows of an encoder call, except for a longer sentence: they stay in the cache */

/* Progress through the arena. If base is NULL, sizes are only added up. */
typedef struct {
    char *base;
    size_t used;   /* bytes */
    size_t filled; /* bytes that every batch fills */
    bool overflow;
} allocation;

/* Returns the next rows * columns elements of the arena. */
static void *alloc(allocation *c, size_t rows, size_t columns, size_t element_size)
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

static float *alloc_floats(allocation *c, size_t rows, size_t columns)
{
    return alloc(c, rows, columns, sizeof(float));
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Sentences come longest first, so each batch has more of them than the one before: at least double the size. */
static size_t doubled(size_t was, size_t needed)
{
    return needed <= was ? was : larger(needed, 2 * was);
}

/* The maximum of each size over this batch and all previous ones. */
static state_sizes sizes_of(state_sizes sizes, const model_config *c, const batch_shape *shape)
{
    size_t source_rows = 0, target_rows = 0, encoder_rows = ENCODER_ROWS;
    for (size_t s = 0; s < shape->n_sentences; s++) {
        size_t n_src = shape->n_src[s], n_tgt = shape->n_tgt[s], n_new = shape->n_new[s] * shape->n_beams;
        source_rows += n_src;
        target_rows += n_new;
        encoder_rows = larger(encoder_rows, n_src);
        sizes.n_tgt = larger(sizes.n_tgt, n_tgt);
        sizes.scores = larger(sizes.scores, n_src * n_src * c->encoder.n_heads);
        sizes.scores = larger(sizes.scores, n_new * larger(n_tgt, n_src) * c->decoder.n_heads);
    }
    sizes.n_slots = doubled(sizes.n_slots, shape->n_sentences * shape->n_beams);
    sizes.source_rows = larger(sizes.source_rows, source_rows);
    sizes.target_rows = doubled(sizes.target_rows, target_rows);
    sizes.logit_rows = larger(sizes.logit_rows, shape->with_logits ? target_rows : 0);
    sizes.rows = larger(sizes.rows, larger(source_rows < encoder_rows ? source_rows : encoder_rows, target_rows));
    sizes.n_threads = larger(sizes.n_threads, team_size(shape->team));
    return sizes;
}

/* Allocates each layer's keys and values for n_beams caches per sentence, one after the other: `apart` rows for each,
 * or, if that is 0, the sentence's capacity. Another sentence at the end does not move the others. */
static void alloc_caches(allocation *c, kv_cache *caches, size_t n_layers, size_t rows, size_t d_heads,
                         const size_t *capacity, size_t n_sentences, size_t n_beams, size_t apart)
{
    float *next = alloc_floats(c, rows, 2 * n_layers * d_heads);
    size_t n = n_sentences * n_beams;
    for (size_t i = 0; i < n && c->base; i++) {
        size_t most = capacity[i / n_beams], room = (apart ? apart : most) * d_heads;
        for (size_t l = 0; l < n_layers; l++, next += 2 * room)
            caches[l * n + i] = (kv_cache){next, next + room, 0, most, NULL};
    }
}

static void alloc_generated(allocation *c, transformer_state *state, const size_t *capacity)
{
    const state_sizes *size = &state->sizes;
    state->generated = alloc(c, size->n_slots, 1, sizeof(generated_tokens));
    int32_t *ids = alloc(c, size->n_slots, size->n_tgt, sizeof *ids);
    int32_t *alignment = alloc(c, size->n_slots, size->n_tgt, sizeof *alignment);
    float *log_probabilities = alloc_floats(c, size->n_slots, size->n_tgt);
    for (size_t i = 0; i < state->n_slots && c->base; i++)
        state->generated[i] = (generated_tokens){.ids = ids + i * size->n_tgt,
                                                 .log_probabilities = log_probabilities + i * size->n_tgt,
                                                 .alignment = alignment + i * size->n_tgt,
                                                 .capacity = capacity[i / state->n_beams]};
}

static void alloc_beams(allocation *c, transformer_state *state)
{
    size_t n = state->n_beams > 1 ? state->sizes.n_slots : 0;
    state->nodes = alloc(c, n, state->sizes.n_tgt, sizeof *state->nodes);
    state->live = alloc(c, n, 1, sizeof *state->live);
    state->finished = alloc(c, n, 1, sizeof *state->finished);
    state->n_live = alloc(c, n, 1, sizeof(size_t));
    state->n_finished = alloc(c, n, 1, sizeof(size_t));
    state->n_steps = alloc(c, n, 1, sizeof(size_t));
    state->steps = alloc(c, 2 * n, state->sizes.n_tgt, sizeof *state->steps);
}

static void alloc_stack(allocation *c, row_stack *stack, size_t n)
{
    stack->first = alloc(c, n + 1, 1, sizeof(size_t));
    stack->cache = alloc(c, n, 1, sizeof(size_t));
}

static linear_scratch alloc_linear(allocation *c, const state_sizes *size, size_t d, thread_team *team)
{
    linear_scratch scratch = {.team = team};
    scratch.values = alloc(c, size->rows, kernels_linear_padded(d), sizeof(int8_t));
    scratch.scales = alloc_floats(c, size->rows, 1);
    scratch.offsets = alloc(c, size->rows, 1, sizeof(int32_t));
    scratch.block = alloc(c, size->n_threads, size->target_rows, LINEAR_BLOCK * sizeof(float));
    scratch.best = alloc(c, size->n_threads, size->target_rows, sizeof(linear_best));
    return scratch;
}

/* Allocates all arrays of the state. Called twice: first to add up sizes, then to assign addresses. Addresses depend on
 * state->sizes alone, so the next batch reuses the same pages, and pages that no batch needs are never touched. */
static void alloc_all(allocation *c, transformer_state *state, const model_config *config, const batch_shape *shape)
{
    const state_sizes *size = &state->sizes;
    size_t d_model = config->d_model, d_ff = larger(config->encoder.d_ff, config->decoder.d_ff);
    size_t d_heads = config->decoder.n_heads * config->decoder.d_head; /* in caches */
    size_t d_attention = larger(config->encoder.n_heads * config->encoder.d_head, d_heads);
    size_t n_layers = config->decoder.n_layers, n = shape->n_sentences, n_beams = shape->n_beams;
    state->n_sentences = n;
    state->n_beams = n_beams;
    state->n_slots = n * n_beams;
    alloc_stack(c, &state->source, size->n_slots);
    alloc_stack(c, &state->target, size->n_slots);
    alloc_stack(c, &state->by_source, size->n_slots);
    state->x = alloc_floats(c, size->rows, d_model);
    state->sublayer = alloc_floats(c, size->rows, d_model);
    state->normed = alloc_floats(c, config->norm_before ? size->rows : 0, d_model);
    size_t shared = c->used; /* by feed-forward and attention, which are not computed at the same time */
    state->inner = alloc_floats(c, size->rows, d_ff);
    size_t end = c->used;
    c->used = shared;
    state->attention.q = alloc_floats(c, size->rows, d_attention);
    state->attention.k = alloc_floats(c, size->rows, d_attention);
    state->attention.v = alloc_floats(c, size->rows, d_attention);
    state->attention.context = alloc_floats(c, size->rows, d_attention);
    c->used = larger(c->used, end);
    state->attention.linear = &state->linear;
    state->attention.scores = alloc_floats(c, size->scores, 1);
    state->attention.runs = alloc(c, size->n_tgt, 1, sizeof(kv_run));
    state->linear = alloc_linear(c, size, larger(larger(d_model, d_attention), d_ff), shape->team);
    state->chosen = alloc(c, size->target_rows, 1, sizeof(size_t));
    state->logits = alloc_floats(c, size->logit_rows, config->n_target_vocabulary);
    state->probabilities = alloc_floats(c, size->logit_rows > 0, config->n_target_vocabulary);
    state->order = alloc(c, size->logit_rows > 0, config->n_target_vocabulary, sizeof(int32_t));
    state->newest = alloc(c, size->target_rows, 1, sizeof(int32_t));
    state->history = alloc(c, size->n_tgt, 1, sizeof(int32_t));
    alloc_generated(c, state, shape->n_tgt);
    state->aligned = alloc(c, n_layers * size->n_slots, size->n_tgt, sizeof(int32_t));
    state->entropy = alloc(c, n_layers * size->n_slots, size->n_tgt, sizeof(double));
    state->mean_weights = alloc_floats(c, larger(size->source_rows, size->n_tgt), 1);
    state->path = alloc(c, size->n_slots, size->n_tgt, sizeof(size_t));
    alloc_beams(c, state);
    state->past = alloc(c, n_layers, size->n_slots, sizeof(kv_cache));
    state->source_cache = alloc(c, n_layers, size->n_slots, sizeof(kv_cache));
    alloc_caches(c, state->source_cache, n_layers, size->source_rows, d_heads, shape->n_src, n, 1, 0);
    c->filled = c->used;
    alloc_caches(c, state->past, n_layers, size->n_slots * size->n_tgt, d_heads, shape->n_tgt, n, n_beams, size->n_tgt);
}

/* Creates or enlarges the mapping. Unlike on the heap, a page takes memory only once it is written. Keeps the pages
 * that every batch fills, and releases those of self-attention's caches, whose addresses change. */
static bool map_arena(transformer_state *state, const allocation *needed, failure *why)
{
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    size_t size = needed->used, filled = (needed->filled + PAGE - 1) / PAGE * PAGE;
    char *arena = MAP_FAILED;
    if (!needed->overflow)
        arena = state->arena ? mremap(state->arena, state->arena_size, size, MREMAP_MAYMOVE)
                             : mmap(NULL, size, protection, flags, -1, 0);
    if (arena == MAP_FAILED) {
        state_free(state);
        return failure_memory(why, "a batch of sentences");
    }
    if (state->arena && filled < size)
        madvise(arena + filled, size - filled, MADV_DONTNEED);
    state->arena = arena;
    state->arena_size = size;
    return true;
}

transformer_state *state_open(failure *why)
{
    transformer_state *state = calloc(1, sizeof *state);
    if (!state)
        failure_memory(why, "a batch of sentences");
    return state;
}

void state_close(transformer_state *state)
{
    if (state)
        state_free(state);
    free(state);
}

bool state_lay_out(transformer_state *state, const model_config *config, const batch_shape *shape, failure *why)
{
    allocation c = {0};
    state->sizes = sizes_of(state->sizes, config, shape);
    alloc_all(&c, state, config, shape);
    if ((c.overflow || c.used > state->arena_size) && !map_arena(state, &c, why))
        return false;
    c = (allocation){.base = state->arena};
    alloc_all(&c, state, config, shape);
    for (size_t s = 0; s < state->n_sentences; s++)
        state->target.cache[s] = s;
    state_take_source(state, 0);
    return true;
}

void state_free(transformer_state *state)
{
    if (state->arena)
        munmap(state->arena, state->arena_size);
    *state = (transformer_state){0};
}

void state_take_source(transformer_state *state, size_t begin)
{
    size_t n = 0, n_rows = 0;
    state->source.first[0] = 0;
    while (begin + n < state->n_sentences) {
        n_rows += state->source_cache[begin + n].capacity;
        if (n > 0 && n_rows > ENCODER_ROWS)
            break;
        state->source.first[++n] = n_rows;
    }
    state->source_begin = begin;
    state->source.n_sentences = n;
}

void state_take_target(transformer_state *state, size_t n_sentences, size_t n_new)
{
    for (size_t s = 0; s <= n_sentences; s++)
        state->target.first[s] = state->by_source.first[s] = s * n_new;
    memcpy(state->by_source.cache, state->target.cache, n_sentences * sizeof *state->target.cache);
    state->target.n_sentences = state->by_source.n_sentences = n_sentences;
}
