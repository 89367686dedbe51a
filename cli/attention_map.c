/* Heat maps and thumbnails of attention weights. Word alignment is in alignment.c. */
#include "cli/attention_map.h"

#include <math.h>
#include <stdarg.h>

enum {
    NUMBER_WIDTH = 4,
    LABEL_WIDTH = 16,
    ARROW_WIDTH = 3,
    THUMBNAIL_GAP = 2,
    LEAST_THUMBNAIL = 8, /* columns, at least; pixels per row or column, if there are that many weights */
    MOST_THUMBNAIL = 24  /* at most, and only if all heads fit side by side */
};

#define RESET "\033[0m"

static double clamp(double x)
{
    return x > 1.0 ? 1.0 : x > 0.0 ? x : 0.0;
}

/* The OKLab lightness (Ottosson 2020) of a weight from 0 to 1. OKLab is perceptually uniform, and lightness alone shows
 * the order, even to the colour-blind. Neither black nor white, so that cells stand out on either background. */
static double lightness(double weight)
{
    return 0.22 + 0.72 * clamp(weight);
}

/* The sRGB colour of a weight: with growing lightness, the hue changes from blue to green to yellow. */
static void shade(int rgb[3], double weight)
{
    double w = clamp(weight), hue = (285.0 - 180.0 * w) * acos(-1.0) / 180.0, chroma = 0.07 + 0.08 * w;
    double a = chroma * cos(hue), b = chroma * sin(hue);
    double l = pow(lightness(w) + 0.3963377774 * a + 0.2158037573 * b, 3.0);
    double m = pow(lightness(w) - 0.1055613458 * a - 0.0638541728 * b, 3.0);
    double s = pow(lightness(w) - 0.0894841775 * a - 1.2914855480 * b, 3.0);
    const double linear[3] = {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                              -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                              -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
    for (int i = 0; i < 3; i++) {
        double c = clamp(linear[i]);
        rgb[i] = (int)lround(255.0 * (c <= 0.0031308 ? 12.92 * c : 1.055 * pow(c, 1.0 / 2.4) - 0.055));
    }
}

/* The nearest of the six levels 0, 95, 135 … 255 in the cube of the 256 colours. */
static int cube_level(int c)
{
    return c < 48 ? 0 : c < 115 ? 1 : (c - 35) / 40;
}

/* Sets the colour of a weight: place 38 is the foreground, 48 the background. */
static void put_shade(const terminal *term, int place, double weight)
{
    int rgb[3];
    shade(rgb, weight);
    if (term->colours == COLOURS_TRUE)
        fprintf(term->file, "\033[%d;2;%d;%d;%dm", place, rgb[0], rgb[1], rgb[2]);
    else
        fprintf(term->file, "\033[%d;5;%dm", place,
                16 + 36 * cube_level(rgb[0]) + 6 * cube_level(rgb[1]) + cube_level(rgb[2]));
}

static void put_spaces(const terminal *term, size_t n)
{
    fprintf(term->file, "%*s", (int)n, "");
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The width of the widest piece, at most `most`. */
static size_t widest(const char **pieces, size_t n, size_t most)
{
    size_t width = 1;
    for (size_t i = 0; i < n; i++) {
        size_t wanted = smaller(terminal_text_width(pieces[i]), most);
        width = wanted > width ? wanted : width;
    }
    return width;
}

/* The widths of a row's name: its pieces line up. A name, a space and a key fit in the narrowest terminal. */
typedef struct {
    size_t fed, query, all;
} row_widths;

static row_widths widths_of_rows(const attention_map *map, const terminal *term)
{
    size_t n = map->n_queries;
    if (!map->fed) {
        size_t query = widest(map->query, n, LABEL_WIDTH);
        return (row_widths){0, query, query};
    }
    size_t most = smaller((term->width - LABEL_WIDTH - 1 - ARROW_WIDTH) / 2, LABEL_WIDTH);
    row_widths widths = {.fed = widest(map->fed, n, most), .query = widest(map->query, n, most)};
    widths.all = widths.fed + ARROW_WIDTH + widths.query;
    return widths;
}

static void put_row_name(const attention_map *map, const terminal *term, const row_widths *widths, size_t i)
{
    if (map->fed) {
        terminal_print(term, map->fed[i], widths->fed);
        fputs(" → ", term->file);
    }
    terminal_print(term, map->query[i], widths->query);
}

/* The width of key j: room for its label and for a weight. */
static size_t key_width(const attention_map *map, size_t j)
{
    size_t wanted = smaller(terminal_text_width(map->key[j]), LABEL_WIDTH);
    return wanted > NUMBER_WIDTH ? wanted : NUMBER_WIDTH;
}

static void draw_weight(const terminal *term, double weight, size_t width)
{
    char number[16] = "."; /* what rounds to 0.00 */
    if (weight >= 0.005)
        snprintf(number, sizeof number, "%.2f", weight);
    else if (term->colours != COLOURS_NONE)
        number[0] = '\0'; /* the shade shows it */
    if (term->colours != COLOURS_NONE) {
        put_shade(term, 48, weight);
        fputs(lightness(weight) < 0.6 ? "\033[38;5;231m" : "\033[38;5;16m", term->file); /* white, black */
    }
    fprintf(term->file, " %*s", (int)width, number);
}

/* Draws keys first … last - 1 of all queries. */
static void draw_block(const attention_map *map, const terminal *term, size_t first, size_t last)
{
    row_widths widths = widths_of_rows(map, term);
    put_spaces(term, widths.all);
    for (size_t j = first; j < last; j++) {
        size_t width = key_width(map, j), label = smaller(terminal_text_width(map->key[j]), width);
        put_spaces(term, 1 + width - label);
        if (label)
            terminal_print(term, map->key[j], label);
    }
    fputc('\n', term->file);
    for (size_t i = map->causal ? first : 0; i < map->n_queries; i++) {
        put_row_name(map, term, &widths, i);
        for (size_t j = first; j < last && (!map->causal || j <= i); j++)
            draw_weight(term, (double)map->weights[i * map->n_keys + j], key_width(map, j));
        fputs(term->colours == COLOURS_NONE ? "\n" : RESET "\n", term->file);
    }
}

void attention_map_draw(const attention_map *map, const terminal *term)
{
    size_t last;
    for (size_t first = 0; first < map->n_keys; first = last) {
        size_t width = widths_of_rows(map, term).all;
        for (last = first; last < map->n_keys && width + 1 + key_width(map, last) <= term->width; last++)
            width += 1 + key_width(map, last);
        if (first)
            fputc('\n', term->file);
        draw_block(map, term, first, last);
    }
}

/* A head as pixels [rows, columns]. Each is the largest weight of its part of weights [n_queries, n_keys]. */
typedef struct {
    const float *weights;
    size_t n_queries, n_keys, rows, columns;
} thumbnail;

static double pixel(const thumbnail *image, size_t row, size_t column)
{
    float most = 0.0f;
    for (size_t i = row * image->n_queries / image->rows; i < (row + 1) * image->n_queries / image->rows; i++)
        for (size_t j = column * image->n_keys / image->columns; j < (column + 1) * image->n_keys / image->columns; j++)
            most = fmaxf(most, image->weights[i * image->n_keys + j]);
    return (double)most;
}

/* Draws two rows of pixels as half blocks, upper and lower; the last row may be alone. */
static void put_half_blocks(const thumbnail *image, const terminal *term, size_t row)
{
    for (size_t j = 0; j < image->columns; j++) {
        put_shade(term, 38, pixel(image, row, j));
        if (row + 1 < image->rows)
            put_shade(term, 48, pixel(image, row + 1, j));
        fputs("▀", term->file);
    }
    fputs(RESET, term->file);
}

static const char ink[] = ".:-=+*#%@";

/* Draws a row of pixels as characters with increasing ink. */
static void put_characters(const thumbnail *image, const terminal *term, size_t row)
{
    for (size_t j = 0; j < image->columns; j++)
        fputc(ink[(size_t)(clamp(pixel(image, row, j)) * (sizeof ink - 1.001))], term->file);
}

/* The maximum width and height of a thumbnail in pixels. */
static size_t thumbnail_limit(size_t n_heads, const terminal *term)
{
    size_t room = (term->width + THUMBNAIL_GAP) / n_heads;
    return room < LEAST_THUMBNAIL + THUMBNAIL_GAP ? LEAST_THUMBNAIL : smaller(room - THUMBNAIL_GAP, MOST_THUMBNAIL);
}

/* Prints what follows head h in a line of heads that ends before `last`: the rest of its width and a gap, or the line
 * end. */
static void end_head(const terminal *term, size_t h, size_t last, size_t rest)
{
    if (h + 1 < last)
        put_spaces(term, rest + THUMBNAIL_GAP);
    else
        fputc('\n', term->file);
}

/* Prints head h's part of a line of text, at most `width` columns. */
__attribute__((format(printf, 5, 6))) static void put_caption(const terminal *term, size_t width, size_t h, size_t last,
                                                              const char *format, ...)
{
    char text[256];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    size_t taken = smaller(terminal_text_width(text), width);
    if (taken)
        terminal_print(term, text, taken);
    end_head(term, h, last, width - taken);
}

void attention_map_thumbnails(const float *weights, const head_summary *summaries, size_t n_heads, size_t n_queries,
                              size_t n_keys, const terminal *term)
{
    size_t limit = thumbnail_limit(n_heads, term), rows = smaller(n_queries, limit), columns = smaller(n_keys, limit);
    size_t rows_per_line = term->colours == COLOURS_NONE ? 1 : 2;
    size_t width = columns > LEAST_THUMBNAIL ? columns : LEAST_THUMBNAIL;
    size_t side_by_side = (term->width + THUMBNAIL_GAP) / (width + THUMBNAIL_GAP);
    for (size_t first = 0; first < n_heads; first += side_by_side) {
        size_t last = smaller(first + side_by_side, n_heads);
        for (size_t h = first; h < last; h++)
            put_caption(term, width, h, last, ":%zu", h);
        for (size_t row = 0; row < rows; row += rows_per_line)
            for (size_t h = first; h < last; h++) {
                thumbnail image = {weights + h * n_queries * n_keys, n_queries, n_keys, rows, columns};
                (term->colours == COLOURS_NONE ? put_characters : put_half_blocks)(&image, term, row);
                end_head(term, h, last, width - columns);
            }
        for (size_t h = first; h < last; h++)
            put_caption(term, width, h, last, "%.2f nat", summaries[h].entropy);
        for (size_t h = first; h < last; h++)
            put_caption(term, width, h, last, "%s", summaries[h].most);
        for (size_t h = first; h < last; h++)
            put_caption(term, width, h, last, "%.0f %%", 100.0 * summaries[h].share);
    }
}

void attention_map_legend(const terminal *term)
{
    static const char *const phrases[] = {"An image per head:",
                                          "queries down,",
                                          "keys across.",
                                          "Below:",
                                          "mean entropy of the rows;",
                                          "the keys with the most weight:",
                                          "a piece,",
                                          "or the query itself,",
                                          "previous or next;",
                                          "and their share."};
    terminal_flow flow = {.term = term, .gap = 1};
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        terminal_flow_word(&flow, phrases[i]);
    terminal_flow_end(&flow);
    fputs("Weights from 0 to 1: ", term->file);
    for (size_t i = 0; i < sizeof ink - 1; i++) {
        if (term->colours != COLOURS_NONE)
            put_shade(term, 48, (double)i / (double)(sizeof ink - 2));
        fputc(term->colours == COLOURS_NONE ? ink[i] : ' ', term->file);
    }
    fputs(term->colours == COLOURS_NONE ? "\n" : RESET "\n", term->file);
}
