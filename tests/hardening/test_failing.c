/* Makes each allocation fail in turn, alone or with all later ones: while opening, while memory grows, for a sentence
 * and for a batch. Each failure must give an error message, leak nothing and leave an open translator usable. If
 * SentencePiece gets no memory at all, the process exits (sentencepiece_c.h): test_failing.py tests that. */
#include <stdio.h>
#include <unistd.h>

#include "tests/golden.h"
#include "tests/hardening/failing.h"
#include "translator/translator.h"

#ifdef FAILING_WITH_SANITIZER /* the sanitizer itself needs memory for each thread */
enum { N_THREADS = 1 };
#else
enum { N_THREADS = 3 };
#endif

#ifdef NDEBUG
enum { N_LINES = 64 };
#else /* trials are slow */
enum { N_LINES = 16 };
#endif

static const char *const variants[] = {"int8", "gelu"}; /* one tokenizer for both sides, and one for each */

static void ignore(void *user, size_t line, const char *sentence)
{
    (void)user, (void)line, (void)sentence;
}

/* What each trial does, on a translator that stays open or, if it is NULL, on one opened by the trial. */
typedef struct {
    const char *directory;
    translator *translator;
    size_t n_threads;
    const char *prefix;      /* that a translator opened by the trial gets, or NULL */
    size_t n_first, n_lines; /* lines of a first call, and of a second one whose memory must grow */
    const char *line;        /* that is translated in place of the usual ones, or NULL */
    text_buffer text;        /* the result of the last call */
} trial;

static bool translate(trial *attempt, translator *t, size_t n_lines, failure *why)
{
    static const char *const texts[] = {"The house is small.", "I have a dog. What time is it?", "", "Thank you!"};
    text_line lines[N_LINES] = {0};
    translation out[N_LINES];
    notice_reader notices = {ignore, NULL};
    for (size_t l = 0; l < n_lines; l++) {
        const char *line = attempt->line ? attempt->line : texts[l % N_ELEMENTS(texts)];
        lines[l] = (text_line){line, strlen(line), l};
    }
    if (!translator_translate(t, lines, n_lines, true, out, &notices, why))
        return false;
    bool ok = true;
    attempt->text.size = 0;
    for (size_t l = 0; l < n_lines; l++) {
        ok = ok && text_append(&attempt->text, out[l].text.bytes, out[l].text.size, why) &&
             text_append(&attempt->text, "\n", 1, why);
        translation_free(&out[l]);
    }
    return ok;
}

static bool try(trial *attempt, failure *why)
{
    translator *t =
        attempt->translator ? attempt->translator : translator_open(attempt->directory, attempt->n_threads, why);
    bool ok = t && (!attempt->prefix || translator_set_prefix(t, attempt->prefix, why)) &&
              (attempt->n_first == 0 || translate(attempt, t, attempt->n_first, why)) &&
              (attempt->n_lines == 0 || translate(attempt, t, attempt->n_lines, why));
    if (!attempt->translator)
        translator_close(t);
    return ok;
}

/* Makes allocation 1, 2, … fail until a trial does not get that far. A library may get by without the memory, but then
 * the result must be the same. */
static size_t refuse_each(trial *attempt, failing_callers whose, bool from_then_on)
{
    failure why = {0};
    text_buffer expected = TEXT_EMPTY;
    for (int i = 0; i < 2; i++) /* libraries keep what they allocate on first use */
        ck_assert_ok(try(attempt, &why), why);
    ck_assert_ok(text_append(&expected, attempt->text.bytes, attempt->text.size, &why), why);
    size_t in_use = failing_in_use(), n = 1;
    for (;; n++) {
        why = (failure){0};
        failing_start(n, from_then_on, whose);
        bool ok = try(attempt, &why);
        size_t n_refused = failing_stop();
        ck_assert_msg(failing_in_use() == in_use, "allocation %zu: %zu in use, expected %zu", n, failing_in_use(),
                      in_use);
        ck_assert_msg(ok || n_refused, "allocation %zu: failed without a refusal: %s", n, why.sentence);
        ck_assert_msg(!ok || n_refused == 0 || whose == FAILING_ALL, "allocation %zu: was not missed", n);
        ck_assert_msg(ok || strstr(why.sentence, "emory") || strstr(why.sentence, "thread"),
                      "allocation %zu: \"%s\" does not say what was lacking", n, why.sentence);
        if (ok)
            ck_assert_str_eq(attempt->text.bytes, expected.bytes);
        if (n_refused == 0)
            break;
    }
    if (attempt->translator)
        ck_assert_ok(try(attempt, &why), why); /* still usable */
    text_free(&expected);
    return n;
}

static void refuse_all(trial *attempt, const char *what)
{
    for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
        size_t own = refuse_each(attempt, FAILING_OWN, from_then_on);
        printf("%s: each of %zu allocations of our own refused%s\n", what, own - 1,
               from_then_on ? " with all that follow" : "");
    }
    size_t all = refuse_each(attempt, FAILING_ALL, false);
    printf("%s: each of %zu allocations of ours and libraries' refused\n", what, all - 1);
    text_free(&attempt->text);
}

START_TEST(opening)
{
    trial attempt = {
        .text = TEXT_EMPTY, .directory = golden_path(variants[_i], ""), .n_threads = N_THREADS, .prefix = "a"};
    refuse_all(&attempt, "opening, with a prefix");
}
END_TEST

/* Its tokenizer has a map of replacements, unlike those of the small checkpoints. */
START_TEST(the_bundled_checkpoint_is_freed)
{
    failure why;
    size_t in_use = 0;
    trial attempt = {.text = TEXT_EMPTY, .directory = CHECKPOINT, .n_threads = 1, .n_lines = 4};
    for (int i = 0; i < 3; i++) { /* libraries keep what they allocate on first use */
        ck_assert_ok(try(&attempt, &why), why);
        ck_assert(i < 2 || failing_in_use() == in_use);
        in_use = failing_in_use();
    }
    text_free(&attempt.text);
}
END_TEST

START_TEST(growing)
{
    trial attempt = {
        .text = TEXT_EMPTY, .directory = golden_path(variants[_i], ""), .n_threads = 1, .n_first = 1, .n_lines = 3};
    refuse_all(&attempt, "opening, a sentence and three lines");
}
END_TEST

static void refuse_while_translating(const char *directory, size_t n_lines, const search_options *search,
                                     const char *what)
{
    failure why;
    trial attempt = {.text = TEXT_EMPTY, .directory = directory, .n_lines = n_lines};
    attempt.translator = translator_open(attempt.directory, 1, &why);
    ck_assert_ok(attempt.translator != NULL, why);
    translator_set_search(attempt.translator, search);
    refuse_all(&attempt, what);
    translator_close(attempt.translator);
}

START_TEST(one_sentence)
{
    refuse_while_translating(golden_path(variants[_i], ""), 1, &(search_options){.n_beams = 1}, "a sentence");
}
END_TEST

/* A translator whose sentences all allocate alike, because translations are truncated to a few tokens. */
START_TEST(a_batch)
{
    char directory[4096];
    snprintf(directory, sizeof directory, "%s/%s", SHORT, variants[_i]);
    refuse_while_translating(directory, N_LINES, &(search_options){.n_beams = 1}, "a batch");
}
END_TEST

START_TEST(an_n_best_list)
{
    char directory[4096];
    snprintf(directory, sizeof directory, "%s/%s", SHORT, variants[_i]);
    refuse_while_translating(directory, 2,
                             &(search_options){.n_beams = 3, .length_penalty = 1.0, .keep_steps = true, .n_best = 2},
                             "an n-best list");
}
END_TEST

START_TEST(alternatives)
{
    failure why;
    char directory[4096];
    snprintf(directory, sizeof directory, "%s/%s", SHORT, variants[_i]);
    trial attempt = {.text = TEXT_EMPTY, .directory = directory, .n_lines = 2};
    attempt.translator = translator_open(attempt.directory, 1, &why);
    ck_assert_ok(attempt.translator != NULL, why);
    translator_set_protection(attempt.translator, false);
    translator_set_alternatives(attempt.translator, 1, 3);
    refuse_all(&attempt, "alternatives");
    translator_close(attempt.translator);
}
END_TEST

/* Makes `directory`, which ends with XXXXXX, a copy of the checkpoint of short translations; sed edits its config. */
static void copy_edited(char *directory, const char *edit)
{
    char command[3 * 4096];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(command, sizeof command, "cp " SHORT "/int8/* %s && sed -i '%s' %s/config.json", directory, edit,
             directory);
    ck_assert_int_eq(system(command), 0);
}

static void remove_copy(const char *directory)
{
    char command[4096];
    snprintf(command, sizeof command, "rm -r %s", directory);
    ck_assert_int_eq(system(command), 0);
}

/* A translator for which "Morgen", which it often writes, is the unknown piece. */
START_TEST(unknown_words)
{
    failure why;
    char directory[] = "/tmp/test_failing_XXXXXX";
    copy_edited(directory, "s/\"unknown\": 1/\"unknown\": 65/");
    trial attempt = {.text = TEXT_EMPTY, .directory = directory, .n_threads = 1};
    attempt.translator = translator_open(directory, 1, &why);
    ck_assert_ok(attempt.translator != NULL, why);
    ck_assert_ok(translate(&attempt, attempt.translator, 1, &why), why);
    ck_assert_ptr_null(strstr(attempt.text.bytes, "Morgen"));
    translator_close(attempt.translator);
    text_free(&attempt.text);
    refuse_while_translating(directory, 1, &(search_options){.n_beams = 1}, "a sentence with unknown words");
    remove_copy(directory);
}
END_TEST

/* A sentence for which there are copy tokens: ordinary words, which do not come back, so that its parts follow. */
START_TEST(copied_text)
{
    failure why;
    char directory[] = "/tmp/test_failing_XXXXXX";
    copy_edited(directory, "s/\"origin\"/\"copy_tokens\": [20, 21, 22], \"origin\"/");
    trial attempt = {.text = TEXT_EMPTY, .n_lines = 1, .line = "I have {a} small <b>dog</b>. Thank you!"};
    attempt.translator = translator_open(directory, 1, &why);
    ck_assert_ok(attempt.translator != NULL, why);
    refuse_all(&attempt, "a sentence with copied text");
    translator_close(attempt.translator);
    remove_copy(directory);
}
END_TEST

int main(void)
{
    setenv("OPENBLAS_NUM_THREADS", "1", 1); /* other threads would allocate at unpredictable times */
    model_use_instruction_set(NULL, &(failure){0});
    Suite *suite = suite_create("failing");
    add_loop_test(suite, "opening", opening, N_ELEMENTS(variants));
    add_test(suite, "the_bundled_checkpoint_is_freed", the_bundled_checkpoint_is_freed);
    add_loop_test(suite, "growing", growing, N_ELEMENTS(variants));
    add_loop_test(suite, "one_sentence", one_sentence, N_ELEMENTS(variants));
    add_loop_test(suite, "a_batch", a_batch, N_ELEMENTS(variants));
    add_test(suite, "unknown_words", unknown_words);
    add_test(suite, "copied_text", copied_text);
    add_loop_test(suite, "an_n_best_list", an_n_best_list, N_ELEMENTS(variants));
    add_loop_test(suite, "alternatives", alternatives, N_ELEMENTS(variants));
    return run_suite(suite);
}
