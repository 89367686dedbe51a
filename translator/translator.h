/* Translates lines of text: splits them into sentences, protects what must be copied, encodes, searches in batches,
 * decodes and joins.
 *
 *   translator *t = translator_open("checkpoints/en-de", 1, &why);
 *   translation out;
 *   if (translator_translate(t, &line, 1, false, &out, &notices, &why)) puts(out.text.bytes);
 *   translation_free(&out);
 *   translator_close(t);
 */
#ifndef TRANSLATOR_TRANSLATOR_H
#define TRANSLATOR_TRANSLATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "model/transformer.h"
#include "support/buffer.h"
#include "support/failure.h"
#include "support/trace_record.h"
#include "text/letter_case.h"
#include "text/segments.h"
#include "text/spans.h"

enum { TRANSLATOR_BATCH = 64 }; /* sentences computed together, at most; in beam search, their hypotheses */

/* One line of text, without its line end. */
typedef struct {
    const char *bytes;
    size_t size;
    uint64_t number; /* random numbers depend on it */
} text_line;

/* A span of a line that is copied. */
typedef struct {
    byte_range range;  /* in the line */
    byte_range target; /* in its translation */
    span_kind kind;
} copied_span;

/* A copied span in a sentence. A copy token stands for an opaque span in source and target; the model does not see
 * tags. */
typedef struct {
    byte_range range;  /* in the line */
    byte_range target; /* in the sentence's translation */
    span_kind kind;
    size_t token; /* index of the first source token at or after the span */
} protected_span;

/* One of the translations that beam search found for a sentence, or an alternative. */
typedef struct {
    token_ids target;
    double score; /* model/beam.h */
    text_buffer text;
} sentence_hypothesis;

/* One sentence and its translation. A sentence that is too long, or whose spans were lost, comes in several parts. */
typedef struct {
    byte_range range;         /* in the line */
    uint64_t line;            /* its number */
    token_ids source, target; /* including the end token, except a truncated target without forced_end (config.h) */
    token_ids prefix;         /* what the target begins with, in place of the translator's prefix, if not empty */
    float *log_probabilities; /* [target.n]; NULL if details are not requested */
    int32_t *alignment;       /* [target.n], the index of the aligned source token (greedy.h); likewise */
    bool truncated;           /* stopped by the length cap */
    letter_case letters;      /* of the sentence; the model reads and writes ordinary spelling */
    protected_span *spans;    /* [n_spans], in order */
    size_t n_spans;
    text_buffer text;                /* the translation */
    size_t begin;                    /* of the text in the line's translation */
    sentence_hypothesis *hypotheses; /* [n_hypotheses], best first, the translation among them, if requested */
    size_t n_hypotheses;
    beam_step *steps; /* [n_steps], of beam search, if they are kept */
    size_t n_steps;
} translated_sentence;

typedef struct {
    text_buffer text;
    uint64_t number;                /* of the line */
    size_t code_size;               /* bytes of the line's language code */
    translated_sentence *sentences; /* [n_sentences]; NULL for a blank line */
    size_t n_sentences;
    copied_span *spans; /* [n_spans], in order, in sentences and between them */
    size_t n_spans;
} translation;

/* Receives warnings that do not stop the translation. `line` is the line's index in the call. */
typedef struct {
    void (*say)(void *user, size_t line, const char *message);
    void *user;
} notice_reader;

typedef struct translator translator;

/* Opens a checkpoint directory, to translate with n_threads >= 1 threads. A translator must not be used concurrently.
 * Close with translator_close. NULL on failure. */
translator *translator_open(const char *directory, size_t n_threads, failure *why);
void translator_close(translator *t);

/* Turns splitting into sentences and protection of spans on, which is the default, or off: then the model gets each
 * line as it is. */
void translator_set_protection(translator *t, bool on);

/* The default is greedy search. */
void translator_set_search(translator *t, const search_options *options);

/* Makes the translation of each sentence begin with this text, also of parts of a long one. Call it after
 * translator_set_search, and with protection off. Fails if the prefix leaves no room for other tokens. */
bool translator_set_prefix(translator *t, const char *text, failure *why);

/* Makes this text the translation of each sentence, whatever the search would have chosen; otherwise likewise. */
bool translator_set_target(translator *t, const char *text, failure *why);

/* Makes the hypotheses of a line n alternatives, or none if n is 0, the default: each keeps the first `position` words
 * of the translation, or the prefix if that is longer, continues with another one of the n most probable tokens, and
 * then as the search finds. Scores are those of beam search with the kept tokens as the prefix. A line of several
 * sentences has none but its translation. Call it with protection off, and with n_best = 0. */
void translator_set_alternatives(translator *t, size_t position, size_t n);

/* A language that the checkpoint can translate to. */
typedef struct {
    const char *name; /* [size], not NUL-terminated */
    size_t size;
    int32_t id; /* what stands for it: in the target vocabulary, or that of its code in the source vocabulary */
} language_name;

/* Sets *names, to be freed, and *n to the languages among which translator_choose_language chooses. */
bool translator_list_languages(const translator *t, language_name **names, size_t *n, failure *why);

/* Chooses the language of translations. If it has a language code, lines with a code of their own keep that. Fails,
 * with similar names in *why, if the checkpoint has no language with this name. */
bool translator_choose_language(translator *t, const char *name, failure *why);

/* Switches a part of the model off, such as "decoder.1.cross_attention:3": see model_switch_off. */
bool translator_switch_off(translator *t, const char *name, failure *why);

const search_options *translator_search(const translator *t);

/* The tokens that translations begin with: of the prefix, or of the target. */
const token_ids *translator_prefix(const translator *t);

const transformer *translator_model(const translator *t);
const model_config *translator_config(const translator *t);

/* A source and its translation. */
typedef struct {
    text_line source, target;
} text_pair;

/* Scores pairs [n]: fills in source, target and log_probabilities (model/score.h) of scored [n], which must be zeroed.
 * Each side is one sentence, as if protection were off. A pair with more tokens than positions gets no target. The
 * caller frees each with translated_sentence_free, also on failure. */
bool translator_score(translator *t, const text_pair *pairs, size_t n, translated_sentence *scored, failure *why);

void translated_sentence_free(translated_sentence *sentence);

/* The piece of a source or target id, for display; valid until translator_close. */
const char *translator_source_piece(const translator *t, int32_t id);
const char *translator_target_piece(const translator *t, int32_t id);

/* Appends the text of target ids. */
bool translator_decode(const translator *t, const token_ids *ids, text_buffer *text, failure *why);

/* Translates lines [n_lines] to out [n_lines]; free each with translation_free. On failure there is nothing to free.
 * notices must not be NULL. A language code such as `>>deu<<` at the beginning of a line applies to each of its
 * sentences and is not translated. A line's translation does not depend on the other lines of the call (float32: unless
 * two logits differ only in their last bits). Details are the log-probabilities and the alignment. */
bool translator_translate(translator *t, const text_line *lines, size_t n_lines, bool with_details, translation *out,
                          const notice_reader *notices, failure *why);
void translation_free(translation *result);

/* The number of translations of a line after a search for the n best. A line of several sentences has one. */
size_t translation_n_hypotheses(const translation *line);

/* Appends hypothesis k of a line, and sets *score to its score; for several sentences, the best of each, and the sum of
 * their scores. */
bool translation_hypothesis(const translation *line, size_t k, text_buffer *text, double *score, failure *why);

/* Computes a translated sentence again, in one pass over its source and target, and records every tensor in *pass,
 * which loses its previous content. */
bool translator_trace(translator *t, const translated_sentence *sentence, trace_record *pass, failure *why);

/* The logits [n_rows, n_target_vocabulary] of the output layer for x [n_rows, d_model], rows of a recorded pass; see
 * model_output_of. Valid until the translator computes again. NULL on failure. */
float *translator_output_of(translator *t, const float *x, size_t n_rows, failure *why);

#endif
