#include "cli/score_lines.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "support/json_text.h"
#include "translator/tokens_json.h"

/* Sets *pair to the first two columns of a line. */
static bool split(text_pair *pair, const text_line *line, size_t number, failure *why)
{
    const char *tab = memchr(line->bytes, '\t', line->size), *end = line->bytes + line->size;
    if (!tab)
        return failure_set(why, "line %zu: has no tab; --score expects a source, a tab and its translation", number);
    const char *next = memchr(tab + 1, '\t', (size_t)(end - tab) - 1);
    pair->source = (text_line){.bytes = line->bytes, .size = (size_t)(tab - line->bytes)};
    pair->target = (text_line){.bytes = tab + 1, .size = (size_t)((next ? next : end) - tab) - 1};
    return true;
}

static double sum_of(const translated_sentence *scored)
{
    double sum = scored->target.n ? 0.0 : -INFINITY;
    for (size_t i = 0; i < scored->target.n; i++)
        sum += (double)scored->log_probabilities[i];
    return sum;
}

static void put_text(json_text *text, const text_line *line, const translated_sentence *scored)
{
    json_text_put(text, "%.4f\t%zu\t", sum_of(scored), scored->target.n);
    json_text_append(text, line->bytes, line->size);
    json_text_put(text, "\n");
}

static void put_object(json_text *json, const translator *t, const text_pair *pair, const translated_sentence *scored)
{
    json_text_put(json, "{\"text\":");
    json_text_string(json, pair->source.bytes, pair->source.size);
    json_text_put(json, ",\"translation\":");
    json_text_string(json, pair->target.bytes, pair->target.size);
    if (scored->target.n)
        json_text_put(json, ",\"score\":%.4f,\"tokens\":{", sum_of(scored));
    else
        json_text_put(json, ",\"score\":null,\"tokens\":{");
    put_tokens_json(json, t, scored);
    json_text_put(json, "},");
    put_log_probabilities_json(json, scored);
    json_text_put(json, "}\n");
}

bool score_lines(translator *t, const text_line *lines, size_t n, size_t first_line, bool json_lines, FILE *out,
                 const char *out_name, failure *why)
{
    text_pair *pairs = calloc(n, sizeof *pairs);
    translated_sentence *scored = calloc(n, sizeof *scored);
    if (!pairs || !scored) {
        free(pairs);
        free(scored);
        return failure_memory(why, "the lines");
    }
    json_text text = json_text_start(why);
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++)
        ok = split(&pairs[i], &lines[i], first_line + i, why);
    ok = ok && translator_score(t, pairs, n, scored, why);
    for (size_t i = 0; i < n && ok; i++) {
        if (scored[i].target.n == 0)
            cli_say("line %zu: more tokens than the checkpoint has positions; not scored", first_line + i);
        if (json_lines)
            put_object(&text, t, &pairs[i], &scored[i]);
        else
            put_text(&text, &lines[i], &scored[i]);
    }
    ok = ok && text.ok &&
         (fwrite(text.text.bytes, 1, text.text.size, out) == text.text.size ||
          failure_set(why, "%s: cannot be written: %s", out_name, strerror(errno)));
    for (size_t i = 0; i < n; i++)
        translated_sentence_free(&scored[i]);
    text_free(&text.text);
    free(scored);
    free(pairs);
    return ok;
}
