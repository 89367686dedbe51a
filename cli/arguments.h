/* What the command line asks for. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum { EXIT_DONE = 0, EXIT_COULD_NOT = 1, EXIT_USAGE = 2 };

typedef struct {
    const char *model, *input, *output, *trace, *explain;
    const char *attention; /* as attention_choose takes it, or NULL */
    size_t n_threads;
    bool tokens, steps, resume, info;
    char **words; /* [n_words], TEXT */
    int n_words;
} arguments;

/* -1: go on; otherwise the exit status: --help and --version are answered, wrong usage is said. */
int arguments_parse(arguments *a, int argc, char **argv);

/* Says what is wrong with the usage, and returns the exit status for it. */
int arguments_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
