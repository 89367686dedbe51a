/* Lines in, lines out. Lines that have arrived are translated together, and flushed before waiting for more. */
#include "cli/filter.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_lines.h"
#include "cli/say.h"
#include "cli/score_lines.h"
#include "cli/show.h"
#include "cli/show_beam.h"
#include "cli/show_steps.h"
#include "cli/stop.h"
#include "cli/trace_file.h"

/* Lines per call: few at first, so that output starts early if somebody is waiting; then many, which is faster. */
enum { FIRST_LINES = 64, FIRST_LINES_OF_FILE = 256, MOST_LINES = 1024 };

static bool write_line(const line_filter *filter, const translation *line, const char *line_end, failure *why)
{
    if (fwrite(line->text.bytes, 1, line->text.size, filter->out) != line->text.size ||
        fputs(line_end, filter->out) < 0)
        return failure_set(why, "%s: cannot be written: %s", filter->out_name, strerror(errno));
    return true;
}

/* Writes the hypotheses of line `number`, each with its score. */
static bool write_hypotheses(const line_filter *filter, const translation *line, const char *line_end, size_t number,
                             failure *why)
{
    bool ok = true;
    for (size_t k = 0; k < translation_n_hypotheses(line) && ok; k++) {
        text_buffer text = TEXT_EMPTY;
        double score;
        ok = translation_hypothesis(line, k, &text, &score, why);
        if (ok && (fprintf(filter->out, "%zu\t%.6g\t", number, score) < 0 ||
                   fwrite(text.bytes, 1, text.size, filter->out) != text.size || fputs(line_end, filter->out) < 0))
            ok = failure_set(why, "%s: cannot be written: %s", filter->out_name, strerror(errno));
        text_free(&text);
    }
    return ok;
}

static bool flush_lines(const line_filter *filter, failure *why)
{
    return fflush(filter->out) == 0 || failure_set(why, "%s: cannot be written: %s", filter->out_name, strerror(errno));
}

/* A trace file has room for one sentence. */
static bool check_traced(const translation *line, size_t number, failure *why)
{
    if (number != 1)
        return failure_set(why, "TEXT has several lines; --trace requires a single sentence");
    if (line->n_sentences != 1)
        return failure_set(why, "TEXT has %zu sentences; --trace requires a single sentence", line->n_sentences);
    return true;
}

/* Shows the inside of line `number`. All views of a sentence read one recorded pass; the attention maps go to `maps`,
 * because they are printed after the line. */
static bool show_inside(const line_filter *filter, const text_line *text, const translation *line, size_t number,
                        trace_record *pass, FILE *maps, failure *why)
{
    const translator *t = filter->translator;
    terminal term = terminal_of(stderr), map_term = term;
    map_term.file = maps;
    if ((filter->trace && !check_traced(line, number, why)) ||
        (filter->explanation && !explanation_add_line(filter->explanation, text, line, why)))
        return false;
    for (size_t s = 0; s < line->n_sentences; s++) {
        const translated_sentence *sentence = &line->sentences[s];
        if (!translator_trace(filter->translator, sentence, pass, why))
            return false;
        if (filter->steps)
            show_place(stderr, text, line, number, s);
        if (filter->attention)
            show_place(maps, text, line, number, s);
        if (filter->steps && sentence->steps)
            show_beam(t, sentence, &term);
        if ((filter->steps && !sentence->steps && !show_steps(t, sentence, pass, &term, why)) ||
            (filter->trace &&
             !trace_file_write(filter->trace, t, sentence, pass, filter->without, filter->n_without, why)) ||
            (filter->explanation && !explanation_add_sentence(filter->explanation, text, sentence, pass, why)) ||
            (filter->attention && !show_attention(filter->attention, t, sentence, pass, &map_term, why)))
            return false;
    }
    return true;
}

/* What a stream calls to write to a text. open_memstream of glibc 2.36 loses text without an error when memory runs
 * out. */
static ssize_t append_to_text(void *text, const char *bytes, size_t size)
{
    failure why;
    return text_append(text, bytes, size, &why) ? (ssize_t)size : 0;
}

/* Writes a line and all the views of it. */
static bool put_line(const line_filter *filter, const text_line *text, const translation *line, const char *line_end,
                     size_t number, trace_record *pass, failure *why)
{
    text_buffer maps = TEXT_EMPTY;
    FILE *file = filter->attention ? fopencookie(&maps, "w", (cookie_io_functions_t){.write = append_to_text}) : NULL;
    if (filter->attention && !file)
        return failure_memory(why, "the attention");
    if (filter->tokens)
        show_tokens(filter->translator, text, line, number);
    bool ok = !(filter->steps || filter->attention || filter->trace || filter->explanation) ||
              show_inside(filter, text, line, number, pass, file, why);
    if (file) {
        bool drawn = !ferror(file);
        drawn = fclose(file) == 0 && drawn;
        ok = ok && (drawn || failure_memory(why, "the attention"));
    }
    ok = ok &&
         (filter->n_best ? write_hypotheses(filter, line, line_end, number, why)
                         : write_line(filter, line, line_end, why)) &&
         (!filter->attention || flush_lines(filter, why));
    if (ok && filter->attention)
        fwrite(maps.bytes, 1, maps.size, stderr);
    text_free(&maps);
    return ok;
}

typedef struct {
    const line_filter *filter;
    size_t first_line; /* of the call; counted from 1 */
} notice_place;

/* Prints a notice with its line number. */
static void say_notice(void *user, size_t line, const char *sentence)
{
    const notice_place *place = user;
    if (place->filter->progress)
        progress_clear(place->filter->progress);
    cli_say("line %zu: %s", place->first_line + line, sentence);
}

/* The lines of one call, which lie in the source's buffer, and their translations. */
typedef struct {
    size_t sizes[MOST_LINES]; /* including line ends: "\n", "\r\n" or nothing */
    text_line texts[MOST_LINES];
    translation out[MOST_LINES];
} window;

static void cut_lines(window *lines, size_t n, size_t first_line, const char *bytes)
{
    for (size_t l = 0; l < n; l++, bytes += lines->sizes[l - 1]) {
        text_line text = {bytes, lines->sizes[l], first_line + l};
        if (text.size && bytes[text.size - 1] == '\n')
            text.size--;
        if (text.size && bytes[text.size - 1] == '\r')
            text.size--;
        lines->texts[l] = text;
    }
}

/* Translates lines to text, with the views. */
static bool translate_text(const line_filter *filter, window *lines, size_t n, size_t first_line, failure *why)
{
    notice_place place = {filter, first_line};
    notice_reader notices = {say_notice, &place};
    translation *out = lines->out;
    bool with_details = filter->tokens || filter->steps;
    if (!translator_translate(filter->translator, lines->texts, n, with_details, out, &notices, why))
        return false;
    bool ok = true;
    trace_record pass = TRACE_RECORD_EMPTY;
    if (filter->progress && (filter->tokens || filter->steps || filter->attention))
        progress_clear(filter->progress);
    for (size_t l = 0; l < n; l++) {
        text_line text = lines->texts[l];
        bool carriage_return = text.size < lines->sizes[l] && text.bytes[text.size] == '\r';
        ok = ok && put_line(filter, &text, &out[l], carriage_return ? "\r\n" : "\n", first_line + l, &pass, why);
        translation_free(&out[l]);
    }
    trace_record_free(&pass);
    return ok;
}

static bool translate_lines(const line_filter *filter, window *lines, size_t n, size_t first_line, failure *why)
{
    cut_lines(lines, n, first_line, filter->source->buffer.bytes);
    bool ok = filter->score ? score_lines(filter->translator, lines->texts, n, first_line, filter->json_lines,
                                          filter->out, filter->out_name, why)
              : filter->json_lines
                  ? json_lines_translate(filter->translator, lines->texts, n, filter->out, filter->out_name, why)
                  : translate_text(filter, lines, n, first_line, why);
    ok = ok && flush_lines(filter, why);
    if (ok && filter->progress)
        progress_advance(filter->progress, filter->source->used, n);
    return ok;
}

/* line_source_next, with a notice after the first line that is not in the encoding of the input. */
static bool next_lines(const line_filter *filter, size_t *sizes, size_t n, size_t *n_read, failure *why)
{
    line_source *source = filter->source;
    bool was_valid = source->invalid_line == 0;
    bool ok = line_source_next(source, sizes, n, n_read, why);
    if (was_valid && source->invalid_line) {
        if (filter->progress)
            progress_clear(filter->progress);
        cli_say("line %zu: not valid %s", source->invalid_line,
                source->encoding ? "in the encoding named; invalid bytes are read as U+FFFD"
                                 : "UTF-8; such lines are read as Windows-1252; --encoding names another encoding");
    }
    return ok;
}

/* Skips the lines that have already been translated. */
static bool skip_lines(const line_filter *filter, size_t *sizes, failure *why)
{
    size_t n_read, n_bytes = 0;
    for (size_t left = filter->n_skipped; left > 0; left -= n_read) {
        if (!next_lines(filter, sizes, left < MOST_LINES ? left : MOST_LINES, &n_read, why))
            return false;
        if (n_read == 0)
            return failure_set(why, "%s: has %zu lines, but %zu have already been translated", filter->source->name,
                               filter->n_skipped - left, filter->n_skipped);
        n_bytes += filter->source->used;
    }
    if (filter->progress)
        progress_skip(filter->progress, n_bytes, filter->n_skipped);
    return true;
}

/* Translates all lines, or those before a signal to stop. */
static bool translate_windows(const line_filter *filter, window *lines, failure *why)
{
    size_t n_read, most = filter->to_file ? FIRST_LINES_OF_FILE : FIRST_LINES, n_done = filter->n_skipped;
    while (next_lines(filter, lines->sizes, most, &n_read, why)) {
        if (n_read == 0)
            return true;
        if (stop_signal())
            return failure_set(why, "stopped by SIG%s after %zu lines", stop_signal() == SIGINT ? "INT" : "TERM",
                               n_done);
        if (!translate_lines(filter, lines, n_read, n_done + 1, why))
            return false;
        n_done += n_read;
        most = most < MOST_LINES ? 4 * most : MOST_LINES;
    }
    return false;
}

bool filter_lines(const line_filter *filter, failure *why)
{
    window *lines = malloc(sizeof *lines);
    if (!lines)
        return failure_memory(why, "the lines");
    bool ok = skip_lines(filter, lines->sizes, why) && translate_windows(filter, lines, why);
    free(lines);
    return ok;
}
