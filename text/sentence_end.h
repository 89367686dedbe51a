/* Whether a sentence ends at a stop. */
#ifndef TEXT_SENTENCE_END_H
#define TEXT_SENTENCE_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* . ! ? and … in several scripts. */
bool sentence_is_stop(uint32_t code_point);

/* With a stop at byte `at` of a text of valid UTF-8: whether the sentence that starts at byte `begin` ends there. In
 * *after the byte past the stops and the quotes, brackets and reference marks that close after them. */
bool sentence_ends(size_t *after, const char *text, size_t size, size_t begin, size_t at);

#endif
