/* libtransformer: translates text with a Transformer checkpoint.
 *
 *   transformer_translator *t = transformer_open("checkpoints/en-de", 1);
 *   char *german = t ? transformer_translate(t, "The house is small.") : NULL;
 *   puts(german ? german : transformer_error());
 *   transformer_free(german);
 *   transformer_close(t);
 *
 * A function that fails returns NULL or false, and transformer_error says why. Texts are UTF-8 and end with a NUL;
 * invalid bytes are read as U+FFFD.
 *
 * Threads. All functions may be called from any thread. Calls with the same translator wait for each other; translators
 * are independent, and translate at the same time. Their weights are mapped read-only from the same file. A calling
 * thread needs a stack of at least 256 kB. A translator does not survive fork: open it in the child.
 *
 * The process. A checkpoint must not be changed while it is open; if its file is truncated, the process gets SIGBUS. If
 * memory runs out inside SentencePiece, the process exits with status 1. Opening a checkpoint installs a C++
 * new-handler; one with float32 weights also sets OpenBLAS, if the process uses it too, to one thread. */
#ifndef TRANSFORMER_H
#define TRANSFORMER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct transformer_translator transformer_translator;
typedef struct transformer_hypotheses transformer_hypotheses;

/* Why the last call that failed in this thread failed: "FILE: what is wrong; what to do". Valid until the thread's next
 * call of a function of this library. */
const char *transformer_error(void);

/* Opens a checkpoint directory, to translate with n_threads threads, 1 to 256. NULL on failure. */
transformer_translator *transformer_open(const char *directory, size_t n_threads);

/* Closes a translator that no other thread uses any more. NULL is allowed. */
void transformer_close(transformer_translator *t);

/* Searches with n_beams hypotheses, 1 to 16: more are better and slower. The default is 1, greedy search. */
bool transformer_set_beam(transformer_translator *t, size_t n_beams);

/* Chooses the language of translations, if the checkpoint has several. If there is none of this name, the error message
 * lists similar ones. */
bool transformer_set_language(transformer_translator *t, const char *language);

/* Sends warnings, such as one about a translation that was truncated, to `say`, with the index of the line in the text.
 * The default, and NULL, is to drop them. `say` must not call this library. */
void transformer_set_warnings(transformer_translator *t, void (*say)(void *user, size_t line, const char *message),
                              void *user);

/* Translates a text of any number of lines and sentences. Line ends stay as they are. Free the translation with
 * transformer_free. NULL on failure. */
char *transformer_translate(transformer_translator *t, const char *text);
void transformer_free(char *text);

/* Finds the n best translations of a line, best first; n must be at most n_beams, and n_beams at least 2. A line of
 * several sentences has one translation: the best of each. Free the result with transformer_hypotheses_free. NULL on
 * failure. */
transformer_hypotheses *transformer_n_best(transformer_translator *t, const char *line, size_t n);
void transformer_hypotheses_free(transformer_hypotheses *hypotheses);

/* How many there are: at most n. */
size_t transformer_hypotheses_count(const transformer_hypotheses *hypotheses);

/* Hypothesis i, which must be less than the count; the text is valid until the hypotheses are freed. The score is the
 * log-probability divided by the number of tokens; for several sentences, the sum of their scores. */
const char *transformer_hypothesis_text(const transformer_hypotheses *hypotheses, size_t i);
double transformer_hypothesis_score(const transformer_hypotheses *hypotheses, size_t i);

/* Translates a sentence and calls `read` with every tensor that the Transformer computes for it, in order of
 * computation. data [rows, columns], row by row, and name are valid during the call only. The names, such as
 * "decoder.1.cross_attention.weights", are those of weights/FORMAT.md. Fails if the text is not a single sentence. */
bool transformer_trace(transformer_translator *t, const char *sentence,
                       void (*read)(void *user, const char *name, const float *data, size_t rows, size_t columns),
                       void *user);

#ifdef __cplusplus
}
#endif

#endif
