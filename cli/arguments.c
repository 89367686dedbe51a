/* The command line: options, TEXT, and what does not go together. */
#include "cli/arguments.h"

#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"

enum { DEFAULT_THREADS = 4, MOST_THREADS = 256 };

static const char help[] =
    "translate [OPTION…] [TEXT…]\n"
    "\n"
    "Translates TEXT, or without TEXT each line of standard input, with a Transformer checkpoint.\n"
    "One line comes out for each line that goes in, without waiting for more; a blank line stays empty.\n"
    "\n"
    "  -m, --model DIR     the checkpoint directory (default: the bundled English to German one)\n"
    "  -t, --threads N     compute with N threads (default: the processors there are, 4 at most)\n"
    "  -i, --input FILE    translate the lines of FILE\n"
    "  -o, --output FILE   write the translations to FILE, which appears when it is whole; with --input, a progress\n"
    "                      bar shows how far it is\n"
    "      --resume        go on with an --input and --output that were interrupted, from the beginning if there is "
    "nothing\n"
    "      --tokens        show pieces, ids and log-probabilities of both sides on standard error\n"
    "      --steps         show each step of decoding: the chosen piece and the best five others, on standard error\n"
    "      --attention[=NAME]\n"
    "                      draw what each target piece looks at on standard error, and which words belong together;\n"
    "                      NAME is another attention (decoder.0.self_attention), a head (encoder.0.self_attention:3)\n"
    "                      or all of them (all)\n"
    "      --trace FILE    write every tensor of the computation of TEXT, one sentence, to a safetensors file\n"
    "      --explain FILE  write an HTML page that shows the translation of TEXT inside the Transformer\n"
    "      --info          describe the checkpoint\n"
    "      --help          print this\n"
    "      --version       print the version\n"
    "\n"
    "Exit status: 0 done, 1 could not (one sentence on standard error says why), 2 wrong usage.\n";

int arguments_refuse(const char *format, ...)
{
    char problem[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(problem, sizeof problem, format, values);
    va_end(values);
    cli_say("%s; `translate --help` shows how to use it", problem);
    return EXIT_USAGE;
}

/* The processors that this process may use, few enough that threads do not wait for each other at every layer. */
static size_t default_threads(void)
{
    cpu_set_t mine;
    int n = sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine) : 1;
    return n < DEFAULT_THREADS ? (size_t)n : DEFAULT_THREADS;
}

static bool read_threads(const char *text, size_t *n)
{
    char *end;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): getopt_long gives an option that needs a value one */
    unsigned long value = strtoul(text, &end, 10);
    *n = value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value >= 1 && value <= MOST_THREADS;
}

int arguments_parse(arguments *a, int argc, char **argv)
{
    enum { TOKENS = 256, STEPS, ATTENTION, RESUME, TRACE, EXPLAIN, INFO, HELP, VERSION };
    static const struct option options[] = {{"model", required_argument, NULL, 'm'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"input", required_argument, NULL, 'i'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"tokens", no_argument, NULL, TOKENS},
                                            {"steps", no_argument, NULL, STEPS},
                                            {"attention", optional_argument, NULL, ATTENTION},
                                            {"resume", no_argument, NULL, RESUME},
                                            {"trace", required_argument, NULL, TRACE},
                                            {"explain", required_argument, NULL, EXPLAIN},
                                            {"info", no_argument, NULL, INFO},
                                            {"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION},
                                            {NULL, 0, NULL, 0}};
    *a = (arguments){.model = TRANSFORMER_CHECKPOINT, .n_threads = default_threads()};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":m:t:i:o:", options, NULL)) != -1)
        switch (option) {
        case 'm': a->model = optarg; break;
        case 't':
            if (!read_threads(optarg, &a->n_threads))
                return arguments_refuse("found --threads %s, expected a number from 1 to %d", optarg, MOST_THREADS);
            break;
        case 'i': a->input = optarg; break;
        case 'o': a->output = optarg; break;
        case TOKENS: a->tokens = true; break;
        case STEPS: a->steps = true; break;
        case ATTENTION: a->attention = optarg ? optarg : ""; break;
        case RESUME: a->resume = true; break;
        case TRACE: a->trace = optarg; break;
        case EXPLAIN: a->explain = optarg; break;
        case INFO: a->info = true; break;
        case HELP: fputs(help, stdout); return EXIT_SUCCESS;
        case VERSION: puts("transformer.c " TRANSFORMER_VERSION); return EXIT_SUCCESS;
        case ':': return arguments_refuse("the option %s lacks its value", argv[optind - 1]);
        default:
            return optopt == 0    ? arguments_refuse("found %s, expected the name of an option", argv[optind - 1])
                   : optopt < 256 ? arguments_refuse("found the option -%c, which does not exist", optopt)
                                  : arguments_refuse("found %s, expected the option without a value", argv[optind - 1]);
        }
    a->words = argv + optind;
    a->n_words = argc - optind;
    if (a->info && (a->n_words || a->input || a->output || a->tokens || a->steps || a->attention))
        return arguments_refuse("found --info together with something to translate");
    if (a->n_words && a->input)
        return arguments_refuse("found both TEXT and --input, expected one of them");
    if (a->resume && (!a->input || !a->output))
        return arguments_refuse("--resume needs --input and --output");
    if (a->trace && !a->n_words)
        return arguments_refuse("--trace needs a TEXT");
    if (a->explain && !a->n_words)
        return arguments_refuse("--explain needs a TEXT");
    if (a->explain &&
        ((a->output && strcmp(a->explain, a->output) == 0) || (a->trace && strcmp(a->explain, a->trace) == 0)))
        return arguments_refuse("found one file, %s, for both --explain and %s", a->explain,
                                a->trace && strcmp(a->explain, a->trace) == 0 ? "--trace" : "--output");
    if (a->trace && a->output && strcmp(a->trace, a->output) == 0)
        return arguments_refuse("found one file, %s, for both --trace and --output", a->trace);
    return -1;
}
