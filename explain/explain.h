/* `translate --explain`: writes one self-contained HTML file that shows translations from inside the Transformer. The
 * page is page.html, page.css and the .js files; the functions here write its data.
 *
 *   explanation *e = explanation_open(translator, &why);
 *   explanation_add_line(e, &line, &translation, &why);                for each line, followed by
 *   explanation_add_sentence(e, &line, &sentence, &pass, &why);        each of its sentences
 *   explanation_write(e, file, "page.html", &n_bytes, &why);
 *   explanation_close(e);
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include <stdio.h>

#include "translator/translator.h"

typedef struct explanation explanation;

/* Close with explanation_close. NULL on failure. The translator must outlive the explanation. */
explanation *explanation_open(translator *t, failure *why);
void explanation_close(explanation *e);

/* Says how the sentences added from now on are translated: without the parts of the model with these names [n], which
 * must outlive the explanation; and whether their translations were given. At first, neither is so. */
void explanation_set_experiment(explanation *e, const char *const *without, size_t n, bool given);

bool explanation_add_line(explanation *e, const text_line *line, const translation *result, failure *why);

/* Adds a sentence of the line that was added last. Copies what the page shows from its recorded pass. Fails if there
 * are more than 1,024 tokens in all. */
bool explanation_add_sentence(explanation *e, const text_line *line, const translated_sentence *sentence,
                              const trace_record *pass, failure *why);

/* Writes the page to the open file `name`, and sets *n_bytes to its size. Fails if no sentence was added. */
bool explanation_write(const explanation *e, FILE *file, const char *name, size_t *n_bytes, failure *why);

#endif
