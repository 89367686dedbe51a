#include <unistd.h>

#include "cli/trace_file.h"
#include "tests/golden.h"
#include "tests/random.h"
#include "tests/tokenizers.h"
#include "translator/open_tokenizer.h"
#include "translator/restore.h"
#include "translator/tags.h"
#include "translator/translator.h"
#include "translator/unknown.h"
#include "weights/weights.h"

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
    return (text_line){text, strlen(text), 1};
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

/* out [n] of lines [n] */
static void translate_lines(translator *t, const text_line *lines, size_t n, translation *out)
{
    failure why;
    noted notes = {0};
    notice_reader reader = {note, &notes};
    ck_assert_ok(translator_translate(t, lines, n, false, out, &reader, &why), why);
}

/* If the tokens determine the number of batches, 64 short sentences do not nearly fill one. */
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
    size_t n_tokens = 0;
    for (size_t l = 0; l < N; l++)
        lines[l] = line_of(l < N_LONG ? long_text : "a");
    translate_lines(t, lines, N, out);
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

/* A third of the tokens each: in 32 sentences, in 64, which fill a batch, and in 90, which are two batches. */
START_TEST(many_sentences_after_a_full_batch_are_several_batches)
{
    static const struct {
        size_t n, n_words;
    } groups[] = {{32, 61}, {64, 30}, {90, 21}};
    enum { N = 32 + 64 + 90, MOST_WORDS = 61 };
    char words[2 * MOST_WORDS + 1];
    translator *t = open_translator("int8");
    text_line lines[N];
    translation out[N];
    for (size_t i = 0; i < MOST_WORDS; i++)
        memcpy(words + 2 * i, "a ", 3);
    for (size_t g = 0, l = 0; g < N_ELEMENTS(groups); g++)
        for (size_t i = 0; i < groups[g].n; i++, l++)
            lines[l] = (text_line){words, 2 * groups[g].n_words - 1, l};
    translate_lines(t, lines, N, out);
    for (size_t g = 0, l = 0; g < N_ELEMENTS(groups); g++)
        for (size_t i = 0; i < groups[g].n; i++, l++) {
            ck_assert_uint_eq(out[l].sentences[0].source.n, groups[g].n_words + 1);
            ck_assert_str_eq(out[l].text.bytes, out[l - i].text.bytes);
        }
    for (size_t l = 0; l < N; l++)
        translation_free(&out[l]);
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
    byte_range unused;
    for (size_t s = 0; s < out.n_sentences; s++) {
        ck_assert_uint_le(out.sentences[s].source.n, limit);
        ck_assert(!text_trim(&unused, text, (byte_range){at, out.sentences[s].range.begin}));
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
    coded = translate_one(t, ">>eng<<", &notes); /* nothing to translate */
    ck_assert_str_eq(notes.last, "\">>eng<<\" is taken as a language code, but the checkpoint does not know it");
    translation_free(&coded);
    coded = translate_one(t, ">>deu<<", &notes);
    ck_assert_str_eq(coded.text.bytes, "");
    translation_free(&coded);
    coded = translate_one(t, "Good morning. >>deu<< I have a dog.", &notes); /* not at the beginning: text */
    ck_assert_uint_ge(coded.n_sentences, 2);
    for (size_t s = 0; s < coded.n_sentences; s++)
        ck_assert_str_ne(translator_source_piece(t, coded.sentences[s].source.at[0]), ">>deu<<");
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
        text_line line = {text, size, 1};
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
    output_file trace = OUTPUT_NONE;
    ck_assert_ok(output_open(&trace, path, "trace", NULL, false, &(file_claims){0}, &why), why);
    ck_assert_ok(trace_file_write(&trace, t, &out.sentences[0], &pass, NULL, 0, &why), why);
    ck_assert_ok(output_finish(&trace, &why), why);
    output_close(&trace);
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

/* ---- protected spans ---- */

static translator *open_bundled(void)
{
    failure why;
    translator *t = translator_open(CHECKPOINT, 1, &why);
    ck_assert_ok(t != NULL, why);
    return t;
}

static size_t count_in(const char *text, const char *span)
{
    size_t n = 0;
    for (; (text = strstr(text, span)); text += strlen(span))
        n++;
    return n;
}

static bool is_copy_token(const translator *t, int32_t id)
{
    const model_config *c = translator_config(t);
    return id_list_has(&c->copy_tokens, id);
}

static size_t count_copy_tokens(const translator *t, const token_ids *ids)
{
    size_t n = 0;
    for (size_t i = 0; i < ids->n; i++)
        n += is_copy_token(t, ids->at[i]);
    return n;
}

START_TEST(the_model_returns_copy_tokens)
{
    translator *t = open_bundled();
    noted notes = {0};
    translation out = translate_one(t, "  Hello {name}, the file is in /usr/share/x_1 today. ", &notes);
    ck_assert_uint_eq(out.n_sentences, 1);
    const translated_sentence *s = &out.sentences[0];
    ck_assert_uint_eq(s->n_spans, 2);
    ck_assert_uint_eq(s->spans[0].range.begin, 8);
    ck_assert_uint_eq(s->spans[0].range.end, 14);
    ck_assert_uint_eq(count_copy_tokens(t, &s->source), 2);
    ck_assert_uint_eq(count_copy_tokens(t, &s->target), 2);
    ck_assert_uint_eq(count_in(out.text.bytes, "{name}"), 1);
    ck_assert_uint_eq(count_in(out.text.bytes, "/usr/share/x_1"), 1);
    ck_assert_uint_eq(count_in(out.text.bytes, "<copy"), 0);
    ck_assert(strncmp(out.text.bytes, "  ", 2) == 0 && out.text.bytes[out.text.size - 1] == ' ');
    translation_free(&out);
    translator_close(t);
}
END_TEST

/* Without copy tokens, each part between spans is translated alone, so it must equal its own translation. */
START_TEST(without_copy_tokens_the_parts_between_spans_are_translated)
{
    translator *t = open_translator("swish");
    noted notes = {0};
    translation out = translate_one(t, "{a}I have a dog%s, good morning <b>now</b> {b}", &notes);
    translation first = translate_one(t, "I have a dog", &notes), second = translate_one(t, "good morning", &notes);
    translation third = translate_one(t, "now", &notes);
    char expected[4000];
    snprintf(expected, sizeof expected, "{a}%s%%s, %s <b>%s</b> {b}", first.text.bytes, second.text.bytes,
             third.text.bytes);
    ck_assert_str_eq(out.text.bytes, expected);
    ck_assert_uint_eq(out.n_sentences, 3);
    translation_free(&out);
    translation_free(&first);
    translation_free(&second);
    translation_free(&third);
    translator_close(t);
}
END_TEST

/* The copy tokens of this model are ordinary words that it was not trained to copy, so none comes back. */
START_TEST(lost_copy_tokens_are_noticed)
{
    failure why;
    char directory[] = "/tmp/test_translator_XXXXXX", command[1000];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(command, sizeof command,
             "cp " GOLDEN "/int8/* %s && sed -i 's/\"origin\"/\"copy_tokens\": [20, 21], \"origin\"/' %s/config.json",
             directory, directory);
    ck_assert_int_eq(system(command), 0);
    translator *t = translator_open(directory, 1, &why), *without = open_translator("int8");
    ck_assert_ok(t != NULL, why);
    noted notes = {0};
    static const struct {
        const char *text;
        size_t n_parts;
    } lines[] = {{"I have a dog{x} good morning %s now", 3},
                 {"Thank you! I have a dog{x} good morning %s now. What time is it? The house {y} is small.", 7}};
    ck_assert_uint_eq(translator_config(t)->copy_tokens.n, 2);
    for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
        translation out = translate_one(t, lines[i].text, &notes),
                    expected = translate_one(without, lines[i].text, &notes);
        ck_assert_str_eq(out.text.bytes, expected.text.bytes);
        ck_assert_uint_eq(out.n_sentences, lines[i].n_parts);
        translation_free(&out);
        translation_free(&expected);
    }
    translator_close(t);
    translator_close(without);
    snprintf(command, sizeof command, "rm -r %s", directory);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(more_spans_than_copy_tokens)
{
    translator *t = open_bundled();
    noted notes = {0};
    text_buffer text = TEXT_EMPTY;
    failure why;
    for (int i = 0; i < MAX_COPY_TOKENS + 1; i++) {
        char part[40];
        snprintf(part, sizeof part, "the file name_%d and ", i);
        ck_assert(text_append(&text, part, strlen(part), &why));
    }
    translation out = translate_one(t, text.bytes, &notes);
    ck_assert_uint_gt(out.n_sentences, MAX_COPY_TOKENS);
    const char *at = out.text.bytes;
    for (int i = 0; i < MAX_COPY_TOKENS + 1; i++) {
        char name[20];
        snprintf(name, sizeof name, "name_%d", i);
        ck_assert_ptr_nonnull(at = strstr(at, name));
    }
    text_free(&text);
    translation_free(&out);
    translator_close(t);
}
END_TEST

START_TEST(lines_of_spans_are_copied)
{
    static const char *const lines[] = {
        "\U0001F600",       "https://example.org/a?b=c",     " <br/> {x} ", "x = 5", "... --- ...",
        "`code` \u2192 %s", "00:00:01,000 --> 00:00:04,000", "\u4F60\u597D"};
    translator *t = open_bundled();
    noted notes = {0};
    for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
        translation out = translate_one(t, lines[i], &notes);
        ck_assert_str_eq(out.text.bytes, lines[i]);
        ck_assert_uint_eq(out.n_sentences, 0);
        translation_free(&out);
    }
    translator_close(t);
}
END_TEST

START_TEST(capitals_are_translated_in_ordinary_spelling)
{
    translator *t = open_bundled();
    noted notes = {0};
    translation out = translate_one(t, "DO NOT OPEN {Door}!", &notes),
                small = translate_one(t, "Do not open {Door}!", &notes);
    ck_assert_int_eq(out.sentences[0].letters, CASE_CAPITALS);
    const token_ids *ids = &small.sentences[0].source;
    assert_same_ids("source", ids->at, ids->n, &out.sentences[0].source);
    ck_assert_uint_eq(count_in(out.text.bytes, "{Door}"), 1);
    for (const char *c = out.text.bytes; *c; c++)
        ck_assert((*c < 'a' || *c > 'z') || strncmp(c, "oor}", 4) == 0 || strncmp(c, "or}", 3) == 0 ||
                  strncmp(c, "r}", 2) == 0);
    translation_free(&out);
    translation_free(&small);
    translator_close(t);
}
END_TEST

/* The words are the same with and without tags, and the tags enclose the right ones. */
START_TEST(tags_follow_their_words)
{
    static const char *const cases[][3] = {
        {"The <b>house</b> is small.", "The house is small.", "<b>Haus</b>"},
        {"The house is <i>very</i> small.", "The house is very small.", "<i>sehr</i>"},
        {"The <i>house is <b>small</b></i>.", "The house is small.", "<b>klein</b></i>."},
        {"**The house is small.**", "The house is small.", "**Das"},
        {"Open <b>settings.json</b> now.", "Open settings.json now.", "<b>settings.json</b>"},
        {"I have <br/>a house.", "I have a house.", "<br/>ein"},
    };
    translator *t = open_bundled();
    noted notes = {0};
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        translation out = translate_one(t, cases[i][0], &notes), plain = translate_one(t, cases[i][1], &notes);
        ck_assert_msg(strstr(out.text.bytes, cases[i][2]) != NULL, "%s: %s", cases[i][0], out.text.bytes);
        const token_ids *ids = &plain.sentences[0].source;
        ck_assert_uint_eq(out.n_sentences, 1);
        assert_same_ids(cases[i][0], ids->at, ids->n, &out.sentences[0].source);
        translation_free(&out);
        translation_free(&plain);
    }
    translator_close(t);
}
END_TEST

START_TEST(symbols_and_tags_at_the_ends_are_not_the_models)
{
    static const char *const cases[][3] = {
        {"\U0001F600 The house is small. \u2713", "\U0001F600 ", " \u2713"},
        {"\U0001F600\rThe house is small.\t\u2713", "\U0001F600 ", "\t\u2713"}, /* \r is shown as a space */
        {"<p>\u2192 <b>The house is small.</b></p>", "<p>\u2192 <b>", "</b></p>"},
        {"<br/>The house is small.<br/>", "<br/>", "<br/>"},
    };
    translator *t = open_bundled();
    noted notes = {0};
    translation plain = translate_one(t, "The house is small.", &notes);
    const token_ids *ids = &plain.sentences[0].source;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char expected[200];
        translation out = translate_one(t, cases[i][0], &notes);
        snprintf(expected, sizeof expected, "%s%s%s", cases[i][1], plain.text.bytes, cases[i][2]);
        ck_assert_str_eq(out.text.bytes, expected);
        assert_same_ids(cases[i][0], ids->at, ids->n, &out.sentences[0].source);
        translation_free(&out);
    }
    translation_free(&plain);
    translator_close(t);
}
END_TEST

START_TEST(tags_whose_partners_are_in_other_sentences)
{
    translator *t = open_bundled();
    noted notes = {0};
    translation out = translate_one(t, "The <b>house is small. The dog is</b> big.", &notes);
    ck_assert_uint_eq(out.n_sentences, 2);
    ck_assert_int_eq(out.sentences[0].spans[0].kind, SPAN_TAG_EMPTY);
    ck_assert_int_eq(out.sentences[1].spans[0].kind, SPAN_TAG_EMPTY);
    ck_assert_uint_eq(count_in(out.text.bytes, "<b>"), 1);
    ck_assert_uint_eq(count_in(out.text.bytes, "</b>"), 1);
    translation_free(&out);
    translator_close(t);
}
END_TEST

/* Places tags where each target word attends to one source word alone, given by `aligned`. The pieces are those of a
 * tokenizer. */
static bool place_with(const tokenizer *t, size_t *places, const char **source, const char **target,
                       const size_t *aligned, size_t n, protected_span *spans, size_t n_spans)
{
    float weights[64] = {0};
    bool placed;
    failure why;
    for (size_t i = 0; i < n; i++)
        weights[i * n + aligned[i]] = 1.0f;
    const translated_sentence sentence = {.spans = spans, .n_spans = n_spans};
    const cross_attention attention = {n, n, weights, 0.0, true};
    ck_assert_ok(tags_place(places, &placed, &sentence, (token_pieces){source, n, t}, (token_pieces){target, n, t},
                            &attention, &why),
                 why);
    return placed;
}

/* The same with pieces of SentencePiece. */
static bool place(size_t *places, const char **source, const char **target, const size_t *aligned, size_t n,
                  protected_span *spans, size_t n_spans)
{
    tokenizer *t = open_tokenizer_of(CHECKPOINT);
    bool placed = place_with(t, places, source, target, aligned, n, spans, n_spans);
    tokenizer_close(t);
    return placed;
}

#define SPACE_MARK "\xE2\x96\x81"
#define SPACE_BYTE "\xC4\xA0"

START_TEST(pairs_of_tags_enclose_their_words)
{
    const char *source[] = {SPACE_MARK "one", SPACE_MARK "two", "!", SPACE_MARK "three", ""};
    const char *target[] = {SPACE_MARK "drei", SPACE_MARK "eins", SPACE_MARK "zwei", "!", ""};
    static const size_t aligned[] = {3, 0, 1, 2, 4};
    size_t places[4];
    protected_span around_two[] = {{{0, 1}, {0}, SPAN_TAG_OPEN, 1},
                                   {{1, 2}, {0}, SPAN_TAG_CLOSE, 3}}; /* and its mark */
    ck_assert(place(places, source, target, aligned, 5, around_two, 2));
    ck_assert_uint_eq(places[0], strlen("dreieins"));
    ck_assert_uint_eq(places[1], strlen("dreieinszwei!"));
    protected_span nested[] = {{{0, 1}, {0}, SPAN_TAG_OPEN, 0},
                               {{1, 2}, {0}, SPAN_TAG_OPEN, 0},
                               {{2, 3}, {0}, SPAN_TAG_CLOSE, 1},
                               {{3, 4}, {0}, SPAN_TAG_CLOSE, 2}};
    ck_assert(place(places, source, target, aligned, 5, nested, 4));
    ck_assert_uint_eq(places[0], strlen("drei"));
    ck_assert_uint_eq(places[1], strlen("drei"));
    ck_assert_uint_eq(places[2], strlen("dreieins"));
    ck_assert_uint_eq(places[3], strlen("dreieinszwei"));
    protected_span empty[] = {{{0, 1}, {0}, SPAN_TAG_EMPTY, 3}, {{1, 2}, {0}, SPAN_TAG_EMPTY, 4}};
    ck_assert(place(places, source, target, aligned, 5, empty, 2));
    ck_assert_uint_eq(places[0], 0);
    ck_assert_uint_eq(places[1], strlen("dreieinszwei!"));
}
END_TEST

/* A tokenizer with this splitter, one piece and one merge. */
static tokenizer *open_plain(const char *splitter)
{
    static const char *const names[] = {"source.vocab", "source.bpe"}, *const contents[] = {"a\n", "a b\n"};
    const tokenizer_config config = {.n_source_vocabulary = 1,
                                     .n_target_vocabulary = 1,
                                     .splitter = splitter,
                                     .n_merges = 1,
                                     .shared_vocabulary = true};
    char directory[] = "/tmp/test_plain_XXXXXX", path[100];
    failure why;
    ck_assert(mkdtemp(directory) != NULL);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        FILE *file = fopen(path, "w");
        fputs(contents[i], file);
        fclose(file);
    }
    tokenizer *t = tokenizer_open(directory, &config, &why);
    ck_assert_ok(t != NULL, why);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
    return t;
}

START_TEST(words_begin_where_the_tokenizer_says)
{
    static const struct {
        const char *splitter, *source[5], *target[5];
    } cases[] = {
        {"words", {"one", "two", "!", "three", ""}, {"drei", "eins", "zwei", "!", ""}},
        {"bpe", {"one", "t@@", "wo", "three", ""}, {"drei", "eins", "z@@", "wei", ""}},
        {"byte_bpe",
         {"one", SPACE_BYTE "t", "wo", SPACE_BYTE "three", ""},
         {"drei", SPACE_BYTE "eins", SPACE_BYTE "z", "wei", ""}},
        {"characters", {"o", " ", "t", "w", ""}, {"d", " ", "z", "w", ""}},
    };
    static const size_t aligned[][5] = {
        {3, 0, 1, 2, 4}, {3, 0, 1, 3, 4}, {3, 0, 1, 3, 4}, {0, 1, 2, 3, 4}}; /* "wei" belongs to "z" nevertheless */
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        tokenizer *t = open_plain(cases[i].splitter);
        bool is_words = i < 3;
        const char *source[5], *target[5];
        size_t places[2];
        memcpy(source, cases[i].source, sizeof source);
        memcpy(target, cases[i].target, sizeof target);
        protected_span around_two[] = {{{0, 1}, {0}, SPAN_TAG_OPEN, is_words ? 1 : 2},
                                       {{1, 2}, {0}, SPAN_TAG_CLOSE, is_words ? 3 : 4}};
        ck_assert(place_with(t, places, source, target, aligned[i], 5, around_two, 2));
        ck_assert_msg(places[0] == (is_words ? strlen("dreieins") : strlen("d")), "%s: %zu", cases[i].splitter,
                      places[0]);
        ck_assert_msg(places[1] == places[0] + (i == 0 ? 5 : i < 3 ? 4 : 2), "%s: %zu", cases[i].splitter, places[1]);
        tokenizer_close(t);
    }
}
END_TEST

/* A piece that does not write the same bytes as its text can move a span's token to the end. */
START_TEST(a_span_at_the_end_token_reads_no_piece_past_it)
{
    const char *source[] = {SPACE_MARK "one", SPACE_MARK "two", SPACE_MARK "three", "", SPACE_MARK "zwei"};
    const char *target[] = {SPACE_MARK "eins", SPACE_MARK "zwei", SPACE_MARK "drei", ""};
    static const size_t aligned[] = {0, 1, 2, 3};
    size_t places[3];
    protected_span spans[] = {
        {{0, 1}, {0}, SPAN_TAG_OPEN, 1}, {{1, 2}, {0}, SPAN_TAG_CLOSE, 2}, {{2, 3}, {0}, SPAN_OPAQUE, 3}};
    ck_assert(place(places, source, target, aligned, 4, spans, 3));
    ck_assert_uint_eq(places[0], strlen("eins"));
    ck_assert_uint_eq(places[1], strlen("einszwei"));
}
END_TEST

START_TEST(pairs_that_would_overlap_or_be_empty_have_no_place)
{
    const char *source[] = {SPACE_MARK "one", SPACE_MARK "two", SPACE_MARK "three", SPACE_MARK "four", ""};
    const char *target[] = {SPACE_MARK "eins", SPACE_MARK "drei", SPACE_MARK "zwei", SPACE_MARK "vier", ""};
    static const size_t crossed[] = {0, 2, 1, 3, 4}, all_on_one[] = {0, 0, 0, 0, 4};
    size_t places[4];
    protected_span spans[] = {{{0, 1}, {0}, SPAN_TAG_OPEN, 0},
                              {{1, 2}, {0}, SPAN_TAG_CLOSE, 2},
                              {{2, 3}, {0}, SPAN_TAG_OPEN, 2},
                              {{3, 4}, {0}, SPAN_TAG_CLOSE, 4}};
    ck_assert(!place(places, source, target, crossed, 5, spans, 4));
    ck_assert(!place(places, source, target, all_on_one, 5, spans, 4));
}
END_TEST

/* ---- unknown words ---- */

enum { MOST_TOKENS = 12, UNKNOWN_ID = 0, COPY_ID = 2, OTHER_ID = 3 };

/* Asserts what a target writes whose tokens attend to one source token each. The source ends in an end token. */
static void check_unknown(const tokenizer *t, int32_t unknown, const char *read, const char *spelled, size_t n_src,
                          const char *const *pieces, const size_t *aligned, const char *expected)
{
    float weights[MOST_TOKENS * MOST_TOKENS] = {0};
    const char *target[MOST_TOKENS];
    int32_t ids[MOST_TOKENS];
    size_t n = 0;
    for (; pieces[n]; n++) {
        target[n] = pieces[n];
        ids[n] = strcmp(pieces[n], "<unk>") == 0 ? unknown : strcmp(pieces[n], "<copy>") == 0 ? COPY_ID : OTHER_ID;
        weights[n * n_src + aligned[n]] = 1.0f;
    }
    const translated_sentence sentence = {.source = {ids, n_src, 0}, .target = {ids, n, 0}};
    const token_pieces tokens = {target, n, t};
    const source_text text = {{(char *)(uintptr_t)read, strlen(read), 0},
                              {(char *)(uintptr_t)spelled, strlen(spelled), 0}};
    const id_list copy_tokens = {1, {COPY_ID}};
    const cross_attention attention = {n, n_src, weights, 0.0, true};
    text_buffer found = TEXT_EMPTY;
    unknown_words words = {0};
    failure why;
    ck_assert(unknown_in(&sentence, tokens));
    ck_assert_ok(unknown_replace(&words, tokens, &sentence, &text, &copy_tokens, 1, &attention, &why), why);
    ck_assert_ok(tokenizer_join(t, target, n, &found, &why), why);
    ck_assert_str_eq(found.bytes, expected);
    text_free(&found);
    unknown_free(&words);
}

/* "words" and the like put a space between all pieces. */
START_TEST(an_unknown_word_is_the_source_word_it_attends_to)
{
    static const struct {
        const char *splitter, *read, *spelled;
        size_t n_src;
        const char *target[MOST_TOKENS];
        size_t aligned[MOST_TOKENS];
        const char *expected;
    } cases[] = {
        {"words", "i saw ann.", "I saw Ann.", 5, {"vi", "<unk>", "."}, {1, 2, 3}, "vi Ann ."},
        {"marks", "ann, bob", "Ann, Bob", 4, {"<unk>", "und", "<unk>"}, {2, 1, 0}, "Bob und Ann"},
        {"spaces", "x y z", "x y z", 4, {"<unk>", "<unk>", "<unk>", "c"}, {1, 1, 2, 0}, "y z c"}, /* y once */
        {"spaces", "x y z", "x y z", 4, {"<unk>", "y", "<unk>"}, {1, 1, 1}, "y y y"}, /* a known word between them */
        {"spaces", "x  ,", "x  ,", 3, {"b", "<unk>"}, {1, 1}, "b x"},                 /* no punctuation */
        {"spaces", "x y z", "x y z", 5, {"<unk>"}, {1}, "x"},                         /* a token precedes the text */
        {"spaces", ". ,", ". ,", 3, {"b", "<unk>"}, {0, 1}, "b <unk>"},               /* no word */
        {"bpe", "b xyz", "b xyz", 5, {"a@@", "c", "<unk>"}, {0, 0, 2}, "ac xyz"},
        {"bpe", "b xyz", "b xyz", 5, {"x@@", "<unk>", "c"}, {2, 3, 0}, "xyz c"}, /* x@@ belongs to the word */
        {"byte_bpe", "b x\xC3\xA9", "b x\xC3\xA9", 6, {"a", "<unk>", "c"}, {0, 2, 0}, "a x\xC3\xA9 c"},
        {"characters", "b xyz", "b xyz", 6, {"a", " ", "<unk>", "<unk>"}, {0, 1, 2, 3}, "a xyz"},
        {"characters", "b xyz", "b xyz", 6, {"x", "<unk>", "z", " ", "c"}, {2, 3, 4, 1, 0}, "xyz c"}, /* all of a word
                                                                                                       */
        {"characters", "b xyz", "b xyz", 6, {"a", "<unk>", "c"}, {0, 3, 0}, "a xyz c"},
        {"characters", "b xyz", "b xyz", 6, {"<unk>", " ", "<unk>", "."}, {4, 1, 3, 5}, "xyz."},
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        tokenizer *t = open_plain(cases[i].splitter);
        check_unknown(t, UNKNOWN_ID, cases[i].read, cases[i].spelled, cases[i].n_src, cases[i].target, cases[i].aligned,
                      cases[i].expected);
        tokenizer_close(t);
    }
}
END_TEST

START_TEST(with_SentencePiece_too)
{
    static const struct {
        const char *target[MOST_TOKENS];
        size_t aligned[MOST_TOKENS];
        const char *expected;
    } cases[] = {
        {{SPACE_MARK "das", "<unk>", SPACE_MARK "ist"}, {0, 1, 2}, "das house ist"},
        {{SPACE_MARK "das", SPACE_MARK, "<unk>", "!"}, {0, 1, 1, 3}, "das house!"},
        {{SPACE_MARK "das", SPACE_MARK "(", "<unk>", ")"}, {0, 1, 1, 3}, "das (house)"},
        {{SPACE_MARK "ho", "<unk>", "se", SPACE_MARK "ist"}, {1, 1, 1, 2}, "house ist"},
        {{SPACE_MARK "das", "<unk>", "und", "<unk>"}, {0, 1, 0, 2}, "das house und is"},
        {{SPACE_MARK, "<copy>", "<unk>"}, {1, 1, 1}, "<copy> house"},
        {{"<unk>", "<copy>"}, {1, 1}, "house <copy>"},
        {{"<unk>", "<unk>"}, {0, 1}, "the house"},
    };
    tokenizer *t = open_tokenizer_of(CHECKPOINT);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        check_unknown(t, tokenizer_target_unknown(t), "the house is", "the house is", 4, cases[i].target,
                      cases[i].aligned, cases[i].expected);
    static const char *const pieces[] = {"<unk>", NULL};
    static const size_t aligned[] = {0};
    check_unknown(t, tokenizer_target_unknown(t), "the", "THE", 2, pieces, aligned, "THE");
    int32_t unknown = tokenizer_target_unknown(t);
    const char *silent[] = {""};
    ck_assert(!unknown_in(&(translated_sentence){.target = {&unknown, 1, 0}}, (token_pieces){silent, 1, t}));
    check_unknown(t, tokenizer_target_unknown(t), "house", "H", 2, pieces, aligned, "house"); /* no place in the line */
    tokenizer_close(t);
}
END_TEST

START_TEST(every_span_returns_once_or_the_sentence_is_not_complete)
{
    failure why;
    model_config config;
    ck_assert_ok(config_read(&config, CHECKPOINT, &why), why);
    tokenizer *tokens = open_tokenizer(CHECKPOINT, &config, &why);
    ck_assert_ok(tokens != NULL, why);
    const restorer r = {tokens, &config};
    const text_line line = line_of("%s %d");
    protected_span spans[] = {{{0, 2}, {0}, SPAN_OPAQUE, 0}, {{3, 5}, {0}, SPAN_OPAQUE, 1}};
    int32_t both[] = {config.copy_tokens.at[1], config.copy_tokens.at[0]},
            twice[] = {config.copy_tokens.at[0], config.copy_tokens.at[0]};
    translated_sentence sentence = {.spans = spans, .n_spans = 2, .target = {both, 2, 0}, .text = TEXT_EMPTY};
    const char *pieces[] = {"<copy:1>", "<copy:0>"};
    bool complete;
    ck_assert(restore_is_possible(&r, &sentence));
    ck_assert_ok(restore_text(&r, &sentence, pieces, &line, NULL, &complete, &why), why);
    ck_assert(complete);
    ck_assert_str_eq(sentence.text.bytes, "%d%s");
    sentence.target.at = twice;
    ck_assert(!restore_is_possible(&r, &sentence));
    sentence.target.at = both;
    spans[1].kind = SPAN_TAG_EMPTY;
    ck_assert(!restore_is_possible(&r, &sentence)); /* a token of no span */
    sentence.target = (token_ids){both + 1, 1, 0};
    static const size_t beyond[] = {0, 1000};
    text_free(&sentence.text);
    ck_assert_ok(restore_text(&r, &sentence, pieces + 1, &line, beyond, &complete, &why), why);
    ck_assert(!complete);
    text_free(&sentence.text);
    tokenizer_close(tokens);
}
END_TEST

START_TEST(without_protection_the_model_gets_the_line)
{
    static const char text[] = "  HELLO \u2014 see {x}. I\u00B4m here.\t1. No  ";
    translator *t = open_bundled();
    noted notes = {0};
    translator_set_protection(t, false);
    translation out = translate_one(t, text, &notes);
    ck_assert_uint_eq(out.n_sentences, 1);
    ck_assert_uint_eq(out.sentences[0].range.begin, 2);
    ck_assert_uint_eq(out.sentences[0].range.end, strlen(text) - 2);
    ck_assert_uint_eq(out.sentences[0].n_spans, 0);
    ck_assert_int_eq(out.sentences[0].letters, CASE_ORDINARY);
    ck_assert_uint_eq(count_copy_tokens(t, &out.sentences[0].source), 0);
    text_buffer expected = TEXT_EMPTY;
    failure why;
    ck_assert(text_append(&expected, "  ", 2, &why));
    ck_assert_ok(translator_decode(t, &out.sentences[0].target, &expected, &why), why);
    ck_assert(text_append(&expected, "  ", 2, &why));
    ck_assert_str_eq(out.text.bytes, expected.bytes);
    text_free(&expected);
    translation_free(&out);
    translator_close(t);
}
END_TEST

START_TEST(bytes_that_are_no_utf8_are_noticed)
{
    translator *t = open_bundled();
    noted notes = {0};
    translation out = translate_one(t, "The caf\xE9 is {x} closed.", &notes);
    ck_assert_str_eq(notes.last, "not UTF-8; invalid bytes were read as U+FFFD");
    translation_free(&out);
    translator_close(t);
}
END_TEST

/* In random mixes of words and spans, each span comes back as often as it appears in the source. */
START_TEST(no_span_is_lost_or_doubled)
{
    static const char *const words[] = {"the",  "house",  "is",  "very small", "I",
                                        "have", "a dog,", "and", "DO NOT",     "it\u2019s"};
    static const char *const spans[] = {"https://x.org/a_b?c=1",
                                        "<b>",
                                        "</b>",
                                        "<br/>",
                                        "{name}",
                                        "%1$s",
                                        "\U0001F600",
                                        "2031-06-03",
                                        "user_id",
                                        "\u6771\u4EAC",
                                        "&amp;",
                                        "192.168.0.1",
                                        "`x y`",
                                        "--option"};
    enum { N = 100, MOST = 12 };
    translator *t = open_bundled();
    uint64_t random = 5;
    failure why;
    noted notes = {0};
    for (int round = 0; round < N; round++) {
        text_buffer text = TEXT_EMPTY;
        for (uint64_t n = 1 + random_next(&random) % MOST; n > 0; n--) {
            bool is_word = random_next(&random) % 5 < 3;
            const char *part = is_word ? words[random_next(&random) % N_ELEMENTS(words)]
                                       : spans[random_next(&random) % N_ELEMENTS(spans)];
            ck_assert(text_append(&text, part, strlen(part), &why) && text_append(&text, " ", 1, &why));
        }
        translation out = translate_one(t, text.bytes, &notes);
        for (size_t i = 0; i < N_ELEMENTS(spans); i++)
            ck_assert_msg(count_in(out.text.bytes, spans[i]) == count_in(text.bytes, spans[i]), "%s: %s\n%s", spans[i],
                          text.bytes, out.text.bytes);
        ck_assert_msg(!strstr(out.text.bytes, "<copy:"), "%s", out.text.bytes);
        translation_free(&out);
        text_free(&text);
    }
    translator_close(t);
}
END_TEST

int main(void)
{
    model_use_instruction_set(NULL, &(failure){0});
    Suite *suite = suite_create("translator");
    add_test(suite, "blank_lines_run_no_model", blank_lines_run_no_model);
    add_test(suite, "white_space_between_sentences_is_put_back", white_space_between_sentences_is_put_back);
    add_loop_test(suite, "many_lines_at_once_give_what_each_gives_alone", many_lines_at_once_give_what_each_gives_alone,
                  N_ELEMENTS(translated_variants));
    add_test(suite, "many_short_sentences_beside_long_ones_are_several_batches",
             many_short_sentences_beside_long_ones_are_several_batches);
    add_test(suite, "many_sentences_after_a_full_batch_are_several_batches",
             many_sentences_after_a_full_batch_are_several_batches);
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
    add_test(suite, "the_model_returns_copy_tokens", the_model_returns_copy_tokens);
    add_test(suite, "without_copy_tokens_the_parts_between_spans_are_translated",
             without_copy_tokens_the_parts_between_spans_are_translated);
    add_test(suite, "lost_copy_tokens_are_noticed", lost_copy_tokens_are_noticed);
    add_test(suite, "more_spans_than_copy_tokens", more_spans_than_copy_tokens);
    add_test(suite, "lines_of_spans_are_copied", lines_of_spans_are_copied);
    add_test(suite, "capitals_are_translated_in_ordinary_spelling", capitals_are_translated_in_ordinary_spelling);
    add_test(suite, "tags_follow_their_words", tags_follow_their_words);
    add_test(suite, "symbols_and_tags_at_the_ends_are_not_the_models", symbols_and_tags_at_the_ends_are_not_the_models);
    add_test(suite, "tags_whose_partners_are_in_other_sentences", tags_whose_partners_are_in_other_sentences);
    add_test(suite, "pairs_of_tags_enclose_their_words", pairs_of_tags_enclose_their_words);
    add_test(suite, "words_begin_where_the_tokenizer_says", words_begin_where_the_tokenizer_says);
    add_test(suite, "a_span_at_the_end_token_reads_no_piece_past_it", a_span_at_the_end_token_reads_no_piece_past_it);
    add_test(suite, "pairs_that_would_overlap_or_be_empty_have_no_place",
             pairs_that_would_overlap_or_be_empty_have_no_place);
    add_test(suite, "an_unknown_word_is_the_source_word_it_attends_to",
             an_unknown_word_is_the_source_word_it_attends_to);
    add_test(suite, "with_SentencePiece_too", with_SentencePiece_too);
    add_test(suite, "every_span_returns_once_or_the_sentence_is_not_complete",
             every_span_returns_once_or_the_sentence_is_not_complete);
    add_test(suite, "without_protection_the_model_gets_the_line", without_protection_the_model_gets_the_line);
    add_test(suite, "bytes_that_are_no_utf8_are_noticed", bytes_that_are_no_utf8_are_noticed);
    add_test(suite, "no_span_is_lost_or_doubled", no_span_is_lost_or_doubled);
    return run_suite(suite);
}
