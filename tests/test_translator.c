#include <unistd.h>

#include "cli/trace_file.h"
#include "tests/golden.h"
#include "tests/random.h"
#include "translator/sentences.h"
#include "translator/translator.h"
#include "weights/weights.h"

/* ---- sentences ---- */

/* The text with each sentence in brackets: "[A b.] [C d.]". */
static const char *split(const char *text)
{
    static char out[1000];
    size_t size = strlen(text), used = 0, at = 0;
    text_range range = {0, 0};
    while (sentences_next(&range, text, size, range.end)) {
        used += (size_t)snprintf(out + used, sizeof out - used, "%.*s[%.*s]", (int)(range.begin - at), text + at,
                                 (int)(range.end - range.begin), text + range.begin);
        at = range.end;
    }
    snprintf(out + used, sizeof out - used, "%s", text + at);
    return out;
}

START_TEST(text_is_split_into_sentences)
{
    static const char *const expected[] = {
        "[The house is small.]",
        "[One.] [Two!] [Three?]",
        "  [One.]   [Two]  ",
        "",
        "   ",
        "[Really?!] [Yes...] [Well.]",
        "[He said \"Stop.\"] [She went on.]",
        "[\"Stop!\" he said.]", /* a lower-case letter follows */
        "[Dr. Smith met Mrs. Jones at St. Mary.] [They left.]",
        "[J. R. R. Tolkien wrote it.]",
        "[You and I.] [We two.]",
        "[It was 1999.] [Nobody knew.]",
        "[Am 3. Mai kam er.]",
        "[1. Read this.] [2. Do that.]",
        "[It costs 3.50 here.] [Fine.]",
        "[Use e.g. Python.] [Or C.]",
        "[Wait\xE2\x80\xA6] [What?]",
        "[(One.)] [(Two.)]",
        "[\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82][\xE5\x86\x8D\xE8\xA7\x81\xE3\x80\x82]", /* 你好。再见。 */
        "[www.example.org is a site]",
        "[...]",
        "[!]",
    };
    for (size_t i = 0; i < N_ELEMENTS(expected); i++) {
        char text[200];
        size_t n = 0;
        for (const char *c = expected[i]; *c; c++)
            if (*c != '[' && *c != ']')
                text[n++] = *c;
        text[n] = '\0';
        ck_assert_str_eq(split(text), expected[i]);
    }
}
END_TEST

/* Each stop only looks at the word before it. Looking at all the text before it would time out here. */
START_TEST(stops_that_end_no_sentence_take_no_time)
{
    static const char stop[] = "a.\xC2\xA0";
    text_buffer text = TEXT_EMPTY;
    failure why;
    text_range range;
    for (size_t i = 0; i < 1000000; i++)
        ck_assert_ok(text_append(&text, stop, sizeof stop - 1, &why), why);
    ck_assert(sentences_next(&range, text.bytes, text.size, 0));
    ck_assert_uint_eq(range.end, text.size - 2);
    text_free(&text);
}
END_TEST

START_TEST(no_byte_is_lost)
{
    /* sentences are in order, do not overlap, are not empty, and have only white space between them */
    static const char alphabet[] = "aB1.!? \t\"')\xE2\x80\xA6\xC3\xBC\xE3\x80\x82\xFF\0";
    char text[40];
    uint64_t random = 1;
    for (int round = 0; round < 20000; round++) {
        size_t size = random_next(&random) % sizeof text, at = 0;
        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[random_next(&random) % (sizeof alphabet - 1)];
        text_range range = {0, 0}, unused;
        while (sentences_next(&range, text, size, range.end)) {
            ck_assert(range.begin >= at && range.end > range.begin && range.end <= size);
            ck_assert(!sentences_trim(&unused, text, (text_range){at, range.begin}));
            at = range.end;
        }
        ck_assert(!sentences_trim(&unused, text, (text_range){at, size}));
    }
}
END_TEST

START_TEST(a_long_sentence_is_cut_near_its_middle)
{
    static const struct {
        const char *text, *first;
    } cuts[] = {{"aaaa bb, cccc dddd", "aaaa bb,"},        /* a clause mark before the nearer white space */
                {"aaaa bbbb cccc dddd", "aaaa bbbb"},      /* white space */
                {"aaaabbbb", "aaaa"},                      /* neither */
                {"a, bbbbbbbbbbbbbbbbbbb", "a, bbbbbbbb"}, /* a clause mark far from the middle does not count */
                {"\xC3\xBC\xC3\xBC\xC3\xBC", "\xC3\xBC"},  /* never inside a character */
                {"a", ""}};
    for (size_t i = 0; i < N_ELEMENTS(cuts); i++) {
        size_t middle = sentences_middle(cuts[i].text, (text_range){0, strlen(cuts[i].text)});
        ck_assert_msg(middle == strlen(cuts[i].first), "%s: cut at %zu", cuts[i].text, middle);
    }
}
END_TEST

/* ---- the translator ---- */

typedef struct {
    size_t n, line;
    char last[200];
} noted;

static void note(void *user, size_t line, const char *sentence)
{
    noted *notes = user;
    notes->n++;
    notes->line = line;
    snprintf(notes->last, sizeof notes->last, "%s", sentence);
}

static translator *open_translator(const char *variant)
{
    failure why;
    translator *t = translator_open(golden_path(variant, ""), 1, &why);
    ck_assert_ok(t != NULL, why);
    return t;
}

static text_line line_of(const char *text)
{
    return (text_line){text, strlen(text)};
}

static translation translate_one(translator *t, const char *text, noted *notes)
{
    translation out;
    failure why;
    text_line line = line_of(text);
    notice_reader reader = {note, notes};
    ck_assert_ok(translator_translate(t, &line, 1, false, &out, &reader, &why), why);
    return out;
}

START_TEST(blank_lines_run_no_model)
{
    static const char *const blank[] = {"", " ", "\t  ", "\xC2\xA0", "\xE3\x80\x80"};
    translator *t = open_translator("relu");
    noted notes = {0};
    for (size_t i = 0; i < N_ELEMENTS(blank); i++) {
        translation out = translate_one(t, blank[i], &notes);
        ck_assert_str_eq(out.text.bytes, "");
        ck_assert_uint_eq(out.n_sentences, 0);
        translation_free(&out);
    }
    ck_assert_uint_eq(notes.n, 0);
    translator_close(t);
}
END_TEST

START_TEST(white_space_between_sentences_is_put_back)
{
    translator *t = open_translator("relu");
    noted notes = {0};
    translation one = translate_one(t, "Thank you!", &notes), two = translate_one(t, "I have a dog.", &notes);
    translation both = translate_one(t, "  Thank you! \t I have a dog.  ", &notes);
    char expected[2000];
    snprintf(expected, sizeof expected, "  %s \t %s  ", one.text.bytes, two.text.bytes);
    ck_assert_str_eq(both.text.bytes, expected);
    ck_assert_uint_eq(both.n_sentences, 2);
    translation_free(&one);
    translation_free(&two);
    translation_free(&both);
    translator_close(t);
}
END_TEST

static const char *const translated_variants[] = {"swish", "int8", "mixed"};

START_TEST(many_lines_at_once_give_what_each_gives_alone)
{
    enum { N = 150 }; /* more sentences than fit in a batch */
    static const char *const texts[] = {
        "The house is small.", "",      "I have a dog. What time is it?",
        "Thank you!",          "a b c", "Good morning. The train leaves at three. Where is the station?"};
    translator *t = open_translator(translated_variants[_i]);
    text_line lines[N];
    translation out[N];
    noted notes = {0};
    notice_reader reader = {note, &notes};
    failure why;
    size_t n_sentences[4] = {0};   /* lines of 0, 1, 2 and 3 sentences */
    for (size_t l = 0; l < N; l++) /* the order changes from round to round */
        lines[l] = line_of(texts[(l + l / N_ELEMENTS(texts)) % N_ELEMENTS(texts)]);
    ck_assert_ok(translator_translate(t, lines, N, false, out, &reader, &why), why);
    for (size_t l = 0; l < N; l++) {
        translation alone = translate_one(t, lines[l].bytes, &notes);
        ck_assert_str_eq(out[l].text.bytes, alone.text.bytes);
        ck_assert_uint_eq(out[l].n_sentences, alone.n_sentences);
        n_sentences[out[l].n_sentences]++;
        translation_free(&alone);
        translation_free(&out[l]);
    }
    for (size_t i = 0; i < N_ELEMENTS(n_sentences); i++) /* every line was used */
        ck_assert_uint_ge(n_sentences[i], N / 10);
    translator_close(t);
}
END_TEST

/* Where the tokens decide how many batches there are, 64 short sentences are far from filling one. */
START_TEST(many_short_sentences_beside_long_ones_are_several_batches)
{
    enum { N_LONG = 100, N_SHORT = 100, N = N_LONG + N_SHORT };
    static const char long_text[] =
        "the house is small and the train leaves at three and the dog is in the house and "
        "the station is small and the morning is good and the train is in the station "
        "and the dog is small and the house is in the morning and the train is good and it is small";
    translator *t = open_translator("int8");
    text_line lines[N];
    translation out[N];
    noted notes = {0};
    notice_reader reader = {note, &notes};
    failure why;
    size_t n_tokens = 0;
    for (size_t l = 0; l < N; l++)
        lines[l] = line_of(l < N_LONG ? long_text : "a");
    ck_assert_ok(translator_translate(t, lines, N, false, out, &reader, &why), why);
    translation alone[] = {translate_one(t, long_text, &notes), translate_one(t, "a", &notes)};
    for (size_t l = 0; l < N; l++) {
        n_tokens += out[l].sentences[0].source.n;
        ck_assert_str_eq(out[l].text.bytes, alone[l >= N_LONG].text.bytes);
        translation_free(&out[l]);
    }
    ck_assert_uint_gt(n_tokens / N, 2048 / TRANSLATOR_BATCH); /* a batch of average sentences is full of tokens first */
    translation_free(&alone[0]);
    translation_free(&alone[1]);
    translator_close(t);
}
END_TEST

START_TEST(a_sentence_beyond_the_positions_is_translated_in_parts)
{
    translator *t = open_translator("relu"); /* 64 positions */
    size_t limit = translator_config(t)->max_positions;
    char text[2000] = "";
    noted notes = {0};
    for (int i = 0; i < 100; i++)
        strcat(text, i % 10 == 9 ? "house, " : "house ");
    translation out = translate_one(t, text, &notes);
    ck_assert(out.n_sentences > 1);
    size_t at = 0;
    text_range unused;
    for (size_t s = 0; s < out.n_sentences; s++) {
        ck_assert_uint_le(out.sentences[s].source.n, limit);
        ck_assert(!sentences_trim(&unused, text, (text_range){at, out.sentences[s].range.begin}));
        at = out.sentences[s].range.end;
    }
    ck_assert_uint_eq(at, strlen(text) - 1); /* everything except the last space */
    ck_assert_uint_ge(notes.n, 1);
    translation_free(&out);
    translator_close(t);
}
END_TEST

START_TEST(exactly_the_positions_fit)
{
    translator *t = open_translator("relu");
    size_t limit = translator_config(t)->max_positions;
    for (size_t n = limit - 2; n <= limit + 1; n++) {
        char text[600] = "";
        noted notes = {0};
        for (size_t i = 0; i < n - 1; i++)
            strcat(text, i ? " a" : "a"); /* "▁a" is a piece */
        translation out = translate_one(t, text, &notes);
        ck_assert_uint_eq(out.n_sentences, n <= limit ? 1 : 2);
        if (n <= limit)
            ck_assert_uint_eq(out.sentences[0].source.n, n);
        translation_free(&out);
    }
    translator_close(t);
}
END_TEST

START_TEST(a_language_code_goes_before_every_sentence)
{
    translator *t = open_translator("gelu");
    noted notes = {0};
    translation plain = translate_one(t, "I have a dog. Good morning.", &notes);
    notes = (noted){0};
    translation coded = translate_one(t, ">>deu<< I have a dog. Good morning.", &notes);
    ck_assert_uint_eq(coded.n_sentences, 2);
    for (size_t s = 0; s < 2; s++) {
        const token_ids *ids = &coded.sentences[s].source, *plain_ids = &plain.sentences[s].source;
        ck_assert_str_eq(translator_source_piece(t, ids->at[0]), ">>deu<<");
        token_ids rest = {ids->at + 1, ids->n - 1, 0};
        assert_same_ids("after the code", plain_ids->at, plain_ids->n, &rest);
    }
    ck_assert_ptr_null(strstr(coded.text.bytes, ">>"));
    ck_assert(coded.text.bytes[0] != ' ');
    translation_free(&plain);
    translation_free(&coded);

    notes = (noted){0};
    coded = translate_one(t, ">>eng<< I have a dog.", &notes);
    ck_assert_uint_ge(notes.n, 1);
    translation_free(&coded);
    coded = translate_one(t, ">>deu<<", &notes); /* nothing to translate */
    ck_assert_str_eq(coded.text.bytes, "");
    translation_free(&coded);
    coded = translate_one(t, "Good morning. >>deu<< I have a dog.", &notes); /* not at the beginning: text */
    ck_assert_uint_eq(coded.n_sentences, 2);
    ck_assert_str_ne(translator_source_piece(t, coded.sentences[1].source.at[0]), ">>deu<<");
    translation_free(&coded);
    translator_close(t);
}
END_TEST

START_TEST(a_cut_translation_is_noticed)
{
    translator *t = open_translator("relu"); /* never generates the end token here */
    noted notes = {0};
    failure why;
    translation out[2];
    text_line lines[] = {line_of(""), line_of("Good morning.")};
    notice_reader reader = {note, &notes};
    ck_assert_ok(translator_translate(t, lines, 2, false, out, &reader, &why), why);
    ck_assert_uint_eq(notes.n, 1);
    ck_assert_uint_eq(notes.line, 1);
    ck_assert_str_eq(notes.last, "1 of 1 translated sentences did not end and were truncated at the length cap");
    ck_assert(out[1].sentences[0].truncated);
    translation_free(&out[0]);
    translation_free(&out[1]);
    translator_close(t);
}
END_TEST

START_TEST(any_bytes_give_one_line)
{
    translator *t = open_translator("relu");
    char text[30];
    uint64_t random = 2;
    noted notes = {0};
    notice_reader reader = {note, &notes};
    for (int round = 0; round < 200; round++) {
        size_t size = random_next(&random) % sizeof text;
        for (size_t i = 0; i < size; i++)
            text[i] = (char)random_next(&random);
        translation out;
        failure why;
        text_line line = {text, size};
        ck_assert_ok(translator_translate(t, &line, 1, false, &out, &reader, &why), why);
        ck_assert_ptr_null(memchr(out.text.bytes, '\n', out.text.size));
        ck_assert_uint_eq(strlen(out.text.bytes), out.text.size);
        translation_free(&out);
    }
    translator_close(t);
}
END_TEST

static const char *const traced_checkpoints[] = {GOLDEN "/swish", GOLDEN "/mixed", CHECKPOINT};

START_TEST(a_trace_file_holds_the_recorded_pass)
{
    translator *t = translator_open(traced_checkpoints[_i], 1, &(failure){0});
    ck_assert_ptr_nonnull(t);
    noted notes = {0};
    translation out = translate_one(t, "I have a dog.", &notes);
    failure why;
    char path[] = "/tmp/test_translator_XXXXXX";
    close(mkstemp(path));
    trace_record pass = TRACE_RECORD_EMPTY;
    ck_assert_ok(translator_trace(t, &out.sentences[0], &pass, &why), why);
    ck_assert_ok(trace_file_write(path, &out.sentences[0], &pass, &why), why);
    weights_file *file = weights_open(path, 1000, &why);
    ck_assert_ok(file != NULL, why);
    for (const traced_tensor *tensor = pass.tensors; tensor < pass.tensors + pass.n; tensor++) {
        size_t shape[] = {tensor->rows, tensor->columns};
        const float *stored = weights_take(file, tensor->name, TENSOR_F32, shape, 2, &why);
        ck_assert_ok(stored != NULL, why);
        ck_assert_msg(memcmp(stored, trace_record_data(&pass, tensor), shape[0] * shape[1] * sizeof *stored) == 0,
                      "%s differs", tensor->name);
    }
    ck_assert_ok(weights_check(file, &why), why); /* and nothing else */
    weights_close(file);
    unlink(path);
    trace_record_free(&pass);
    translation_free(&out);
    translator_close(t);
}
END_TEST

START_TEST(the_output_of_the_last_state_is_the_traced_output)
{
    failure why;
    translator *t = translator_open(traced_checkpoints[_i], 1, &why);
    ck_assert_ok(t != NULL, why);
    noted notes = {0};
    translation out = translate_one(t, "I have a dog.", &notes);
    trace_record pass = TRACE_RECORD_EMPTY;
    ck_assert_ok(translator_trace(t, &out.sentences[0], &pass, &why), why);
    const traced_tensor *output = trace_record_find(&pass, "output", "");
    const float *logits = translator_output_of(t, trace_record_data(&pass, output - 1), output->rows, &why);
    ck_assert_ok(logits != NULL, why);
    ck_assert_mem_eq(logits, trace_record_data(&pass, output), output->rows * output->columns * sizeof *logits);
    trace_record_free(&pass);
    translation_free(&out);
    translator_close(t);
}
END_TEST

int main(void)
{
    model_use_instruction_set(NULL, &(failure){0});
    Suite *suite = suite_create("translator");
    add_test(suite, "text_is_split_into_sentences", text_is_split_into_sentences);
    add_test(suite, "stops_that_end_no_sentence_take_no_time", stops_that_end_no_sentence_take_no_time);
    add_test(suite, "no_byte_is_lost", no_byte_is_lost);
    add_test(suite, "a_long_sentence_is_cut_near_its_middle", a_long_sentence_is_cut_near_its_middle);
    add_test(suite, "blank_lines_run_no_model", blank_lines_run_no_model);
    add_test(suite, "white_space_between_sentences_is_put_back", white_space_between_sentences_is_put_back);
    add_loop_test(suite, "many_lines_at_once_give_what_each_gives_alone", many_lines_at_once_give_what_each_gives_alone,
                  N_ELEMENTS(translated_variants));
    add_test(suite, "many_short_sentences_beside_long_ones_are_several_batches",
             many_short_sentences_beside_long_ones_are_several_batches);
    add_test(suite, "a_sentence_beyond_the_positions_is_translated_in_parts",
             a_sentence_beyond_the_positions_is_translated_in_parts);
    add_test(suite, "exactly_the_positions_fit", exactly_the_positions_fit);
    add_test(suite, "a_language_code_goes_before_every_sentence", a_language_code_goes_before_every_sentence);
    add_test(suite, "a_cut_translation_is_noticed", a_cut_translation_is_noticed);
    add_test(suite, "any_bytes_give_one_line", any_bytes_give_one_line);
    add_loop_test(suite, "a_trace_file_holds_the_recorded_pass", a_trace_file_holds_the_recorded_pass,
                  N_ELEMENTS(traced_checkpoints));
    add_loop_test(suite, "the_output_of_the_last_state_is_the_traced_output",
                  the_output_of_the_last_state_is_the_traced_output, N_ELEMENTS(traced_checkpoints));
    return run_suite(suite);
}
