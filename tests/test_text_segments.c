/* text/segments: sentences and the text between them. */
#include <stdio.h>
#include <string.h>

#include "support/utf8.h"
#include "tests/random.h"
#include "tests/suite.h"
#include "text/segments.h"

/* The line with its sentences in ⟦ ⟧: "⟦A b.⟧ ⟦C d.⟧". */
static const char *mark(const char *line, const byte_range *whole, size_t n_whole)
{
    static char out[1000];
    size_t size = strlen(line), used = 0, at = 0;
    text_segments segments;
    byte_range s;
    text_segments_start(&segments, line, size, whole, n_whole);
    while (text_segments_next(&s, &segments)) {
        used += (size_t)snprintf(out + used, sizeof out - used, "%.*s⟦%.*s⟧", (int)(s.begin - at), line + at,
                                 (int)(s.end - s.begin), line + s.begin);
        at = s.end;
    }
    snprintf(out + used, sizeof out - used, "%s", line + at);
    return out;
}

/* Each expectation is its own input: the line without the marks. */
static void expect_each(const char *const *expected, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char line[500];
        size_t size = 0;
        for (const char *c = expected[i]; *c;)
            if (strncmp(c, "⟦", 3) == 0 || strncmp(c, "⟧", 3) == 0)
                c += 3;
            else
                line[size++] = *c++;
        line[size] = '\0';
        ck_assert_str_eq(mark(line, NULL, 0), expected[i]);
    }
}

#define TEST_OF(name, ...)                                                                                             \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        static const char *const expected[] = {__VA_ARGS__};                                                           \
        expect_each(expected, N_ELEMENTS(expected));                                                                   \
    }                                                                                                                  \
    END_TEST

/* ---- sentences ---- */

TEST_OF(a_stop_ends_a_sentence, "⟦The tea is hot.⟧", "⟦One.⟧ ⟦Two!⟧ ⟦Three?⟧ ⟦Four⟧", "  ⟦One.⟧   ⟦Two⟧  ", "", "   ",
        "⟦Really?!⟧ ⟦Yes...⟧ ⟦Well…⟧ ⟦Then go.⟧", "⟦I waited… and left.⟧", "⟦It was 1987.⟧ ⟦Nobody knew.⟧",
        "⟦HALT.⟧ ⟦WHO IS THERE?⟧", "⟦Costs 3.50 here.⟧ ⟦Fine.⟧")

TEST_OF(abbreviations_end_no_sentence, "⟦Dr. Weber met Mrs. Hall at Mt. Kenya.⟧", "⟦DR. WEBER IS IN.⟧",
        "⟦Ask\u00A0Dr.\u00A0Weber or—Mr. Hall.⟧", "⟦The prof. Spoke last.⟧", "⟦Ask .dr. Weber.⟧",
        "⟦Use pens, e.g. The red ones.⟧", "⟦Ask Mr. He about it.⟧", "⟦Milk etc. (not tea) is here.⟧",
        "⟦Use pens, e.g. Red ones.⟧", "⟦Ask for approx. Ten.⟧", "⟦He met Gen. Lee vs. Grant.⟧",
        "⟦On Oct. 3 we met, on Fri. Evening too.⟧", "⟦Kent Corp. North is new.⟧", "⟦At 7 p.m. Tuesday it ends.⟧",
        "⟦The U.N. Council met.⟧", "⟦See Vol. 2 and p. 7 of it.⟧", "⟦The Mass. Avenue is long.⟧",
        "⟦I owe 5 lb. of tea.⟧")

TEST_OF(abbreviations_end_a_sentence_before_a_word_that_starts_one, "⟦He works at Kent Corp.⟧ ⟦She does not.⟧",
        "⟦They moved to the U.S.⟧ ⟦It is big.⟧", "⟦They left the U.S.⟧ ⟦But I stay.⟧", "⟦He sat.⟧ ⟦Peter stood.⟧",
        "⟦He asked for Dr...⟧ ⟦Peter left.⟧", "⟦It ends at 7 p.m.⟧ ⟦The door shuts.⟧", "⟦I saw the prof.⟧ ⟦He waved.⟧",
        "⟦We came in Oct.⟧ ⟦Nobody was there.⟧", "⟦He likes tea, milk, etc.⟧ ⟦Anna likes beer.⟧",
        "⟦Milk, etc. is here.⟧", "⟦Is it true?⟧ ⟦No.⟧ ⟦It is not.⟧", "⟦She ate the fig.⟧ ⟦Peter ate the rest.⟧")

TEST_OF(initials_and_letters, "⟦J. K. Rowling wrote it.⟧", "⟦Mary W. Shelley wrote it.⟧", "⟦И. И. Петров пришёл.⟧",
        "⟦Take plan B.⟧ ⟦Peter knows it.⟧", "⟦Take the letter T.⟧ ⟦It is last.⟧", "⟦You and I.⟧ ⟦Two of us.⟧",
        "⟦Er mag z. B. Tee, d. h. Kräuter.⟧")

TEST_OF(numbers_end_a_sentence_but_ordinals_do_not, "⟦I paid 15.⟧ ⟦Peter paid 20.⟧",
        "⟦It is version 1.0.⟧ ⟦Peter has it.⟧", "⟦I have 150.⟧ ⟦20 are new.⟧", "⟦Er wohnt in der 1200.⟧ ⟦Max nicht.⟧",
        "⟦Er kam als der 2.⟧ ⟦Dann ging er.⟧", "⟦Take bus 42.⟧ ⟦Then walk.⟧", "⟦No. 5 is alive.⟧",
        "⟦Am 3. Mai kam er, am 25. März ging er.⟧", "⟦Am 24. 12. 2003 war Ruhe.⟧",
        "⟦Im 19. Jahrhundert, dem 20. Jahrhundert voraus.⟧", "⟦Der 2. Preis ging an Max.⟧",
        "⟦5. November war ein Montag.⟧")

TEST_OF(a_small_letter_starts_a_sentence_only_after_a_clear_stop, "⟦I left.⟧ ⟦it was late.⟧", "⟦George W. is here.⟧",
        "⟦Grant vs. the rest.⟧", "⟦Was it? asked Anna.⟧", "⟦I waited.. it was late.⟧", "⟦I waited… it was late.⟧",
        "⟦Stop!⟧ ⟦it is late.⟧", "⟦Was it?⟧ ⟦yes.⟧", "⟦come in.⟧ ⟦maybe.⟧", "⟦come in.⟧ ⟦take tea.⟧",
        "⟦Yahoo! and others.⟧", "⟦Wow!!⟧ ⟦good.⟧", "⟦I sold it.⟧ ⟦iPads are dear.⟧", "⟦The bldg. is old.⟧",
        "⟦Anna and unkn. others.⟧", "⟦Open file.txt and Node.js now.⟧", "⟦The <? tag is short.⟧")

TEST_OF(quotes_and_brackets, "⟦He said \"Stop.\"⟧ ⟦She went on.⟧", "⟦\"Stop!\" he said.⟧", "⟦“Stop!” Anna cried.⟧",
        "⟦“Stop!”⟧ ⟦Anna left.⟧", "⟦Stop!⟧ ⟦Anna cried.⟧", "⟦(One.)⟧ ⟦(Two (or three).)⟧ ⟦[Four.]⟧",
        "⟦„Halt!“⟧ ⟦Er ging.⟧", "⟦« Ça va ? »⟧ ⟦Oui.⟧", "⟦It fell.[12]⟧ ⟦It rose.²⟧ ⟦It stood.⟧",
        "⟦It fell.[a] It rose.⟧", "⟦(See Fig. 2.)⟧ ⟦Next.⟧", "⟦\"Tea?\" - it was hot.⟧")

TEST_OF(no_space_after_a_stop, "⟦The shop is open.⟧⟦Please wait.⟧", "⟦Stop!⟧⟦The sun is up.⟧", "⟦Is it?⟧⟦It is.⟧",
        "⟦She is Eva.⟧⟦Call her.⟧", "⟦He is ill.⟧⟦Call her.⟧", "⟦It is 15.⟧⟦They left.⟧", "⟦Wait...⟧⟦Julia left.⟧",
        "⟦It was open.⟧⟦Anna left.⟧", "⟦the NSA.Anna left.⟧", "⟦example.com, file.txt, U.S.A, Ph.D.⟧",
        "⟦Mr.Hall, a.m.The, ASP.NET⟧", "⟦java.lang.String is it.⟧",
        "⟦www.net.COM, asp.NET, a (.The) file, IBM.Com is it.⟧", "⟦use Foo.Bar(x), foo.Bar.baz, a?Foo=1⟧")

TEST_OF(other_languages, "⟦你好。⟧⟦再见！⟧⟦“好。”⟧⟦他说。⟧", "⟦「はい。」⟧⟦いいえ。⟧", "⟦यह घर है।⟧ ⟦वह आया।⟧⟦मैं गया।⟧",
        "⟦كيف حالك؟⟧ ⟦بخير.⟧", "⟦Привет.⟧ ⟦Как дела?⟧", "⟦Дверь открыта.⟧⟦Входите.⟧",
        "⟦¿Qué?⟧ ⟦¡No!⟧ ⟦El Sr. Gil llegó.⟧", "⟦M. Petit est là.⟧")

/* ---- what is copied ---- */

TEST_OF(lines_without_letters_are_copied, "1 2 3", "* * *", "?!", "(12)", "½ €5.50", "00:00:01,000 --> 00:00:04,000",
        "00:01.000 --> 00:04.000 align:start", "⟦Step 1 --> 2⟧", "⟦Hm.⟧ ... 5. ⟦Next.⟧")

TEST_OF(list_markers_are_copied, "- ⟦Buy tea⟧", "* ⟦Buy tea⟧", "• ⟦Buy tea.⟧ ⟦Drink it.⟧", "## ⟦Tea⟧",
        "> - [ ] 1. ⟦Buy tea⟧", "[x] ⟦Tea⟧", "1. ⟦Buy tea.⟧ 2. ⟦Drink it.⟧", "2) ⟦Tea⟧", "a) ⟦Tea⟧", "(b) ⟦Tea⟧",
        "iii. ⟦Tea⟧", "IV. ⟦Tea⟧", "A. ⟦Tea⟧", "1.2.3 ⟦Tea⟧", "1.2. ⟦Tea⟧", "Q: ⟦Tea?⟧ A: ⟦No.⟧", "NB: ⟦Tea⟧",
        "o ⟦Tea⟧", "→ ⟦Tea⟧", "✓ ⟦Tea⟧", "IV.", "⟦2.5 cups⟧", "⟦-5 degrees⟧", "⟦o gato⟧", "⟦(tea) is hot⟧",
        "⟦A. B. Hall⟧")

TEST_OF(cells_are_copied_with_their_separators, "⟦Tea⟧\t3.50\t⟦Hot.⟧ ⟦Good.⟧", "\t⟦Tea⟧\t\t⟦Milk⟧\t", "⟦tea⟧,3,⟦milk⟧",
        "7;⟦Tea⟧;⟦hot⟧", "| ⟦Tea⟧ | ⟦Milk⟧ |", "⟦id⟧,⟦\"Hall, Eva\"⟧,⟦tall⟧", "⟦tea, milk, beer⟧", "⟦1,250,000 people⟧",
        "⟦tea,milk⟧", "⟦a|b⟧", "⟦I came,saw,and won.⟧", "⟦they all eat lots of meat,bread,and such⟧")

START_TEST(no_boundary_lies_in_a_whole_range)
{
    static const char line[] = "Go to x. Y\tz now. 1. Tea a|b|c";
    static const byte_range whole[] = {{6, 10}, {18, 24}, {26, 27}, {28, 29}};
    ck_assert_str_eq(mark(line, NULL, 0), "⟦Go to x.⟧ ⟦Y⟧\t⟦z now.⟧ 1. ⟦Tea a|b|c⟧");
    ck_assert_str_eq(mark(line, whole, N_ELEMENTS(whole)), "⟦Go to x. Y⟧\t⟦z now.⟧ ⟦1. Tea a|b|c⟧");
    ck_assert_str_eq(mark("a|b|c", NULL, 0), "⟦a⟧|⟦b⟧|⟦c⟧");
    ck_assert_str_eq(mark("a|b|c", (byte_range[]){{1, 2}}, 1), "⟦a|b|c⟧");
    ck_assert_str_eq(mark("a\tb\tc", (byte_range[]){{0, 3}}, 1), "⟦a\tb⟧\t⟦c⟧");
}
END_TEST

/* ---- properties ---- */

static bool starts_a_character(const char *line, size_t size, size_t at)
{
    return at == size || ((unsigned char)line[at] & 0xC0) != 0x80;
}

START_TEST(sentences_lie_in_order_and_divide_nothing)
{
    static const char *const parts[] = {"a",  "B", "The", "dr", "1", ".",     "!",   "?", " ", " ", "\t",
                                        "\"", "'", ")",   "(",  ",", ";",     "|",   "-", "[", "]", ":",
                                        "…",  "ü", "。",  "“",  "»", " --> ", "Mai", "o", "•"};
    uint64_t random = 1;
    for (int round = 0; round < 20000; round++) {
        char bytes[200];
        size_t size = 0, at = 0, n = random_next(&random) % 30, n_whole = 0;
        byte_range whole[2], s;
        for (size_t i = 0; i < n; i++) {
            size_t begin = size;
            for (const char *c = parts[random_next(&random) % N_ELEMENTS(parts)]; *c; c++)
                bytes[size++] = *c;
            if (n_whole < 2 && !utf8_is_space((unsigned char)bytes[begin]) && random_next(&random) % 8 == 0)
                whole[n_whole++] = (byte_range){begin, size};
        }
        const char *line =
            memmove(bytes + sizeof bytes - size, bytes, size); /* at the end: AddressSanitizer detects reads past it */
        text_segments segments;
        text_segments_start(&segments, line, size, whole, n_whole);
        while (text_segments_next(&s, &segments)) {
            ck_assert(s.begin >= at && s.end > s.begin && s.end <= size);
            ck_assert(starts_a_character(line, size, s.begin) && starts_a_character(line, size, s.end));
            ck_assert(!utf8_is_space((unsigned char)line[s.begin]) && !utf8_is_space((unsigned char)line[s.end - 1]));
            for (size_t w = 0; w < n_whole; w++)
                ck_assert((s.begin <= whole[w].begin || s.begin >= whole[w].end) &&
                          (s.end <= whole[w].begin || s.end >= whole[w].end));
            at = s.end;
        }
    }
}
END_TEST

/* A stop must look only at the words around it: looking at the whole line would exceed the time limit of a test. */
START_TEST(a_long_line_takes_no_time)
{
    static const char *const pieces[] = {"a. ", "A.", "(.", "\"!", "- ", "x,", "1. ", "5.[1]", "•", " . ", "Dr. "};
    enum { N_BYTES = 300000 };
    char *line = malloc(N_BYTES);
    ck_assert_ptr_nonnull(line);
    for (size_t i = 0; i < N_ELEMENTS(pieces); i++) {
        size_t size = 0, length = strlen(pieces[i]);
        for (; size + length <= N_BYTES; size += length)
            memcpy(line + size, pieces[i], length);
        text_segments segments;
        byte_range s;
        text_segments_start(&segments, line, size, NULL, 0);
        while (text_segments_next(&s, &segments))
            ck_assert_uint_le(s.end, size);
    }
    free(line);
}
END_TEST

START_TEST(a_long_sentence_is_cut_near_its_middle)
{
    static const struct {
        const char *text, *first;
    } cuts[] = {{"aaaa bb, cccc dddd", "aaaa bb,"},        /* a clause before the nearer white space */
                {"aaaa bbbb cccc dddd", "aaaa bbbb"},      /* white space */
                {"aaaabbbb", "aaaa"},                      /* by force */
                {"a, bbbbbbbbbbbbbbbbbbb", "a, bbbbbbbb"}, /* a clause mark far from the middle is ignored */
                {"üüü", "ü"},                              /* never inside a character */
                {"a", ""}};
    for (size_t i = 0; i < N_ELEMENTS(cuts); i++) {
        size_t middle = text_middle(cuts[i].text, (byte_range){0, strlen(cuts[i].text)});
        ck_assert_msg(middle == strlen(cuts[i].first), "%s: cut at %zu", cuts[i].text, middle);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text_segments");
    add_test(suite, "a_stop_ends_a_sentence", a_stop_ends_a_sentence);
    add_test(suite, "abbreviations_end_no_sentence", abbreviations_end_no_sentence);
    add_test(suite, "abbreviations_end_a_sentence_before_a_word_that_starts_one",
             abbreviations_end_a_sentence_before_a_word_that_starts_one);
    add_test(suite, "initials_and_letters", initials_and_letters);
    add_test(suite, "numbers_end_a_sentence_but_ordinals_do_not", numbers_end_a_sentence_but_ordinals_do_not);
    add_test(suite, "a_small_letter_starts_a_sentence_only_after_a_clear_stop",
             a_small_letter_starts_a_sentence_only_after_a_clear_stop);
    add_test(suite, "quotes_and_brackets", quotes_and_brackets);
    add_test(suite, "no_space_after_a_stop", no_space_after_a_stop);
    add_test(suite, "other_languages", other_languages);
    add_test(suite, "lines_without_letters_are_copied", lines_without_letters_are_copied);
    add_test(suite, "list_markers_are_copied", list_markers_are_copied);
    add_test(suite, "cells_are_copied_with_their_separators", cells_are_copied_with_their_separators);
    add_test(suite, "no_boundary_lies_in_a_whole_range", no_boundary_lies_in_a_whole_range);
    add_test(suite, "sentences_lie_in_order_and_divide_nothing", sentences_lie_in_order_and_divide_nothing);
    add_test(suite, "a_long_line_takes_no_time", a_long_line_takes_no_time);
    add_test(suite, "a_long_sentence_is_cut_near_its_middle", a_long_sentence_is_cut_near_its_middle);
    return run_suite(suite);
}
