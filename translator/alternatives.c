/* Each alternative is a sentence like any other, with a prefix of its own: the beginning of the translation, and one of
 * the tokens that are most probable after that. */
#include "translator/alternatives.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/forward.h"
#include "model/search.h"
#include "model/top_tokens.h"
#include "translator/score.h"

typedef struct {
    const batch_workers *workers;
    const tokenizer *tokenizer;
    size_t position, n;
    translated_sentence *found; /* [n_found], room for n per sentence */
    size_t n_found;
    failure *why;
} finder;

/* The number of target tokens before word number `position`, and at least those that are forced. */
static size_t count_kept(const finder *f, const translated_sentence *sentence)
{
    const token_ids *target = &sentence->target;
    size_t n_words = 0, n_kept = 0, last = target->n - 1;
    size_t least = model_get_config(f->workers->model)->target_forced.n + f->workers->prefix.n;
    for (const char *piece, *before = ""; n_kept < last; n_kept++, before = piece) {
        piece = tokenizer_target_piece(f->tokenizer, target->at[n_kept]);
        n_words += tokenizer_piece_text(f->tokenizer, piece, before).begins_word;
        if (n_words > f->position && n_kept >= least)
            break;
    }
    return n_kept;
}

/* Copies the last row of the logits, [n_target_vocabulary]. */
static void keep_last(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    if (strcmp(name, "output") == 0)
        memcpy(user, data + (rows - 1) * columns, columns * sizeof *data);
}

/* Sets top [f->n] to the most probable tokens after the first n_kept of the target. Returns how many, 0 on failure. */
static size_t list_next(const finder *f, const translated_sentence *sentence, size_t n_kept, token_probability *top)
{
    const transformer *model = f->workers->model;
    const model_config *config = model_get_config(model);
    transformer_state *state = f->workers->states[0];
    size_t n_tgt = n_kept + 1, n = 0;
    int32_t *ids = malloc(n_tgt * sizeof *ids);
    float *logits = malloc(config->n_target_vocabulary * sizeof *logits);
    const batch_shape shape = {1, &sentence->source.n, &n_tgt, &n_tgt, 1, true, f->workers->team};
    if (!ids || !logits)
        failure_memory(f->why, "the alternatives");
    else if (state_lay_out(state, config, &shape, f->why)) {
        ids[0] = config->target_start;
        memcpy(ids + 1, sentence->target.at, n_kept * sizeof *ids);
        model_forward(state, model, sentence->source.at, ids, n_tgt, &(trace_reader){keep_last, logits});
        search_suppress_repeats(logits, ids, n_tgt, f->workers->search.no_repeat);
        n = model_top_tokens(top, f->n, logits, config);
        if (n == 0)
            search_refuse_logits(model, n_kept, f->why);
    }
    free(ids);
    free(logits);
    return n;
}

/* Adds a copy of the source of a sentence to those that are found. */
static translated_sentence *add_copy(finder *f, const translated_sentence *sentence)
{
    translated_sentence *copy = &f->found[f->n_found++];
    *copy = (translated_sentence){.line = sentence->line, .range = sentence->range, .text = TEXT_EMPTY};
    return token_ids_append_all(&copy->source, sentence->source.at, sentence->source.n, f->why) ? copy : NULL;
}

/* Adds the alternatives of a sentence, still without targets, and makes room for its hypotheses. */
static bool add_alternatives(finder *f, translated_sentence *sentence)
{
    const model_config *config = model_get_config(f->workers->model);
    size_t n_forced = config->target_forced.n, n_kept = count_kept(f, sentence);
    token_probability *top = malloc(f->n * sizeof *top);
    if (!top || !(sentence->hypotheses = calloc(f->n, sizeof *sentence->hypotheses))) {
        free(top);
        return failure_memory(f->why, "the alternatives");
    }
    size_t n = list_next(f, sentence, n_kept, top), forced;
    bool ok = n > 0;
    if (ok && search_force(&forced, config, (token_ids){0}, n_kept, config->max_length))
        n = 1; /* the end, whatever is listed */
    for (; ok && sentence->n_hypotheses < n; sentence->n_hypotheses++) {
        translated_sentence *copy = add_copy(f, sentence);
        ok = copy && token_ids_append_all(&copy->prefix, sentence->target.at + n_forced, n_kept - n_forced, f->why) &&
             token_ids_append(&copy->prefix, top[sentence->n_hypotheses].id, f->why);
        sentence->hypotheses[sentence->n_hypotheses].text = TEXT_EMPTY;
    }
    free(top);
    return ok;
}

/* Adds the translation of a sentence alone. */
static bool add_translation(finder *f, translated_sentence *sentence)
{
    translated_sentence *copy = add_copy(f, sentence);
    if (!copy || !token_ids_append_all(&copy->target, sentence->target.at, sentence->target.n, f->why))
        return false;
    if (!(sentence->hypotheses = calloc(1, sizeof *sentence->hypotheses)))
        return failure_memory(f->why, "the alternatives");
    sentence->hypotheses[0].text = TEXT_EMPTY;
    sentence->n_hypotheses = 1;
    return true;
}

/* The score of beam search, with what was kept of the translation as the prefix. */
static double score_of(const finder *f, const translated_sentence *found)
{
    size_t n_forced = model_get_config(f->workers->model)->target_forced.n, n = found->target.n;
    size_t first = found->prefix.n ? n_forced + found->prefix.n - 1 : 0;
    double sum = 0.0;
    for (size_t i = first; i < n; i++)
        sum += (double)found->log_probabilities[i];
    return sum / pow((double)(n - first), f->workers->search.length_penalty);
}

/* Moves targets that were found to the hypotheses of a sentence, best first. */
static void take_hypotheses(const finder *f, translated_sentence *sentence, translated_sentence *found)
{
    sentence_hypothesis *list = sentence->hypotheses;
    for (size_t i = 0; i < sentence->n_hypotheses; i++) {
        sentence_hypothesis next = {found[i].target, score_of(f, &found[i]), TEXT_EMPTY};
        size_t at = i;
        for (; at > 0 && list[at - 1].score < next.score; at--)
            list[at] = list[at - 1];
        list[at] = next;
        found[i].target = (token_ids){0};
    }
}

static bool find_all(finder *f, translation *lines, size_t n_lines)
{
    bool ok = true;
    for (size_t l = 0; l < n_lines; l++)
        for (size_t s = 0; s < lines[l].n_sentences && ok; s++)
            ok = (lines[l].n_sentences == 1 ? add_alternatives : add_translation)(f, &lines[l].sentences[s]);
    translation all = {.sentences = f->found, .n_sentences = f->n_found};
    ok = ok && batches_translate(f->workers, &all, 1, false, f->why) &&
         score_pairs(f->workers, f->found, f->n_found, f->why);
    translated_sentence *next = f->found;
    for (size_t l = 0; l < n_lines && ok; l++)
        for (size_t s = 0; s < lines[l].n_sentences; s++) {
            take_hypotheses(f, &lines[l].sentences[s], next);
            next += lines[l].sentences[s].n_hypotheses;
        }
    return ok;
}

bool alternatives_find(const batch_workers *workers, const tokenizer *t, size_t position, size_t n, translation *lines,
                       size_t n_lines, failure *why)
{
    finder f = {workers, t, position, n, NULL, 0, why};
    size_t n_sentences = 0;
    for (size_t l = 0; l < n_lines; l++)
        n_sentences += lines[l].n_sentences;
    f.found = calloc(n_sentences + 1, n * sizeof *f.found);
    bool ok = f.found ? find_all(&f, lines, n_lines) : failure_memory(why, "the alternatives");
    for (size_t i = 0; i < f.n_found; i++)
        translated_sentence_free(&f.found[i]);
    free(f.found);
    return ok;
}
