/* What a terminal can show, and text in columns: a wide character takes two columns, a combining one none. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stddef.h>
#include <stdio.h>

typedef enum { COLOURS_NONE, COLOURS_256, COLOURS_TRUE } terminal_colours;

typedef struct {
    FILE *file;
    size_t width; /* columns: $COLUMNS, else the terminal's width, else 80; at least 40 */
    terminal_colours colours;
} terminal;

/* Describes the terminal that `file` is. No colours if NO_COLOR is set (https://no-color.org), TERM is dumb or missing,
 * or the file is not a terminal; true colours if COLORTERM is truecolor or 24bit. */
terminal terminal_of(FILE *file);

/* The number of columns of the text. Control characters and invalid UTF-8 are shown as U+FFFD. Depends on the locale
 * that main sets. */
size_t terminal_text_width(const char *untrusted);

/* Prints the text in exactly `width` > 0 columns: padded with spaces, or truncated with … at the end. */
void terminal_print(const terminal *term, const char *untrusted, size_t width);

/* Prints words in lines that fit the terminal. Zero-initialize column. */
typedef struct {
    const terminal *term;
    size_t indent; /* of each line */
    size_t gap;    /* spaces between words */
    size_t column;
} terminal_flow;

void terminal_flow_word(terminal_flow *flow, const char *untrusted);
void terminal_flow_end(terminal_flow *flow);

#endif
