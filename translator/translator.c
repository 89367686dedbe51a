/* Translates lines: encode.c splits and encodes them, batches.c translates the sentences, restore.c writes the result
 * as text. If the model loses protected spans of a sentence, the sentence is translated again in parts. */
#include "translator/translator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/forward.h"
#include "support/utf8.h"
#include "translator/alternatives.h"
#include "translator/batches.h"
#include "translator/encode.h"
#include "translator/languages.h"
#include "translator/open_tokenizer.h"
#include "translator/protect.h"
#include "translator/restore.h"
#include "translator/score.h"
#include "translator/tags.h"
#include "translator/unknown.h"

struct translator {
    transformer *model;
    tokenizer *tokenizer;
    batch_workers workers;
    protector *protector;
    bool protection; /* whether the protector is used */
    size_t position, n_alternatives;
    language_code code; /* of lines that have none */
};

static bool open_all(translator *t, const char *directory, size_t n_threads, failure *why)
{
    t->protection = true;
    t->workers.search = (search_options){.n_beams = 1};
    return (t->model = model_open(directory, why)) &&
           (t->tokenizer = open_tokenizer(directory, model_get_config(t->model), why)) &&
           (t->protector = protector_open(t->tokenizer, model_get_config(t->model), why)) &&
           batches_open(&t->workers, t->model, n_threads, why);
}

translator *translator_open(const char *directory, size_t n_threads, failure *why)
{
    translator *t = calloc(1, sizeof *t);
    if (t ? open_all(t, directory, n_threads, why) : failure_memory(why, "the translator"))
        return t;
    translator_close(t);
    return NULL;
}

void translator_close(translator *t)
{
    if (!t)
        return;
    batches_close(&t->workers);
    token_ids_free(&t->workers.prefix);
    protector_close(t->protector);
    tokenizer_close(t->tokenizer);
    model_close(t->model);
    free(t);
}

void translator_set_protection(translator *t, bool on)
{
    t->protection = on;
}

void translator_set_search(translator *t, const search_options *options)
{
    t->workers.search = *options;
}

/* Sets the prefix of the search to the tokens of a text, and the end token if it is a complete target. */
static bool encode_prefix(translator *t, const char *text, bool is_target, failure *why)
{
    const char *what = is_target ? "target" : "prefix";
    const model_config *c = translator_config(t);
    token_ids *prefix = &t->workers.prefix;
    size_t size = strlen(text), most = c->max_length - 1 - c->target_forced.n;
    if (!encode_fits(size, c->max_positions))
        return failure_set(why, "the %s has %zu bytes, too many for a translation of %zu tokens", what, size, most);
    return tokenizer_encode_target(t->tokenizer, text, size, prefix, why) &&
           (!is_target || token_ids_append(prefix, c->target_end, why)) &&
           (prefix->n <= most || failure_set(why, "the %s has %zu tokens; at most %zu %s", what, prefix->n, most,
                                             is_target ? "are possible" : "leave room for a translation"));
}

bool translator_set_prefix(translator *t, const char *text, failure *why)
{
    return encode_prefix(t, text, false, why);
}

bool translator_set_target(translator *t, const char *text, failure *why)
{
    return encode_prefix(t, text, true, why);
}

void translator_set_alternatives(translator *t, size_t position, size_t n)
{
    t->position = position;
    t->n_alternatives = n;
}

bool translator_list_languages(const translator *t, language_name **names, size_t *n, failure *why)
{
    *n = languages_list(NULL, translator_config(t), t->tokenizer);
    *names = malloc((*n + 1) * sizeof **names);
    if (*names)
        languages_list(*names, translator_config(t), t->tokenizer);
    return *names || failure_memory(why, "the languages");
}

bool translator_choose_language(translator *t, const char *name, failure *why)
{
    const model_config *c = translator_config(t);
    language_name *names;
    size_t n, chosen;
    if (!translator_list_languages(t, &names, &n, why))
        return false;
    bool found = languages_find(&chosen, name, names, n, why);
    if (found && c->n_languages)
        model_choose_language(t->model, &c->languages[chosen]);
    else if (found)
        t->code = (language_code){.present = true, .id = names[chosen].id, .known = true};
    free(names);
    return found;
}

bool translator_switch_off(translator *t, const char *name, failure *why)
{
    return model_switch_off(t->model, name, why);
}

const search_options *translator_search(const translator *t)
{
    return &t->workers.search;
}

const token_ids *translator_prefix(const translator *t)
{
    return &t->workers.prefix;
}

const transformer *translator_model(const translator *t)
{
    return t->model;
}

const model_config *translator_config(const translator *t)
{
    return model_get_config(t->model);
}

const char *translator_source_piece(const translator *t, int32_t id)
{
    return tokenizer_source_piece(t->tokenizer, id);
}

const char *translator_target_piece(const translator *t, int32_t id)
{
    return tokenizer_target_piece(t->tokenizer, id);
}

bool translator_decode(const translator *t, const token_ids *ids, text_buffer *text, failure *why)
{
    return tokenizer_decode(t->tokenizer, ids->at, ids->n, text, why);
}

void translation_free(translation *result)
{
    for (size_t i = 0; i < result->n_sentences; i++)
        translated_sentence_free(&result->sentences[i]);
    free(result->sentences);
    free(result->spans);
    text_free(&result->text);
    *result = (translation){.text = TEXT_EMPTY};
}

/* Gives one notice for all sentences of a line that were truncated at the length cap. */
static void note_truncated(const translation *line, size_t number, const notice_reader *notices)
{
    size_t n_truncated = 0;
    for (size_t s = 0; s < line->n_sentences; s++)
        n_truncated += line->sentences[s].truncated;
    if (n_truncated == 0)
        return;
    char notice[160];
    snprintf(notice, sizeof notice, "%zu of %zu translated sentences did not end and were truncated at the length cap",
             n_truncated, line->n_sentences);
    notices->say(notices->user, number, notice);
}

/* Appends a range of the line between sentences, and sets the target ranges of its spans. *next must be the index of
 * the first span at or after the start of the range; it becomes that of the first span past the range. */
static bool copy_between(const text_line *line, byte_range range, translation *out, size_t *next, failure *why)
{
    size_t at = range.begin;
    for (; *next < out->n_spans && out->spans[*next].range.begin < range.end; ++*next) {
        const byte_range *span = &out->spans[*next].range;
        if (!utf8_append_line(&out->text, line->bytes + at, span->begin - at, why))
            return false;
        size_t begin = out->text.size;
        if (!utf8_append_line(&out->text, line->bytes + span->begin, span->end - span->begin, why))
            return false;
        out->spans[*next].target = (byte_range){begin, out->text.size};
        at = span->end;
    }
    return utf8_append_line(&out->text, line->bytes + at, range.end - at, why);
}

/* Joins the translations of a line's sentences; text between sentences is copied. */
static bool write_line(const text_line *line, translation *out, failure *why)
{
    byte_range all;
    size_t at = out->code_size;
    if (!text_trim(&all, line->bytes, (byte_range){at, line->size}))
        return true; /* blank */
    if (at)
        at = all.begin; /* the white space after a language code is not copied either */
    size_t next = 0;
    for (size_t s = 0; s < out->n_sentences; s++) {
        translated_sentence *sentence = &out->sentences[s];
        if (!copy_between(line, (byte_range){at, sentence->range.begin}, out, &next, why))
            return false;
        size_t begin = sentence->begin = out->text.size;
        if (!text_append(&out->text, sentence->text.bytes, sentence->text.size, why))
            return false;
        for (size_t i = 0; i < sentence->n_spans; i++, next++)
            out->spans[next].target =
                (byte_range){begin + sentence->spans[i].target.begin, begin + sentence->spans[i].target.end};
        at = sentence->range.end;
    }
    return copy_between(line, (byte_range){at, line->size}, out, &next, why);
}

/* Computes a translated sentence again, in one forward pass. */
static bool run_pass(translator *t, const translated_sentence *sentence, const trace_reader *reader, failure *why)
{
    size_t n_tgt = sentence->target.n; /* the decoder reads the start token, then all but the last token */
    int32_t *decoder_ids = malloc(n_tgt * sizeof *decoder_ids);
    if (!decoder_ids)
        return failure_memory(why, "the trace");
    decoder_ids[0] = translator_config(t)->target_start;
    memcpy(decoder_ids + 1, sentence->target.at, (n_tgt - 1) * sizeof *decoder_ids);
    const batch_shape shape = {1, &sentence->source.n, &n_tgt, &n_tgt, 1, true, NULL};
    bool ok = state_lay_out(t->workers.states[0], translator_config(t), &shape, why);
    if (ok)
        model_forward(t->workers.states[0], t->model, sentence->source.at, decoder_ids, n_tgt, reader);
    free(decoder_ids);
    return ok;
}

static bool has_tags(const translated_sentence *sentence)
{
    for (size_t i = 0; i < sentence->n_spans; i++)
        if (sentence->spans[i].kind != SPAN_OPAQUE)
            return true;
    return false;
}

/* Returns the pieces of ids; "" for the end token and other tokens without text. Free them with free. */
static const char **list_pieces(const translator *t, const token_ids *ids, bool is_source, failure *why)
{
    const model_config *c = translator_config(t);
    const char **pieces = malloc((ids->n + 1) * sizeof *pieces);
    if (!pieces)
        failure_memory(why, "the pieces of a translation");
    for (size_t i = 0; i < ids->n && pieces; i++) {
        int32_t id = ids->at[i];
        bool writes = is_source ? !id_list_has(&c->source_before, id) && !id_list_has(&c->source_after, id)
                                : !id_list_has(&c->target_silent, id);
        pieces[i] = !writes ? "" : is_source ? translator_source_piece(t, id) : translator_target_piece(t, id);
    }
    return pieces;
}

/* Computes a sentence again, and records its cross-attention, whose weights must be freed. */
static bool read_attention(translator *t, const translated_sentence *sentence, cross_attention *attention, failure *why)
{
    const trace_reader reader = cross_attention_start(attention, sentence->target.n, sentence->source.n);
    return run_pass(t, sentence, &reader, why) && (attention->ok || failure_memory(why, "the attention of a sentence"));
}

/* Places the tags of a sentence. */
static bool place_tags(const translator *t, const translated_sentence *sentence, token_pieces target,
                       const cross_attention *attention, size_t *places, bool *placed, failure *why)
{
    const char **pieces = list_pieces(t, &sentence->source, true, why);
    bool ok = pieces && tags_place(places, placed, sentence, (token_pieces){pieces, sentence->source.n, t->tokenizer},
                                   target, attention, why);
    free(pieces);
    return ok;
}

/* Puts source words in place of the unknown words among the pieces of the target. */
static bool replace_unknown(const translator *t, const translated_sentence *sentence, const text_line *line,
                            token_pieces target, const cross_attention *attention, unknown_words *words, failure *why)
{
    const model_config *c = translator_config(t);
    source_text text = {TEXT_EMPTY, TEXT_EMPTY};
    bool ok = encode_source_text(t->protector, sentence, line, &text.read, &text.spelled, why) &&
              unknown_replace(words, target, sentence, &text, &c->copy_tokens, c->source_after.n, attention, why);
    text_free(&text.read);
    text_free(&text.spelled);
    return ok;
}

/* Writes the text of a sentence whose target has the copy token of each span. Sets *complete to whether each span has a
 * place. */
static bool write_sentence(translator *t, translated_sentence *sentence, const text_line *line, token_pieces target,
                           bool *complete, failure *why)
{
    const restorer r = {t->tokenizer, translator_config(t)};
    bool tags = has_tags(sentence), unknown = unknown_in(sentence, target);
    size_t *places = tags ? calloc(sentence->n_spans, sizeof *places) : NULL;
    cross_attention attention = {0};
    unknown_words words = {0};
    bool ok = !tags || places || failure_memory(why, "the places of tags");
    ok = ok && ((!tags && !unknown) || read_attention(t, sentence, &attention, why)) &&
         (!unknown || replace_unknown(t, sentence, line, target, &attention, &words, why)) &&
         (!tags || place_tags(t, sentence, target, &attention, places, complete, why)) &&
         (!*complete || restore_text(&r, sentence, target.pieces, line, places, complete, why));
    unknown_free(&words);
    free(attention.weights);
    free(places);
    return ok;
}

/* Fills in the text of a sentence; leaves it empty if its spans cannot be put back. */
static bool restore_sentence(translator *t, translated_sentence *sentence, const text_line *line, failure *why)
{
    const restorer r = {t->tokenizer, translator_config(t)};
    bool complete = sentence->n_spans == 0 || restore_is_possible(&r, sentence);
    if (!complete)
        return true;
    const char **pieces = list_pieces(t, &sentence->target, false, why);
    const token_pieces target = {pieces, sentence->target.n, t->tokenizer};
    bool ok = pieces && write_sentence(t, sentence, line, target, &complete, why);
    if (ok && !complete)
        text_free(&sentence->text);
    free(pieces);
    return ok;
}

/* Whether a sentence lost spans and must be translated in parts. */
static bool has_lost_spans(const translated_sentence *sentence)
{
    return sentence->n_spans && sentence->text.size == 0;
}

/* Fills in the text of a hypothesis; sets *lost to whether it lacks spans of the sentence. */
static bool write_hypothesis(translator *t, const translated_sentence *sentence, sentence_hypothesis *hypothesis,
                             const text_line *line, bool *lost, failure *why)
{
    translated_sentence as_chosen = *sentence;
    as_chosen.target = hypothesis->target;
    as_chosen.text = TEXT_EMPTY;
    as_chosen.spans = malloc((sentence->n_spans + 1) * sizeof *sentence->spans);
    if (!as_chosen.spans)
        return failure_memory(why, "the hypotheses");
    for (size_t i = 0; i < sentence->n_spans; i++)
        as_chosen.spans[i] = sentence->spans[i];
    bool ok = t->protection ? restore_sentence(t, &as_chosen, line, why)
                            : translator_decode(t, &as_chosen.target, &as_chosen.text, why);
    *lost = has_lost_spans(&as_chosen);
    hypothesis->text = as_chosen.text;
    free(as_chosen.spans);
    return ok;
}

/* Fills in the texts of the hypotheses of a sentence, and drops those that lack spans. */
static bool write_hypotheses(translator *t, translated_sentence *sentence, const text_line *line, failure *why)
{
    size_t n_kept = 0;
    bool ok = true;
    for (size_t k = 0; k < sentence->n_hypotheses; k++) {
        sentence_hypothesis *hypothesis = &sentence->hypotheses[k];
        bool lost = false;
        ok = ok && write_hypothesis(t, sentence, hypothesis, line, &lost, why);
        if (lost) {
            token_ids_free(&hypothesis->target);
            text_free(&hypothesis->text);
            continue;
        }
        sentence->hypotheses[n_kept++] = *hypothesis;
    }
    sentence->n_hypotheses = n_kept;
    return ok;
}

/* Translates the sentences that have no text yet. */
static bool translate_sentences(translator *t, const text_line *lines, size_t n_lines, bool with_details,
                                translation *out, failure *why)
{
    bool ok = batches_translate(&t->workers, out, n_lines, with_details, why);
    for (size_t l = 0; l < n_lines; l++)
        for (size_t s = 0; s < out[l].n_sentences && ok; s++) {
            translated_sentence *sentence = &out[l].sentences[s];
            if (sentence->text.size == 0)
                ok = t->protection ? restore_sentence(t, sentence, &lines[l], why)
                                   : translator_decode(t, &sentence->target, &sentence->text, why);
        }
    return ok;
}

/* Replaces sentences that lost spans by their parts. */
static bool encode_lost(const encoder *e, const text_line *lines, size_t n_lines, translation *out, failure *why)
{
    bool ok = true;
    for (size_t l = 0; l < n_lines && ok; l++)
        for (size_t s = 0; s < out[l].n_sentences; s++)
            if (has_lost_spans(&out[l].sentences[s])) {
                ok = encode_parts(e, &lines[l], l, &out[l], has_lost_spans, why);
                break;
            }
    return ok;
}

bool translator_translate(translator *t, const text_line *lines, size_t n_lines, bool with_details, translation *out,
                          const notice_reader *notices, failure *why)
{
    const encoder e = {t->tokenizer, translator_config(t), t->protection ? t->protector : NULL, notices, t->code};
    bool ok = true;
    for (size_t l = 0; l < n_lines; l++)
        out[l] = (translation){.text = TEXT_EMPTY, .number = lines[l].number};
    for (size_t l = 0; l < n_lines && ok; l++)
        ok = encode_line(&e, &lines[l], l, &out[l], why);
    ok = ok && translate_sentences(t, lines, n_lines, with_details, out, why) &&
         encode_lost(&e, lines, n_lines, out, why) && translate_sentences(t, lines, n_lines, with_details, out, why) &&
         (t->n_alternatives == 0 ||
          alternatives_find(&t->workers, t->tokenizer, t->position, t->n_alternatives, out, n_lines, why)) &&
         model_check_unchanged(t->model, why);
    for (size_t l = 0; l < n_lines && ok; l++) {
        for (size_t s = 0; s < out[l].n_sentences && ok; s++)
            ok = write_hypotheses(t, &out[l].sentences[s], &lines[l], why);
        ok = ok && write_line(&lines[l], &out[l], why);
        note_truncated(&out[l], l, notices);
    }
    for (size_t l = 0; l < n_lines && !ok; l++)
        translation_free(&out[l]);
    return ok;
}

size_t translation_n_hypotheses(const translation *line)
{
    return line->n_sentences == 1 ? line->sentences->n_hypotheses : 1;
}

bool translation_hypothesis(const translation *line, size_t k, text_buffer *text, double *score, failure *why)
{
    const text_buffer *whole = &line->text;
    *score = 0.0;
    if (line->n_sentences != 1) {
        for (size_t s = 0; s < line->n_sentences; s++)
            *score += line->sentences[s].hypotheses[0].score;
        return text_append(text, whole->bytes, whole->size, why);
    }
    const translated_sentence *only = line->sentences;
    const sentence_hypothesis *hypothesis = &only->hypotheses[k];
    size_t end = only->begin + only->text.size;
    *score = hypothesis->score;
    return text_append(text, whole->bytes, only->begin, why) &&
           text_append(text, hypothesis->text.bytes, hypothesis->text.size, why) &&
           text_append(text, whole->bytes + end, whole->size - end, why);
}

/* Appends the tokens of both sides. Leaves the target empty if one has more than positions. */
static bool encode_pair(const translator *t, const text_pair *pair, translated_sentence *scored, failure *why)
{
    const model_config *c = translator_config(t);
    size_t limit = c->max_positions;
    language_code code = tokenizer_language_code(t->tokenizer, pair->source.bytes, pair->source.size);
    const char *source = pair->source.bytes + code.size;
    size_t n_source = pair->source.size - code.size;
    if (!encode_fits(n_source, limit) || !encode_fits(pair->target.size, limit))
        return true;
    bool ok = tokenizer_encode(t->tokenizer, code.present ? &code : &t->code, source, n_source, &scored->source, why);
    ok = ok && token_ids_append_all(&scored->target, c->target_forced.at, c->target_forced.n, why) &&
         tokenizer_encode_target(t->tokenizer, pair->target.bytes, pair->target.size, &scored->target, why) &&
         token_ids_append(&scored->target, c->target_end, why);
    if (ok && (scored->source.n > limit || scored->target.n > limit))
        scored->target.n = 0;
    return ok;
}

bool translator_score(translator *t, const text_pair *pairs, size_t n, translated_sentence *scored, failure *why)
{
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++)
        ok = encode_pair(t, &pairs[i], &scored[i], why);
    return ok && score_pairs(&t->workers, scored, n, why) && model_check_unchanged(t->model, why);
}

bool translator_trace(translator *t, const translated_sentence *sentence, trace_record *pass, failure *why)
{
    const trace_reader reader = trace_record_start(pass, why);
    return run_pass(t, sentence, &reader, why) && pass->ok && model_check_unchanged(t->model, why);
}

float *translator_output_of(translator *t, const float *x, size_t n_rows, failure *why)
{
    const size_t n_src = 1;
    const batch_shape shape = {1, &n_src, &n_rows, &n_rows, 1, true, NULL};
    if (!state_lay_out(t->workers.states[0], translator_config(t), &shape, why))
        return NULL;
    return model_output_of(t->workers.states[0], t->model, x, n_rows);
}
