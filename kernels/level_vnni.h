/* What the two VNNI levels share. Weights take part without a sign, as w + 128; a row's sums are then too large by 128
 * times the sum of its values. */
enum { OFFSET = 128, STORED_PLUS = 0 };

static inline chunk load_values(const int8_t *x)
{
    return load_chunk(x);
}

#include "kernels/level_tile.h"

static inline chunk wide_weights_of(chunk w)
{
    return prepare_weights(w);
}

static inline chunk add_words(chunk sum, chunk words, int32_t four_columns)
{
    return multiply_add(sum, words, four_columns_of(four_columns));
}

static inline chunk note_words(chunk offsets, chunk *largest, chunk words)
{
    (void)largest, (void)words;
    return offsets;
}

static inline bool may_be_wide(chunk largest)
{
    (void)largest;
    return true;
}

#include "kernels/level_wide.h"
