/* `translate --explain`: one HTML file that shows translations inside the Transformer, readable without anything
 * beside it. page.html, page.css and the .js files are the page; what is written here is their data.
 *
 *   explanation *e = explanation_open(translator, &why);
 *   explanation_add(e, &line, &translation, &why);   for each line
 *   explanation_write(e, "page.html", &n_bytes, &why);
 *   explanation_close(e);
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include "translator/translator.h"

typedef struct explanation explanation;

/* NULL on failure. The translator must outlive the explanation. */
explanation *explanation_open(translator *t, failure *why);
void explanation_close(explanation *e);

/* Computes each sentence of a line again, and keeps what the page shows of it. */
bool explanation_add(explanation *e, const text_line *line, const translation *result, failure *why);

/* Writes the page, *n_bytes long. Fails when no sentence was added. */
bool explanation_write(const explanation *e, const char *path, size_t *n_bytes, failure *why);

#endif
