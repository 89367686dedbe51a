/* Attention, drawn for a person. */
#ifndef CLI_SHOW_ATTENTION_H
#define CLI_SHOW_ATTENTION_H

#include "cli/terminal.h"
#include "translator/translator.h"

/* Which attention to show: all of them; one, as its mean over the heads where head = n_heads; or, where `attention` is
 * empty, the cross-attention that aligns best. */
typedef struct {
    bool all;
    char attention[64]; /* such as "decoder.1.cross_attention" */
    size_t head;
} attention_choice;

/* The choice with this name: "all", "" for what aligns best, or a trace name such as "decoder.1.cross_attention", with
 * a head behind it as in "encoder.0.self_attention:3". Fails with what names there are. */
bool attention_choose(attention_choice *choice, const char *name, const model_config *config, failure *why);

/* The attention of a sentence, drawn from its recorded pass. */
bool show_attention(const attention_choice *choice, const translator *t, const translated_sentence *sentence,
                    const trace_record *pass, const terminal *term, failure *why);

#endif
