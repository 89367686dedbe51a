/* Text as the model should see it: look-alikes of hyphens and apostrophes in their usual form, without characters that
 * nobody sees, with U+FFFD for NULs and invalid UTF-8. SentencePiece does the rest (NFKC). What is copied comes from
 * the text as it was. */
#ifndef TEXT_NORMALIZE_H
#define TEXT_NORMALIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/buffer.h"
#include "support/failure.h"

/* Zero-initialise to start. */
typedef struct {
    text_buffer text;
    size_t
        *origin; /* [text.size + 1]: where in the input each byte comes from, ascending; at the end, the input's size */
    size_t capacity;
} normalized_text;

void text_normalized_free(normalized_text *normalized);

/* Whether the text is valid UTF-8 that normalizing does not change, by a look at each byte; false may be wrong. */
bool text_is_normal(const char *text, size_t size);

/* Replaces *normalized by the normal form of a text. False when memory runs out. */
bool text_normalize(normalized_text *normalized, const char *text, size_t size, failure *why);

#endif
