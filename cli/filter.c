/* Lines in, lines out. A line that has arrived is answered and flushed before the next one is read,
 * unless the input is a file: then lines are read ahead and translated together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "cli/cli.h"

/* A line as it was read: `text` is the line without its end, "\n", "\r\n" or nothing. */
typedef struct {
    char *bytes;
    size_t capacity, size;
    text_line text;
} read_line;

/* Up to n lines; *n_read says how many came before the end of the input. */
static bool read_lines(const line_filter *filter, read_line *lines, size_t n, size_t *n_read, failure *why)
{
    for (*n_read = 0; *n_read < n; (*n_read)++) {
        read_line *line = &lines[*n_read];
        errno = 0;
        ssize_t size = getline(&line->bytes, &line->capacity, filter->in);
        if (size < 0)
            break;
        line->size = (size_t)size;
        line->text = (text_line){line->bytes, line->size};
        if (line->text.size && line->bytes[line->text.size - 1] == '\n')
            line->text.size--;
        if (line->text.size && line->bytes[line->text.size - 1] == '\r')
            line->text.size--;
    }
    if (*n_read < n && !feof(filter->in))
        return failure_set(why, "%s: cannot be read: %s", filter->in_name, strerror(errno ? errno : EIO));
    return true;
}

static bool write_line(const line_filter *filter, const translation *line, const char *line_end, failure *why)
{
    if (fwrite(line->text.bytes, 1, line->text.size, filter->out) != line->text.size ||
        fputs(line_end, filter->out) < 0 || fflush(filter->out) != 0)
        return failure_set(why, "%s: cannot be written: %s", filter->out_name, strerror(errno));
    return true;
}

static bool write_trace(const line_filter *filter, const translation *line, size_t number, failure *why)
{
    if (number != 1)
        return failure_set(why, "found several lines in TEXT, expected one for --trace");
    if (line->n_sentences != 1)
        return failure_set(why, "found %zu sentences in TEXT, expected one for --trace", line->n_sentences);
    return trace_file_write(filter->trace, filter->translator, &line->sentences[0], why);
}

typedef struct {
    const line_filter *filter;
    size_t first_line; /* of the call, counted from 1 */
} notice_place;

/* Prints a notice with its line's number. */
static void say_notice(void *user, size_t line, const char *sentence)
{
    const notice_place *place = user;
    if (place->filter->progress)
        progress_clear(place->filter->progress);
    cli_say("line %zu: %s", place->first_line + line, sentence);
}

static bool translate_lines(const line_filter *filter, const read_line *lines, size_t n, size_t first_line,
                            failure *why)
{
    text_line texts[TRANSLATOR_BATCH];
    translation out[TRANSLATOR_BATCH];
    for (size_t l = 0; l < n; l++)
        texts[l] = lines[l].text;
    notice_place place = {filter, first_line};
    notice_reader notices = {say_notice, &place};
    if (!translator_translate(filter->translator, texts, n, filter->tokens, out, &notices, why))
        return false;
    bool done = true;
    size_t n_bytes = 0;
    for (size_t l = 0; l < n; l++) {
        bool carriage_return = texts[l].size < lines[l].size && texts[l].bytes[texts[l].size] == '\r';
        if (done && filter->tokens)
            show_tokens(filter->translator, &texts[l], &out[l], first_line + l);
        done = done && (!filter->trace || write_trace(filter, &out[l], first_line + l, why)) &&
               (!filter->explanation || explanation_add(filter->explanation, &texts[l], &out[l], why)) &&
               write_line(filter, &out[l], carriage_return ? "\r\n" : "\n", why);
        translation_free(&out[l]);
        n_bytes += lines[l].size;
    }
    if (done && filter->progress)
        progress_advance(filter->progress, n_bytes, n);
    return done;
}

bool filter_lines(const line_filter *filter, failure *why)
{
    read_line lines[TRANSLATOR_BATCH] = {0};
    size_t n_read = 0, first_line = 1;
    bool done = true;
    do {
        done = read_lines(filter, lines, filter->lines_at_once, &n_read, why) &&
               (n_read == 0 || translate_lines(filter, lines, n_read, first_line, why));
        first_line += n_read;
    } while (done && n_read == filter->lines_at_once);
    for (size_t l = 0; l < TRANSLATOR_BATCH; l++)
        free(lines[l].bytes);
    return done;
}
