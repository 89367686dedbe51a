/* The golden files of tests/golden: checkpoints and what PyTorch computes with them (make_golden.py). */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "support/buffer.h"
#include "support/file.h"
#include "support/json.h"
#include "tests/suite.h"

/* The float32 variants, which are compared with PyTorch, and those with int8 layers, both exported from "swish". */
#define GOLDEN_FLOAT32 "relu", "swish", "gelu", "odd"
#define GOLDEN_INT8 "int8", "mixed"
static const char *const golden_float32[] = {GOLDEN_FLOAT32};
static const char *const golden_int8[] = {GOLDEN_INT8};
static const char *const golden_variants[] = {GOLDEN_FLOAT32, GOLDEN_INT8};
enum { GOLDEN_TRACED = 0 };

static inline const char *golden_path(const char *variant, const char *file)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s%s%s", GOLDEN, variant, *file ? "/" : "", file);
    return path;
}

/* Reads a golden JSON file; free it with cJSON_Delete. */
static inline cJSON *golden_json(const char *path)
{
    text_buffer file;
    failure why;
    ck_assert_ok(file_read(&file, path, 1 << 20, &why), why);
    cJSON *root = json_parse_object(file.bytes, file.size, path, &why);
    ck_assert_ok(root != NULL, why);
    text_free(&file);
    return root;
}

/* Its list of sentences, at least one: {"text", "source", "target"}. */
static inline const cJSON *golden_sentences(const cJSON *root)
{
    const cJSON *sentences = cJSON_GetObjectItemCaseSensitive(root, "sentences");
    ck_assert_int_gt(cJSON_GetArraySize(sentences), 0);
    return sentences;
}

static inline token_ids golden_ids(const cJSON *sentence, const char *side)
{
    token_ids ids = {0};
    failure why;
    const cJSON *id;
    cJSON_ArrayForEach(id, cJSON_GetObjectItemCaseSensitive(sentence, side))
        ck_assert(token_ids_append(&ids, id->valueint, &why));
    return ids;
}

static inline const char *golden_text(const cJSON *sentence)
{
    return cJSON_GetObjectItemCaseSensitive(sentence, "text")->valuestring;
}

static inline void assert_same_ids(const char *where, const int32_t *found, size_t n, const token_ids *expected)
{
    ck_assert_msg(n == expected->n, "%s: %zu ids, expected %zu", where, n, expected->n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(found[i] == expected->at[i], "%s: id %d at %zu, expected %d", where, found[i], i,
                      expected->at[i]);
}

#endif
