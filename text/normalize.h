/* Normalizes text for the model: look-alikes of hyphens and apostrophes become the usual characters, invisible
 * characters are removed, and NULs and invalid UTF-8 become U+FFFD. SentencePiece does the rest (NFKC). Copied text is
 * taken from the original. */
#ifndef TEXT_NORMALIZE_H
#define TEXT_NORMALIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/buffer.h"
#include "support/failure.h"

/* Zero-initialize; text_normalized_free frees it. */
typedef struct {
    text_buffer text; /* the normal form */
    size_t *origin; /* [text.size + 1], ascending: the offset of each byte in the input; at the end, the input's size */
    size_t capacity; /* of origin */
} normalized_text;

void text_normalized_free(normalized_text *normalized);

/* A fast check that text [size] is valid UTF-8 that text_normalize does not change. May return false for such a text.
 */
bool text_is_normal(const char *text, size_t size);

/* Replaces *normalized by the normal form of text [size]. Returns false if memory runs out. */
bool text_normalize(normalized_text *normalized, const char *text, size_t size, failure *why);

#endif
