#include "support/utf8.h"
#include "tests/golden.h"
#include "tests/tokenizers.h"
#include "tokenizer/bpe.h"
#include "tokenizer/sentencepiece_check.h"
#include "tokenizer/splitter.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"

#include <unistd.h>

/* The ids of a one-sentence line, with its language code. */
static bool encode(const tokenizer *t, const char *bytes, size_t size, token_ids *ids, failure *why)
{
    language_code code = tokenizer_language_code(t, bytes, size);
    return tokenizer_encode(t, &code, bytes + code.size, size - code.size, ids, why);
}

static void check_sentences(const char *directory, const char *golden)
{
    tokenizer *t = open_tokenizer_of(directory);
    cJSON *root = golden_json(golden);
    const cJSON *sentence;
    failure why;
    cJSON_ArrayForEach(sentence, golden_sentences(root))
    {
        const char *text = golden_text(sentence);
        token_ids found = {0}, expected = golden_ids(sentence, "source");
        ck_assert_ok(encode(t, text, strlen(text), &found, &why), why);
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
    for (size_t v = 0; v < N_ELEMENTS(golden_float32); v++) {
        snprintf(directory, sizeof directory, "%s", golden_path(golden_float32[v], ""));
        check_sentences(directory, golden_path(golden_float32[v], "golden.json"));
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
    tokenizer *t = open_tokenizer_of(golden_path("gelu", ""));
    failure why;
    token_ids ids = {0};
    ck_assert_ok(encode(t, ">>deu<< a", 9, &ids, &why), why);
    ck_assert_str_eq(tokenizer_source_piece(t, ids.at[0]), ">>deu<<");
    ids.n = 0;
    ck_assert_ok(encode(t, ">>eng<<", 7, &ids, &why), why); /* not in the vocabulary */
    ck_assert_str_eq(tokenizer_source_piece(t, ids.at[0]), "<unk>");
    ids.n = 0;
    ck_assert_ok(encode(t, "a >>deu<<", 9, &ids, &why), why); /* not at the beginning */
    ck_assert(strcmp(tokenizer_source_piece(t, ids.at[0]), ">>deu<<") != 0 && ids.n > 2);
    token_ids_free(&ids);
    tokenizer_close(t);
}
END_TEST

START_TEST(a_piece_that_the_vocabulary_lacks_is_unknown)
{
    tokenizer *t = open_tokenizer_of(golden_path("gelu", "")); /* "m" is a piece of SentencePiece there, "▁m" too */
    failure why;
    token_ids ids = {0};
    ck_assert_ok(encode(t, "\xE2\x82\xAC", 3, &ids, &why), why);
    ck_assert_str_eq(tokenizer_source_piece(t, ids.at[ids.n - 2]), "<unk>");
    ck_assert_str_eq(tokenizer_source_piece(t, ids.at[ids.n - 1]), "</s>");
    token_ids_free(&ids);
    tokenizer_close(t);
}
END_TEST

START_TEST(special_tokens_are_text)
{
    tokenizer *t = open_tokenizer_of(CHECKPOINT);
    failure why;
    token_ids ids = {0};
    ck_assert_ok(encode(t, "</s> <pad> <unk>", 16, &ids, &why), why);
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
    tokenizer *t = open_tokenizer_of(CHECKPOINT); /* one model for both sides, with byte fallback */
    failure why;
    for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
        token_ids ids = {0};
        text_buffer text = TEXT_EMPTY;
        ck_assert_ok(encode(t, lines[i], strlen(lines[i]), &ids, &why), why);
        ck_assert_ok(tokenizer_decode(t, ids.at, ids.n, &text, &why), why);
        ck_assert_str_eq(text.bytes, lines[i]);
        token_ids_free(&ids);
        text_free(&text);
    }
    tokenizer_close(t);
}
END_TEST

START_TEST(a_piece_that_begins_every_translation_is_text)
{
    model_config config;
    failure why;
    ck_assert_ok(config_read(&config, CHECKPOINT, &why), why);
    config.target_start = 300;
    tokenizer *t = open_tokenizer(CHECKPOINT, &config, &why);
    ck_assert_ok(t != NULL, why);
    const int32_t ids[] = {300, config.target_pad, config.target_end};
    text_buffer text = TEXT_EMPTY;
    ck_assert_ok(tokenizer_decode(t, ids, 3, &text, &why), why);
    const char *piece = tokenizer_target_piece(t, 300), *mark = "\xE2\x96\x81";
    ck_assert_str_eq(text.bytes, strncmp(piece, mark, 3) == 0 ? piece + 3 : piece);
    ck_assert(text.size > 0);
    text_free(&text);
    tokenizer_close(t);
}
END_TEST

START_TEST(a_line_stays_a_line)
{
    tokenizer *t = open_tokenizer_of(CHECKPOINT);
    failure why;
    int32_t newline = -1, escape = -1; /* byte pieces that a checkpoint could generate */
    for (int32_t id = 0; id < 1000; id++) {
        if (strcmp(tokenizer_target_piece(t, id), "<0x0A>") == 0)
            newline = id;
        if (strcmp(tokenizer_target_piece(t, id), "<0x1B>") == 0)
            escape = id;
    }
    ck_assert(newline >= 0 && escape >= 0);
    token_ids a = {0};
    text_buffer text = TEXT_EMPTY;
    ck_assert(encode(t, "a", 1, &a, &why));
    const int32_t ids[] = {a.at[0], newline, a.at[0], escape, a.at[0]};
    ck_assert_ok(tokenizer_decode(t, ids, 5, &text, &why), why);
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
    } bad[] = {{"a\nb\n", 3, "2 complete lines, but config.json promises 3"},
               {"a\nb", 2, "1 complete lines"},
               {"a\n\n", 2, "line 2: empty"},
               {"a\na\n", 2, "duplicate piece"},
               {"\xFF\n", 1, "not valid UTF-8"},
               {"", 1, "0 complete lines"}};
    char path[] = "/tmp/test_vocabulary_XXXXXX";
    failure why;
    close(mkstemp(path));
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
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
    ck_assert_ok(v != NULL, why);
    ck_assert_int_eq(vocabulary_id(v, "abc", 2), 1);
    ck_assert_int_eq(vocabulary_id(v, "abc", 1), 2);
    ck_assert_int_eq(vocabulary_id(v, "abc", 3), -1);
    ck_assert_int_eq(vocabulary_id(v, "", 0), -1);
    ck_assert_str_eq(vocabulary_piece(v, 0), "x");
    vocabulary_close(v);
    unlink(path);
}
END_TEST

START_TEST(a_vocabulary_has_a_largest_size)
{
    char path[] = "/tmp/test_vocabulary_XXXXXX";
    failure why;
    close(mkstemp(path));
    ck_assert_int_eq(truncate(path, (64 << 20) + 1), 0);
    ck_assert(!vocabulary_open(path, 1 << 22, &why));
    ck_assert_msg(strstr(why.sentence, "more than the 67108864 allowed") != NULL, "%s", why.sentence);
    unlink(path);
}
END_TEST

/* Pieces whose hash values all give the same of 1,024 slots. The first 256 still find a slot. */
START_TEST(pieces_that_collide_are_refused)
{
    enum { N = 300 };
    char path[] = "/tmp/test_vocabulary_XXXXXX";
    failure why;
    FILE *file = fdopen(mkstemp(path), "w");
    for (unsigned n = 0, found = 0; found < N; n++) {
        char piece[12];
        uint64_t hash = 14695981039346656037u;
        int size = snprintf(piece, sizeof piece, "%u", n);
        for (int i = 0; i < size; i++)
            hash = (hash ^ (unsigned char)piece[i]) * 1099511628211u;
        if (((hash ^ hash >> 32) & 1023) == 0) {
            fprintf(file, "%s\n", piece);
            found++;
        }
    }
    fclose(file);
    ck_assert(!vocabulary_open(path, N, &why));
    ck_assert_msg(strstr(why.sentence, "line 257: too many hash collisions") != NULL, "%s", why.sentence);
    unlink(path);
}
END_TEST

/* ---- splitters; test_splitters.py compares them with other programs ---- */

/* Appends the piece and "|" to a text_buffer. */
static bool append_marked(void *user, const char *piece, size_t size)
{
    failure why;
    return text_append(user, piece, size, &why) && text_append(user, "|", 1, &why);
}

START_TEST(text_is_split_by_a_rule)
{
    static const struct {
        const char *rule;
        bool lower_case;
        const char *text, *pieces;
    } cases[] = {
        {"characters", false, "a \xC3\xA4.", "a| |\xC3\xA4|.|"},
        {"spaces", false,
         " a,b\x1F"
         "c\xC2\xA0 d\xE1\xA0\x8E ",
         "a,b|c|d\xE1\xA0\x8E|"},
        {"words", false, "It's 3.5!?\x1F", "It|'|s|3|.|5|!?\x1F|"},
        {"marks", false,
         "a,b. ?! c\td\xC2\xA0"
         "e",
         "a|,b|.|?|!|c\td|e|"},
        {"words", true, "\xC4\xB0 \xCE\x91\xCE\xA3", "i\xCC\x87|\xCE\xB1\xCF\x83|"},  /* İ ΑΣ */
        {"spaces", true, "\xC4\xB0 \xCE\x91\xCE\xA3", "i\xCC\x87|\xCE\xB1\xCF\x82|"}, /* with a final sigma */
        {"spaces", true, "\xCE\x91\xCE\xA3\xCE\x91 \xCE\xA3 X\xCE\xA3", "\xCE\xB1\xCF\x83\xCE\xB1|\xCF\x83|x\xCF\x82|"},
        {"words", false, "", ""},
    };
    failure why;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        splitter *s = splitter_open(cases[i].rule, cases[i].lower_case, &why);
        ck_assert_ok(s != NULL, why);
        text_buffer found = TEXT_EMPTY;
        ck_assert_ok(splitter_split(s, cases[i].text, strlen(cases[i].text), append_marked, &found, &why), why);
        ck_assert_str_eq(found.bytes, cases[i].pieces);
        text_free(&found);
        splitter_close(s);
    }
    ck_assert(!splitter_open("letters", false, &why));
    ck_assert(strstr(why.sentence, "unknown tokenizer \"letters\"") != NULL);
}
END_TEST

/* ---- byte-pair encoding; test_bpe.py compares it with other programs ---- */

static bpe *open_merges(const char *lines, size_t n, bool of_bytes, failure *why)
{
    char path[] = "/tmp/test_merges_XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    fputs(lines, file);
    fclose(file);
    bpe *b = bpe_open(path, n, of_bytes, why);
    unlink(path);
    return b;
}

START_TEST(pairs_are_merged_in_the_order_of_the_list)
{
    static const char merges[] = "a b\nb c\nab c</w>\nx x\nxx x\n";
    static const char *const words[][2] = {
        {"abc", "abc|"},                    /* not "a b" and then "b c" */
        {"abca", "ab@@|c@@|a|"},            /* c ends the word in the list */
        {"bcab", "bc@@|a@@|b|"},            /* b ends the word here */
        {"xxxxxxxx", "xx@@|xx@@|xxx@@|x|"}, /* pairs from the left */
        {"xxxx", "xxx@@|x|"},
        {"\xC3\xA4", "\xC3\xA4|"},
        {"</w>", "<@@|/@@|w@@|>|"},
    };
    failure why;
    bpe *b = open_merges(merges, 5, false, &why);
    ck_assert_ok(b != NULL, why);
    for (size_t i = 0; i < N_ELEMENTS(words); i++) {
        text_buffer found = TEXT_EMPTY;
        ck_assert_ok(bpe_split(b, words[i][0], strlen(words[i][0]), append_marked, &found, &why), why);
        ck_assert_str_eq(found.bytes, words[i][1]);
        text_free(&found);
    }
    const char *const pieces[] = {"ab@@", "c", "<unk>", "d@@", "e@@"};
    text_buffer text = TEXT_EMPTY;
    ck_assert_ok(bpe_join(b, pieces, 5, &text, &why), why);
    ck_assert_str_eq(text.bytes, "abc <unk> de");
    text_free(&text);
    bpe_close(b);
}
END_TEST

/* Every byte is a letter, and comes back. */
START_TEST(bytes_are_letters)
{
    failure why;
    bpe *b = open_merges("a b\n", 1, true, &why);
    ck_assert_ok(b != NULL, why);
    text_buffer letters = TEXT_EMPTY, bytes = TEXT_EMPTY;
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    ck_assert_ok(bpe_split(b, all, 256, append_marked, &letters, &why), why);
    ck_assert(utf8_is_valid(letters.bytes, letters.size));
    ck_assert_msg(strstr(letters.bytes, "\xC4\x80|\xC4\x81|") == letters.bytes, "%s",
                  letters.bytes);                                    /* U+0100, U+0101 */
    ck_assert(strstr(letters.bytes, "|\xC4\xA0|!|") != NULL);        /* U+0120 */
    ck_assert(strstr(letters.bytes, "|\xC5\x82|\xC2\xA1|") != NULL); /* U+0142, U+00A1 */
    ck_assert(strstr(letters.bytes, "|ab|c|") != NULL);
    for (char *bar = letters.bytes; (bar = strstr(bar, "|")); bar++)
        if (bar[1] != '|') /* which is a letter too */
            memmove(bar, bar + 1, strlen(bar));
    const char *piece = letters.bytes;
    ck_assert_ok(bpe_join(b, &piece, 1, &bytes, &why), why);
    ck_assert_mem_eq(bytes.bytes, all, 124);
    text_free(&letters);
    text_free(&bytes);
    bpe_close(b);
}
END_TEST

START_TEST(merges_that_break_a_rule_are_refused)
{
    static const struct {
        const char *file;
        size_t n;
        const char *says;
    } bad[] = {{"a b\n", 2, "1 complete lines"},
               {"ab\n", 1, "line 1: \"ab\", expected two symbols"},
               {"a b\nab c d\n", 2, "line 2: \"ab c d\""},
               {" ab\n", 1, "expected two symbols"},
               {"ab \n", 1, "expected two symbols"},
               {"a  b\n", 1, "expected two symbols"},
               {"a b\na b\n", 2, "duplicate"},
               {"a \xFF\n", 1, "not valid UTF-8"}};
    failure why;
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        ck_assert_msg(!open_merges(bad[i].file, bad[i].n, false, &why), "%s", bad[i].file);
        ck_assert_msg(strstr(why.sentence, bad[i].says) != NULL, "%s", why.sentence);
    }
}
END_TEST

/* ---- sentencepiece_check ---- */

/* A model needs a piece for unknown text and its two specs, which may be empty. */
#define UNKNOWN_PIECE "\x0A\x09\x0A\x05<unk>\x18\x02"
#define SPECS "\x12\x00\x1A\x00"

static bool passes(const char *bytes, size_t size, failure *why)
{
    char *exact = malloc(size ? size : 1); /* so that AddressSanitizer detects reads past the end */
    memcpy(exact, bytes, size);
    bool ok = sentencepiece_check(exact, &size, "x.spm", why);
    free(exact);
    return ok;
}

#define BYTES(literal) literal, sizeof literal - 1

START_TEST(fields_of_the_specs_appear_once)
{
    enum { TRAINER = 2, NORMALIZER = 3, VARINT = 0, BYTES_OF_LENGTH = 2 };
    static const struct {
        unsigned spec, number, type;
        const char *says;
    } fields[] = {{TRAINER, 3, VARINT, "model_type of the trainer_spec appears twice"},
                  {TRAINER, 35, VARINT, "byte_fallback of the trainer_spec appears twice"},
                  {TRAINER, 44, BYTES_OF_LENGTH, "unk_surface of the trainer_spec appears twice"},
                  {NORMALIZER, 1, BYTES_OF_LENGTH, "the name of the normalizer_spec appears twice"},
                  {NORMALIZER, 2, BYTES_OF_LENGTH, "the map of the normalizer_spec appears twice"},
                  {NORMALIZER, 3, VARINT, "add_dummy_prefix of the normalizer_spec appears twice"},
                  {NORMALIZER, 4, VARINT, "remove_extra_whitespaces of the normalizer_spec appears twice"},
                  {NORMALIZER, 5, VARINT, "escape_whitespaces of the normalizer_spec appears twice"},
                  {NORMALIZER, 6, BYTES_OF_LENGTH, "normalization_rule_tsv of the normalizer_spec appears twice"}};
    failure why;
    for (size_t i = 0; i < N_ELEMENTS(fields); i++) {
        unsigned key = fields[i].number << 3 | fields[i].type;
        char field[3] = {(char)(key < 128 ? key : key | 128), (char)(key >> 7), 0}, model[64] = UNKNOWN_PIECE;
        size_t n = key < 128 ? 2 : 3, size = sizeof UNKNOWN_PIECE - 1;
        field[n - 1] = fields[i].type == VARINT; /* the number 1, or no bytes */
        for (unsigned spec = TRAINER; spec <= NORMALIZER; spec++) {
            size_t times = spec == fields[i].spec ? 2 : 0;
            model[size++] = (char)(spec << 3 | BYTES_OF_LENGTH);
            model[size++] = (char)(times * n);
            for (size_t k = 0; k < times; k++, size += n)
                memcpy(model + size, field, n);
        }
        ck_assert(!passes(model, size, &why));
        ck_assert_msg(strstr(why.sentence, fields[i].says) != NULL, "%s", why.sentence);
    }
}
END_TEST

START_TEST(models_that_break_a_rule_are_refused)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *says;
    } bad[] = {
        {BYTES(""), "byte 0: the model ends before the pieces"},
        {BYTES(UNKNOWN_PIECE), "byte 11: the model ends before the trainer_spec"},
        {BYTES(UNKNOWN_PIECE "\x12\x00"), "the model ends before the normalizer_spec"},
        {BYTES("\x0A"), "byte 1: the model ends inside a number"},
        {BYTES("\x0A\x05z"), "byte 1: length 5, but the model has only 1 bytes left"},
        {BYTES("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01z"), "length 18446744073709551615"},
        {BYTES("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02z"), "byte 1: number of more than 64 bits"},
        {BYTES("\x0A\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01z"), "more than 64 bits"},
        {BYTES("\x0B"), "byte 0: field 1 of the model has wire type 3, expected 0, 1, 2 or 5"},
        {BYTES("\x0E\x00"), "has wire type 6"},
        {BYTES("\x02\x00"), "field number 0"},
        {BYTES("\x82\x80\x80\x80\x10\x00"), "field number 536870912"},
        {BYTES("\x08\x01"), "byte 0: the pieces of the model has wire type 0, expected 2"},
        {BYTES("\x32\x00"), "byte 0: unknown field 6 in the model"},
        {BYTES(UNKNOWN_PIECE SPECS "\x12\x00"), "byte 15: the trainer_spec of the model appears twice"},
        {BYTES(SPECS "\x0A\x00"), "piece without text"},
        {BYTES(SPECS "\x0A\x02\x0A\x00"), "piece without text"},
        {BYTES(SPECS "\x0A\x04\x0A\x02z\0"), "byte 8: piece that is not valid UTF-8 or contains a NUL"},
        {BYTES(SPECS "\x0A\x03\x0A\x01\xFF"), "not valid UTF-8"},
        {BYTES(SPECS "\x0A\x06\x0A\x01z\x0A\x01y"), "the text of the piece appears twice"},
        {BYTES(SPECS "\x0A\x05\x0A\x01z\x20\x01"), "unknown field 4 in the piece"},
        {BYTES(SPECS "\x0A\x03\x15\0\0"), "byte 7: the piece ends inside a number"},
        {BYTES(SPECS "\x0A\x08\x0A\x01z\x15\0\0\xC0\x7F"), "byte 9: piece with score nan"},
        {BYTES(SPECS "\x0A\x08\x0A\x01z\x15\0\0\x80\xFF"), "piece with score -inf"},
        {BYTES(SPECS "\x0A\x05\x0A\x01z\x18\x00"), "piece of type 0, expected 1 to 6"},
        {BYTES(SPECS "\x0A\x05\x0A\x01z\x18\x07"), "piece of type 7"},
        {BYTES(SPECS "\x0A\x05\x0A\x01z\x18\x06"), "not written as <0x00> to <0xFF>"},
        {BYTES(SPECS "\x0A\x03\x0A\x01z"), "0 of 1 pieces are for unknown text, expected one"},
        {BYTES(SPECS UNKNOWN_PIECE "\x0A\x05\x0A\x01z\x18\x02"), "2 of 2 pieces are for unknown text"},
        {BYTES(SPECS UNKNOWN_PIECE "\x0A\x0A\x0A\x06<0x1F>\x18\x06"), "1 byte pieces, but the trainer_spec requires 0"},
        {BYTES(UNKNOWN_PIECE "\x12\x03\x98\x02\x01\x1A\x00"), "0 byte pieces, but the trainer_spec requires 256"},
        {BYTES("\x12\x03\x98\x02\x02"), "byte_fallback 2, expected 0 or 1"},
        {BYTES("\x12\x02\x18\x05"), "byte 2: model_type 5, expected 1 to 4"},
        {BYTES("\x12\x06\x18\x82\x80\x80\x80\x10"), "model_type 4294967298"}, /* 2 in its lowest 32 bits */
        {BYTES("\x12\x02\x1A\x00"), "model_type of the trainer_spec has wire type 2, expected 0"},
        {BYTES("\x12\x04\xE2\x02\x01\xFF"), "unk_surface that is not valid UTF-8"},
        {BYTES("\x1A\x02\x38\x00"), "unknown field 7 in the normalizer_spec"},
        {BYTES("\x1A\x05\x12\x03map"), "normalizer map of only 3 bytes"},
        {BYTES("\x1A\x07\x12\x05\0\0\0\0\0"), "trie of 0 bytes"},
        {BYTES("\x1A\x0A\x12\x08\x03\0\0\0map\0"), "trie of 3 bytes"},
        {BYTES("\x1A\x0A\x12\x08\x05\0\0\0map\0"), "trie of 5 bytes in the 4 left of the normalizer map"},
        {BYTES("\x1A\x0A\x12\x08\x04\0\0\0map\0"),
         "trie of 4 bytes in the 4 left of the normalizer map, expected a multiple of 1024"},
        {BYTES("\x2A\x07\x12\x05\0\0\0\0\0"), "trie of 0 bytes"},
    };
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        failure why = {0};
        ck_assert_msg(!passes(bad[i].bytes, bad[i].size, &why), "passes: %s", bad[i].says);
        ck_assert_msg(strstr(why.sentence, bad[i].says) != NULL, "\"%s\" lacks \"%s\"", why.sentence, bad[i].says);
        ck_assert_msg(strncmp(why.sentence, "x.spm, byte ", 12) == 0, "%s", why.sentence);
    }
}
END_TEST

START_TEST(what_a_trainer_writes_passes)
{
    static const struct {
        const char *bytes;
        size_t size;
    } good[] = {
        {BYTES(UNKNOWN_PIECE SPECS)},
        {BYTES(SPECS UNKNOWN_PIECE "\x0A\x08\x0A\x01z\x15\0\0\x80\xBF")},
        {BYTES(UNKNOWN_PIECE "\x12\x0C\xD8\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x1A\x00")}, /* pad_id -1 */
        {BYTES(UNKNOWN_PIECE
               "\x12\x0D\x9A\x06\x00\x99\x06\0\0\0\0\0\0\0\0\x1A\x00")}, /* fields 99 of a newer trainer_spec */
        {BYTES(UNKNOWN_PIECE "\x12\x02\x22\x00\x1A\x00")}, /* a vocab_size as text, which the library skips */
        {BYTES(UNKNOWN_PIECE SPECS "\x22\x05\x0A\x03\x0A\x01z\x2A\x02\x12\x00")},
    };
    failure why;
    for (size_t i = 0; i < N_ELEMENTS(good); i++)
        ck_assert_ok(passes(good[i].bytes, good[i].size, &why), why);
    text_buffer bundled;
    ck_assert_ok(file_read(&bundled, CHECKPOINT "/source.spm", SENTENCEPIECE_LARGEST_FILE, &why), why);
    ck_assert_ok(passes(bundled.bytes, bundled.size, &why), why);
    text_free(&bundled);
}
END_TEST

START_TEST(a_model_cut_anywhere_is_refused)
{
    text_buffer model;
    failure why;
    ck_assert_ok(file_read(&model, golden_path("relu", "source.spm"), SENTENCEPIECE_LARGEST_FILE, &why), why);
    for (size_t size = 0; size < model.size; size++)
        ck_assert_msg(!passes(model.bytes, size, &why), "passes with %zu bytes", size);
    ck_assert_ok(passes(model.bytes, model.size, &why), why);
    text_free(&model);
}
END_TEST

static void append(text_buffer *text, const char *bytes, size_t size)
{
    failure why;
    ck_assert_ok(text_append(text, bytes, size, &why), why);
}

static void append_varint(text_buffer *text, size_t value)
{
    for (; value >= 0x80; value >>= 7)
        append(text, &(char){(char)(value | 0x80)}, 1);
    append(text, &(char){(char)value}, 1);
}

/* A bytes field; the caller appends its content. */
static void append_field(text_buffer *text, size_t number, size_t size)
{
    append_varint(text, number << 3 | 2);
    append_varint(text, size);
}

/* A piece of n times the letter z. */
static void append_long_piece(text_buffer *text, size_t n, bool user_defined)
{
    size_t n_length = n < 0x80 ? 1 : 2;
    append_field(text, 1, 1 + n_length + n + (user_defined ? 2 : 0));
    append_field(text, 1, n);
    for (size_t i = 0; i < n; i++)
        append(text, "z", 1);
    if (user_defined)
        append(text, "\x18\x04", 2);
}

static void check_and_free(text_buffer *model, const char *says)
{
    failure why = {0};
    bool ok = passes(model->bytes, model->size, &why);
    ck_assert_msg(ok == !says, "%s", ok ? says : why.sentence);
    if (says)
        ck_assert_msg(strstr(why.sentence, says) != NULL, "\"%s\" lacks \"%s\"", why.sentence, says);
    text_free(model);
}

START_TEST(pieces_have_limits)
{
    for (int over = 0; over < 2; over++) {
        text_buffer model = TEXT_EMPTY;
        append(&model, BYTES(UNKNOWN_PIECE SPECS));
        append_long_piece(&model, LONGEST_PIECE + (size_t)over, false);
        check_and_free(&model, over ? "piece of 2049 bytes, longer than the 2048 allowed" : NULL);

        append(&model, BYTES(UNKNOWN_PIECE SPECS));
        for (int n = 1; n <= SENTENCEPIECE_MOST_NESTED_SYMBOLS + over; n++)
            append_long_piece(&model, (size_t)n, true);
        append_long_piece(&model, 200, false);
        check_and_free(&model, over ? "more than 64 user-defined pieces that are prefixes of one another" : NULL);
    }
    text_buffer model = TEXT_EMPTY;
    append(&model, BYTES(UNKNOWN_PIECE SPECS));
    append_long_piece(&model, 3, false);
    append_long_piece(&model, 3, true);
    check_and_free(&model, "byte 24: duplicate piece, first at byte 17");
    append(&model, BYTES(UNKNOWN_PIECE SPECS));
    for (int n = 0; n < SENTENCEPIECE_MOST_PIECES; n++)
        append(&model, BYTES("\x0A\x03\x0A\x01z"));
    check_and_free(&model, "more than 1000000 pieces");
}
END_TEST

START_TEST(samples_are_cut_out)
{
    char model[] = UNKNOWN_PIECE SPECS "\x22\x03"
                                       "abc"
                                       "\x0A\x03\x0A\x01z";
    size_t size = sizeof model - 1;
    failure why;
    ck_assert_ok(sentencepiece_check(model, &size, "x.spm", &why), why);
    ck_assert_uint_eq(size, sizeof UNKNOWN_PIECE SPECS "\x0A\x03\x0A\x01z" - 1);
    ck_assert_mem_eq(model, UNKNOWN_PIECE SPECS "\x0A\x03\x0A\x01z", size);
}
END_TEST

/* A model with a map of n units and these replacements. */
static text_buffer model_with_map(const uint32_t *units, size_t n, const char *texts, size_t n_texts)
{
    text_buffer model = TEXT_EMPTY;
    size_t size = 4 + 4 * n + n_texts, n_length = size < 0x80 ? 1 : size < 0x4000 ? 2 : 3;
    append(&model, BYTES(UNKNOWN_PIECE "\x12\x00"));
    append_field(&model, 3, 1 + n_length + size);
    append_field(&model, 2, size);
    for (size_t i = 0; i <= n; i++) {
        uint32_t unit = i == 0 ? (uint32_t)(4 * n) : units[i - 1];
        append(&model, (char[]){(char)unit, (char)(unit >> 8), (char)(unit >> 16), (char)(unit >> 24)}, 4);
    }
    append(&model, texts, n_texts);
    return model;
}

/* Unit number `unit`, for this label, with its children at `base`. */
static uint32_t node(uint32_t label, uint32_t unit, uint32_t base, bool leaf)
{
    return label | (uint32_t)leaf << 8 | (unit ^ base) << 10;
}

#define LEAF(begin) (UINT32_C(1) << 31 | (begin))

/* A map with a rule for "a" in units 0 (the root), 2 (its leaf) and 1 ^ 'a'; the others as in darts-clone. */
static void one_rule(uint32_t units[256])
{
    for (uint32_t i = 0; i < 256; i++)
        units[i] = i ^ 3;
    units[0] = node(0, 0, 1, false);
    units[1 ^ 'a'] = node('a', 1 ^ 'a', 2, true);
    units[2] = LEAF(0);
}

START_TEST(a_map_stays_inside)
{
    uint32_t units[256];
    text_buffer model;
    char long_text[40 + 2] = {0}; /* one byte longer than the longest replacement, and a NUL */
    one_rule(units);
    model = model_with_map(units, 256, BYTES("\xC3\xA4\0"));
    check_and_free(&model, NULL);
    model = model_with_map(units, 255, BYTES("b\0"));
    check_and_free(&model, "trie of 1020 bytes");
    units[2] = LEAF(1);
    model = model_with_map(units, 256, BYTES("b\0"));
    check_and_free(&model, NULL); /* the empty text: "a" is removed */
    model = model_with_map(units, 256, BYTES("\xC3\xA4\0"));
    check_and_free(&model, "begins inside a character");
    units[2] = LEAF(2);
    model = model_with_map(units, 256, BYTES("b\0"));
    check_and_free(&model, "has its replacement at byte 2 of only 2");
    units[2] = LEAF(INT32_MAX);
    model = model_with_map(units, 256, BYTES("b\0"));
    check_and_free(&model, "has its replacement at byte 2147483647");
    units[2] = 0;
    model = model_with_map(units, 256, BYTES("b\0"));
    check_and_free(&model, "has its replacement at byte 0");
    one_rule(units);
    units[9] = node(0, 9, 256, false);
    model = model_with_map(units, 256, BYTES("b\0"));
    check_and_free(&model, "unit 9 of the normalizer map leads to unit 256, but the map has only 256");
    units[9] = 1u << 9 | 1u << 30; /* the same, with an offset of higher bits */
    model = model_with_map(units, 256, BYTES("b\0"));
    check_and_free(&model, "unit 9 of the normalizer map leads to unit");
    one_rule(units);
    units[0] = LEAF(node(0, 0, 256, false)); /* the library ignores that it is a leaf */
    model = model_with_map(units, 256, BYTES("b\0"));
    check_and_free(&model, "unit 0 of the normalizer map leads to unit");
    one_rule(units);
    memset(long_text, 'b', sizeof long_text - 1);
    model = model_with_map(units, 256, long_text, sizeof long_text);
    check_and_free(&model, "replacement of 41 bytes");
    model = model_with_map(units, 256, long_text + 1, sizeof long_text - 1);
    check_and_free(&model, NULL);
}
END_TEST

/* A map for the texts "z", "zz", … of n letters, on the bases 1, 257, 513, …; all but the last have a rule if
 * requested, and the last one leads to `last`. */
static text_buffer nested_map(uint32_t n, uint32_t last, bool rules)
{
    static uint32_t units[300 * 256];
    for (uint32_t i = 0; i < (n + 1) * 256; i++)
        units[i] = (i & 0xFF) ^ 3;
    units[0] = node(0, 0, 1, false);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t unit = (256 * i + 1) ^ 'z', base = i + 1 < n ? 256 * (i + 1) + 1 : last;
        units[unit] = node('z', unit, base, rules && base != last);
        if (rules && base != last)
            units[base] = LEAF(0);
    }
    return model_with_map(units, (n + 1) * 256, BYTES("b\0"));
}

START_TEST(rules_of_a_map_end)
{
    enum { NOWHERE = 2, BEGINNING = 1 };
    static const char says[] = "rules are longer than 256 bytes, or more than 32 of them prefixes of one another";
    text_buffer model = nested_map(SENTENCEPIECE_MOST_NESTED_RULES + 1, NOWHERE, true);
    check_and_free(&model, NULL);
    model = nested_map(SENTENCEPIECE_MOST_NESTED_RULES + 2, NOWHERE, true);
    check_and_free(&model, says);
    model = nested_map(3, BEGINNING, false);
    check_and_free(&model, says);
    model = nested_map(SENTENCEPIECE_LONGEST_RULE, NOWHERE, false);
    check_and_free(&model, NULL);
    model = nested_map(SENTENCEPIECE_LONGEST_RULE + 1, NOWHERE, false);
    check_and_free(&model, says);
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
    add_test(suite, "a_piece_that_begins_every_translation_is_text", a_piece_that_begins_every_translation_is_text);
    add_test(suite, "a_line_stays_a_line", a_line_stays_a_line);
    add_test(suite, "a_vocabulary_is_a_piece_a_line", a_vocabulary_is_a_piece_a_line);
    add_test(suite, "a_vocabulary_has_a_largest_size", a_vocabulary_has_a_largest_size);
    add_test(suite, "pieces_that_collide_are_refused", pieces_that_collide_are_refused);
    add_test(suite, "text_is_split_by_a_rule", text_is_split_by_a_rule);
    add_test(suite, "pairs_are_merged_in_the_order_of_the_list", pairs_are_merged_in_the_order_of_the_list);
    add_test(suite, "bytes_are_letters", bytes_are_letters);
    add_test(suite, "merges_that_break_a_rule_are_refused", merges_that_break_a_rule_are_refused);
    add_test(suite, "samples_are_cut_out", samples_are_cut_out);
    add_test(suite, "fields_of_the_specs_appear_once", fields_of_the_specs_appear_once);
    add_test(suite, "models_that_break_a_rule_are_refused", models_that_break_a_rule_are_refused);
    add_test(suite, "what_a_trainer_writes_passes", what_a_trainer_writes_passes);
    add_test(suite, "a_model_cut_anywhere_is_refused", a_model_cut_anywhere_is_refused);
    add_test(suite, "pieces_have_limits", pieces_have_limits);
    add_test(suite, "a_map_stays_inside", a_map_stays_inside);
    add_test(suite, "rules_of_a_map_end", rules_of_a_map_end);
    return run_suite(suite);
}
