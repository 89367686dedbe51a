/* Shows attention weights on standard error. */
#ifndef CLI_SHOW_ATTENTION_H
#define CLI_SHOW_ATTENTION_H

#include "cli/terminal.h"
#include "translator/translator.h"

/* Which attention to show: all; a single one (if head = n_heads, the mean over its heads); or, if `attention` is empty,
 * the most concentrated cross-attention. */
typedef struct {
    bool all;
    char attention[64]; /* such as "decoder.1.cross_attention" */
    size_t head;
} attention_choice;

/* Parses a choice: "all", "" for the most concentrated cross-attention, or a name as in traces, such as
 * "decoder.1.cross_attention", with an optional head as in "encoder.0.self_attention:3". The error message lists the
 * valid names. */
bool attention_choose(attention_choice *choice, const char *name, const model_config *config, failure *why);

/* Draws the attention of a sentence from its recorded pass. */
bool show_attention(const attention_choice *choice, const translator *t, const translated_sentence *sentence,
                    const trace_record *pass, const terminal *term, failure *why);

#endif
