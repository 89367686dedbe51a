/* All views of a sentence read one forward pass; where the bundled checkpoint is looked for. */
#include "cli/default_checkpoint.h"
#include "cli/filter.h"
#include "tests/suite.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The linker calls this in place of trace_call (CMakeLists.txt): it counts the passes that are traced. */
void __real_trace_call(const trace_reader *reader, const char *part, const char *what, const float *data, size_t rows,
                       size_t columns);
void __wrap_trace_call(const trace_reader *reader, const char *part, const char *what, const float *data, size_t rows,
                       size_t columns);

static size_t n_passes;

void __wrap_trace_call(const trace_reader *reader, const char *part, const char *what, const float *data, size_t rows,
                       size_t columns)
{
    n_passes += strcmp(part, "encoder") == 0 && strcmp(what, ".embedding") == 0;
    __real_trace_call(reader, part, what, data, rows, columns);
}

/* Redirects standard error to a descriptor, which it closes. Returns a duplicate of the previous one. */
static int redirect_standard_error(int descriptor)
{
    int before = dup(STDERR_FILENO);
    ck_assert_int_ge(before, 0);
    ck_assert_int_eq(dup2(descriptor, STDERR_FILENO), STDERR_FILENO);
    close(descriptor);
    return before;
}

static void filter_text(line_filter *filter, const char *text)
{
    failure why;
    line_source source = {.ended = true, .name = "TEXT", .arrived = TEXT_EMPTY, .buffer = TEXT_EMPTY};
    ck_assert(line_source_add(&source, text, strlen(text), true, &why));
    filter->source = &source;
    n_passes = 0;
    int before = redirect_standard_error(open("/dev/null", O_WRONLY));
    bool ok = filter_lines(filter, &why);
    close(redirect_standard_error(before));
    ck_assert_ok(ok, why);
    line_source_free(&source);
}

START_TEST(all_views_of_a_sentence_read_one_pass)
{
    failure why;
    output_file trace = OUTPUT_NONE;
    ck_assert_ok(output_open(&trace, "/dev/null", "trace", NULL, false, &(file_claims){0}, &why), why);
    translator *t = translator_open(GOLDEN "/swish", 1, &why);
    ck_assert_ok(t != NULL, why);
    attention_choice best;
    ck_assert_ok(attention_choose(&best, "", translator_config(t), &why), why);
    explanation *page = explanation_open(t, &why);
    ck_assert_ok(page != NULL, why);
    line_filter filter = {.translator = t, .out = fopen("/dev/null", "w"), .out_name = "/dev/null", .tokens = true};
    ck_assert_ptr_nonnull(filter.out);

    filter_text(&filter, "I have a dog.\n");
    ck_assert_uint_eq(n_passes, 0); /* greedy search is not traced */
    filter.steps = true;
    filter.attention = &best;
    filter.explanation = page;
    filter.trace = &trace;
    filter_text(&filter, "I have a dog.\n");
    ck_assert_uint_eq(n_passes, 1);
    filter.trace = NULL; /* it has room for one sentence only */
    filter_text(&filter, "I have a dog. What time is it?\n\nThe house is small.\n");
    ck_assert_uint_eq(n_passes, 3);

    fclose(filter.out);
    output_close(&trace);
    explanation_close(page);
    translator_close(t);
}
END_TEST

/* Makes the directories of a path below the current directory, and enters none of them. */
static void make_directories(const char *path)
{
    char part[PATH_MAX];
    for (const char *end = path; (end = strchr(end, '/')) != NULL; end++) {
        snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
        mkdir(part, 0700);
    }
    mkdir(path, 0700);
}

START_TEST(the_nearest_bundled_checkpoint_is_found)
{
    static const char *const places[] = {"data", "p/bin/share", "p/share"}; /* the nearest is last */
    char root[] = "/tmp/test_cli.XXXXXX", path[PATH_MAX], expected[PATH_MAX];
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(chdir(root), 0);
    make_directories("p/bin");
    ck_assert_ptr_null(bundled_checkpoint("p/bin/translate", "data"));
    for (size_t i = 0; i < N_ELEMENTS(places); i++) {
        snprintf(path, sizeof path, "%s/transformer.c/checkpoints/en-de", places[i]);
        make_directories(path);
        ck_assert_ptr_nonnull(realpath(path, expected));
        ck_assert_pstr_eq(bundled_checkpoint("p/bin/translate", "data"), expected);
    }
    ck_assert_ptr_nonnull(realpath("data/transformer.c/checkpoints/en-de", expected));
    ck_assert_pstr_eq(bundled_checkpoint("/nowhere/translate", "data"), expected);
    ck_assert_pstr_eq(bundled_checkpoint("", "data"), expected); /* without /proc */
    ck_assert_int_eq(system("rm -r data p"), 0);
    rmdir(root);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli");
    add_test(suite, "all_views_of_a_sentence_read_one_pass", all_views_of_a_sentence_read_one_pass);
    add_test(suite, "the_nearest_bundled_checkpoint_is_found", the_nearest_bundled_checkpoint_is_found);
    return run_suite(suite);
}
