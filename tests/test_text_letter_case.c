#include "support/utf8.h"
#include "tests/suite.h"
#include "text/letter_case.h"
#include "text/letters.h"

#include <locale.h>
#include <string.h>
#include <wctype.h>

static const text_span_list no_spans = {0};

static const struct {
    letter_case letter_case;
    const char *text;
    const char *ordinary; /* NULL if it is the text itself */
} cases[] = {
    {CASE_CAPITALS, "KEEP THE GATE CLOSED.", "Keep the gate closed."},
    {CASE_CAPITALS, "MAY I COME IN? I'M COLD", "May I come in? I'm cold"},
    {CASE_CAPITALS, "EXIT", "Exit"},
    {CASE_CAPITALS, "'OPEN THE DOOR'", "'Open the door'"},
    {CASE_CAPITALS, "DIE STRAßE IST ZU", "Die straße ist zu"},
    {CASE_CAPITALS, "“ÖFFNE DIE TÜR”", "“Öffne die tür”"},
    {CASE_CAPITALS, "NASA BUILDS A B2 ROCKET", "NASA builds a B2 rocket"},
    {CASE_CAPITALS, "ЗАКРОЙТЕ ДВЕРЬ", "Закройте дверь"},
    {CASE_ORDINARY, "NASA", NULL},
    {CASE_ORDINARY, "OK", NULL},
    {CASE_ORDINARY, "I", NULL},
    {CASE_ORDINARY, "DOG", NULL},
    {CASE_ORDINARY, "US GDP", NULL},
    {CASE_ORDINARY, "AB12 CD34", NULL},
    {CASE_ORDINARY, "A B C", NULL},
    {CASE_ORDINARY, "WARNING: do not open", NULL},
    {CASE_ORDINARY, "The house is small.", NULL},
    {CASE_ORDINARY, "東京 大阪", NULL},
    {CASE_ORDINARY, "", NULL},
    {CASE_TITLE, "The Key To A Good Night", "The key to a good night"},
    {CASE_TITLE, "Anna's Key To The House", "Anna's key to the house"},
    {CASE_ORDINARY, "How Is NASA's Tea Made", NULL},
    {CASE_ORDINARY, "John Smith Met Mary", NULL},
    {CASE_ORDINARY, "The New York Times", NULL},
    {CASE_ORDINARY, "The Key To a Good Night", NULL},
    {CASE_ORDINARY, "Is It", NULL},
};

START_TEST(a_sentence_has_a_case)
{
    char text[64];
    strcpy(text, cases[_i].text);
    letter_case found = text_letter_case(text, strlen(text), &no_spans);
    ck_assert_int_eq(found, cases[_i].letter_case);
    if (found != CASE_ORDINARY)
        text_to_sentence_case(text, strlen(text), &no_spans);
    ck_assert_str_eq(text, cases[_i].ordinary ? cases[_i].ordinary : cases[_i].text);
}
END_TEST

START_TEST(spans_keep_their_case)
{
    char text[] = "PLEASE OPEN notes.txt AND CopyMe NOW";
    text_span at[] = {{12, 21, SPAN_OPAQUE}, {26, 32, SPAN_OPAQUE}};
    text_span_list spans = {at, 2, 2};
    ck_assert_int_eq(text_letter_case(text, strlen(text), &spans), CASE_CAPITALS);
    ck_assert_int_eq(text_letter_case(text, strlen(text), &no_spans), CASE_ORDINARY);
    text_to_sentence_case(text, strlen(text), &spans);
    ck_assert_str_eq(text, "Please open notes.txt and CopyMe now");
}
END_TEST

START_TEST(capitals)
{
    char text[] = "Straße, ÿ žluť – ąé 東 σς я 5";
    text_to_capitals(text, strlen(text));
    ck_assert_str_eq(text, "STRASSE, Ÿ ŽLUŤ – ĄÉ 東 ΣΣ Я 5");
}
END_TEST

/* The lower-case form of a letter's capital is the letter again, and both have the same number of bytes. The C library
 * agrees about each pair. */
START_TEST(letters_have_one_other_case)
{
    locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    size_t n = 0;
    for (uint32_t c = 0; c < 0x3000; c++) {
        uint32_t lower = letter_lower(c), upper = letter_upper(c);
        ck_assert(lower == c || upper == c);
        n += lower != c;
        if (lower != c && unicode)
            ck_assert_uint_eq(lower, towlower_l(c, unicode));
        if (lower != c)
            ck_assert_msg(letter_upper(lower) == c && letter_is(c) && letter_is(lower), "U+%04X", (unsigned)c);
        uint32_t other = lower != c ? lower : upper;
        ck_assert((c < 0x80) == (other < 0x80) && (c < 0x800) == (other < 0x800));
    }
    ck_assert_uint_eq(n, 505);
    if (unicode)
        freelocale(unicode);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text_letter_case");
    add_loop_test(suite, "a_sentence_has_a_case", a_sentence_has_a_case, N_ELEMENTS(cases));
    add_test(suite, "spans_keep_their_case", spans_keep_their_case);
    add_test(suite, "capitals", capitals);
    add_test(suite, "letters_have_one_other_case", letters_have_one_other_case);
    return run_suite(suite);
}
