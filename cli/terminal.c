/* Terminal width, colours, and text in columns. */
#include "cli/terminal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "support/utf8.h"

enum { DEFAULT_WIDTH = 80, LEAST_WIDTH = 40, MOST_WIDTH = 10000 };

static size_t width_of(int descriptor)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long wanted = columns ? strtol(columns, NULL, 10) : 0;
    if (wanted <= 0 && ioctl(descriptor, TIOCGWINSZ, &size) == 0)
        wanted = size.ws_col;
    if (wanted <= 0)
        wanted = DEFAULT_WIDTH;
    return (size_t)(wanted < LEAST_WIDTH ? LEAST_WIDTH : wanted > MOST_WIDTH ? MOST_WIDTH : wanted);
}

static terminal_colours colours_of(int descriptor)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM"), *depth = getenv("COLORTERM");
    if ((no_color && *no_color) || !term || !*term || strcmp(term, "dumb") == 0 || !isatty(descriptor))
        return COLOURS_NONE;
    return depth && (strcmp(depth, "truecolor") == 0 || strcmp(depth, "24bit") == 0) ? COLOURS_TRUE : COLOURS_256;
}

terminal terminal_of(FILE *file)
{
    return (terminal){file, width_of(fileno(file)), colours_of(fileno(file))};
}

/* A character as it is shown: its bytes and its number of columns. */
typedef struct {
    const char *bytes;
    size_t size, width;
} character;

/* Returns the character at *at, and moves *at past it. */
static character next_character(const char **at, const char *end)
{
    character next = {.bytes = *at};
    uint32_t code_point = utf8_next(*at, (size_t)(end - *at), &next.size);
    bool is_shown = utf8_show(*at, (size_t)(end - *at), &next.size).bytes == *at;
    int width = is_shown ? wcwidth((wchar_t)code_point) : -1;
    *at += next.size;
    if (width < 0)
        return (character){UTF8_REPLACEMENT, sizeof UTF8_REPLACEMENT - 1, 1};
    next.width = (size_t)width;
    return next;
}

size_t terminal_text_width(const char *untrusted)
{
    size_t width = 0;
    for (const char *at = untrusted, *end = at + strlen(at); at < end;)
        width += next_character(&at, end).width;
    return width;
}

void terminal_print(const terminal *term, const char *untrusted, size_t width)
{
    bool cut = terminal_text_width(untrusted) > width;
    size_t column = 0, room = cut ? width - 1 : width;
    for (const char *at = untrusted, *end = at + strlen(at); at < end;) {
        character next = next_character(&at, end);
        if (column + next.width > room)
            break;
        fwrite(next.bytes, 1, next.size, term->file);
        column += next.width;
    }
    if (cut)
        fputs("…", term->file);
    fprintf(term->file, "%*s", (int)(room - column), "");
}

void terminal_flow_word(terminal_flow *flow, const char *untrusted)
{
    size_t room = flow->term->width - flow->indent, width = terminal_text_width(untrusted);
    if (width > room)
        width = room;
    if (flow->column && flow->column + flow->gap + width > flow->term->width)
        terminal_flow_end(flow);
    size_t space = flow->column ? flow->gap : flow->indent;
    fprintf(flow->term->file, "%*s", (int)space, "");
    if (width)
        terminal_print(flow->term, untrusted, width);
    flow->column += space + width;
}

void terminal_flow_end(terminal_flow *flow)
{
    fputc('\n', flow->term->file);
    flow->column = 0;
}
