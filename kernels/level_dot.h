/* What the levels share whose processors multiply bytes and add up four products in one instruction, without an
 * overflow: nothing but the row's own offset is to be taken off a sum. */
enum { STORED_PLUS = 0 };

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
