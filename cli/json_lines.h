/* Translates lines to JSON objects: --format jsonl. docs/json-lines.md describes them. */
#ifndef CLI_JSON_LINES_H
#define CLI_JSON_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "translator/translator.h"

/* Translates lines [n] and writes an object on one line for each. Notices go into the objects. */
bool json_lines_translate(translator *t, const text_line *lines, size_t n, FILE *out, const char *out_name,
                          failure *why);

#endif
