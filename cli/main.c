/* The program translate: opens everything, runs the filter, closes everything, and sets the exit status. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/bus_error.h"
#include "cli/claims.h"
#include "cli/default_checkpoint.h"
#include "cli/filter.h"
#include "cli/output_file.h"
#include "cli/say.h"
#include "cli/show.h"
#include "cli/stop.h"
#include "support/file.h"

/* Makes a source of TEXT: its words, joined with spaces. An empty one is a line too. */
static bool add_words(line_source *source, const arguments *a, failure *why)
{
    text_buffer joined = TEXT_EMPTY;
    bool ok = true;
    for (int i = 0; i < a->n_words && ok; i++)
        ok = (!i || text_append(&joined, " ", 1, why)) && text_append(&joined, a->words[i], strlen(a->words[i]), why);
    ok = ok && line_source_add(source, joined.bytes, joined.size, true, why);
    const text_buffer *text = &source->arrived;
    ok = ok && ((text->size && text->bytes[text->size - 1] == '\n') || text_append(&source->arrived, "\n", 1, why));
    text_free(&joined);
    return ok;
}

/* Opens the input: TEXT, --input, or standard input. Sets *file to the status of the --input file. */
static bool open_input(const arguments *a, line_source *source, input_encoding *named, struct stat *file, failure *why)
{
    *source = (line_source){.descriptor = STDIN_FILENO, .arrived = TEXT_EMPTY, .buffer = TEXT_EMPTY};
    source->name = a->n_words ? "TEXT" : a->input ? a->input : "standard input";
    source->is_file = a->input != NULL;
    if (a->encoding) {
        source->encoding = named;
        if (!input_encoding_open(named, a->encoding, why))
            return false;
    }
    if (a->n_words)
        return add_words(source, a, why);
    if (!a->input)
        return true;
    source->descriptor = open(a->input, O_RDONLY | O_CLOEXEC);
    if (source->descriptor < 0 || fstat(source->descriptor, file) != 0)
        return failure_set(why, "%s: cannot be read: %s", a->input, strerror(errno));
    return !S_ISDIR(file->st_mode) || failure_set(why, "%s: cannot be read: %s", a->input, strerror(EISDIR));
}

static void close_input(const arguments *a, line_source *source)
{
    if (a->input && source->descriptor >= 0)
        close(source->descriptor);
    if (source->encoding)
        input_encoding_close(source->encoding);
    line_source_free(source);
}

/* The files that a run writes. */
typedef struct {
    output_file lines, trace, page;
} run_outputs;

/* Notes the files that the run reads, and standard output if it gets the translations. */
static bool claim_files(const arguments *a, const line_source *source, translator *t, file_claims *claims, failure *why)
{
    struct stat status;
    const char *names[CHECKPOINT_FILES];
    char path[4096];
    if (!a->n_words && fstat(source->descriptor, &status) == 0)
        claims_note(claims, &status, "input");
    checkpoint_file_names(names, translator_config(t));
    for (size_t i = 0; i < CHECKPOINT_FILES; i++)
        if (names[i] && file_path(path, sizeof path, a->model, names[i], why) && stat(path, &status) == 0)
            claims_note(claims, &status, "part of the checkpoint");
    if (a->output || fstat(STDOUT_FILENO, &status) != 0)
        return true;
    if (!claims_check(claims, &status, "standard output", "output", why))
        return false;
    claims_note(claims, &status, "output");
    return true;
}

/* Opens the file for the translations. Only runs that read a regular file can be resumed. */
static bool open_lines(const arguments *a, const struct stat *input, translator *t, output_file *out,
                       file_claims *claims, failure *why)
{
    bool from_file = a->input && S_ISREG(input->st_mode);
    bool resumable = from_file && (a->n_best == 0 || a->json_lines); /* an output line per input line */
    run_identity identity;
    if (a->resume && !from_file)
        return failure_set(why, "%s: not a regular file, which --resume requires", a->input);
    if (a->output && resumable && !run_identify(&identity, a, translator_config(t), why))
        return false;
    if (!output_open(out, a->output, "output", resumable ? &identity : NULL, a->resume, claims, why))
        return false;
    if (output_is_resumable(out))
        stop_listen();
    if (out->n_lines)
        cli_say("%s: resuming after %zu lines", out->partial, out->n_lines);
    return true;
}

/* Opens everything that is written, so that what cannot be written is refused before anything is translated. */
static bool open_outputs(const arguments *a, const line_source *source, const struct stat *input, translator *t,
                         run_outputs *out, failure *why)
{
    file_claims claims = {0};
    return claim_files(a, source, t, &claims, why) && open_lines(a, input, t, &out->lines, &claims, why) &&
           (!a->trace || output_open(&out->trace, a->trace, "trace", NULL, false, &claims, why)) &&
           (!a->explain || output_open(&out->page, a->explain, "page", NULL, false, &claims, why));
}

static void close_outputs(run_outputs *out)
{
    output_close(&out->lines);
    output_close(&out->trace);
    output_close(&out->page);
}

static bool translate_stream(const arguments *a, const attention_choice *attention, translator *t, line_source *source,
                             size_t n_bytes, const run_outputs *out, explanation *page, failure *why)
{
    progress bar;
    const line_filter filter = {.translator = t,
                                .source = source,
                                .out = out->lines.file,
                                .out_name = out->lines.name,
                                .to_file = a->output != NULL,
                                .n_skipped = out->lines.n_lines,
                                .json_lines = a->json_lines,
                                .score = a->score,
                                .n_best = a->n_best,
                                .tokens = a->tokens,
                                .steps = a->steps,
                                .attention = attention,
                                .trace = a->trace ? &out->trace : NULL,
                                .explanation = page,
                                .progress = a->input && a->output ? &bar : NULL};
    if (filter.progress)
        progress_start(&bar, n_bytes);
    bool ok = filter_lines(&filter, why);
    if (filter.progress)
        progress_end(&bar);
    return ok;
}

/* Writes the page, with a notice if it is so large that browsers open it slowly. */
static bool write_explanation(const explanation *page, output_file *out, failure *why)
{
    size_t n_bytes;
    if (!explanation_write(page, out->file, out->name, &n_bytes, why) || !output_finish(out, why))
        return false;
    if (n_bytes > 1500000)
        cli_say("%s: the page takes %.1f MB; a shorter TEXT gives a smaller page", out->name, 1e-6 * (double)n_bytes);
    return true;
}

static bool translate_all(const arguments *a, const attention_choice *attention, translator *t, failure *why)
{
    line_source source;
    input_encoding named;
    run_outputs out = {OUTPUT_NONE, OUTPUT_NONE, OUTPUT_NONE};
    struct stat input = {0};
    explanation *page = NULL;
    bool ok = open_input(a, &source, &named, &input, why) && open_outputs(a, &source, &input, t, &out, why) &&
              (!a->explain || (page = explanation_open(t, why)) != NULL);
    if (ok)
        ok = (translate_stream(a, attention, t, &source, (size_t)input.st_size, &out, page, why) &&
              output_finish(&out.lines, why)) ||
             output_keep(&out.lines, why);
    ok = ok && (!a->trace || output_finish(&out.trace, why)) && (!page || write_explanation(page, &out.page, why));
    if (!ok) {
        output_drop(&out.trace);
        output_drop(&out.page);
    }
    explanation_close(page);
    close_outputs(&out);
    close_input(a, &source);
    return ok;
}

/* Replaces closed standard streams by /dev/null, so that no file opened later takes their place: standard input such
 * that reading fails, standard output such that writing fails, standard error such that output is dropped. */
static void open_standard_streams(void)
{
    static const int flags[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", flags[descriptor]) != descriptor)
            _exit(EXIT_FAILURE);
}

/* Flushes standard output. Fails if any output was lost. */
static bool flush_output(failure *why)
{
    errno = 0;
    return (fflush(stdout) == 0 && !ferror(stdout)) ||
           failure_set(why, "standard output: cannot be written: %s", strerror(errno ? errno : EIO));
}

/* Fails if output requested on standard error was lost. Losing notices is no failure. */
static bool check_shown(const arguments *a, failure *why)
{
    return !(a->tokens || a->steps || a->attention) || !ferror(stderr) ||
           failure_set(why, "standard error: cannot be written; --%s needs it",
                       a->tokens  ? "tokens"
                       : a->steps ? "steps"
                                  : "attention");
}

/* The best instruction set, or the one that the environment names. */
static bool use_instruction_set(failure *why)
{
    failure problem;
    return model_use_instruction_set(getenv("TRANSFORMER_ISA"), &problem) ||
           failure_set(why, "TRANSFORMER_ISA: %s", problem.sentence);
}

/* Fails if the stacks are smaller than the kernels' buffers, because overflowing one is a segmentation fault. */
static bool check_stack(failure *why)
{
    enum { LEAST_KB = 256 };
    struct rlimit limit;
    return getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur / 1024 >= LEAST_KB ||
           failure_set(why, "the stack is limited to %llu kB, but %d are needed; run `ulimit -s 8192` first",
                       (unsigned long long)limit.rlim_cur / 1024, LEAST_KB);
}

static int run(arguments *a)
{
    failure why;
    translator *t = NULL;
    bool ok = check_stack(&why) && (a->model || (a->model = default_checkpoint(&why))) &&
              cli_catch_bus_errors(a->model, &why) && use_instruction_set(&why) &&
              (t = translator_open(a->model, a->n_threads, &why)) != NULL;
    attention_choice attention;
    if (ok)
        translator_set_protection(t, !a->plain && !a->prefix && !a->alternatives);
    if (ok)
        translator_set_search(t, &(search_options){.n_beams = a->n_beams,
                                                   .length_penalty = a->length_penalty,
                                                   .n_best = a->alternatives ? 0 : a->n_best,
                                                   .no_repeat = a->no_repeat,
                                                   .keep_steps = a->steps && a->n_beams > 1,
                                                   .sampling = a->sampling});
    if (ok && a->alternatives)
        translator_set_alternatives(t, a->position, a->n_best);
    ok = ok && (!a->prefix || translator_set_prefix(t, a->prefix, &why));
    if (ok && a->attention && !attention_choose(&attention, a->attention, translator_config(t), &why)) {
        translator_close(t);
        return arguments_refuse("%s", why.sentence);
    }
    if (ok && a->to && !translator_choose_language(t, a->to, &why)) {
        translator_close(t);
        return arguments_refuse("%s", why.sentence);
    }
    if (ok && a->info)
        ok = show_checkpoint(t, a->model, &why);
    else if (ok)
        ok = translate_all(a, a->attention ? &attention : NULL, t, &why);
    translator_close(t);
    ok = ok && flush_output(&why) && check_shown(a, &why);
    if (!ok)
        cli_say("%s", why.sentence);
    if (!ok && stop_signal())
        raise(stop_signal()); /* ends the process, and tells its parent why */
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    arguments a;
    failure why;
    open_standard_streams();
    failure_on_fatal(cli_say_safely);
    signal(SIGXFSZ, SIG_IGN);       /* a file beyond the limit of its size is a failed write */
    setlocale(LC_CTYPE, "C.UTF-8"); /* for wcwidth and iswalnum, independent of the environment */
    int status = arguments_parse(&a, argc, argv);
    if (status < 0)
        return run(&a);
    if (status == EXIT_SUCCESS && !flush_output(&why)) {
        cli_say("%s", why.sentence);
        return EXIT_FAILURE;
    }
    return status;
}
