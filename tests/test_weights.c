#include "tests/random.h"
#include "tests/suite.h"
#include "weights/weights.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/test_weights_XXXXXX";

/* Writes a file with this header, and n_data bytes of data that count up from 0. */
static void write_file(const char *header, size_t n_data)
{
    FILE *file = fopen(path, "wb");
    size_t size = strlen(header), padded = (size + 7) / 8 * 8;
    unsigned char length[8] = {0};
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)padded >> (8 * i));
    fwrite(length, 1, 8, file);
    fprintf(file, "%-*s", (int)padded, header);
    for (size_t i = 0; i < n_data; i++)
        fputc((int)(i & 0xFF), file);
    fclose(file);
}

START_TEST(tensors_are_found_by_name_type_and_shape)
{
    failure why;
    write_file("{\"__metadata__\":{\"a\":\"b\"},\"x\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
               "\"y\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[8,11]}}",
               11);
    weights_file *w = weights_open(path, 10, &why);
    ck_assert_ok(w != NULL, why);
    ck_assert_uint_eq(weights_n_elements(w), 5);
    tensor_type type;
    ck_assert(weights_find(w, "y", &type) && type == TENSOR_I8);
    ck_assert(!weights_find(w, "z", &type));

    ck_assert(!weights_take(w, "z", TENSOR_F32, (size_t[]){2, 1}, 2, &why));
    ck_assert_ptr_nonnull(strstr(why.sentence, "\"z\" is missing, expected F32 [2, 1]"));
    ck_assert(!weights_take(w, "x", TENSOR_F32, (size_t[]){1, 2}, 2, &why));
    ck_assert_ptr_nonnull(strstr(why.sentence, "\"x\" is F32 [2, 1], expected F32 [1, 2]"));
    ck_assert(!weights_take(w, "y", TENSOR_F32, (size_t[]){3}, 1, &why));

    const int8_t *y = weights_take(w, "y", TENSOR_I8, (size_t[]){3}, 1, &why);
    ck_assert_ok(y != NULL, why);
    ck_assert(y[0] == 8 && y[2] == 10);
    ck_assert(!weights_take(w, "y", TENSOR_I8, (size_t[]){3}, 1, &why));
    ck_assert(!weights_check(w, &why));
    ck_assert_ptr_nonnull(strstr(why.sentence, "\"x\""));
    ck_assert_ok(weights_take(w, "x", TENSOR_F32, (size_t[]){2, 1}, 2, &why) != NULL, why);
    ck_assert_ok(weights_check(w, &why), why);
    weights_close(w);
}
END_TEST

/* A header with one tensor x. */
#define X(dtype, shape, offsets) "{\"x\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

START_TEST(the_rules_of_the_format)
{
    static const struct {
        const char *header;
        size_t n_data;
        const char *says;
    } bad[] = {
        {X("\"F32\"", "[2]", "[0,8]"), 7, "truncated"},
        {X("\"F32\"", "[2]", "[0,8]"), 9, "damaged"},
        {X("\"F32\"", "[2]", "[4,12]"), 12, "begins at byte 4"},
        {X("\"F32\"", "[2]", "[8,0]"), 8, "data_offsets"},
        {X("\"F32\"", "[2]", "[-8,0]"), 8, "data_offsets"},
        {X("\"F32\"", "[2]", "[0.5,8.5]"), 8, "data_offsets"},
        {X("\"F32\"", "[2]", "[0,8,9]"), 8, "data_offsets"},
        {X("\"F32\"", "[2]", "8"), 8, "data_offsets"},
        {X("\"F32\"", "[3]", "[0,8]"), 8, "8 bytes of data, but its shape requires 12"},
        {X("\"F32\"", "[-2]", "[0,8]"), 8, "negative"},
        {X("\"F32\"", "[4294967296,4294967296]", "[0,8]"), 8, "too large"},
        {X("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "at most 8 dimensions"},
        {X("\"F32\"", "2", "[0,8]"), 8, "shape"},
        {X("\"F64\"", "[1]", "[0,8]"), 8, "F64"},
        {X("7", "[1]", "[0,8]"), 8, "dtype"},
        {"{\"x\":5}", 0, "object"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "data_offsets"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1}}", 8, "more"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "strings"},
        {"{\"__metadata__\":7}", 0, "object"},
        {"{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
         8, "duplicate"},
        {"{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"y\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
         6, "begins at byte 2"},
        {"{\"x\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}",
         5, "aligned"},
        {"[]", 0, "object"},
        {"<!DOCTYPE html>", 0, "JSON"},
        {"{\"x\":\"\xFF\"}", 0, "UTF-8"},
    };
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        failure why = {0};
        write_file(bad[i].header, bad[i].n_data);
        ck_assert_msg(!weights_open(path, 10, &why), "opened: %s", bad[i].header);
        ck_assert_msg(strstr(why.sentence, bad[i].says) != NULL, "\"%s\" lacks \"%s\"", why.sentence, bad[i].says);
        ck_assert_msg(strstr(why.sentence, path) != NULL, "%s", why.sentence);
    }
}
END_TEST

/* Whether a header opens that has one metadata string of n times this character. */
static bool opens_with_string(char character, size_t n, failure *why)
{
    char *header = malloc(n + 100), *end = header;
    end += sprintf(end, "{\"__metadata__\":{\"a\":\"");
    memset(end, character, n);
    strcpy(end + n, "\"}}");
    write_file(header, 0);
    free(header);
    weights_file *w = weights_open(path, 10, why);
    weights_close(w);
    return w != NULL;
}

/* For 10 tensors, 65,536 + 10 * 256 bytes and 4,096 + 10 * 16 JSON values, three of them besides those of the commas.
 */
START_TEST(a_header_has_a_size_to_fit_its_tensors)
{
    failure why;
    const size_t around_string = strlen("{\"__metadata__\":{\"a\":\"\"}}");
    ck_assert_ok(opens_with_string('x', 68096 - around_string, &why), why);
    ck_assert(!opens_with_string('x', 68096 - around_string + 1, &why));
    ck_assert_ptr_nonnull(strstr(why.sentence, "header length 68104, more than the 68096 allowed for the tensors in"));
    ck_assert_ok(opens_with_string(',', 4256 - 3, &why), why);
    ck_assert(!opens_with_string(',', 4256 - 2, &why));
    ck_assert_ptr_nonnull(
        strstr(why.sentence, "has up to 4257 JSON values, more than the 4256 allowed for the tensors in"));
}
END_TEST

START_TEST(no_file_of_random_bytes_opens)
{
    failure why;
    ck_assert(!weights_open("/nowhere/at/all", 10, &why));
    ck_assert(!weights_open("/tmp", 10, &why));
    ck_assert_ptr_nonnull(strstr(why.sentence, "directory"));
    ck_assert(!weights_open("/dev/null", 10, &why));
    for (size_t size = 0; size < 2000;
         size += 1 + size / 16) { /* with a random header length, and with one that fits */
        int8_t bytes[4096];
        size_t length = size - 8;
        random_bytes(bytes, sizeof bytes, size + 1);
        for (int padded = 0; padded <= (size >= 8); padded++) {
            if (padded)
                memcpy(bytes, &length, sizeof length);
            FILE *file = fopen(path, "wb");
            fwrite(bytes, 1, size, file);
            fclose(file);
            ck_assert(!weights_open(path, 10, &why));
        }
    }
}
END_TEST

START_TEST(an_empty_tensor_is_allowed)
{
    failure why;
    write_file(X("\"F32\"", "[0,5]", "[0,0]"), 0);
    weights_file *w = weights_open(path, 10, &why);
    ck_assert_ok(w != NULL, why);
    ck_assert(weights_take(w, "x", TENSOR_F32, (size_t[]){0, 5}, 2, &why) != NULL);
    weights_close(w);
}
END_TEST

int main(void)
{
    close(mkstemp(path));
    Suite *suite = suite_create("weights");
    add_test(suite, "tensors_are_found_by_name_type_and_shape", tensors_are_found_by_name_type_and_shape);
    add_test(suite, "the_rules_of_the_format", the_rules_of_the_format);
    add_test(suite, "a_header_has_a_size_to_fit_its_tensors", a_header_has_a_size_to_fit_its_tensors);
    add_test(suite, "no_file_of_random_bytes_opens", no_file_of_random_bytes_opens);
    add_test(suite, "an_empty_tensor_is_allowed", an_empty_tensor_is_allowed);
    int status = run_suite(suite);
    unlink(path);
    return status;
}
