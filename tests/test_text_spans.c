#include "support/utf8.h"
#include "tests/random.h"
#include "tests/suite.h"
#include "text/spans.h"

#include <string.h>

/* A vocabulary of English and German: no accents except umlauts, few signs. */
static bool knows(void *vocabulary, const char *character, size_t size)
{
    (void)vocabulary;
    if (size == 1)
        return !strchr("#<@\\^`{|}~", *character);
    static const char known[] = "äöüÄÖÜß„“”‘’–—«»";
    char wanted[5] = {0};
    memcpy(wanted, character, size);
    return strstr(known, wanted) != NULL;
}

static text_span_finder *open_finder(void)
{
    failure why;
    text_span_finder *finder = text_span_finder_open(&why);
    ck_assert_ok(finder, why);
    return finder;
}

/* In the tables, ⟧ ends a span, and the mark at its beginning shows its kind. */
static const char *const marks[] = {
    [SPAN_OPAQUE] = "⟦", [SPAN_TAG_OPEN] = "⟪", [SPAN_TAG_CLOSE] = "⟨", [SPAN_TAG_EMPTY] = "⦃", [SPAN_LINE] = "⦅"};

/* The text without marks. */
static void append_plain(text_buffer *text, const char *marked)
{
    failure why;
    for (size_t length; *marked; marked += length) {
        utf8_next(marked, strlen(marked), &length);
        bool is_mark = strncmp(marked, "⟧", length) == 0;
        for (size_t i = 0; i < N_ELEMENTS(marks); i++)
            is_mark |= strncmp(marked, marks[i], length) == 0;
        if (!is_mark)
            ck_assert(text_append(text, marked, length, &why));
    }
}

/* The text with marks around its spans. */
static void append_marked(text_buffer *text, text_span_finder *finder, const char *plain, size_t size)
{
    failure why;
    text_span_list spans = {0};
    ck_assert_ok(text_spans_find(&spans, finder, plain, size, knows, NULL, &why), why);
    size_t at = 0;
    ck_assert(text_append(text, "", 0, &why));
    for (size_t i = 0; i < spans.n; i++) {
        text_span span = spans.at[i];
        ck_assert(text_append(text, plain + at, span.begin - at, &why));
        ck_assert(text_append(text, marks[span.kind], 3, &why));
        ck_assert(text_append(text, plain + span.begin, span.end - span.begin, &why));
        ck_assert(text_append(text, "⟧", 3, &why));
        at = span.end;
    }
    ck_assert(text_append(text, plain + at, size - at, &why));
    text_spans_free(&spans);
}

static void check(const char *const *cases, size_t n)
{
    text_span_finder *finder = open_finder();
    for (size_t i = 0; i < n; i++) {
        text_buffer plain = {0}, found = {0};
        append_plain(&plain, cases[i]);
        append_marked(&found, finder, plain.bytes, plain.size);
        ck_assert_str_eq(found.bytes, cases[i]);
        text_free(&plain);
        text_free(&found);
    }
    text_span_finder_close(finder);
}

#define SPANS_TEST(name, ...)                                                                                          \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        static const char *const cases[] = {__VA_ARGS__};                                                              \
        check(cases, N_ELEMENTS(cases));                                                                               \
    }                                                                                                                  \
    END_TEST

SPANS_TEST(ordinary_text_has_no_spans, "The cat and/or the dog came at 5:30, not 24/7.",
           "He/she works for AT&T in the U.S.", "It cost $12.50, i.e. 1,250.75 less than 3 kg at 18 °C.",
           "My iPhone isn't McDonald's, e.g. MacArthur's.", "A well-known part-time teacher (aged 42) left.",
           "“Really?!” she said – in the ’90s.", "Rock 'n' roll; R&B: yes.", "Meet me at 7 p.m. on 12/24/2031.",
           "The 1st, 2nd and 20th of May", "Over 60,000 people at 50% off, 1939-1945.",
           "He drove 120 km/h on the A4 in a B12 with 4x4.", "Was ist los? Ärger über Öl, süße Grüße.", "He paid €5.",
           "No. 5, p. 7, Vol. 3", "The crème brûlée in a café", "", " ", "Wait... what", "end.Then",
           "PhD in 3D and MP3", "user(s) and file(s)", "1,2,3", "a - b -- c", "What? No: yes; maybe",
           "J. R. R. Tolkien", "5 p.m.-6 p.m.", "The value is -5 or +7.", "1.5 million", "COVID-19",
           "He said 'no' to 'that'.")

SPANS_TEST(addresses, "See ⟦https://a.example/x?y=1&z=2#top⟧.", "⟦http://x.example/A_(b)⟧, please",
           "(⟦www.shop.example⟧)", "Write to ⟦ann.lee+x@mail.example.co.uk⟧!", "⟦mailto:me@b.example⟧ works",
           "Clone ⟦git@host.example:team/code.git⟧.", "Visit ⟦library.example.org/day/7⟧.",
           "⟦site.com⟧ and ⟦other.net⟧", "Ping ⟦10.0.0.1:8080/status⟧ now", "“⟦https://a.example/⟧”",
           "See ⟦ftp://f.example/pub⟧; then go.")

SPANS_TEST(files_and_identifiers, "Open ⟦notes.txt⟧.", "Run ⟦C:\\Temp\\run.exe⟧ twice.",
           "In ⟦/etc/hosts⟧, ⟦~/bin/x.sh⟧ or ⟦./go⟧", "Read ⟦src/main.c⟧ first.", "All ⟦*.png⟧ and ⟦.git⟧",
           "⟦IMG_7.JPG⟧", "Call ⟦setName()⟧ or ⟦os.path.join()⟧.", "⟦user_id⟧ is ⟦MAX_SIZE⟧",
           "A ⟦camelCase⟧ and ⟦BigClass⟧ name", "Use ⟦std::vector<int>⟧ or ⟦p->next⟧.", "Try ⟦--help⟧ and ⟦-v⟧.",
           "⟦@lena_k⟧ likes ⟦#GoodFood⟧.", "⟦@lena⟧ likes ⟦#food⟧.", "I know ⟦C++⟧ and ⟦C#⟧.", "⟦Node.js⟧ runs.",
           "Press ⟦\\n⟧ or ⟦\\u00e4⟧.")

SPANS_TEST(placeholders, "Hi ⟦{name}⟧!", "⟦{{count}}⟧ files in ⟦{{ dir.name }}⟧", "⟦${x}⟧ ⟦#{y}⟧ ⟦%(z)s⟧",
           "From ⟦%s⟧ to ⟦%2$d⟧ at ⟦%5.1f⟧", "⟦%USER%⟧ and ⟦$HOME⟧", "⟦{0}⟧ of ⟦{1,number}⟧",
           "⟦[[page]]⟧ by ⟦__NAME__⟧", "⟦<%= total %>⟧ left", "Hi ⟦:smile:⟧ at ⟦:id⟧", "⟦{}⟧", "100% sure, 5% discount")

SPANS_TEST(tags, "⟪<b>⟧bold⟨</b>⟧ text", "⟪<a href=\"x\">⟧link⟨</a>⟧", "line⦃<br>⟧ break ⦃<ph id=\"2\"/>⟧",
           "⟪<p>⟧⟪<i>⟧x⟨</i>⟧⟨</p>⟧", "a ⟦<b>⟧ alone", "alone ⟦</b>⟧", "⟪<b>⟧ crossed ⟦<i>⟧ tags ⟨</b>⟧⟦</i>⟧",
           "Tom ⟦&amp;⟧ Ann", "⟪[b]⟧x⟨[/b]⟧", "⟪**⟧Stop⟨**⟧ it", "an ⟪*⟧old⟨*⟧ ⟪_⟧house⟨_⟧",
           "a ⟪[⟧good link⟨](https://x.example)⟧ here", "⟪'''⟧wiki⟨'''⟧", "⟪==⟧ Title ⟨==⟧", "Use ⟦`x = 1`⟧ here.",
           "⟪`⟧The door is open.⟨`⟧", "2 ⟦<⟧ 3")

SPANS_TEST(numbers_and_codes, "On ⟦2031-06-03⟧ at ⟦2031-06-03T12:00:00Z⟧", "Version ⟦2.10.3⟧ or ⟦v1.4⟧ at ⟦10.1.2.3⟧.",
           "Call ⟦+44 20 7946 0958⟧ or ⟦(212) 555-0187⟧ or ⟦555-0134⟧.", "Phone ⟦030/1234567⟧",
           "Card ⟦4000 1234 5678 9010⟧", "We counted ⟦730001⟧ birds.", "Part ⟦XK-0042-B⟧, order ⟦INV-33/97⟧, ⟦QRX565⟧",
           "⟦DE44500105175407324931⟧ in ⟦K1A 0B1⟧", "To ⟦GB33 BUKB 2020 1555 5555 55⟧", "At ⟦02:00:5e:10:00:fa⟧ now",
           "ISBN ⟦978-3-16-148410-0⟧", "At ⟦0x7fff⟧, commit ⟦3f2a9c1⟧", "⟦A4-B7-99⟧ is it.", "decimal 0.123456 stays")

SPANS_TEST(characters_outside_the_vocabulary, "Good ⟦👍🏽⟧ job ⟦🎉🎉⟧", "⟦❤️⟧ you",
           "left ⟦→⟧ right ⟦≤⟧ x", "In ⟦東京⟧ and ⟦Київ⟧!", "The city of ⟦תל אביב⟧ is big.",
           "⟦Łukasz⟧ met ⟦Åse-Marit⟧ in Köln.", "a naïve résumé", "Done ⟦✓⟧", "⟦|⟧ cell ⟦|⟧", "⟦東京、大阪。⟧",
           "hello ⟦:-)⟧", "I ⟦<3⟧ you")

SPANS_TEST(lines_of_code, "⦅\"title\": \"Good day\",⟧", "⦅name=Good day⟧", "⦅msgid \"Open\"⟧", "⦅#: src/a.c:7⟧",
           "⦅import sys⟧", "⦅y = 12⟧", "⦅while (i < n) i++;⟧", "⦅def f(x):⟧", "⦅print(\"Hi\")⟧", "⦅git push --force⟧",
           "⦅cd /tmp⟧", "⦅<!DOCTYPE html>⟧", "⦅$ make all⟧", "Make sure to import goods.",
           "For example, if it rains:", "Import taxes rise", "import duties were raised", "If you go, I go;",
           "git and apt-cache are programs.", "Call me (today)")

/* Spans are in order, not empty, do not overlap, and begin and end between characters; tags come in pairs. */
START_TEST(spans_of_random_text_are_sound)
{
    static const char *const parts[] = {" ", "a",   "B",    "7",  ".", ",",  "/",  ":",  "@", "-",     "_",  "{",
                                        "}", "<b>", "</b>", "<",  ">", "%s", "[",  "](", ")", "`",     "**", "*",
                                        "=", "é",   "Ł",    "東", "🎉", "’",  "\"", "\\", "#", "&amp;", "|",  "+"};
    uint64_t state = 42;
    failure why;
    text_span_finder *finder = open_finder();
    text_span_list spans = {0};
    for (int round = 0; round < 5000; round++) {
        text_buffer text = {0};
        for (uint64_t n = random_next(&state) % 24; n > 0; n--) {
            const char *part = parts[random_next(&state) % N_ELEMENTS(parts)];
            ck_assert(text_append(&text, part, strlen(part), &why));
        }
        ck_assert_ok(text_spans_find(&spans, finder, text.bytes, text.size, knows, NULL, &why), why);
        size_t end = 0, n_open = 0;
        for (size_t i = 0; i < spans.n; i++) {
            text_span span = spans.at[i];
            ck_assert(end <= span.begin && span.begin < span.end && span.end <= text.size);
            ck_assert(utf8_is_valid(text.bytes + end, span.begin - end));
            ck_assert(utf8_is_valid(text.bytes + span.begin, span.end - span.begin));
            n_open += span.kind == SPAN_TAG_OPEN;
            ck_assert(span.kind != SPAN_TAG_CLOSE || n_open-- > 0);
            end = span.end;
        }
        ck_assert_uint_eq(n_open, 0);
        ck_assert(utf8_is_valid(text.bytes ? text.bytes + end : "", text.size - end));
        text_free(&text);
    }
    text_spans_free(&spans);
    text_span_finder_close(finder);
}
END_TEST

static const char *const long_words[] = {"a",
                                         "1",
                                         "a.",
                                         "a/",
                                         "a-",
                                         "1-",
                                         "a_",
                                         "a@",
                                         "{",
                                         "<",
                                         "<b>",
                                         "[",
                                         "`",
                                         "*",
                                         "a:",
                                         "//",
                                         "(",
                                         "東",
                                         "%",
                                         "&",
                                         "\\a",
                                         "https://",
                                         "aA",
                                         "1.",
                                         "0123 ",
                                         "=",
                                         "é",
                                         "+1",
                                         "a=",
                                         "\"a\": ",
                                         "<%",
                                         "<!--",
                                         "a.b.",
                                         "aa.",
                                         "a+",
                                         "AB12 AB12 ",
                                         "0123 x",
                                         "a::",
                                         "~/",
                                         "aA-",
                                         "\xF0\x9F\x8E\x89"};

/* Strings that rules repeat, 20,000 times: the time must grow linearly, not quadratically. */
START_TEST(long_words_are_no_trap)
{
    failure why;
    text_span_finder *finder = open_finder();
    text_buffer text = {0};
    text_span_list spans = {0};
    for (int n = 0; n < 20000; n++)
        ck_assert(text_append(&text, long_words[_i], strlen(long_words[_i]), &why));
    ck_assert_ok(text_spans_find(&spans, finder, text.bytes, text.size, knows, NULL, &why), why);
    text_spans_free(&spans);
    text_span_finder_close(finder);
    text_free(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text_spans");
    add_test(suite, "ordinary_text_has_no_spans", ordinary_text_has_no_spans);
    add_test(suite, "addresses", addresses);
    add_test(suite, "files_and_identifiers", files_and_identifiers);
    add_test(suite, "placeholders", placeholders);
    add_test(suite, "tags", tags);
    add_test(suite, "numbers_and_codes", numbers_and_codes);
    add_test(suite, "characters_outside_the_vocabulary", characters_outside_the_vocabulary);
    add_test(suite, "lines_of_code", lines_of_code);
    add_test(suite, "spans_of_random_text_are_sound", spans_of_random_text_are_sound);
    add_loop_test(suite, "long_words_are_no_trap", long_words_are_no_trap, N_ELEMENTS(long_words));
    return run_suite(suite);
}
