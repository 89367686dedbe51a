/* Parses the command line, and rejects options that cannot be combined. */
#include "cli/arguments.h"

#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/input_encoding.h"
#include "cli/say.h"
#include "model/transformer.h"

enum {
    DEFAULT_THREADS = 4,
    MOST_THREADS = 256,
    MOST_PENALTY = 10,
    MOST_NO_REPEAT = 100,
    MOST_TOP_K = 1000000,
    MOST_TEMPERATURE = 100,
    MOST_POSITION = 1000000,
    DEFAULT_ALTERNATIVES = 5
};

static const char help[] =
    "translate [OPTION…] [TEXT…]\n"
    "\n"
    "Translates TEXT with a Transformer checkpoint. Without TEXT, reads lines from a prompt or from standard input.\n"
    "Writes one output line per input line as soon as it is ready; blank lines stay blank.\n"
    "\n"
    "Input and output:\n"
    "  -m, --model DIR     checkpoint directory (default: $TRANSFORMER_CHECKPOINT, or the bundled English→German one)\n"
    "  -t, --threads N     number of threads (default: available CPUs, at most 4)\n"
    "  -i, --input FILE    translate the lines of FILE; - is standard input\n"
    "  -o, --output FILE   write translations to FILE, created only once complete; shows progress with --input\n"
    "      --resume        resume an interrupted --input/--output run, or start it if there is none\n"
    "      --encoding NAME\n"
    "                      encoding of the input, if it is not UTF-8; `iconv --list` prints the names\n"
    "      --format NAME   text, or jsonl: a JSON object per line, with tokens, log-probabilities and alignment\n"
    "      --to LANGUAGE   translate to this language, one of those that --info lists; for multilingual checkpoints\n"
    "      --plain         translate each line as it stands: no splitting into sentences, nothing is protected\n"
    "\n"
    "Search:\n"
    "      --beam N        beam search with N hypotheses, up to 16: better and slower (default: 1, greedy search)\n"
    "      --length-penalty A\n"
    "                      divide the score of a hypothesis by its length to the power of A (default: 1)\n"
    "      --n-best K      write the K best translations of each line: line number, score and text\n"
    "      --no-repeat N   never write the same N tokens twice in a sentence, which stops repetition loops\n"
    "      --prefix TEXT   begin every translation with TEXT; each line is one sentence, as with --plain\n"
    "      --alternatives POSITION\n"
    "                      write how each translation could go on after its first POSITION words: with each of the K\n"
    "                      most probable tokens there, with --n-best K (default: 5); each line is one sentence\n"
    "      --sample        draw every token at random, with its probability; the same seed gives the same text\n"
    "      --temperature T\n"
    "                      divide logits by T before: smaller is safer, larger more varied (default: 1)\n"
    "      --top-k K       draw only from the K most probable tokens\n"
    "      --top-p P       draw only from the most probable tokens that together have a probability of P\n"
    "      --seed N        choose other random numbers (default: 1)\n"
    "      --score         read a source, a tab and its translation; write its log-probability, tokens and the line\n"
    "\n"
    "Views:\n"
    "      --tokens        show pieces, ids and log-probabilities of source and target on standard error\n"
    "      --steps         show each decoding step on standard error: the chosen piece and the five runners-up;\n"
    "                      with --beam, the hypotheses, their scores, and which were dropped\n"
    "      --attention[=NAME]\n"
    "                      draw what each target piece attends to on standard error, and the resulting word\n"
    "                      alignment; NAME selects another attention (decoder.0.self_attention), a single head\n"
    "                      (encoder.0.self_attention:3) or all of them (all)\n"
    "      --target TARGET\n"
    "                      take TARGET as the translation of TEXT, one sentence, and show that in all views\n"
    "      --without NAME  switch off a sublayer (decoder.1.feed_forward), a head (decoder.1.cross_attention:3), the\n"
    "                      positions or the scaling by √d_head; may be repeated; with TEXT, the original follows on\n"
    "                      standard error\n"
    "      --trace FILE    write every tensor computed for TEXT, a single sentence, to a safetensors file\n"
    "      --explain FILE  write an HTML page that shows how the Transformer translates TEXT; with --beam, the\n"
    "                      hypotheses of each step too\n"
    "      --info          describe the checkpoint\n"
    "\n"
    "Help:\n"
    "      --help          print this help\n"
    "      --version       print the version\n"
    "\n"
    "Exit status: 0 on success, 1 on failure (one-line message on standard error), 2 on a usage error.\n";

int arguments_refuse(const char *format, ...)
{
    char problem[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(problem, sizeof problem, format, values);
    va_end(values);
    cli_say("%s; see `translate --help`", problem);
    return EXIT_USAGE;
}

/* The CPUs that this process may use, up to DEFAULT_THREADS: with more, threads mostly wait for each other. */
static size_t default_threads(void)
{
    cpu_set_t mine;
    int n = sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine) : 1;
    return n < DEFAULT_THREADS ? (size_t)n : DEFAULT_THREADS;
}

/* Reads the value of an option that must be a whole number from `least` to `most`. Returns -1, or the status of a usage
 * error. */
static int read_whole(size_t *n, const char *option, const char *text, size_t least, size_t most)
{
    char *end;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): getopt_long gives an option that needs a value one */
    unsigned long value = strtoul(text, &end, 10);
    *n = value;
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && value >= least && value <= most)
        return -1;
    return arguments_refuse("invalid --%s %s; must be a number from %zu to %zu", option, text, least, most);
}

static int read_count(size_t *n, const char *option, const char *text, size_t most)
{
    return read_whole(n, option, text, 1, most);
}

/* Likewise one that may have a fraction. */
static int read_fraction(double *x, const char *option, const char *text, double least, double most)
{
    char *end;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): as in read_whole */
    *x = strtod(text, &end);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && *x >= least && *x <= most)
        return -1;
    return arguments_refuse("invalid --%s %s; must be a number from %g to %g", option, text, least, most);
}

/* The first option that draws tokens in another way, without its dashes; NULL if there is none. */
static const char *sampling_option(const sampling_options *sampling)
{
    return sampling->temperature != 1.0 ? "temperature"
           : sampling->top_k > 0        ? "top-k"
           : sampling->top_p < 1.0      ? "top-p"
           : sampling->seed != 1        ? "seed"
                                        : NULL;
}

/* Adds a name to those of --without. Returns -1, or the status of a usage error. */
static int add_without(arguments *a, const char *name)
{
    if (a->n_without == MAX_WITHOUT)
        return arguments_refuse("more than %d --without", MAX_WITHOUT);
    a->without[a->n_without++] = name;
    return -1;
}

/* Whether the name stands for standard input or output. */
static bool is_dash(const char *name)
{
    return name && strcmp(name, "-") == 0;
}

/* Fails if a file's name is empty, as that of an unset variable is. */
static int refuse_empty_names(const arguments *a)
{
    const struct {
        const char *option, *value;
    } names[] = {
        {"model", a->model}, {"input", a->input}, {"output", a->output}, {"trace", a->trace}, {"explain", a->explain}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].value && *names[i].value == '\0')
            return arguments_refuse("--%s has an empty name; name a file", names[i].option);
    return -1;
}

int arguments_parse(arguments *a, int argc, char **argv)
{
    enum {
        ENCODING = 256,
        TO,
        TOKENS,
        STEPS,
        ATTENTION,
        TARGET,
        WITHOUT,
        RESUME,
        PLAIN,
        BEAM,
        PENALTY,
        N_BEST,
        NO_REPEAT,
        PREFIX,
        ALTERNATIVES,
        SAMPLE,
        TEMPERATURE,
        TOP_K,
        TOP_P,
        SEED,
        SCORE,
        FORMAT,
        TRACE,
        EXPLAIN,
        INFO,
        HELP,
        VERSION
    };
    static const struct option options[] = {{"model", required_argument, NULL, 'm'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"input", required_argument, NULL, 'i'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"encoding", required_argument, NULL, ENCODING},
                                            {"to", required_argument, NULL, TO},
                                            {"plain", no_argument, NULL, PLAIN},
                                            {"beam", required_argument, NULL, BEAM},
                                            {"length-penalty", required_argument, NULL, PENALTY},
                                            {"n-best", required_argument, NULL, N_BEST},
                                            {"no-repeat", required_argument, NULL, NO_REPEAT},
                                            {"prefix", required_argument, NULL, PREFIX},
                                            {"alternatives", required_argument, NULL, ALTERNATIVES},
                                            {"sample", no_argument, NULL, SAMPLE},
                                            {"temperature", required_argument, NULL, TEMPERATURE},
                                            {"top-k", required_argument, NULL, TOP_K},
                                            {"top-p", required_argument, NULL, TOP_P},
                                            {"seed", required_argument, NULL, SEED},
                                            {"score", no_argument, NULL, SCORE},
                                            {"format", required_argument, NULL, FORMAT},
                                            {"tokens", no_argument, NULL, TOKENS},
                                            {"steps", no_argument, NULL, STEPS},
                                            {"attention", optional_argument, NULL, ATTENTION},
                                            {"target", required_argument, NULL, TARGET},
                                            {"without", required_argument, NULL, WITHOUT},
                                            {"resume", no_argument, NULL, RESUME},
                                            {"trace", required_argument, NULL, TRACE},
                                            {"explain", required_argument, NULL, EXPLAIN},
                                            {"info", no_argument, NULL, INFO},
                                            {"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION},
                                            {NULL, 0, NULL, 0}};
    *a = (arguments){.n_threads = default_threads(),
                     .n_beams = 1,
                     .length_penalty = 1.0,
                     .sampling = {.temperature = 1.0, .top_p = 1.0, .seed = 1}};
    int option, status = -1;
    opterr = 0;
    while (status < 0 && (option = getopt_long(argc, argv, ":m:t:i:o:", options, NULL)) != -1)
        switch (option) {
        case 'm': a->model = optarg; break;
        case 't': status = read_count(&a->n_threads, "threads", optarg, MOST_THREADS); break;
        case 'i': a->input = optarg; break;
        case 'o': a->output = optarg; break;
        case ENCODING: a->encoding = optarg; break;
        case TO: a->to = optarg; break;
        case PLAIN: a->plain = true; break;
        case BEAM: status = read_count(&a->n_beams, "beam", optarg, MAX_BEAMS); break;
        case PENALTY: status = read_fraction(&a->length_penalty, "length-penalty", optarg, 0.0, MOST_PENALTY); break;
        case N_BEST: status = read_count(&a->n_best, "n-best", optarg, MAX_BEAMS); break;
        case NO_REPEAT: status = read_count(&a->no_repeat, "no-repeat", optarg, MOST_NO_REPEAT); break;
        case PREFIX: a->prefix = optarg; break;
        case ALTERNATIVES:
            a->alternatives = true;
            status = read_whole(&a->position, "alternatives", optarg, 0, MOST_POSITION);
            break;
        case SAMPLE: a->sample = true; break;
        case TEMPERATURE:
            status = read_fraction(&a->sampling.temperature, "temperature", optarg, 0.01, MOST_TEMPERATURE);
            break;
        case TOP_K: status = read_count(&a->sampling.top_k, "top-k", optarg, MOST_TOP_K); break;
        case TOP_P: status = read_fraction(&a->sampling.top_p, "top-p", optarg, 0.0, 1.0); break;
        case SEED: status = read_whole(&a->sampling.seed, "seed", optarg, 0, UINT32_MAX); break;
        case SCORE: a->score = true; break;
        case FORMAT:
            /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): as in read_whole */
            a->json_lines = strcmp(optarg, "jsonl") == 0;
            if (!a->json_lines && strcmp(optarg, "text") != 0)
                return arguments_refuse("unknown --format %s; must be text or jsonl", optarg);
            break;
        case TOKENS: a->tokens = true; break;
        case STEPS: a->steps = true; break;
        case ATTENTION: a->attention = optarg ? optarg : ""; break;
        case TARGET: a->target = optarg; break;
        case WITHOUT: status = add_without(a, optarg); break;
        case RESUME: a->resume = true; break;
        case TRACE: a->trace = optarg; break;
        case EXPLAIN: a->explain = optarg; break;
        case INFO: a->info = true; break;
        case HELP: fputs(help, stdout); return EXIT_SUCCESS;
        case VERSION: puts("transformer.c " TRANSFORMER_VERSION); return EXIT_SUCCESS;
        case ':': return arguments_refuse("option %s requires a value", argv[optind - 1]);
        default:
            return optopt == 0    ? arguments_refuse("unknown option %s", argv[optind - 1])
                   : optopt < 256 ? arguments_refuse("unknown option -%c", optopt)
                                  : arguments_refuse("option %s takes no value", argv[optind - 1]);
        }
    if (status >= 0)
        return status;
    a->words = argv + optind;
    a->n_words = argc - optind;
    if (a->info && (a->n_words || a->input || a->output || a->plain || a->json_lines || a->encoding || a->to ||
                    a->tokens || a->steps || a->attention || a->n_beams > 1 || a->no_repeat || a->prefix ||
                    a->alternatives || a->sample || a->score || a->target || a->n_without))
        return arguments_refuse("--info cannot be combined with TEXT or translation options");
    if (a->json_lines && (a->tokens || a->steps || a->attention || a->trace || a->explain))
        return arguments_refuse("--format jsonl cannot be combined with --tokens, --steps, --attention, --trace or "
                                "--explain; it has the tokens and the alignment itself");
    if (a->score && (a->n_beams > 1 || a->no_repeat || a->prefix || a->alternatives || a->sample || a->tokens ||
                     a->steps || a->attention || a->trace || a->explain))
        return arguments_refuse("--score searches nothing; it cannot be combined with --beam, --no-repeat, --prefix, "
                                "--alternatives, --sample, --tokens, --steps, --attention, --trace or --explain");
    if (a->n_beams == 1 && a->length_penalty != 1.0)
        return arguments_refuse("--length-penalty requires --beam 2 or more");
    if (a->alternatives && a->n_best == 0)
        a->n_best = DEFAULT_ALTERNATIVES;
    if (!a->alternatives && a->n_best > 0 && (a->n_best > a->n_beams || a->n_beams == 1))
        return arguments_refuse("--n-best %zu requires --beam %zu or more", a->n_best, a->n_best < 2 ? 2 : a->n_best);
    if (a->n_best && !a->json_lines && a->resume)
        return arguments_refuse("--resume and --%s require --format jsonl, which has one line per input line",
                                a->alternatives ? "alternatives" : "n-best");
    if (a->sample && a->n_beams > 1)
        return arguments_refuse("--sample and --beam cannot be combined");
    if (a->sample && a->alternatives)
        return arguments_refuse("--sample and --alternatives cannot be combined");
    if (!a->sample && sampling_option(&a->sampling))
        return arguments_refuse("--%s requires --sample", sampling_option(&a->sampling));
    if (!a->sample)
        a->sampling.temperature = 0.0;
    if (a->explain && a->alternatives)
        return arguments_refuse("--explain and --alternatives cannot be combined");
    if (a->n_words && a->input)
        return arguments_refuse("TEXT and --input cannot be combined");
    if (a->encoding && !input_encoding_is_known(a->encoding))
        return arguments_refuse("unknown --encoding %s; `iconv --list` shows the names", a->encoding);
    if (is_dash(a->trace) || is_dash(a->explain))
        return arguments_refuse("--%s cannot write to standard output; name a file",
                                is_dash(a->trace) ? "trace" : "explain");
    if (is_dash(a->input))
        a->input = NULL;
    if (is_dash(a->output))
        a->output = NULL;
    if (a->resume && (!a->input || !a->output))
        return arguments_refuse("--resume requires --input and --output to name files");
    if (a->target && (a->n_beams > 1 || a->no_repeat || a->prefix || a->alternatives || a->sample || a->score))
        return arguments_refuse("--target searches nothing; it cannot be combined with --beam, --no-repeat, --prefix, "
                                "--alternatives, --sample or --score");
    if (a->target && !a->n_words)
        return arguments_refuse("--target requires TEXT");
    if (a->trace && !a->n_words)
        return arguments_refuse("--trace requires TEXT");
    if (a->explain && !a->n_words)
        return arguments_refuse("--explain requires TEXT");
    return refuse_empty_names(a);
}
