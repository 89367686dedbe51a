/* `translate --explain`: one HTML file that shows translations inside the Transformer, readable without anything
 * beside it. page.html, page.css and the .js files are the page; what is written here is their data.
 *
 *   explanation *e = explanation_open(translator, &why);
 *   explanation_add_line(e, &line, &translation, &why);                for each line, and after it
 *   explanation_add_sentence(e, &line, &sentence, &pass, &why);        for each of its sentences
 *   explanation_write(e, file, "page.html", &n_bytes, &why);
 *   explanation_close(e);
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include <stdio.h>

#include "translator/translator.h"

typedef struct explanation explanation;

/* NULL on failure. The translator must outlive the explanation. */
explanation *explanation_open(translator *t, failure *why);
void explanation_close(explanation *e);

bool explanation_add_line(explanation *e, const text_line *line, const translation *result, failure *why);

/* Keeps what the page shows of a sentence of the line that was added last, from its recorded pass. Fails if there are
 * more than 1,024 tokens in all. */
bool explanation_add_sentence(explanation *e, const text_line *line, const translated_sentence *sentence,
                              const trace_record *pass, failure *why);

/* Writes the page, *n_bytes long, to a file called `name`. Fails when no sentence was added. */
bool explanation_write(const explanation *e, FILE *file, const char *name, size_t *n_bytes, failure *why);

#endif
