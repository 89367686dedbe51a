/* A text may have several lines. Each is translated as a line of a file would be; ranges are those in the whole text.
 */
#include "cli/json_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_input.h"
#include "support/json_text.h"
#include "translator/tokens_json.h"

/* One input line, which becomes one object. */
typedef struct {
    json_input input;
    size_t first, n;   /* its lines of text */
    json_text notices; /* strings separated by commas */
} json_entry;

/* The input lines of one call, and the lines of text in them. */
typedef struct {
    json_entry *entries; /* [n_entries] */
    size_t n_entries;
    text_line *texts; /* [n_texts], in the entries' texts, without line ends */
    translation *out; /* [n_texts] */
    size_t n_texts;
} json_window;

/* ---- from input lines to lines of text ---- */

static size_t count_lines(const text_buffer *text)
{
    size_t n = 1;
    for (size_t i = 0; i < text->size; i++)
        n += text->bytes[i] == '\n';
    return n;
}

/* Sets lines [count_lines] to those of the text of input line `number`. Numbers of all but the first exceed those of
 * input lines. */
static void split(text_line *lines, const text_buffer *text, uint64_t number)
{
    const char *at = text->bytes, *end = at + text->size, *stop;
    do {
        stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        bool carriage_return = stop > at && stop[-1] == '\r';
        *lines++ = (text_line){at, (size_t)(stop - at) - carriage_return, number};
        number += (uint64_t)1 << 40;
        at = stop + 1;
    } while (stop < end);
}

static void add_notice(void *user, size_t text, const char *sentence)
{
    json_window *window = user;
    json_entry *entry = window->entries;
    while (text >= entry->first + entry->n)
        entry++;
    json_text_put(&entry->notices, entry->notices.text.size ? "," : "");
    json_text_string(&entry->notices, sentence, strlen(sentence));
}

static bool read_entries(json_window *window, const text_line *lines, failure *why)
{
    for (size_t i = 0; i < window->n_entries; i++) {
        json_entry *entry = &window->entries[i];
        if (!json_input_read(&entry->input, &lines[i], why))
            return false;
        entry->notices = json_text_start(why);
        entry->first = window->n_texts;
        entry->n = count_lines(&entry->input.text);
        window->n_texts += entry->n;
    }
    window->texts = malloc(window->n_texts * sizeof *window->texts);
    window->out = calloc(window->n_texts, sizeof *window->out);
    if (!window->texts || !window->out)
        return failure_memory(why, "the lines");
    for (size_t i = 0; i < window->n_entries; i++)
        split(window->texts + window->entries[i].first, &window->entries[i].input.text, lines[i].number);
    return true;
}

/* ---- from translations to objects ---- */

/* The line end after line i of an entry; the last one has none, or a carriage return. */
static text_line line_end(const json_window *window, const json_entry *entry, size_t i)
{
    const text_line *line = &window->texts[entry->first + i];
    const char *begin = line->bytes + line->size;
    const char *end = i + 1 < entry->n ? line[1].bytes : entry->input.text.bytes + entry->input.text.size;
    return (text_line){.bytes = begin, .size = (size_t)(end - begin)};
}

static void put_range(json_text *json, const char *name, byte_range range, size_t offset)
{
    json_text_put(json, "\"%s\":[%zu,%zu]", name, offset + range.begin, offset + range.end);
}

/* The n-best list, if there is one. */
static void put_hypotheses(json_text *json, const translated_sentence *sentence, const translator *t)
{
    for (size_t k = 0; k < sentence->n_hypotheses; k++) {
        const sentence_hypothesis *hypothesis = &sentence->hypotheses[k];
        json_text_put(json, "%s{\"score\":%.6g,", k ? "," : ",\"hypotheses\":[", hypothesis->score);
        put_target_json(json, t, &hypothesis->target);
        json_text_put(json, ",\"text\":");
        json_text_string(json, hypothesis->text.bytes, hypothesis->text.size);
        json_text_put(json, "}");
    }
    json_text_put(json, sentence->n_hypotheses ? "]" : "");
}

static void put_sentence(json_text *json, const translated_sentence *sentence, size_t offset, const translator *t)
{
    json_text_put(json, "{");
    put_range(json, "range", sentence->range, offset);
    json_text_put(json, ",\"tokens\":{");
    put_tokens_json(json, t, sentence);
    json_text_put(json, "},");
    put_log_probabilities_json(json, sentence);
    json_text_put(json, ",\"alignment\":[");
    for (size_t i = 0; i < sentence->target.n; i++)
        json_text_put(json, "%s%d", i ? "," : "", sentence->alignment[i]);
    json_text_put(json, "],\"truncated\":%s", sentence->truncated ? "true" : "false");
    put_hypotheses(json, sentence, t);
    json_text_put(json, "}");
}

static void put_span(json_text *json, const copied_span *span, size_t offset, size_t target_offset)
{
    static const char *const kinds[] = {[SPAN_OPAQUE] = "text",
                                        [SPAN_TAG_OPEN] = "opening_tag",
                                        [SPAN_TAG_CLOSE] = "closing_tag",
                                        [SPAN_TAG_EMPTY] = "empty_tag",
                                        [SPAN_LINE] = "line"};
    json_text_put(json, "{");
    put_range(json, "range", span->range, offset);
    json_text_put(json, ",\"kind\":\"%s\",", kinds[span->kind]);
    put_range(json, "translation_range", span->target, target_offset);
    json_text_put(json, "}");
}

static void put_translation(json_text *json, const json_window *window, const json_entry *entry)
{
    text_buffer joined = TEXT_EMPTY;
    for (size_t i = 0; i < entry->n; i++) {
        const text_buffer *text = &window->out[entry->first + i].text;
        text_line end = line_end(window, entry, i);
        json->ok = json->ok && text_append(&joined, text->bytes, text->size, json->why) &&
                   text_append(&joined, end.bytes, end.size, json->why);
    }
    json_text_put(json, ",\"translation\":");
    json_text_string(json, joined.bytes, joined.size);
    text_free(&joined);
}

static void put_sentences(json_text *json, const json_window *window, const json_entry *entry, const translator *t)
{
    const char *comma = "";
    json_text_put(json, ",\"sentences\":[");
    for (size_t i = entry->first; i < entry->first + entry->n; i++) {
        const translation *line = &window->out[i];
        for (size_t s = 0; s < line->n_sentences; s++, comma = ",") {
            json_text_put(json, "%s", comma);
            put_sentence(json, &line->sentences[s], (size_t)(window->texts[i].bytes - entry->input.text.bytes), t);
        }
    }
    json_text_put(json, "]");
}

static void put_protected(json_text *json, const json_window *window, const json_entry *entry)
{
    const char *comma = "";
    size_t target_offset = 0;
    json_text_put(json, ",\"protected\":[");
    for (size_t i = 0; i < entry->n; i++) {
        const translation *line = &window->out[entry->first + i];
        size_t offset = (size_t)(window->texts[entry->first + i].bytes - entry->input.text.bytes);
        for (size_t k = 0; k < line->n_spans; k++, comma = ",") {
            json_text_put(json, "%s", comma);
            put_span(json, &line->spans[k], offset, target_offset);
        }
        target_offset += line->text.size + line_end(window, entry, i).size;
    }
    json_text_put(json, "]");
}

static void put_entry(json_text *json, const json_window *window, const json_entry *entry, const translator *t)
{
    json_text_put(json, "{\"text\":");
    json_text_string(json, entry->input.text.bytes, entry->input.text.size);
    put_translation(json, window, entry);
    put_sentences(json, window, entry, t);
    put_protected(json, window, entry);
    json_text_put(json, ",\"notices\":[");
    json_text_append(json, entry->notices.text.bytes, entry->notices.text.size);
    json_text_put(json, "]");
    json_text_json(json, entry->input.others.bytes, entry->input.others.size);
    json_text_put(json, "}\n");
    json->ok = json->ok && entry->notices.ok;
}

static bool write_entries(const json_window *window, const translator *t, FILE *out, const char *out_name, failure *why)
{
    json_text json = json_text_start(why);
    for (size_t i = 0; i < window->n_entries && json.ok; i++) {
        json.text.size = 0;
        put_entry(&json, window, &window->entries[i], t);
        if (json.ok && fwrite(json.text.bytes, 1, json.text.size, out) != json.text.size)
            json.ok = failure_set(why, "%s: cannot be written: %s", out_name, strerror(errno));
    }
    text_free(&json.text);
    return json.ok;
}

static void free_window(json_window *window)
{
    for (size_t i = 0; window->entries && i < window->n_entries; i++) {
        json_input_free(&window->entries[i].input);
        text_free(&window->entries[i].notices.text);
    }
    for (size_t i = 0; window->out && i < window->n_texts; i++)
        translation_free(&window->out[i]);
    free(window->entries);
    free(window->texts);
    free(window->out);
}

bool json_lines_translate(translator *t, const text_line *lines, size_t n, FILE *out, const char *out_name,
                          failure *why)
{
    json_window window = {.entries = calloc(n, sizeof *window.entries), .n_entries = n};
    const notice_reader notices = {add_notice, &window};
    if (!window.entries)
        return failure_memory(why, "the lines");
    bool ok = read_entries(&window, lines, why) &&
              translator_translate(t, window.texts, window.n_texts, true, window.out, &notices, why) &&
              write_entries(&window, t, out, out_name, why);
    free_window(&window);
    return ok;
}
