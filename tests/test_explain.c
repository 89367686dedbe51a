/* The numbers of the page's data. */
#include "explain/block_floats.h"
#include "tests/suite.h"

#include <math.h>
#include <string.h>

static failure why;

/* The output of block_floats_put for data [rows, columns]; free it. */
static char *packed(const float *data, size_t rows, size_t columns, int bits)
{
    json_text text = json_text_start(&why);
    block_floats_put(&text, data, rows, columns, bits);
    ck_assert(text.ok);
    return text.text.bytes;
}

static void check_packed(const float *data, size_t rows, size_t columns, int bits, const char *expected)
{
    char *text = packed(data, rows, columns, bits);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(numbers_are_blocks_of_one_exponent)
{
    /* 1 = 1024 * 2^-10: e is 33, h; 1024 is the digits 16, 0; -1024 is 48, 0 */
    check_packed((const float[]){1.0f, -1.0f}, 1, 2, 12, "\"hQAwA\"");
    /* 9 bits fill two digits, followed by three zeros: 1/2 = 128 * 2^-8; each row is a block */
    check_packed((const float[]){0.5f, 0.5f}, 2, 1, 9, "\"gQAgQA\"");
    /* 129 * 2^-8: the last bit comes before the zeros, 001000 */
    check_packed((const float[]){0.50390625f}, 1, 1, 9, "\"gQI\"");
    /* a value that rounds up to the next power of two takes its exponent */
    check_packed((const float[]){0.99999f}, 1, 1, 12, "\"hQA\"");
    /* 33 zeros are a block of 32 and one of 1 */
    char *zeros = packed((const float[33]){0}, 1, 33, 12);
    ck_assert_uint_eq(strspn(zeros + 1, "A"), 1 + 64 + 1 + 2);
    free(zeros);
}
END_TEST

static const float not_shown[] = {NAN, INFINITY, -INFINITY, 2147483648.0f};

START_TEST(what_cannot_be_shown_fails)
{
    json_text text = json_text_start(&why);
    block_floats_put(&text, (const float[]){1.0f, not_shown[_i]}, 1, 2, 12);
    ck_assert(!text.ok);
    ck_assert_ptr_nonnull(strstr(why.sentence, "beyond 2^31"));
    size_t size = text.text.size;
    json_text_put(&text, "more");
    ck_assert_uint_eq(text.text.size, size);
    text_free(&text.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explain");
    add_test(suite, "numbers_are_blocks_of_one_exponent", numbers_are_blocks_of_one_exponent);
    add_loop_test(suite, "what_cannot_be_shown_fails", what_cannot_be_shown_fails, N_ELEMENTS(not_shown));
    return run_suite(suite);
}
