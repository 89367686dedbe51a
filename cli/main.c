/* The program translate: checks what it runs in, opens a session, translates or shows a prompt, and sets the exit
 * status. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/default_checkpoint.h"
#include "cli/prompt.h"
#include "cli/say.h"
#include "cli/show.h"
#include "cli/stop.h"
#include "cli/translate_input.h"

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
    return !(a->tokens || a->steps || a->attention || (a->n_without && a->n_words)) || !ferror(stderr) ||
           failure_set(why, "standard error: cannot be written; --%s needs it",
                       a->tokens      ? "tokens"
                       : a->steps     ? "steps"
                       : a->attention ? "attention"
                                      : "without");
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
    session s = {0};
    bool is_usage = false;
    bool ok = check_stack(&why) && (a->model || (a->model = default_checkpoint(&why))) && use_instruction_set(&why) &&
              session_open(&s, a, &is_usage, &why);
    if (is_usage)
        return arguments_refuse("%s", why.sentence);
    if (ok && a->info)
        ok = show_checkpoint(s.translator, a->model, &why);
    else if (ok && prompt_is_wanted(a))
        ok = prompt_run(a, &s, &why);
    else if (ok)
        ok = translate_input(a, &s, &why);
    session_close(&s);
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
