/* Translates a text, and shows the three best translations that beam search finds: CHECKPOINT TEXT */
#include <stdio.h>
#include <transformer.h>

int main(int argc, char **argv)
{
    transformer_translator *t = argc == 3 ? transformer_open(argv[1], 1) : NULL;
    char *translation = t ? transformer_translate(t, argv[2]) : NULL;
    transformer_hypotheses *best = translation && transformer_set_beam(t, 4) ? transformer_n_best(t, argv[2], 3) : NULL;
    if (translation)
        puts(translation);
    for (size_t i = 0; best && i < transformer_hypotheses_count(best); i++)
        printf("%8.4f  %s\n", transformer_hypothesis_score(best, i), transformer_hypothesis_text(best, i));
    if (!best)
        fprintf(stderr, "%s\n", argc == 3 ? transformer_error() : "usage: translate CHECKPOINT TEXT");
    transformer_hypotheses_free(best);
    transformer_free(translation);
    transformer_close(t);
    return best ? 0 : 1;
}
