/* The public library: locks, splits a text into lines, and calls translator/. */
#include "library/transformer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support/utf8.h"
#include "translator/translator.h"

enum { MOST_THREADS = 256 };

struct transformer_translator {
    pthread_mutex_t mutex; /* held during each call */
    translator *translator;
    size_t n_beams;
    notice_reader warnings;
};

struct transformer_hypotheses {
    size_t n;
    struct {
        text_buffer text;
        double score;
    } at[MAX_BEAMS];
};

static _Thread_local failure last;

/* Opening chooses the process's kernels and loads OpenBLAS. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

const char *transformer_error(void)
{
    return last.sentence;
}

static void drop_warning(void *user, size_t line, const char *message)
{
    (void)user, (void)line, (void)message;
}

transformer_translator *transformer_open(const char *directory, size_t n_threads)
{
    static bool started;
    if (n_threads < 1 || n_threads > MOST_THREADS) {
        failure_set(&last, "%zu threads; must be a number from 1 to %d", n_threads, MOST_THREADS);
        return NULL;
    }
    transformer_translator *t = calloc(1, sizeof *t);
    if (!t) {
        failure_memory(&last, "the translator");
        return NULL;
    }
    t->n_beams = 1;
    t->warnings.say = drop_warning;
    pthread_mutex_init(&t->mutex, NULL);
    pthread_mutex_lock(&opening);
    started = started || model_use_instruction_set(NULL, &last);
    t->translator = started ? translator_open(directory, n_threads, &last) : NULL;
    pthread_mutex_unlock(&opening);
    if (t->translator)
        return t;
    transformer_close(t);
    return NULL;
}

void transformer_close(transformer_translator *t)
{
    if (!t)
        return;
    translator_close(t->translator);
    pthread_mutex_destroy(&t->mutex);
    free(t);
}

/* Sets the search, of which the translator keeps n_best hypotheses. */
static void set_search(transformer_translator *t, size_t n_best)
{
    const search_options search = {.n_beams = t->n_beams, .length_penalty = 1.0, .n_best = n_best};
    translator_set_search(t->translator, &search);
}

bool transformer_set_beam(transformer_translator *t, size_t n_beams)
{
    if (n_beams < 1 || n_beams > MAX_BEAMS)
        return failure_set(&last, "%zu beams; must be a number from 1 to %d", n_beams, MAX_BEAMS);
    pthread_mutex_lock(&t->mutex);
    t->n_beams = n_beams;
    set_search(t, 0);
    pthread_mutex_unlock(&t->mutex);
    return true;
}

bool transformer_set_language(transformer_translator *t, const char *language)
{
    pthread_mutex_lock(&t->mutex);
    bool ok = translator_choose_language(t->translator, language, &last);
    pthread_mutex_unlock(&t->mutex);
    return ok;
}

void transformer_set_warnings(transformer_translator *t, void (*say)(void *user, size_t line, const char *message),
                              void *user)
{
    pthread_mutex_lock(&t->mutex);
    t->warnings = (notice_reader){say ? say : drop_warning, user};
    pthread_mutex_unlock(&t->mutex);
}

/* A text in valid UTF-8, cut into lines, and their translations. */
typedef struct {
    text_buffer bytes;
    text_line *lines; /* [n_lines] */
    translation *out; /* [n_lines] if translated, or else NULL */
    size_t n_lines;
} translated_text;

/* Cuts the text at its line ends, "\n" or "\r\n". The last line may be empty. */
static bool cut_lines(translated_text *text, failure *why)
{
    size_t n = 1;
    for (const char *at = text->bytes.bytes; (at = strchr(at, '\n')); at++)
        n++;
    if (!(text->lines = calloc(n, sizeof *text->lines)))
        return failure_memory(why, "the lines");
    for (char *at = text->bytes.bytes; text->n_lines < n; text->n_lines++) {
        size_t size = strcspn(at, "\n");
        text->lines[text->n_lines] =
            (text_line){at, size && at[size] && at[size - 1] == '\r' ? size - 1 : size, text->n_lines};
        at += size + 1;
    }
    return true;
}

/* Fills in *text, to be freed with free_text, also on failure. */
static bool translate_text(transformer_translator *t, const char *source, translated_text *text, failure *why)
{
    *text = (translated_text){.bytes = TEXT_EMPTY};
    if (!utf8_append_valid(&text->bytes, source, strlen(source), why) || !cut_lines(text, why))
        return false;
    translation *out = calloc(text->n_lines, sizeof *out);
    if (!out)
        return failure_memory(why, "the translations");
    if (translator_translate(t->translator, text->lines, text->n_lines, false, out, &t->warnings, why))
        text->out = out;
    else
        free(out);
    return text->out != NULL;
}

static void free_text(translated_text *text)
{
    for (size_t l = 0; text->out && l < text->n_lines; l++)
        translation_free(&text->out[l]);
    free(text->out);
    free(text->lines);
    text_free(&text->bytes);
}

/* Joins the translations with the line ends of the text. */
static bool join_lines(const translated_text *text, text_buffer *joined, failure *why)
{
    bool ok = true;
    for (size_t l = 0; l < text->n_lines && ok; l++) {
        const text_line *line = &text->lines[l];
        const char *end = line->bytes + line->size;
        ok = text_append(joined, text->out[l].text.bytes, text->out[l].text.size, why) &&
             (l + 1 == text->n_lines || text_append(joined, end, *end == '\r' ? 2 : 1, why));
    }
    return ok;
}

char *transformer_translate(transformer_translator *t, const char *text)
{
    translated_text lines;
    text_buffer joined = TEXT_EMPTY;
    pthread_mutex_lock(&t->mutex);
    bool ok = translate_text(t, text, &lines, &last) && join_lines(&lines, &joined, &last);
    pthread_mutex_unlock(&t->mutex);
    free_text(&lines);
    char *translated = NULL;
    if (ok && !(translated = strdup(joined.bytes)))
        failure_memory(&last, "the translation");
    text_free(&joined);
    return translated;
}

void transformer_free(char *text)
{
    free(text);
}

/* Fills in hypotheses with those of a line. */
static bool find_n_best(transformer_translator *t, const char *line, transformer_hypotheses *found, failure *why)
{
    translated_text lines;
    bool ok = translate_text(t, line, &lines, why);
    if (ok && lines.n_lines != 1)
        ok = failure_set(why, "the text has %zu lines; a search for the n best requires a single one", lines.n_lines);
    size_t n = ok ? translation_n_hypotheses(lines.out) : 0;
    for (size_t k = 0; k < n && ok; k++) {
        found->at[k].text = TEXT_EMPTY;
        ok = translation_hypothesis(lines.out, k, &found->at[found->n++].text, &found->at[k].score, why);
    }
    free_text(&lines);
    return ok;
}

transformer_hypotheses *transformer_n_best(transformer_translator *t, const char *line, size_t n)
{
    transformer_hypotheses *found = calloc(1, sizeof *found);
    if (!found) {
        failure_memory(&last, "the hypotheses");
        return NULL;
    }
    pthread_mutex_lock(&t->mutex);
    bool ok = n >= 1 && n <= t->n_beams && t->n_beams > 1;
    if (ok) {
        set_search(t, n);
        ok = find_n_best(t, line, found, &last);
        set_search(t, 0);
    } else {
        failure_set(&last, "the %zu best of %zu beams; must be from 1 to the number of beams, which must be at least 2",
                    n, t->n_beams);
    }
    pthread_mutex_unlock(&t->mutex);
    if (ok)
        return found;
    transformer_hypotheses_free(found);
    return NULL;
}

void transformer_hypotheses_free(transformer_hypotheses *hypotheses)
{
    for (size_t k = 0; hypotheses && k < hypotheses->n; k++)
        text_free(&hypotheses->at[k].text);
    free(hypotheses);
}

size_t transformer_hypotheses_count(const transformer_hypotheses *hypotheses)
{
    return hypotheses->n;
}

const char *transformer_hypothesis_text(const transformer_hypotheses *hypotheses, size_t i)
{
    return hypotheses->at[i].text.bytes;
}

double transformer_hypothesis_score(const transformer_hypotheses *hypotheses, size_t i)
{
    return hypotheses->at[i].score;
}

/* Translates a single sentence, and records its tensors. */
static bool record_sentence(transformer_translator *t, const char *sentence, trace_record *pass, failure *why)
{
    translated_text text;
    bool ok = translate_text(t, sentence, &text, why);
    size_t n_sentences = 0;
    for (size_t l = 0; l < text.n_lines && ok; l++)
        n_sentences += text.out[l].n_sentences;
    if (ok && (text.n_lines != 1 || n_sentences != 1))
        ok = failure_set(why, "the text has %zu lines and %zu sentences; a trace requires a single sentence",
                         text.n_lines, n_sentences);
    ok = ok && translator_trace(t->translator, text.out->sentences, pass, why);
    free_text(&text);
    return ok;
}

bool transformer_trace(transformer_translator *t, const char *sentence,
                       void (*read)(void *user, const char *name, const float *data, size_t rows, size_t columns),
                       void *user)
{
    trace_record pass = TRACE_RECORD_EMPTY;
    pthread_mutex_lock(&t->mutex);
    bool ok = record_sentence(t, sentence, &pass, &last);
    pthread_mutex_unlock(&t->mutex);
    for (const traced_tensor *tensor = pass.tensors; ok && tensor < pass.tensors + pass.n; tensor++)
        read(user, tensor->name, trace_record_data(&pass, tensor), tensor->rows, tensor->columns);
    trace_record_free(&pass);
    return ok;
}
