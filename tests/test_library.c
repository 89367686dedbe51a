/* The public library: what it returns equals what translator/ returns, its error messages, and threads. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "library/transformer.h"
#include "suite.h"
#include "support/failure.h"
#include "translator/translator.h"

static transformer_translator *open_golden(const char *variant)
{
    char directory[200];
    snprintf(directory, sizeof directory, GOLDEN "/%s", variant);
    transformer_translator *t = transformer_open(directory, 1);
    ck_assert_msg(t, "%s", transformer_error());
    return t;
}

static void ignore(void *user, size_t line, const char *message)
{
    (void)user, (void)line, (void)message;
}

/* The translation of a line by translator/, to be freed. */
static translation translate_line(const char *variant, const search_options *search, const char *line)
{
    char directory[200];
    failure why;
    translation out;
    const notice_reader notices = {ignore, NULL};
    snprintf(directory, sizeof directory, GOLDEN "/%s", variant);
    translator *t = translator_open(directory, 1, &why);
    ck_assert_ok(t, why);
    translator_set_search(t, search);
    ck_assert_ok(translator_translate(t, &(text_line){line, strlen(line), 0}, 1, false, &out, &notices, &why), why);
    translator_close(t);
    return out;
}

static void assert_translates(transformer_translator *t, const char *text, const char *expected)
{
    char *translated = transformer_translate(t, text);
    ck_assert_msg(translated, "%s", transformer_error());
    ck_assert_str_eq(translated, expected);
    transformer_free(translated);
}

static const char *const variants[] = {"int8", "relu"};

START_TEST(a_line_is_what_the_translator_makes_of_it)
{
    static const char line[] = "Thank you! I have a dog.";
    transformer_translator *t = open_golden(variants[_i]);
    for (size_t n_beams = 1; n_beams <= 3; n_beams++) {
        translation expected =
            translate_line(variants[_i], &(search_options){.n_beams = n_beams, .length_penalty = 1.0}, line);
        ck_assert_uint_gt(expected.text.size, 0);
        ck_assert_msg(transformer_set_beam(t, n_beams), "%s", transformer_error());
        assert_translates(t, line, expected.text.bytes);
        translation_free(&expected);
    }
    transformer_close(t);
}
END_TEST

START_TEST(lines_keep_their_line_ends)
{
    transformer_translator *t = open_golden("int8");
    const search_options greedy = {.n_beams = 1};
    translation a = translate_line("int8", &greedy, "Thank you!"), b = translate_line("int8", &greedy, "I have a dog.");
    char expected[2000];
    assert_translates(t, "", "");
    assert_translates(t, "\n", "\n");
    assert_translates(t, "\r\n\n", "\r\n\n");
    snprintf(expected, sizeof expected, "%s\n\n%s\r\n%s", a.text.bytes, b.text.bytes, a.text.bytes);
    assert_translates(t, "Thank you!\n\nI have a dog.\r\nThank you!", expected);
    snprintf(expected, sizeof expected, "%s\n", a.text.bytes);
    assert_translates(t, "Thank you!\n", expected);
    translation_free(&a);
    translation_free(&b);
    transformer_close(t);
}
END_TEST

START_TEST(invalid_bytes_are_read_as_the_replacement_character)
{
    transformer_translator *t = open_golden("int8");
    char *expected = transformer_translate(t, "a \xEF\xBF\xBD dog.");
    ck_assert_ptr_nonnull(expected);
    assert_translates(t, "a \xFF dog.", expected);
    transformer_free(expected);
    transformer_close(t);
}
END_TEST

START_TEST(hypotheses_are_those_of_the_translator)
{
    const search_options search = {.n_beams = 4, .length_penalty = 1.0, .n_best = 3};
    translation expected = translate_line("int8", &search, "  I have a dog.");
    transformer_translator *t = open_golden("int8");
    ck_assert_msg(transformer_set_beam(t, 4), "%s", transformer_error());
    transformer_hypotheses *found = transformer_n_best(t, "  I have a dog.", 3);
    ck_assert_msg(found, "%s", transformer_error());
    ck_assert_uint_eq(transformer_hypotheses_count(found), 3);
    ck_assert_str_eq(transformer_hypothesis_text(found, 0), expected.text.bytes);
    for (size_t i = 0; i < 3; i++) {
        const sentence_hypothesis *hypothesis = &expected.sentences->hypotheses[i];
        ck_assert_str_eq(transformer_hypothesis_text(found, i) + 2, hypothesis->text.bytes);
        ck_assert_double_eq(transformer_hypothesis_score(found, i), hypothesis->score);
    }
    translation_free(&expected);
    transformer_hypotheses_free(found);

    expected = translate_line("int8", &search, "I have a dog. Thank you!");
    found = transformer_n_best(t, "I have a dog. Thank you!", 2);
    ck_assert_msg(found, "%s", transformer_error());
    ck_assert_uint_eq(transformer_hypotheses_count(found), 1);
    ck_assert_str_eq(transformer_hypothesis_text(found, 0), expected.text.bytes);
    ck_assert_double_eq(transformer_hypothesis_score(found, 0),
                        expected.sentences[0].hypotheses->score + expected.sentences[1].hypotheses->score);
    translation_free(&expected);
    transformer_hypotheses_free(found);
    transformer_close(t);
}
END_TEST

typedef struct {
    size_t n, n_rows;
    char first[100], last[100];
    bool finite;
} seen_tensors;

static void see(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    seen_tensors *seen = user;
    snprintf(seen->n++ ? seen->last : seen->first, sizeof seen->first, "%s", name);
    for (size_t i = 0; i < rows * columns; i++)
        seen->finite = seen->finite && data[i] - data[i] == 0.0f;
    seen->n_rows = rows;
}

START_TEST(a_trace_has_every_tensor)
{
    translation expected = translate_line("int8", &(search_options){.n_beams = 1}, "I have a dog.");
    transformer_translator *t = open_golden("int8");
    seen_tensors seen = {.finite = true};
    ck_assert_msg(transformer_trace(t, "I have a dog.", see, &seen), "%s", transformer_error());
    ck_assert_uint_gt(seen.n, 10);
    ck_assert_str_eq(seen.first, "encoder.embedding");
    ck_assert_str_eq(seen.last, "output");
    ck_assert_uint_eq(seen.n_rows, expected.sentences->target.n);
    ck_assert(seen.finite);
    translation_free(&expected);
    transformer_close(t);
}
END_TEST

#define ck_assert_fails(call, message)                                                                                 \
    do {                                                                                                               \
        ck_assert(!(call));                                                                                            \
        ck_assert_str_eq(transformer_error(), message);                                                                \
    } while (0)

START_TEST(failures_say_why)
{
    seen_tensors seen = {0};
    ck_assert_fails(
        transformer_open("/nowhere", 1),
        "/nowhere/config.json: cannot be opened: No such file or directory; is this a checkpoint directory?");
    ck_assert_fails(transformer_open(GOLDEN "/int8", 0), "0 threads; must be a number from 1 to 256");
    ck_assert_fails(transformer_open(GOLDEN "/int8", 257), "257 threads; must be a number from 1 to 256");
    transformer_translator *t = open_golden("int8");
    ck_assert_fails(transformer_set_beam(t, 0), "0 beams; must be a number from 1 to 16");
    ck_assert_fails(transformer_set_beam(t, 17), "17 beams; must be a number from 1 to 16");
    ck_assert_fails(transformer_n_best(t, "a", 1),
                    "the 1 best of 1 beams; must be from 1 to the number of beams, which must be at least 2");
    ck_assert(transformer_set_beam(t, 16));
    ck_assert(transformer_set_beam(t, 2));
    ck_assert_fails(transformer_n_best(t, "a", 3),
                    "the 3 best of 2 beams; must be from 1 to the number of beams, which must be at least 2");
    ck_assert_fails(transformer_n_best(t, "a", 0),
                    "the 0 best of 2 beams; must be from 1 to the number of beams, which must be at least 2");
    ck_assert_fails(transformer_n_best(t, "a\nb", 2),
                    "the text has 2 lines; a search for the n best requires a single one");
    ck_assert_fails(transformer_trace(t, "Thank you! I have a dog.", see, &seen),
                    "the text has 1 lines and 2 sentences; a trace requires a single sentence");
    ck_assert_fails(transformer_trace(t, "", see, &seen),
                    "the text has 1 lines and 0 sentences; a trace requires a single sentence");
    ck_assert_fails(transformer_trace(t, "a\nb", see, &seen),
                    "the text has 2 lines and 2 sentences; a trace requires a single sentence");
    ck_assert_uint_eq(seen.n, 0);
    ck_assert(!transformer_set_language(t, "klingon"));
    ck_assert_ptr_nonnull(strstr(transformer_error(), "language"));
    char *after = transformer_translate(t, "I have a dog."); /* failures change nothing */
    translation expected =
        translate_line("int8", &(search_options){.n_beams = 2, .length_penalty = 1.0}, "I have a dog.");
    ck_assert_str_eq(after, expected.text.bytes);
    translation_free(&expected);
    transformer_free(after);
    transformer_close(t);
    transformer_close(NULL);
    transformer_free(NULL);
    transformer_hypotheses_free(NULL);
}
END_TEST

static void note_line(void *user, size_t line, const char *message)
{
    ck_assert_ptr_nonnull(strstr(message, "truncated"));
    *(size_t *)user = line;
}

START_TEST(warnings_have_the_line)
{
    size_t line = 99;
    transformer_translator *t = open_golden("gelu"); /* whose translations do not end */
    char *ignored = transformer_translate(t, "\nThank you!");
    transformer_free(ignored);
    ck_assert_uint_eq(line, 99);
    transformer_set_warnings(t, note_line, &line);
    transformer_free(transformer_translate(t, "\nThank you!"));
    ck_assert_uint_eq(line, 1);
    transformer_close(t);
}
END_TEST

static const char *const texts[] = {"Thank you!", "I have a dog.", "The house is small. Good morning.", "a b c"};
enum { N_TEXTS = N_ELEMENTS(texts), ROUNDS = 5 };

typedef struct {
    transformer_translator *shared;
    char *const *expected; /* [N_TEXTS] */
    size_t first;
    bool same;
} caller;

static bool gives(transformer_translator *t, const char *text, const char *expected)
{
    char *translated = transformer_translate(t, text);
    bool same = translated && strcmp(translated, expected) == 0;
    transformer_free(translated);
    return same;
}

static void *translate_all(void *user)
{
    caller *c = user;
    c->same = true;
    for (size_t i = c->first; i < c->first + ROUNDS; i++) {
        transformer_translator *own = transformer_open(GOLDEN "/relu", 1);
        c->same = c->same && own && gives(own, texts[i % N_TEXTS], c->expected[i % N_TEXTS]) &&
                  gives(c->shared, texts[i % N_TEXTS], c->expected[i % N_TEXTS]);
        transformer_set_warnings(c->shared, NULL, NULL);
        c->same = c->same && !transformer_open("/nowhere", 1) && strncmp(transformer_error(), "/nowhere", 8) == 0;
        transformer_close(own);
    }
    return NULL;
}

START_TEST(threads_share_a_translator_and_use_their_own)
{
    enum { N_THREADS = 4 };
    pthread_t threads[N_THREADS];
    caller callers[N_THREADS];
    char *expected[N_TEXTS];
    transformer_translator *t = transformer_open(GOLDEN "/relu", 2);
    ck_assert_msg(t, "%s", transformer_error());
    for (size_t i = 0; i < N_TEXTS; i++)
        ck_assert_ptr_nonnull(expected[i] = transformer_translate(t, texts[i]));
    for (size_t i = 0; i < N_THREADS; i++) {
        callers[i] = (caller){.shared = t, .expected = expected, .first = i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, translate_all, &callers[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(callers[i].same);
    }
    for (size_t i = 0; i < N_TEXTS; i++)
        transformer_free(expected[i]);
    transformer_close(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("library");
    add_loop_test(suite, "a_line_is_what_the_translator_makes_of_it", a_line_is_what_the_translator_makes_of_it,
                  N_ELEMENTS(variants));
    add_test(suite, "lines_keep_their_line_ends", lines_keep_their_line_ends);
    add_test(suite, "invalid_bytes_are_read_as_the_replacement_character",
             invalid_bytes_are_read_as_the_replacement_character);
    add_test(suite, "hypotheses_are_those_of_the_translator", hypotheses_are_those_of_the_translator);
    add_test(suite, "a_trace_has_every_tensor", a_trace_has_every_tensor);
    add_test(suite, "failures_say_why", failures_say_why);
    add_test(suite, "warnings_have_the_line", warnings_have_the_line);
    add_test(suite, "threads_share_a_translator_and_use_their_own", threads_share_a_translator_and_use_their_own);
    return run_suite(suite);
}
