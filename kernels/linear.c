/* Runs linear layers: quantizes the rows once, divides the outputs among the threads of a team, and calls the level in
 * use. plain.c specifies what a linear layer computes.
 *
 * Float32 layers of many rows go to BLAS if the level wants it. For few rows, BLAS is slower: it first copies the whole
 * weight into an order of its own. */
#include <math.h>
#include <string.h>

#include "kernels/level.h"

enum {
    FEW_ROWS = 24,         /* up to this many float32 rows do not go to BLAS */
    WORTH_SHARING = 65536, /* products; fewer are faster on one thread */
};

size_t kernels_linear_padded(size_t d_in)
{
    return (d_in + 63) / 64 * 64;
}

/* The rows of one call; quantized as well if a layer is int8. */
typedef struct {
    const float *x;
    quantized_rows quantized;
    size_t n_rows;
} input_rows;

static input_rows quantize_rows(const float *x, const linear_weights *w, size_t n_rows, linear_scratch *scratch)
{
    size_t d_in = w->d_in, stride = kernels_linear_padded(d_in);
    input_rows in = {.x = x, .n_rows = n_rows};
    if (!w->weight_int8)
        return in;
    in.quantized = (quantized_rows){scratch->values, scratch->scales, scratch->offsets, stride};
    for (size_t row = 0; row < n_rows; row++)
        scratch->scales[row] = kernels_active->quantize_row(scratch->values + row * stride, &scratch->offsets[row],
                                                            x + row * d_in, d_in, stride);
    return in;
}

/* out [n_rows, outputs first … last - 1]; out points to output `first`. */
static void compute_outputs(float *out, size_t out_stride, const input_rows *in, const linear_weights *w, size_t first,
                            size_t last)
{
    size_t d_in = w->d_in, n = last - first;
    if (w->weight_int8) {
        kernels_active->linear_int8(out, out_stride, &in->quantized, w, first, last, in->n_rows);
        return;
    }
    if (in->n_rows <= FEW_ROWS || !kernels_active->wants_blas || !kernels_blas_is_open()) {
        kernels_active->linear_float32(out, out_stride, in->x, w, first, last, in->n_rows);
        return;
    }
    kernels_blas_matmul_transposed(out, out_stride, in->x, w->weight + first * d_in, in->n_rows, n, d_in);
    if (w->bias)
        for (size_t row = 0; row < in->n_rows; row++)
            kernels_add(out + row * out_stride, w->bias + first, n);
}

/* The outputs first … last - 1 of part `part` of n_parts. first is a multiple of 16, the outputs of the widest tile. */
static void divide(size_t d_out, size_t part, size_t n_parts, size_t *first, size_t *last)
{
    size_t tiles = (d_out + 15) / 16;
    *first = tiles * part / n_parts * 16;
    *last = tiles * (part + 1) / n_parts * 16;
    if (*last > d_out)
        *last = d_out;
}

typedef struct {
    const input_rows *in;
    const linear_layer *layers;
    size_t n_layers;
} layers_task;

static void compute_layers(void *user, size_t part, size_t n_parts)
{
    const layers_task *task = user;
    for (size_t l = 0; l < task->n_layers; l++) {
        const linear_weights *w = task->layers[l].weights;
        size_t first, last;
        divide(w->d_out, part, n_parts, &first, &last);
        if (first < last)
            compute_outputs(task->layers[l].out + first, w->d_out, task->in, w, first, last);
    }
}

/* Runs the task on the team if it has enough work to share, else on this thread. Returns the number of parts. */
static size_t run(thread_team *team, team_task *task, void *user, size_t n_products)
{
    team = n_products >= WORTH_SHARING ? team : NULL;
    team_run(team, task, user);
    return team_size(team);
}

void kernels_linear_together(const linear_layer *layers, size_t n_layers, const float *x, size_t n_rows,
                             linear_scratch *scratch)
{
    input_rows in = quantize_rows(x, layers[0].weights, n_rows, scratch);
    size_t n_products = 0;
    for (size_t l = 0; l < n_layers; l++) {
        const linear_weights *w = layers[l].weights;
        if (w->weight_int8 && !in.quantized.values) /* the first layer is float32 */
            in = quantize_rows(x, w, n_rows, scratch);
        n_products += n_rows * w->d_in * w->d_out;
    }
    layers_task task = {&in, layers, n_layers};
    run(scratch->team, compute_layers, &task, n_products);
}

void kernels_linear(float *out, const float *x, const linear_weights *weights, size_t n_rows, linear_scratch *scratch)
{
    kernels_linear_together(&(linear_layer){out, weights}, 1, x, n_rows, scratch);
}

typedef struct {
    const input_rows *in;
    const linear_weights *weights;
    const int32_t *without;
    size_t n_without;
    linear_scratch *scratch;
} argmax_task;

/* Updates *best with block [n], the outputs from `first` on. */
static void update_best(linear_best *best, const float *block, size_t n, size_t first)
{
    float largest = kernels_active->max(block, n);
    if (isnan(largest) || isnan(best->value)) {
        best->value = NAN;
        return;
    }
    if (largest <= best->value)
        return;
    size_t i = 0;
    while (block[i] != largest)
        i++;
    *best = (linear_best){largest, first + i};
}

static void compute_argmax(void *user, size_t part, size_t n_parts)
{
    const argmax_task *task = user;
    size_t n_rows = task->in->n_rows, first, last;
    linear_best *best = task->scratch->best + part * n_rows;
    float *block = task->scratch->block + part * n_rows * LINEAR_BLOCK;
    divide(task->weights->d_out, part, n_parts, &first, &last);
    for (size_t row = 0; row < n_rows; row++)
        best[row] = (linear_best){-INFINITY, first};
    for (; first < last; first += LINEAR_BLOCK) {
        size_t n = last - first < LINEAR_BLOCK ? last - first : LINEAR_BLOCK;
        compute_outputs(block, LINEAR_BLOCK, task->in, task->weights, first, first + n);
        for (size_t i = 0; i < task->n_without; i++)
            if ((size_t)task->without[i] - first < n) /* an id below `first` wraps around */
                for (size_t row = 0; row < n_rows; row++)
                    block[row * LINEAR_BLOCK + (size_t)task->without[i] - first] = -INFINITY;
        for (size_t row = 0; row < n_rows; row++)
            update_best(&best[row], block + row * LINEAR_BLOCK, n, first);
    }
}

void kernels_linear_argmax(size_t *out, const float *x, const linear_weights *w, size_t n_rows, const int32_t *without,
                           size_t n_without, linear_scratch *scratch)
{
    input_rows in = quantize_rows(x, w, n_rows, scratch);
    argmax_task task = {&in, w, without, n_without, scratch};
    size_t n_parts = run(scratch->team, compute_argmax, &task, n_rows * w->d_in * w->d_out);
    for (size_t row = 0; row < n_rows; row++) {
        linear_best best = scratch->best[row];
        for (size_t part = 1; part < n_parts; part++) {
            linear_best other = scratch->best[part * n_rows + row];
            if (isnan(other.value) || other.value > best.value)
                best = other;
        }
        bool finite = best.value < INFINITY && best.value > -INFINITY;
        out[row] = finite ? best.output : w->d_out;
    }
}
