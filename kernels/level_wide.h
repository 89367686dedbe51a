/* many_rows in registers. As many rows of weights as WIDE are brought into the order of the sums, CHUNK / 4 outputs to
 * a vector, four columns of each side by side, so that nothing is added across a vector; that is worth its time when
 * many rows of activations follow. Included by the levels with vectors of bytes after level_tile.h, which define
 * beforehand
 *
 *   MANY_ROWS                    rows that are worth it
 *   VECTORS                      vectors of sums side by side
 *   WIDE_ROWS, PART_ROWS         rows of activations at once, and of what is left of them
 *   transpose_words              to [4 vectors]: words 0 … 3 of each of WORDS rows of weights, a row's stride apart
 *   wide_weights_of              a vector of weights as add_words wants them
 *   add_words                    adds the products of words of weights with four columns of one row
 *   note_words                   adds to what each output's sums are too large by, besides the row's own offset, and
 *                                keeps in *largest what may_be_wide wants to see
 *   may_be_wide                  false when these weights must not come here */

enum { MOST_COLUMNS = 4096, WORDS = CHUNK / 4, WIDE = WORDS * VECTORS };

typedef float float_chunk __attribute__((vector_size(CHUNK)));

typedef struct {
    chunk words[MOST_COLUMNS / 4][VECTORS];
    chunk offsets[VECTORS];
} wide_weights;

/* WIDE rows of w, each d long, 16 columns of all of them at a time. */
static bool arrange(wide_weights *to, const int8_t *w, size_t d)
{
    chunk largest = zero_chunk();
    for (size_t v = 0; v < VECTORS; v++) {
        chunk offsets = zero_chunk();
        for (size_t i = 0; i < d; i += 16) {
            const int8_t *from = w + v * WORDS * d + i;
            size_t stride = d;
            int8_t part[WORDS * 16] = {0};
            if (d - i < 16) {
                for (size_t j = 0; j < WORDS; j++)
                    memcpy(part + j * 16, from + j * d, d - i);
                from = part;
                stride = 16;
            }
            chunk four[4];
            transpose_words(four, from, stride);
            for (size_t k = 0; k < 4; k++) {
                to->words[i / 4 + k][v] = wide_weights_of(four[k]);
                offsets = note_words(offsets, &largest, four[k]);
            }
        }
        to->offsets[v] = offsets;
    }
    return may_be_wide(largest);
}

/* sum [n_rows, VECTORS] += the products of four columns from 4 k on. */
static inline __attribute__((always_inline)) void add_four_columns(int_chunk sum[WIDE_ROWS][VECTORS],
                                                                   const wide_weights *weights, const int8_t *values,
                                                                   size_t stride, size_t k, size_t n_rows)
{
    chunk words[VECTORS];
#pragma GCC unroll 4
    for (size_t v = 0; v < VECTORS; v++)
        words[v] = weights->words[k][v];
#pragma GCC unroll 16
    for (size_t r = 0; r < n_rows; r++) {
        int32_t four_columns;
        memcpy(&four_columns, values + r * stride + 4 * k, sizeof four_columns);
#pragma GCC unroll 4
        for (size_t v = 0; v < VECTORS; v++)
            sum[r][v] = (int_chunk)add_words((chunk)sum[r][v], words[v], four_columns);
    }
}

/* What one tile asks of memory while it computes. */
typedef struct {
    uintptr_t next; /* may lie outside of the weights */
    size_t n_steps; /* of WIDE * 4 bytes */
} tile_share;

/* out [n_rows, WIDE] of rows `row` … and outputs `o` …. */
static inline __attribute__((always_inline)) void wide_tile(float *out, size_t out_stride, const wide_weights *weights,
                                                            const quantized_rows *x, size_t row,
                                                            const linear_weights *w, size_t o, size_t n_rows,
                                                            tile_share *fetched)
{
    int_chunk sum[WIDE_ROWS][VECTORS];
    const int8_t *values = x->values + row * x->stride;
#pragma GCC unroll 16
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 4
        for (size_t v = 0; v < VECTORS; v++)
            sum[r][v] = (int_chunk){0};
    size_t k = 0, n_steps = (w->d_in + 3) / 4;
    for (; k < fetched->n_steps; k++) {
        for (size_t line = 0; line < WIDE * 4; line += 64, fetched->next += 64)
            __builtin_prefetch((const void *)fetched->next);
        add_four_columns(sum, weights, values, x->stride, k, n_rows);
    }
#pragma GCC unroll 2
    for (; k < n_steps; k++)
        add_four_columns(sum, weights, values, x->stride, k, n_rows);
#pragma GCC unroll 4
    for (size_t v = 0; v < VECTORS; v++) {
        size_t at = v * WORDS;
        int_chunk offsets, sums;
        float_chunk scales, bias = {0};
        memcpy(&offsets, &weights->offsets[v], sizeof offsets);
        memcpy(&scales, w->scale + o + at, sizeof scales);
        if (w->bias)
            memcpy(&bias, w->bias + o + at, sizeof bias);
#pragma GCC unroll 16
        for (size_t r = 0; r < n_rows; r++) {
            memcpy(&sums, &sum[r][v], sizeof sums);
            float_chunk result = __builtin_convertvector(sums - offsets - x->offsets[row + r], float_chunk);
            result = result * (scales * x->scales[row + r]) + bias;
            memcpy(out + r * out_stride + at, &result, sizeof result);
        }
    }
}

static size_t many_rows(float *out, size_t out_stride, const quantized_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows)
{
    wide_weights weights;
    if (n_rows < MANY_ROWS || w->d_in > MOST_COLUMNS)
        return first;
    size_t n_steps = (w->d_in + 3) / 4, n_tiles = n_rows / WIDE_ROWS + (n_rows % WIDE_ROWS + PART_ROWS - 1) / PART_ROWS;
    for (; first + WIDE <= last; first += WIDE, out += WIDE) {
        if (!arrange(&weights, w->weight_int8 + first * w->d_in, w->d_in)) {
            any_rows(out, out_stride, x, w, first, first + WIDE, n_rows);
            continue;
        }
        tile_share fetched = {(uintptr_t)(w->weight_int8 + (first + WIDE) * w->d_in),
                              (n_steps + n_tiles - 1) / n_tiles};
        size_t row = 0;
        for (; row + WIDE_ROWS <= n_rows; row += WIDE_ROWS)
            wide_tile(out + row * out_stride, out_stride, &weights, x, row, w, first, WIDE_ROWS, &fetched);
        for (; row < n_rows; row += PART_ROWS) {
            size_t from = row + PART_ROWS <= n_rows ? row : n_rows - PART_ROWS; /* the last rows perhaps once more */
            wide_tile(out + from * out_stride, out_stride, &weights, x, from, w, first, PART_ROWS, &fetched);
        }
    }
    return first;
}
