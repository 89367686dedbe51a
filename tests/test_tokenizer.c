#include "model/config.h"
#include "tests/golden.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"

#include <unistd.h>

static tokenizer *open_golden(const char *directory)
{
    model_config config;
    failure why;
    ck_assert_done(config_read(&config, directory, &why), why);
    tokenizer *t = tokenizer_open(directory, &config.tokenizer, &why);
    ck_assert_done(t != NULL, why);
    return t;
}

static void check_sentences(const char *directory, const char *golden)
{
    tokenizer *t = open_golden(directory);
    cJSON *root = golden_json(golden);
    const cJSON *sentence;
    failure why;
    cJSON_ArrayForEach(sentence, golden_sentences(root))
    {
        const char *text = golden_text(sentence);
        token_ids found = {0}, expected = golden_ids(sentence, "source");
        ck_assert_done(tokenizer_encode(t, text, strlen(text), &found, &why), why);
        assert_same_ids(text, found.at, found.n, &expected);
        token_ids_free(&found);
        token_ids_free(&expected);
    }
    cJSON_Delete(root);
    tokenizer_close(t);
}

START_TEST(ids_are_those_of_MarianTokenizer)
{
    char directory[4096];
    for (int v = 0; v < N_GOLDEN_VARIANTS; v++) {
        snprintf(directory, sizeof directory, "%s", golden_path(golden_variants[v], ""));
        check_sentences(directory, golden_path(golden_variants[v], "golden.json"));
    }
}
END_TEST

START_TEST(odd_strings_too)
{
    check_sentences(CHECKPOINT, GOLDEN "/odd_strings.json");
}
END_TEST

START_TEST(a_language_code_is_one_token)
{
    tokenizer *t = open_golden(golden_path("gelu", ""));
    failure why;
    token_ids ids = {0};
    ck_assert_done(tokenizer_encode(t, ">>deu<< a", 9, &ids, &why), why);
    ck_assert_str_eq(tokenizer_source_piece(t, ids.at[0]), ">>deu<<");
    ids.n = 0;
    ck_assert_done(tokenizer_encode(t, ">>eng<<", 7, &ids, &why), why); /* not in the vocabulary */
    ck_assert_str_eq(tokenizer_source_piece(t, ids.at[0]), "<unk>");
    ids.n = 0;
    ck_assert_done(tokenizer_encode(t, "a >>deu<<", 9, &ids, &why), why); /* not at the beginning */
    ck_assert(strcmp(tokenizer_source_piece(t, ids.at[0]), ">>deu<<") != 0 && ids.n > 2);
    token_ids_free(&ids);
    tokenizer_close(t);
}
END_TEST

START_TEST(a_piece_that_the_vocabulary_lacks_is_unknown)
{
    tokenizer *t = open_golden(golden_path("gelu", "")); /* "m" is a piece of SentencePiece there, "▁m" too */
    failure why;
    token_ids ids = {0};
    ck_assert_done(tokenizer_encode(t, "\xE2\x82\xAC", 3, &ids, &why), why);
    ck_assert_str_eq(tokenizer_source_piece(t, ids.at[ids.n - 2]), "<unk>");
    ck_assert_str_eq(tokenizer_source_piece(t, ids.at[ids.n - 1]), "</s>");
    token_ids_free(&ids);
    tokenizer_close(t);
}
END_TEST

START_TEST(special_tokens_are_text)
{
    tokenizer *t = open_golden(CHECKPOINT);
    failure why;
    token_ids ids = {0};
    ck_assert_done(tokenizer_encode(t, "</s> <pad> <unk>", 16, &ids, &why), why);
    for (size_t i = 0; i + 1 < ids.n; i++) {
        const char *piece = tokenizer_source_piece(t, ids.at[i]);
        ck_assert(strcmp(piece, "</s>") != 0 && strcmp(piece, "<pad>") != 0 && strcmp(piece, "<unk>") != 0);
    }
    token_ids_free(&ids);
    tokenizer_close(t);
}
END_TEST

START_TEST(text_survives_there_and_back)
{
    static const char *const lines[] = {"The house is small.", "Z\xC3\xBCrich, 7 \xE2\x82\xAC!", "a",
                                        "\xF0\x9F\x98\x80 \xE4\xB8\xAD\xE6\x96\x87", "100 % \"quoted\" (text)"};
    tokenizer *t = open_golden(CHECKPOINT); /* one model for both sides, with byte fallback */
    failure why;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        token_ids ids = {0};
        text_buffer text = {0};
        ck_assert_done(tokenizer_encode(t, lines[i], strlen(lines[i]), &ids, &why), why);
        ck_assert_done(tokenizer_decode(t, ids.at, ids.n, &text, &why), why);
        ck_assert_str_eq(text.bytes, lines[i]);
        token_ids_free(&ids);
        text_free(&text);
    }
    tokenizer_close(t);
}
END_TEST

START_TEST(a_line_stays_a_line)
{
    tokenizer *t = open_golden(CHECKPOINT);
    failure why;
    int32_t newline = -1, escape = -1; /* the byte pieces that a checkpoint could choose */
    for (int32_t id = 0; id < 1000; id++) {
        if (strcmp(tokenizer_target_piece(t, id), "<0x0A>") == 0)
            newline = id;
        if (strcmp(tokenizer_target_piece(t, id), "<0x1B>") == 0)
            escape = id;
    }
    ck_assert(newline >= 0 && escape >= 0);
    token_ids a = {0};
    text_buffer text = {0};
    ck_assert(tokenizer_encode(t, "a", 1, &a, &why));
    const int32_t ids[] = {a.at[0], newline, a.at[0], escape, a.at[0]};
    ck_assert_done(tokenizer_decode(t, ids, 5, &text, &why), why);
    ck_assert_str_eq(text.bytes, "a  a\xEF\xBF\xBD a");
    token_ids_free(&a);
    text_free(&text);
    tokenizer_close(t);
}
END_TEST

START_TEST(a_vocabulary_is_a_piece_a_line)
{
    static const struct {
        const char *file;
        size_t n;
        const char *says;
    } bad[] = {{"a\nb\n", 3, "found 2 whole lines, expected the 3"},
               {"a\nb", 2, "found 1 whole lines"},
               {"a\n\n", 2, "empty line"},
               {"a\na\n", 2, "second time"},
               {"\xFF\n", 1, "not text"},
               {"", 1, "found 0"}};
    char path[] = "/tmp/test_vocabulary_XXXXXX";
    failure why;
    close(mkstemp(path));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        FILE *file = fopen(path, "w");
        fputs(bad[i].file, file);
        fclose(file);
        ck_assert_msg(!vocabulary_open(path, bad[i].n, &why), "%s", bad[i].file);
        ck_assert_msg(strstr(why.sentence, bad[i].says) != NULL, "%s", why.sentence);
    }
    FILE *file = fopen(path, "w");
    fputs("x\nab\na\n", file);
    fclose(file);
    vocabulary *v = vocabulary_open(path, 3, &why);
    ck_assert_done(v != NULL, why);
    ck_assert_int_eq(vocabulary_id(v, "abc", 2), 1);
    ck_assert_int_eq(vocabulary_id(v, "abc", 1), 2);
    ck_assert_int_eq(vocabulary_id(v, "abc", 3), -1);
    ck_assert_int_eq(vocabulary_id(v, "", 0), -1);
    ck_assert_str_eq(vocabulary_piece(v, 0), "x");
    vocabulary_close(v);
    unlink(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tokenizer");
    add_test(suite, "ids_are_those_of_MarianTokenizer", ids_are_those_of_MarianTokenizer);
    add_test(suite, "odd_strings_too", odd_strings_too);
    add_test(suite, "a_language_code_is_one_token", a_language_code_is_one_token);
    add_test(suite, "a_piece_that_the_vocabulary_lacks_is_unknown", a_piece_that_the_vocabulary_lacks_is_unknown);
    add_test(suite, "special_tokens_are_text", special_tokens_are_text);
    add_test(suite, "text_survives_there_and_back", text_survives_there_and_back);
    add_test(suite, "a_line_stays_a_line", a_line_stays_a_line);
    add_test(suite, "a_vocabulary_is_a_piece_a_line", a_vocabulary_is_a_piece_a_line);
    return run_suite(suite);
}
