/* Lines of --score: a source, a tab and its translation. */
#ifndef CLI_SCORE_LINES_H
#define CLI_SCORE_LINES_H

#include <stdio.h>

#include "translator/translator.h"

/* Writes for each line [n] its log-probability, its number of target tokens and the line itself, separated by tabs; or,
 * with json_lines, an object (docs/json-lines.md). A pair with too many tokens has -infinity and none, and a notice.
 * `first_line` is the number of the first line. Fails if a line has no tab. */
bool score_lines(translator *t, const text_line *lines, size_t n, size_t first_line, bool json_lines, FILE *out,
                 const char *out_name, failure *why);

#endif
