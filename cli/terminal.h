/* What a terminal can show, and text in its columns: a wide character takes two, a combining one none. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stddef.h>
#include <stdio.h>

typedef enum { COLOURS_NONE, COLOURS_256, COLOURS_TRUE } terminal_colours;

typedef struct {
    FILE *file;
    size_t width; /* columns: COLUMNS, else the terminal's, else 80; at least 40 */
    terminal_colours colours;
} terminal;

/* No colours where NO_COLOR is set (https://no-color.org), TERM is dumb or missing, or `file` is not a terminal; true
 * colours where COLORTERM is truecolor or 24bit. */
terminal terminal_of(FILE *file);

/* The columns that the text takes. What has no width, as control characters, is shown as U+FFFD. main sets the locale
 * that this needs. */
size_t terminal_text_width(const char *untrusted);

/* Prints the text in exactly `width` > 0 columns: cut, with … at its end, or with spaces after it. */
void terminal_print(const terminal *term, const char *untrusted, size_t width);

/* Words with spaces between them, in lines that fit; begin with column 0. */
typedef struct {
    const terminal *term;
    size_t indent; /* of each line */
    size_t gap;    /* spaces between words */
    size_t column;
} terminal_flow;

void terminal_flow_word(terminal_flow *flow, const char *untrusted);
void terminal_flow_end(terminal_flow *flow);

#endif
