/* From text to text: sentences, tokens, batches, greedy search, and the lines put together again.
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

enum { TRANSLATOR_BATCH = 64 }; /* sentences that are computed together */

/* One line of text, without its line end. */
typedef struct {
    const char *bytes;
    size_t size;
} text_line;

/* What the model did with one sentence, or one part of a sentence that was too long. */
typedef struct {
    text_range range;         /* in the line */
    token_ids source, target; /* both with their end token; a cut target only where the checkpoint forces one */
    float *log_probabilities; /* [target.n], or NULL when not asked for */
    bool truncated;           /* the length cap ended it */
} translated_sentence;

typedef struct {
    text_buffer text;
    size_t code_size;               /* bytes of the line's language code */
    translated_sentence *sentences; /* [n_sentences]; none for a blank line */
    size_t n_sentences;
} translation;

/* Things a person should know although the translation goes on; `line` counts from 0 in the call. */
typedef struct {
    void (*say)(void *user, size_t line, const char *sentence);
    void *user;
} notice_reader;

typedef struct translator translator;

/* A translator that computes with n_threads >= 1 threads; one caller at a time. NULL on failure. */
translator *translator_open(const char *directory, size_t n_threads, failure *why);
void translator_close(translator *t);

const transformer *translator_model(const translator *t);
const model_config *translator_config(const translator *t);

/* The piece of an id of either side, for showing. */
const char *translator_source_piece(const translator *t, int32_t id);
const char *translator_target_piece(const translator *t, int32_t id);

/* Appends the text of target ids. */
bool translator_decode(const translator *t, const token_ids *ids, text_buffer *text, failure *why);

/* out [n_lines], each to be freed with translation_free. `notices` is required.
 * A language code `>>…<<` at the beginning of a line goes before each of its sentences, and is not translated. A line's
 * translation does not depend on the other lines of the call (float32: but for ties to the last bit). On failure
 * nothing is to be freed. */
bool translator_translate(translator *t, const text_line *lines, size_t n_lines, bool with_log_probabilities,
                          translation *out, const notice_reader *notices, failure *why);
void translation_free(translation *result);

/* Computes one sentence again, with its whole translation at once, and records every tensor in place of what `pass`
 * held. */
bool translator_trace(translator *t, const translated_sentence *sentence, trace_record *pass, failure *why);

/* model_output_of, for rows of a recorded pass, until the translator computes again. NULL on failure. */
float *translator_output_of(translator *t, const float *x, size_t n_rows, failure *why);

#endif
