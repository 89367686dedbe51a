/* All views of a sentence read one forward pass; where the bundled checkpoint is looked for; progress. */
#include "cli/default_checkpoint.h"
#include "cli/filter.h"
#include "cli/progress.h"
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

/* A source of bytes that arrive through a pipe. */
static line_source source_of(const char *bytes, size_t size)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], bytes, size), (ssize_t)size);
    close(ends[1]);
    return (line_source){.descriptor = ends[0], .name = "pipe", .arrived = TEXT_EMPTY, .buffer = TEXT_EMPTY};
}

START_TEST(lines_say_how_much_of_the_input_they_take)
{
    failure why;
    size_t n, size;
    line_source source = source_of("a\nbb\n\nccc", 9);
    for (const size_t *expected = (size_t[]){2, 3, 1, 3, 0}; *expected; expected++) {
        ck_assert_ok(line_source_next(&source, &size, 1, &n, &why), why);
        ck_assert_uint_eq(size, *expected);
        ck_assert_uint_eq(source.used, *expected);
    }
    ck_assert(line_source_next(&source, &size, 1, &n, &why) && n == 0);
    close(source.descriptor);
    line_source_free(&source);

    input_encoding utf_16;
    ck_assert_ok(input_encoding_open(&utf_16, "UTF-16LE", &why), why);
    source = source_of("a\0\n\0b\0b\0\n\0\n\0c\0c\0c\0", 18);
    source.encoding = &utf_16;
    for (const size_t *expected = (size_t[]){4, 6, 2, 6, 0}; *expected; expected++) {
        ck_assert_ok(line_source_next(&source, &size, 1, &n, &why), why);
        ck_assert_uint_eq(source.used, *expected);
    }
    close(source.descriptor);
    line_source_free(&source);
    input_encoding_close(&utf_16);
}
END_TEST

START_TEST(the_bar_shows_the_rest_of_the_time)
{
    int ends[2], before;
    char shown[200] = "";
    progress p;
    progress_start(&p, 1000);
    progress_skip(&p, 250, 4);
    p.shown = true;
    p.started.tv_sec -= 76;
    p.started.tv_nsec += 900000000; /* 75.1 seconds ago, and at most 0.9 more until it is drawn */
    p.drawn = p.started;
    ck_assert_int_eq(pipe(ends), 0);
    before = redirect_standard_error(ends[1]);
    progress_advance(&p, 375, 38);
    close(redirect_standard_error(before));
    ck_assert_int_gt(read(ends[0], shown, sizeof shown - 1), 0);
    close(ends[0]);
    ck_assert_str_eq(shown, "\r[###################...........]  62 %  42 lines  0.5 lines/s  1:15 left ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli");
    add_test(suite, "all_views_of_a_sentence_read_one_pass", all_views_of_a_sentence_read_one_pass);
    add_test(suite, "the_nearest_bundled_checkpoint_is_found", the_nearest_bundled_checkpoint_is_found);
    add_test(suite, "lines_say_how_much_of_the_input_they_take", lines_say_how_much_of_the_input_they_take);
    add_test(suite, "the_bar_shows_the_rest_of_the_time", the_bar_shows_the_rest_of_the_time);
    return run_suite(suite);
}
