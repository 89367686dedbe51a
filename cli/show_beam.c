#include "cli/show_beam.h"

#include <stdbool.h>
#include <stdio.h>

enum { MOST_PIECES = 256 };

/* The best hypothesis that ended: the translation. */
static size_t best_of(const translated_sentence *sentence)
{
    size_t best = NO_PARENT;
    for (size_t i = 0; i < sentence->n_steps; i++)
        if (sentence->steps[i].ended && (best == NO_PARENT || sentence->steps[i].score > sentence->steps[best].score))
            best = i;
    return best;
}

/* Whether hypothesis `later` is the `earlier` one or came of it. */
static bool comes_of(const translated_sentence *sentence, size_t later, size_t earlier)
{
    while (later != NO_PARENT && later > earlier)
        later = sentence->steps[later].parent;
    return later == earlier;
}

static const char *fate_of(const translated_sentence *sentence, size_t i)
{
    const beam_step *steps = sentence->steps, *last = &steps[sentence->n_steps - 1];
    if (steps[i].ended)
        return "ended";
    for (size_t later = i + 1; later < sentence->n_steps; later++)
        if (steps[later].parent == i)
            return "";
    return steps[i].n == last->n ? "open" : "dropped";
}

/* Prints the pieces of a hypothesis in `width` columns, without the first ones if there are too many. */
static void print_pieces(const translator *t, const translated_sentence *sentence, size_t i, const terminal *term,
                         size_t width)
{
    const char *pieces[MOST_PIECES];
    size_t n = 0, used = 0;
    for (; i != NO_PARENT && n < MOST_PIECES; i = sentence->steps[i].parent) {
        pieces[n] = translator_target_piece(t, sentence->steps[i].id);
        size_t needed = terminal_text_width(pieces[n]) + 1, dots = sentence->steps[i].parent != NO_PARENT ? 2 : 0;
        if (n > 0 && used + needed + dots > width)
            break;
        used += needed;
        n++;
    }
    if (i != NO_PARENT)
        fputs("… ", term->file);
    const terminal rest = {term->file, i != NO_PARENT ? width - 2 : width, term->colours};
    terminal_flow flow = {.term = &rest, .gap = 1};
    while (n-- > 0)
        terminal_flow_word(&flow, pieces[n]);
    terminal_flow_end(&flow);
}

void show_beam(const translator *t, const translated_sentence *sentence, const terminal *term)
{
    const beam_step *steps = sentence->steps;
    size_t best = best_of(sentence), n_shown = 0;
    fputs("         sum    score\n", term->file);
    for (size_t i = 0; i < sentence->n_steps; i++) {
        if (steps[i].n > n_shown)
            fprintf(term->file, "  step %3zu\n", n_shown = steps[i].n);
        int used = fprintf(term->file, "  %c %8.4f %8.4f %-7s ", comes_of(sentence, best, i) ? '*' : ' ', steps[i].sum,
                           steps[i].score, fate_of(sentence, i));
        print_pieces(t, sentence, i, term, used > 0 ? term->width - (size_t)used : 1);
    }
}
