#include "support/utf8.h"
#include "tests/random.h"
#include "tests/suite.h"
#include "text/normalize.h"

#include <string.h>

static const struct {
    const char *name, *text, *normal;
} cases[] = {
    {"hyphen", "part\u2010time", "part-time"},
    {"no-break hyphen", "e\u2011mail", "e-mail"},
    {"minus", "London \u2212 Paris", "London - Paris"},
    {"soft hyphen", "win\u00ADdow", "window"},
    {"zero-width space", "the \u200Bhouse", "the house"},
    {"joiners between Latin letters", "hou\u200Cs\u200De", "house"},
    {"word joiner", "hou\u2060se", "house"},
    {"byte order mark", "\uFEFFHello", "Hello"},
    {"direction", "\u202EHello\u202C \u2066you\u2069\u200E\u200F\u061C", "Hello you"},
    {"spaces", "a\u00A0b\u202Fc\u2009d\u3000e\u1680f\u2028g\u205Fh", "a b c d e f g h"},
    {"apostrophes inside words", "it`s it\u00B4s it\u2032s it\u02BCs it\u02B9s it\u2018s it\u201Bs it\uFF07s",
     "it's it's it's it's it's it's it's it's"},
    {"apostrophe before what is dropped", "it`\u00ADs", "it's"},
    {"apostrophes elsewhere", "`code` 5\u2032 \u2018quote\u2019 a`", "`code` 5\u2032 \u2018quote\u2019 a`"},
    {"apostrophe after invalid UTF-8", "\xFF`s", "\uFFFD`s"},
    {"typographic apostrophe", "it\u2019s", "it\u2019s"},
    {"joiner of an emoji", "\U0001F468\u200D\U0001F469", "\U0001F468\u200D\U0001F469"},
    {"non-joiner of Persian", "\u0645\u06CC\u200C\u062E", "\u0645\u06CC\u200C\u062E"},
    {"umlauts", "Über Öl – “Grüße”", "Über Öl – “Grüße”"},
    {"invalid UTF-8", "caf\xE9 \xE2\x80", "caf\uFFFD \uFFFD"},
    {"nothing", "", ""},
};

START_TEST(normal_forms)
{
    failure why;
    normalized_text normalized = {0};
    ck_assert_ok(text_normalize(&normalized, cases[_i].text, strlen(cases[_i].text), &why), why);
    ck_assert_str_eq(normalized.text.bytes, cases[_i].normal);
    text_normalized_free(&normalized);
}
END_TEST

/* The normal form of text [size], and the offset in it of each byte and of the end. */
static void check_origins(const char *text, size_t size, const char *normal, const size_t *origins, size_t n)
{
    failure why;
    normalized_text normalized = {0};
    ck_assert(text_normalize(&normalized, text, size, &why));
    ck_assert_str_eq(normalized.text.bytes, normal);
    ck_assert_uint_eq(normalized.text.size + 1, n);
    ck_assert_mem_eq(normalized.origin, origins, n * sizeof *origins);
    text_normalized_free(&normalized);
}

START_TEST(bytes_that_are_no_text)
{
    static const char text[] = {'a', '\0', '\xC3', 'b'};
    static const size_t origins[] = {0, 1, 1, 1, 2, 2, 2, 3, 4};
    ck_assert(!text_is_normal(text, 2) && !text_is_normal(text + 2, 2));
    check_origins(text, sizeof text, "a\uFFFD\uFFFDb", origins, N_ELEMENTS(origins));
}
END_TEST

START_TEST(origins_are_bytes_of_the_input)
{
    static const char text[] = "\uFEFFa\u2011ü\u00AD!";
    static const size_t origins[] = {3, 4, 7, 8, 11, 12};
    check_origins(text, strlen(text), "a-ü!", origins, N_ELEMENTS(origins));
}
END_TEST

/* If text_is_normal accepts a text, normalizing must not change it. Tries each code point between letters. */
START_TEST(normal_text_does_not_change)
{
    failure why;
    normalized_text normalized = {0};
    for (uint32_t c = 1; c < 0x11000; c++) {
        char text[] = "a....b";
        memcpy(text + 1 + utf8_put(text + 1, c), "b", 2);
        if (!utf8_is_valid(text, strlen(text)) || !text_is_normal(text, strlen(text)))
            continue;
        ck_assert(text_normalize(&normalized, text, strlen(text), &why));
        ck_assert_msg(strcmp(normalized.text.bytes, text) == 0, "U+%04X", (unsigned)c);
    }
    ck_assert(text_is_normal("Straße, 5%.", strlen("Straße, 5%.")));
    text_normalized_free(&normalized);
}
END_TEST

/* Of all characters from U+0080 on, between letters: exactly the spaces become a space, and only those that look alike
 * become a hyphen or an apostrophe. */
START_TEST(only_what_looks_alike_becomes_ascii)
{
    static const uint32_t hyphens[] = {0x2010, 0x2011, 0x2212},
                          apostrophes[] = {0xB4, 0x2B9, 0x2BB, 0x2BC, 0x2BD, 0x2018, 0x201B, 0x2032, 0xFF07};
    failure why;
    normalized_text normalized = {0};
    size_t n_hyphens = 0, n_apostrophes = 0;
    for (uint32_t c = 0x80; c < 0x11000; c++) {
        char text[] = "a....b";
        memcpy(text + 1 + utf8_put(text + 1, c), "b", 2);
        if (!utf8_is_valid(text, strlen(text)))
            continue;
        ck_assert(text_normalize(&normalized, text, strlen(text), &why));
        const char *normal = normalized.text.bytes;
        if (c != 0x85) /* a control character */
            ck_assert_msg((strcmp(normal, "a b") == 0) == utf8_is_space(c), "U+%04X", (unsigned)c);
        if (strcmp(normal, "a-b") == 0)
            ck_assert_uint_eq(c, hyphens[n_hyphens++]);
        if (strcmp(normal, "a'b") == 0)
            ck_assert_uint_eq(c, apostrophes[n_apostrophes++]);
    }
    ck_assert(n_hyphens == N_ELEMENTS(hyphens) && n_apostrophes == N_ELEMENTS(apostrophes));
    text_normalized_free(&normalized);
}
END_TEST

START_TEST(normalizing_twice_changes_nothing_more)
{
    static const char *const parts[] = {"a",      "ü",          " ",      "`",      "\u00B4", "\u00AD",
                                        "\u200B", "\u200D",     "\u2060", "\u2018", "\u2011", "\u00A0",
                                        "\uFEFF", "\U0001F468", "\u0645", "5",      "."};
    uint64_t state = 7;
    failure why;
    normalized_text once = {0}, twice = {0};
    for (int round = 0; round < 5000; round++) {
        text_buffer text = {0};
        for (uint64_t n = 1 + random_next(&state) % 12; n > 0; n--) {
            const char *part = parts[random_next(&state) % N_ELEMENTS(parts)];
            ck_assert(text_append(&text, part, strlen(part), &why));
        }
        ck_assert(text_normalize(&once, text.bytes, text.size, &why));
        ck_assert(utf8_is_valid(once.text.bytes, once.text.size) && once.text.size <= text.size);
        for (size_t i = 0; i < once.text.size; i++)
            ck_assert(once.origin[i] < once.origin[i + 1] && once.origin[i + 1] <= text.size);
        ck_assert(text_normalize(&twice, once.text.bytes, once.text.size, &why));
        ck_assert_str_eq(twice.text.bytes, once.text.bytes);
        text_free(&text);
    }
    text_normalized_free(&once);
    text_normalized_free(&twice);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text_normalize");
    add_loop_test(suite, "normal_forms", normal_forms, N_ELEMENTS(cases));
    add_test(suite, "bytes_that_are_no_text", bytes_that_are_no_text);
    add_test(suite, "origins_are_bytes_of_the_input", origins_are_bytes_of_the_input);
    add_test(suite, "normal_text_does_not_change", normal_text_does_not_change);
    add_test(suite, "only_what_looks_alike_becomes_ascii", only_what_looks_alike_becomes_ascii);
    add_test(suite, "normalizing_twice_changes_nothing_more", normalizing_twice_changes_nothing_more);
    return run_suite(suite);
}
