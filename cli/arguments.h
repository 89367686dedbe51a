/* The command line. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/transformer.h"

enum { MAX_WITHOUT = 256 };
enum { EXIT_USAGE = 2 }; /* for usage errors; EXIT_SUCCESS and EXIT_FAILURE are in stdlib.h */

typedef struct {
    const char *model;                            /* NULL for default_checkpoint */
    const char *input, *output, *trace, *explain; /* input and output: NULL for the standard streams */
    const char *encoding;                         /* of the input, or NULL */
    const char *to;                               /* the language of translations, or NULL */
    const char *prefix;                           /* of translations, or NULL */
    const char *target;                           /* the translation of TEXT, or NULL to search for it */
    const char *without[MAX_WITHOUT];             /* [n_without], parts of the model to switch off */
    const char *attention;                        /* the argument of attention_choose, or NULL */
    size_t n_threads, n_beams, n_best, no_repeat, position, n_without;
    double length_penalty;
    sampling_options sampling; /* of --sample */
    bool json_lines;           /* --format jsonl */
    bool plain, tokens, steps, resume, info, score, sample, alternatives;
    char **words; /* [n_words], the words of TEXT */
    int n_words;
} arguments;

/* Fills in *a. Returns -1 to continue, or the exit status after --help, --version or a usage error. */
int arguments_parse(arguments *a, int argc, char **argv);

/* Prints a usage error and returns its exit status. */
int arguments_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
