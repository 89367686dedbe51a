/* Whether a sentence ends at a stop. */
#ifndef TEXT_SENTENCE_END_H
#define TEXT_SENTENCE_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a code point is one of . ! ? … in some script. */
bool sentence_is_stop(uint32_t code_point);

/* Whether the sentence that begins at byte `begin` of text [size], valid UTF-8, ends at the stop at byte `at`. Sets
 * *after to the byte past the stops and the closing quotes, brackets and reference marks that follow them. */
bool sentence_ends(size_t *after, const char *text, size_t size, size_t begin, size_t at);

#endif
