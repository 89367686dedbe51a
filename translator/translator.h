/* Translates lines of text: splits them into sentences, encodes, searches in batches, decodes and joins.
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
#include "translator/sentences.h"

enum { TRANSLATOR_BATCH = 64 }; /* sentences computed together, at most */

/* One line of text, without its line end. */
typedef struct {
    const char *bytes;
    size_t size;
} text_line;

/* What the model did with one sentence, or one part of a sentence that was too long. */
typedef struct {
    text_range range; /* in the line */
    token_ids source,
        target; /* including the end token, which a truncated target only has if the checkpoint forces it */
    float *log_probabilities; /* [target.n], or NULL if not requested */
    bool truncated;           /* stopped by the length cap */
} translated_sentence;

typedef struct {
    text_buffer text;
    size_t code_size;               /* bytes of the line's language code */
    translated_sentence *sentences; /* [n_sentences]; NULL for a blank line */
    size_t n_sentences;
} translation;

/* Receives warnings that do not stop the translation. line is counted from 0 within the call. */
typedef struct {
    void (*say)(void *user, size_t line, const char *sentence);
    void *user;
} notice_reader;

typedef struct translator translator;

/* Opens a checkpoint directory, to translate with n_threads >= 1 threads. A translator must not be used concurrently.
 * NULL on failure. */
translator *translator_open(const char *directory, size_t n_threads, failure *why);
void translator_close(translator *t);

const transformer *translator_model(const translator *t);
const model_config *translator_config(const translator *t);

/* The piece of a source or target id, for display. */
const char *translator_source_piece(const translator *t, int32_t id);
const char *translator_target_piece(const translator *t, int32_t id);

/* Appends the text of target ids. */
bool translator_decode(const translator *t, const token_ids *ids, text_buffer *text, failure *why);

/* Translates lines [n_lines] to out [n_lines], each to be freed with translation_free. notices must not be NULL. A
 * language code such as `>>deu<<` at the beginning of a line applies to each of its sentences and is not translated. A
 * line's translation does not depend on the other lines of the call (float32: unless logits tie in the last bit). On
 * failure there is nothing to free. */
bool translator_translate(translator *t, const text_line *lines, size_t n_lines, bool with_log_probabilities,
                          translation *out, const notice_reader *notices, failure *why);
void translation_free(translation *result);

/* Computes a translated sentence again, in one pass over its source and target, and records every tensor in pass, in
 * place of what it held. */
bool translator_trace(translator *t, const translated_sentence *sentence, trace_record *pass, failure *why);

/* model_output_of, for rows of a recorded pass, until the translator computes again. NULL on failure. */
float *translator_output_of(translator *t, const float *x, size_t n_rows, failure *why);

#endif
