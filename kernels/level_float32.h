/* float32 linear layers, from tiles of sums that stay in registers. Part of level_body.h.
 *
 * Each output is summed in one order, whatever the other outputs and rows are: FLOATS sums, each over every FLOATS-th
 * column, are added by halves, and passes over many columns one after the other. */
#include "kernels/floats.h"
#include "kernels/level.h"

enum {
    FLOAT_ROWS = 3,      /* of x in a tile */
    FLOAT_COLUMNS = 512, /* of a pass at most: FLOAT_SUMS rows of weights stay in the first-level cache */
    L2_BUDGET = 131072,  /* floats of x that stay in the second-level cache while weights pass by */
};

/* FLOAT_SUMS outputs of a layer, and the columns of one pass. */
typedef struct {
    const float *weights[FLOAT_SUMS]; /* the first one again where there are fewer */
    const float *bias;                /* [FLOAT_SUMS] */
    size_t d_in, begin, end;
    size_t ahead;     /* floats from a weight to the one in the same place of the next pass */
    size_t n_fetched; /* columns of the next pass that each tile asks memory for, its share, so that they come while
                       * all tiles are computed and do not hold up the first one */
} float_pass;

/* sums [n_rows, FLOAT_SUMS] += the products of n <= FLOATS columns of rows of x and of weights. */
static inline __attribute__((always_inline)) void add_layer_products(floats sums[FLOAT_ROWS][FLOAT_SUMS],
                                                                     const float *x, const float_pass *p, size_t column,
                                                                     size_t n, size_t n_rows, bool fetches)
{
    floats of_x[FLOAT_ROWS];
    for (size_t r = 0; r < n_rows; r++)
        of_x[r] = floats_load(x + r * p->d_in + column, n);
    for (size_t j = 0; j < FLOAT_SUMS; j++) {
        floats weights = floats_load(p->weights[j] + column, n);
        if (fetches)
            __builtin_prefetch(p->weights[j] + column + p->ahead);
        for (size_t r = 0; r < n_rows; r++)
            sums[r][j] = floats_fused(of_x[r], weights, sums[r][j]);
    }
}

/* One pass over out [n_rows, n_outputs]; before the column `fetched` the next pass has been asked for. */
static inline __attribute__((always_inline)) void float_tile(float *out, size_t out_stride, const float *x,
                                                             const float_pass *p, size_t fetched, size_t n_outputs,
                                                             size_t n_rows)
{
    floats sums[FLOAT_ROWS][FLOAT_SUMS];
    for (size_t r = 0; r < n_rows; r++)
        for (size_t j = 0; j < FLOAT_SUMS; j++)
            sums[r][j] = floats_zero();
    size_t column = p->begin, whole = p->end - (p->end - p->begin) % FLOATS;
    for (; column < fetched && column < whole; column += FLOATS)
        add_layer_products(sums, x, p, column, FLOATS, n_rows, false);
    for (; column < fetched + p->n_fetched && column < whole; column += FLOATS)
        add_layer_products(sums, x, p, column, FLOATS, n_rows, true);
#pragma GCC unroll 2
    for (; column < whole; column += FLOATS)
        add_layer_products(sums, x, p, column, FLOATS, n_rows, false);
    if (column < p->end)
        add_layer_products(sums, x, p, column, p->end - column, n_rows, true);
    for (size_t r = 0; r < n_rows; r++, out += out_stride) {
        float total[FLOAT_SUMS], before[FLOAT_SUMS] = {0};
        floats_add_up(total, sums[r]);
        memcpy(before, p->begin ? out : p->bias, n_outputs * sizeof *out);
        for (size_t j = 0; j < FLOAT_SUMS; j++)
            total[j] += before[j];
        memcpy(out, total, n_outputs * sizeof *out);
    }
}

static inline __attribute__((always_inline)) void float_rows(float *out, size_t out_stride, const float *x,
                                                             const float_pass *p, size_t n_outputs, size_t n_rows)
{
    size_t fetched = p->begin;
    for (; n_rows >= FLOAT_ROWS; n_rows -= FLOAT_ROWS, x += FLOAT_ROWS * p->d_in, out += FLOAT_ROWS * out_stride) {
        float_tile(out, out_stride, x, p, fetched, n_outputs, FLOAT_ROWS);
        fetched += p->n_fetched;
    }
    if (n_rows == 2)
        float_tile(out, out_stride, x, p, fetched, n_outputs, 2);
    else if (n_rows == 1)
        float_tile(out, out_stride, x, p, fetched, n_outputs, 1);
}

static void float_block(float *out, size_t out_stride, const float *x, const linear_weights *w, size_t o,
                        size_t n_outputs, size_t n_rows)
{
    static const float zeros[FLOAT_SUMS];
    size_t d = w->d_in, n_passes = (d + FLOAT_COLUMNS - 1) / FLOAT_COLUMNS;
    size_t n_tiles = (n_rows + FLOAT_ROWS - 1) / FLOAT_ROWS;
    size_t n_columns = ((d + n_passes - 1) / n_passes + FLOATS - 1) / FLOATS * FLOATS;
    float_pass p = {.bias = w->bias ? w->bias + o : zeros,
                    .d_in = d,
                    /* a single tile, which is over soon, without the division */
                    .n_fetched = n_tiles > 1 ? (n_columns / n_tiles / FLOATS + 1) * FLOATS : n_columns};
    for (size_t j = 0; j < FLOAT_SUMS; j++)
        p.weights[j] = w->weight + (o + (j < n_outputs ? j : 0)) * d;
    for (; p.begin < d; p.begin = p.end) {
        p.end = d - p.begin < n_columns ? d : p.begin + n_columns;
        p.ahead = p.end < d ? n_columns : FLOAT_SUMS * d - p.begin;
        if (n_outputs == FLOAT_SUMS) /* a constant, for the compiler */
            float_rows(out, out_stride, x, &p, FLOAT_SUMS, n_rows);
        else
            float_rows(out, out_stride, x, &p, n_outputs, n_rows);
    }
}

static void linear_float32(float *out, size_t out_stride, const float *x, const linear_weights *w, size_t first,
                           size_t last, size_t n_rows)
{
    size_t most = L2_BUDGET / w->d_in / FLOAT_ROWS * FLOAT_ROWS;
    most = most ? most : FLOAT_ROWS;
    for (size_t row = 0; row < n_rows; row += most)
        for (size_t o = first; o < last; o += FLOAT_SUMS)
            float_block(out + row * out_stride + (o - first), out_stride, x + row * w->d_in, w, o,
                        last - o < FLOAT_SUMS ? last - o : FLOAT_SUMS, n_rows - row < most ? n_rows - row : most);
}
