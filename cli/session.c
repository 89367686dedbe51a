#include "cli/session.h"

#include "cli/bus_error.h"

/* A translator with the options of the search. NULL on failure. */
static translator *open_translator(const arguments *a, failure *why)
{
    translator *t = translator_open(a->model, a->n_threads, why);
    if (!t)
        return NULL;
    translator_set_protection(t, !a->plain && !a->prefix && !a->target && !a->alternatives);
    translator_set_search(t, &(search_options){.n_beams = a->n_beams,
                                               .length_penalty = a->length_penalty,
                                               .n_best = a->alternatives ? 0 : a->n_best,
                                               .no_repeat = a->no_repeat,
                                               .keep_steps = (a->steps || a->explain) && a->n_beams > 1,
                                               .sampling = a->sampling});
    if (a->alternatives)
        translator_set_alternatives(t, a->position, a->n_best);
    if ((!a->prefix || translator_set_prefix(t, a->prefix, why)) &&
        (!a->target || translator_set_target(t, a->target, why)))
        return t;
    translator_close(t);
    return NULL;
}

/* Applies the options whose values depend on the checkpoint. */
static bool choose(session *s, const arguments *a, failure *why)
{
    bool ok = !a->attention || attention_choose(&s->attention, a->attention, translator_config(s->translator), why);
    ok = ok && (!a->to || translator_choose_language(s->translator, a->to, why));
    ok = ok && (!a->to || !s->original || translator_choose_language(s->original, a->to, why));
    for (size_t i = 0; i < a->n_without && ok; i++)
        ok = translator_switch_off(s->translator, a->without[i], why);
    return ok;
}

bool session_open(session *s, const arguments *a, bool *is_usage, failure *why)
{
    *s = (session){0};
    bool ok = cli_catch_bus_errors(a->model, why) && (s->translator = open_translator(a, why)) != NULL &&
              (!a->n_without || (s->original = open_translator(a, why)) != NULL);
    *is_usage = ok && !choose(s, a, why);
    if (ok && !*is_usage)
        return true;
    session_close(s);
    return false;
}

void session_close(session *s)
{
    translator_close(s->original);
    translator_close(s->translator);
    *s = (session){0};
}
