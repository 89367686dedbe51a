/* The program translate: opens everything, runs the filter, closes everything, and sets the exit status. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/bus_error.h"
#include "cli/filter.h"
#include "cli/output_file.h"
#include "cli/say.h"
#include "cli/show.h"
#include "cli/stop.h"

/* Joins the words of TEXT with spaces. */
static bool join_words(text_buffer *joined, const arguments *a, failure *why)
{
    for (int i = 0; i < a->n_words; i++)
        if ((i && !text_append(joined, " ", 1, why)) || !text_append(joined, a->words[i], strlen(a->words[i]), why))
            return false;
    return true;
}

/* Opens the input: TEXT, --input, or standard input. Sets *file to the status of the --input file. */
static bool open_input(const arguments *a, line_source *source, struct stat *file, failure *why)
{
    *source = (line_source){.descriptor = STDIN_FILENO, .name = "standard input", .buffer = TEXT_EMPTY};
    if (a->n_words) {
        source->name = "TEXT";
        source->ended = true;
        return join_words(&source->buffer, a, why) &&
               ((source->buffer.size && source->buffer.bytes[source->buffer.size - 1] == '\n') ||
                text_append(&source->buffer, "\n", 1, why));
    }
    if (!a->input)
        return true;
    source->name = a->input;
    source->descriptor = open(a->input, O_RDONLY | O_CLOEXEC);
    if (source->descriptor < 0 || fstat(source->descriptor, file) != 0)
        return failure_set(why, "%s: cannot be read: %s", a->input, strerror(errno));
    return !S_ISDIR(file->st_mode) || failure_set(why, "%s: cannot be read: %s", a->input, strerror(EISDIR));
}

static void close_input(const arguments *a, line_source *source)
{
    if (a->input && source->descriptor >= 0)
        close(source->descriptor);
    text_free(&source->buffer);
}

static bool check_not_input(const arguments *a, const line_source *source, failure *why)
{
    struct stat read, written;
    return a->n_words || fstat(source->descriptor, &read) != 0 || stat(a->output, &written) != 0 ||
           read.st_dev != written.st_dev || read.st_ino != written.st_ino || !S_ISREG(read.st_mode) ||
           failure_set(why, "%s: is both input and output; choose another output file", a->output);
}

/* Opens the output. Only runs that read a regular file can be resumed. */
static bool open_output(const arguments *a, const line_source *source, const struct stat *input, translator *t,
                        output_file *out, failure *why)
{
    bool from_file = a->input && S_ISREG(input->st_mode);
    run_identity identity;
    *out = (output_file){0};
    if (a->resume && !from_file)
        return failure_set(why, "%s: not a regular file, which --resume requires", a->input);
    if (a->output && (!check_not_input(a, source, why) ||
                      (from_file && !run_identify(&identity, a->input, a->model, translator_config(t), !a->plain,
                                                  a->json_lines, why))))
        return false;
    if (!output_open(out, a->output, from_file ? &identity : NULL, a->resume, why))
        return false;
    if (out->resumable)
        stop_listen();
    if (out->n_lines)
        cli_say("%s: resuming after %zu lines", out->partial, out->n_lines);
    return true;
}

static bool translate_stream(const arguments *a, const attention_choice *attention, translator *t, line_source *source,
                             size_t n_bytes, const output_file *out, explanation *page, failure *why)
{
    progress bar;
    const line_filter filter = {.translator = t,
                                .source = source,
                                .out = out->file,
                                .out_name = out->name,
                                .to_file = a->output != NULL,
                                .n_skipped = out->n_lines,
                                .json_lines = a->json_lines,
                                .tokens = a->tokens,
                                .steps = a->steps,
                                .attention = attention,
                                .trace = a->trace,
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
static bool write_explanation(const explanation *page, const char *path, failure *why)
{
    size_t n_bytes;
    if (!explanation_write(page, path, &n_bytes, why))
        return false;
    if (n_bytes > 1500000)
        cli_say("%s: the page takes %.1f MB; a shorter TEXT gives a smaller page", path, 1e-6 * (double)n_bytes);
    return true;
}

static bool translate_all(const arguments *a, const attention_choice *attention, translator *t, failure *why)
{
    line_source source;
    output_file out = {0};
    struct stat input = {0};
    explanation *page = NULL;
    bool ok = open_input(a, &source, &input, why) && open_output(a, &source, &input, t, &out, why) &&
              (!a->explain || (page = explanation_open(t, why)) != NULL);
    if (ok)
        ok = (translate_stream(a, attention, t, &source, (size_t)input.st_size, &out, page, why) &&
              output_finish(&out, why)) ||
             output_keep(&out, why);
    ok = ok && (!page || write_explanation(page, a->explain, why));
    explanation_close(page);
    output_close(&out);
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

static int run(const arguments *a)
{
    failure why;
    translator *t = NULL;
    bool ok = cli_catch_bus_errors(a->model, &why) && use_instruction_set(&why) &&
              (t = translator_open(a->model, a->n_threads, &why)) != NULL;
    attention_choice attention;
    if (ok)
        translator_set_protection(t, !a->plain);
    if (ok && a->attention && !attention_choose(&attention, a->attention, translator_config(t), &why)) {
        translator_close(t);
        return arguments_refuse("%s", why.sentence);
    }
    if (ok && a->info)
        show_checkpoint(t, a->model);
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
