#include "support/file.h"
#include "support/json.h"
#include "support/json_text.h"
#include "support/philox.h"
#include "support/team.h"
#include "support/trace_record.h"
#include "support/utf8.h"
#include "tests/suite.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

START_TEST(utf8_reads_code_points)
{
    size_t length;
    ck_assert_uint_eq(utf8_next("a", 1, &length), 'a');
    ck_assert_uint_eq(utf8_next("\xC3\xBC", 2, &length), 0xFC); /* ü */
    ck_assert_uint_eq(length, 2);
    ck_assert_uint_eq(utf8_next("\xE2\x82\xAC", 3, &length), 0x20AC); /* € */
    ck_assert_uint_eq(utf8_next("\xF0\x9F\x98\x80", 4, &length), 0x1F600);
    ck_assert_uint_eq(length, 4);
}
END_TEST

START_TEST(utf8_is_read_as_it_was_put)
{
    char bytes[4];
    size_t length;
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (c == 0xD800) /* surrogates are no code points of text */
            c = 0xE000;
        size_t size = utf8_put(bytes, c);
        ck_assert_uint_eq(utf8_next(bytes, size, &length), c);
        ck_assert_uint_eq(length, size);
    }
}
END_TEST

START_TEST(utf8_refuses_what_is_not)
{
    static const struct {
        const char *bytes;
        size_t length; /* of the longest valid beginning */
    } bad[] = {{"\x80", 1},
               {"\xC0\x80", 1}, /* the first and the last overlong form of each length */
               {"\xC1\xBF", 1},
               {"\xE0\x80\x80", 1},
               {"\xE0\x9F\xBF", 1},
               {"\xF0\x80\x80\x80", 1},
               {"\xF0\x8F\xBF\xBF", 1},
               {"\xED\xA0\x80", 1}, /* the first and the last surrogate */
               {"\xED\xBF\xBF", 1},
               {"\xF4\x90\x80\x80", 1}, /* the first one above U+10FFFF */
               {"\xF5", 1},
               {"\xFF", 1},
               {"\xC3z", 1},
               {"\xE2\x82", 2},
               {"\xE2\x82z", 2},
               {"\xF0\x9F\x98z", 3}};
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        size_t length;
        ck_assert_uint_eq(utf8_next(bad[i].bytes, strlen(bad[i].bytes), &length), UTF8_INVALID);
        ck_assert_uint_eq(length, bad[i].length);
        ck_assert(!utf8_is_valid(bad[i].bytes, strlen(bad[i].bytes)));
    }
    size_t length;
    ck_assert_uint_eq(utf8_next("\xE2\x82\xAC", 2, &length), UTF8_INVALID); /* what follows the end is not read */
    ck_assert_uint_eq(length, 2);
}
END_TEST

START_TEST(utf8_replaces)
{
    text_buffer out = TEXT_EMPTY;
    failure why;
    ck_assert(utf8_append_valid(&out, "a\0b\xFF", 4, &why));
    ck_assert_str_eq(out.bytes, "a" UTF8_REPLACEMENT "b" UTF8_REPLACEMENT);
    text_free(&out);
    ck_assert(utf8_append_valid(&out, "ab\xC3\xBC", 3, &why)); /* what follows the end is not read */
    ck_assert_str_eq(out.bytes, "ab" UTF8_REPLACEMENT);
    text_free(&out);
    ck_assert(utf8_append_line(&out, "a\nb\x1B[31m\tc\xC2\x85", 12, &why));
    ck_assert_str_eq(out.bytes, "a b" UTF8_REPLACEMENT "[31m\tc ");
    text_free(&out);
}
END_TEST

START_TEST(buffers_grow)
{
    failure why;
    text_buffer text = TEXT_EMPTY;
    token_ids ids = {0};
    ck_assert_str_eq(text.bytes, "");
    for (int i = 0; i < 10000; i++) {
        ck_assert(text_append(&text, "ab", 2, &why));
        ck_assert(token_ids_append(&ids, i, &why));
    }
    ck_assert_uint_eq(text.size, 20000);
    ck_assert_uint_eq(strlen(text.bytes), 20000);
    ck_assert_int_eq(ids.at[9999], 9999);
    ck_assert(token_ids_append_all(&ids, (int32_t[]){7, 8, 9}, 3, &why) && token_ids_append_all(&ids, NULL, 0, &why));
    ck_assert_uint_eq(ids.n, 10003);
    ck_assert_mem_eq(ids.at + 9999, ((int32_t[]){9999, 7, 8, 9}), 4 * sizeof *ids.at);
    text_free(&text);
    ck_assert_str_eq(text.bytes, "");
    ck_assert(text_append(&text, "", 0, &why) && *text.bytes == '\0');
    text_free(&text);
    token_ids_free(&ids);
    size_t product;
    ck_assert(!size_product(SIZE_MAX, 2, &product));
    ck_assert(size_product(3, 4, &product) && product == 12);
}
END_TEST

static cJSON *parse(const char *json, failure *why)
{
    return json_parse_object(json, strlen(json), "test.json", why);
}

START_TEST(json_is_strict)
{
    failure why = {0};
    static const char *const bad[] = {"", "[1]", "{\"a\":1} x", "{\"a\":", "null", "{'a':1}", "<html></html>"};
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        ck_assert_msg(!parse(bad[i], &why), "%s", bad[i]);
        ck_assert_ptr_nonnull(strstr(why.sentence, "test.json"));
    }
    ck_assert(!json_parse_object("{\"a\":\0 1}", 9, "test.json", &why));
    ck_assert(!parse("{\"a\\u0000b\": 1}", &why));
    ck_assert_str_eq(why.sentence, "test.json: invalid JSON: contains a NUL byte");

    cJSON *object = parse(
        " {\"a\": 3, \"b\": 2.5, \"c\": 1e300, \"d\": -1, \"e\": \"x\", \"a2\": true, \"\\\\u0000\": 1} \n", &why);
    size_t size;
    bool truth;
    ck_assert_ok(object != NULL, why);
    ck_assert_ok(json_read_size(&size, object, "a", 1, 10, "test.json", &why), why);
    ck_assert_uint_eq(size, 3);
    ck_assert(!json_read_size(&size, object, "a", 4, 10, "test.json", &why));
    ck_assert_str_eq(why.sentence, "test.json: \"a\" is 3, expected an integer from 4 to 10");
    ck_assert(!json_read_size(&size, object, "b", 0, 10, "test.json", &why));
    ck_assert(!json_read_size(&size, object, "c", 0, 10, "test.json", &why));
    ck_assert(!json_read_size(&size, object, "d", 0, 10, "test.json", &why));
    ck_assert(!json_read_size(&size, object, "e", 0, 10, "test.json", &why));
    ck_assert(!json_read_size(&size, object, "missing", 0, 10, "test.json", &why));
    ck_assert(json_read_bool(&truth, object, "a2", "test.json", &why) && truth);
    ck_assert(!json_check_keys(object, (const char *const[]){"a", "b", NULL}, "test.json", &why));
    cJSON_Delete(object);

    object = parse("{\"a\": 1, \"a\": 2}", &why);
    ck_assert(!json_check_keys(object, (const char *const[]){"a", NULL}, "test.json", &why));
    ck_assert_str_eq(why.sentence, "test.json: duplicate key \"a\"");
    cJSON_Delete(object);
}
END_TEST

START_TEST(a_string_has_no_way_out_of_a_script)
{
    failure why;
    json_text text = json_text_start(&why);
    const char bytes[] = "a\"b\\c</script>\n\xff\0\x7f\xC2\x85\xE2\x80\xA8\xE2\x80\xA9\xED\xA0\x80é";
    json_text_string(&text, bytes, sizeof bytes - 1);
    ck_assert(text.ok);
    ck_assert_str_eq(text.text.bytes,
                     "\"a\\u0022b\\u005cc\\u003c/script>\\u000a\xEF\xBF\xBD\\u0000\\u007f\\u0085\\u2028\\u2029"
                     "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDé\"");
    text_free(&text.text);
}
END_TEST

START_TEST(a_file_holds_its_parts)
{
    failure why;
    char path[] = "/tmp/test_support_XXXXXX";
    close(mkstemp(path));
    const file_part parts[] = {{"first", 5}, {"", 0}, {"next", 4}};
    text_buffer text;
    FILE *file = fopen(path, "w");
    ck_assert_ok(file_write(file, path, parts, N_ELEMENTS(parts), &why), why);
    fclose(file);
    ck_assert_ok(file_read(&text, path, 100, &why), why);
    ck_assert_str_eq(text.bytes, "firstnext");
    text_free(&text);
    unlink(path);
    file = fopen("/dev/full", "w");
    setbuf(file, NULL);
    ck_assert(!file_write(file, "full", parts, N_ELEMENTS(parts), &why));
    ck_assert_str_eq(why.sentence, "full: cannot be written: No space left on device");
    fclose(file);
}
END_TEST

/* The lowest descriptor that is free. */
static int free_descriptor(void)
{
    int descriptor = open("/dev/null", O_RDONLY);
    close(descriptor);
    return descriptor;
}

static bool is_mapped(const char *path)
{
    char line[4096];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps))
        found = found || strstr(line, path);
    fclose(maps);
    return found;
}

START_TEST(files_are_closed_and_unmapped)
{
    failure why;
    char path[] = "/tmp/test_support_XXXXXX";
    int written = mkstemp(path);
    ck_assert_int_eq(write(written, "text", 4), 4);
    close(written);
    int before = free_descriptor();
    uint64_t digest = FILE_DIGEST_START;
    size_t size = 0;
    text_buffer text;
    mapped_file file;
    ck_assert(!file_digest(&digest, &size, "/tmp", &why));
    ck_assert(file_digest(&digest, &size, path, &why));
    ck_assert(!file_read(&text, path, 3, &why));
    ck_assert(strstr(why.sentence, ": 4 bytes long, more than the 3 allowed"));
    ck_assert(file_read(&text, path, 4, &why));
    text_free(&text);
    ck_assert_int_eq(free_descriptor(), before);

    int standard_input = dup(STDIN_FILENO);
    close(STDIN_FILENO); /* 0 is a descriptor like any other */
    ck_assert_ok(file_read(&text, path, 4, &why), why);
    text_free(&text);
    ck_assert_int_eq(dup2(standard_input, STDIN_FILENO), STDIN_FILENO);
    close(standard_input);

    ck_assert(file_map(&file, path, &why));
    ck_assert(file.size == 4 && memcmp(file.bytes, "text", 4) == 0);
    ck_assert(is_mapped(path) && free_descriptor() != before);
    ck_assert(file_is_unchanged(&file));
    file_unmap(&file);
    ck_assert(!is_mapped(path) && file.size == 0);
    ck_assert_int_eq(free_descriptor(), before);
    file_unmap(&file);
    unlink(path);
}
END_TEST

START_TEST(a_record_keeps_every_tensor_of_the_last_pass)
{
    failure why;
    trace_record pass = TRACE_RECORD_EMPTY;
    float data[100];
    for (size_t pass_number = 0; pass_number < 2; pass_number++) {
        trace_reader reader = trace_record_start(&pass, &why);
        for (size_t i = 0; i < 50; i++) { /* more than the record has room for at first */
            char what[8];
            snprintf(what, sizeof what, ".%zu", i);
            for (size_t j = 0; j < 2 * i; j++)
                data[j] = (float)(1000 * pass_number + i + j);
            trace_tensor(&reader, "part", what, data, 2, i);
        }
        ck_assert(pass.ok);
        ck_assert_uint_eq(pass.n, 50);
    }
    ck_assert_str_eq(pass.tensors[1].name, "part.1");
    const traced_tensor *tensor = trace_record_find(&pass, "part", ".49");
    ck_assert(tensor == &pass.tensors[49] && tensor->rows == 2 && tensor->columns == 49);
    ck_assert_mem_eq(trace_record_data(&pass, tensor), data, 98 * sizeof *data);
    ck_assert(*trace_record_data(&pass, trace_record_find(&pass, "part", ".1")) == 1001.0f);
    trace_record_free(&pass);
}
END_TEST

enum { PARTS = 3 };

typedef struct {
    atomic_int runs[PARTS];
} counted;

static void count_part(void *user, size_t part, size_t n_parts)
{
    counted *counts = user;
    ck_assert_uint_eq(n_parts, PARTS);
    atomic_fetch_add(&counts->runs[part], 1);
    if (part == 1 && atomic_load(&counts->runs[part]) % 100 == 0)
        usleep(2000); /* longer than the other threads spin, so that they sleep */
}

static uint64_t digest_of(const char *bytes, size_t n)
{
    char path[] = "/tmp/digestXXXXXX";
    int descriptor = mkstemp(path);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(write(descriptor, bytes, n), (ssize_t)n);
    close(descriptor);
    uint64_t digest = FILE_DIGEST_START;
    size_t size = 5;
    failure why;
    ck_assert(file_digest(&digest, &size, path, &why));
    ck_assert_uint_eq(size, n + 5);
    unlink(path);
    return digest;
}

/* Texts shorter than a word have the published FNV-1a values. */
START_TEST(a_file_has_its_digest)
{
    ck_assert_uint_eq(digest_of("", 0), 0xcbf29ce484222325u);
    ck_assert_uint_eq(digest_of("a", 1), 0xaf63dc4c8601ec8cu);
    ck_assert_uint_eq(digest_of("foobar", 6), 0x85944171f73967e8u);
    ck_assert_uint_ne(digest_of("one word another", 16), digest_of(" anotherone word", 16));
    char bits[3][16] = {{0}, {0}, {0}};
    bits[1][7] = bits[1][15] = (char)0x80; /* the highest bit of two words */
    bits[2][7] = (char)0x80;
    ck_assert_uint_ne(digest_of(bits[0], 16), digest_of(bits[1], 16));
    ck_assert_uint_ne(digest_of(bits[0], 16), digest_of(bits[2], 16));
    ck_assert_uint_ne(digest_of(bits[1], 16), digest_of(bits[2], 16));
    static char large[200000];
    memset(large, 'x', sizeof large);
    uint64_t whole = digest_of(large, sizeof large), part = digest_of(large, 131072);
    ck_assert_uint_ne(whole, part);
    large[150000] = 'y'; /* in the third chunk read */
    ck_assert_uint_ne(digest_of(large, sizeof large), whole);
    uint64_t digest = FILE_DIGEST_START;
    size_t size = 0;
    failure why;
    ck_assert(!file_digest(&digest, &size, "/tmp", &why));
    ck_assert(strstr(why.sentence, "is a directory"));
}
END_TEST

START_TEST(a_team_runs_each_part_once)
{
    failure why;
    static counted counts;
    thread_team *team = team_open(PARTS, &why);
    ck_assert_ptr_nonnull(team);
    ck_assert_uint_eq(team_size(team), PARTS);
    for (int task = 1; task <= 1000; task++) {
        team_run(team, count_part, &counts);
        for (size_t part = 0; part < PARTS; part++)
            ck_assert_int_eq(atomic_load(&counts.runs[part]), task);
        if (task % 100 == 50)
            usleep(2000);
    }
    team_close(team);
    team_close(NULL);
    ck_assert_uint_eq(team_size(NULL), 1);
}
END_TEST

/* Bytes of address space. */
static size_t address_space(void)
{
    size_t n_pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_int_eq(fscanf(file, "%zu", &n_pages), 1);
    fclose(file);
    return n_pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void do_nothing(void *user, size_t part, size_t n_parts)
{
    (void)user, (void)part, (void)n_parts;
}

START_TEST(an_idle_team_sleeps)
{
    failure why;
    thread_team *team = team_open(PARTS, &why);
    ck_assert_ptr_nonnull(team);
    team_run(team, do_nothing, NULL);
    usleep(10000);
    clock_t start = clock();
    usleep(200000);
    ck_assert_int_lt(clock() - start, CLOCKS_PER_SEC / 20); /* spinning, it takes 0.2 to 0.4 seconds */
    team_close(team);
}
END_TEST

START_TEST(a_closed_team_leaves_no_stack)
{
    failure why;
    size_t before = address_space();
    for (int i = 0; i < 100; i++) {
        thread_team *team = team_open(PARTS, &why);
        ck_assert_ptr_nonnull(team);
        team_close(team);
    }
    /* The stacks of 200 threads take 1.6 GB. glibc keeps some, and an emulator has some memory for each thread. */
    ck_assert_uint_lt(address_space(), before + (800 << 20));
}
END_TEST

/* The known answers of its authors, kat_vectors of Random123. */
START_TEST(philox_gives_the_published_numbers)
{
    const struct {
        uint32_t counter[4], expected[4];
        uint64_t key;
    } cases[] = {{{0}, {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}, 0},
                 {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
                  {0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD},
                  UINT64_MAX},
                 {{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344},
                  {0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1},
                  0x299F31D0A4093822}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t counter[4];
        memcpy(counter, cases[i].counter, sizeof counter);
        philox(counter, cases[i].key);
        ck_assert_mem_eq(counter, cases[i].expected, sizeof counter);
    }
    ck_assert_double_eq(philox_uniform((uint32_t[]){0, 0x7FF}), 0.0);
    ck_assert_double_eq(philox_uniform((uint32_t[]){0x80000000, 0}), 0.5);
    ck_assert_double_eq(philox_uniform((uint32_t[]){UINT32_MAX, UINT32_MAX}), 1.0 - 0x1p-53);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("support");
    add_test(suite, "utf8_reads_code_points", utf8_reads_code_points);
    add_test(suite, "utf8_is_read_as_it_was_put", utf8_is_read_as_it_was_put);
    add_test(suite, "utf8_refuses_what_is_not", utf8_refuses_what_is_not);
    add_test(suite, "utf8_replaces", utf8_replaces);
    add_test(suite, "philox_gives_the_published_numbers", philox_gives_the_published_numbers);
    add_test(suite, "buffers_grow", buffers_grow);
    add_test(suite, "json_is_strict", json_is_strict);
    add_test(suite, "a_string_has_no_way_out_of_a_script", a_string_has_no_way_out_of_a_script);
    add_test(suite, "a_record_keeps_every_tensor_of_the_last_pass", a_record_keeps_every_tensor_of_the_last_pass);
    add_test(suite, "a_file_holds_its_parts", a_file_holds_its_parts);
    add_test(suite, "files_are_closed_and_unmapped", files_are_closed_and_unmapped);
    add_test(suite, "a_file_has_its_digest", a_file_has_its_digest);
    add_test(suite, "a_team_runs_each_part_once", a_team_runs_each_part_once);
    add_test(suite, "an_idle_team_sleeps", an_idle_team_sleeps);
    add_test(suite, "a_closed_team_leaves_no_stack", a_closed_team_leaves_no_stack);
    return run_suite(suite);
}
