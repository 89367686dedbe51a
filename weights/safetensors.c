/* Reads safetensors: 8 bytes of header length (little-endian), a JSON header, the data.
 *
 * The header maps each name to {"dtype", "shape", "data_offsets": [begin, end]}; "__metadata__" holds
 * strings. Sorted by offset, the tensors must tile the data exactly: the first begins at 0, each of the others
 * where the previous one ends, and the last ends with the file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/buffer.h"
#include "support/file.h"
#include "support/json.h"
#include "support/utf8.h"
#include "weights/weights.h"

/* Limits on the header, in bytes and in JSON values: a base, plus twice what a tensor takes without white space. cJSON
 * takes 64 bytes of memory per value. */
enum { HEADER_SIZE = 65536, HEADER_SIZE_OF_TENSOR = 256, HEADER_VALUES = 4096, HEADER_VALUES_OF_TENSOR = 16 };

#define LARGEST_FILE (UINT64_C(1) << 34)

#define METADATA "__metadata__"

typedef struct {
    const char *name;
    tensor_type type;
    size_t n_dimensions, shape[TENSOR_MAX_DIMENSIONS];
    size_t begin, end; /* bytes from the start of the data */
    bool taken;        /* by weights_take */
} tensor;

struct weights_file {
    char *path;
    mapped_file file;
    cJSON *header; /* owns the names */
    const char *data;
    size_t data_size;
    tensor *tensors; /* sorted by name once open */
    size_t n_tensors;
};

static const struct {
    const char *name;
    size_t size;
} types[] = {[TENSOR_F32] = {"F32", sizeof(float)}, [TENSOR_I8] = {"I8", sizeof(int8_t)}};

static int by_offset(const void *a, const void *b)
{
    const tensor *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const tensor *)a)->name, ((const tensor *)b)->name);
}

static bool parse_type(tensor *t, const cJSON *item, const char *path, failure *why)
{
    const char *dtype = cJSON_IsString(item) ? item->valuestring : "(none)";
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(dtype, types[i].name) == 0) {
            t->type = (tensor_type)i;
            return true;
        }
    return failure_set(why, "%s: tensor \"%s\" has dtype %s, expected F32 or I8; export the checkpoint again", path,
                       t->name, dtype);
}

/* Reads the shape of t, and sets *size to the bytes it requires. */
static bool parse_shape(tensor *t, const cJSON *item, size_t *size, const char *path, failure *why)
{
    int n = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : -1;
    if (n < 0 || n > TENSOR_MAX_DIMENSIONS)
        return failure_set(why, "%s: the shape of tensor \"%s\" is not a list of at most %d dimensions", path, t->name,
                           TENSOR_MAX_DIMENSIONS);
    t->n_dimensions = 0;
    *size = types[t->type].size;
    const cJSON *dimension;
    cJSON_ArrayForEach(dimension, item)
    {
        size_t *length = &t->shape[t->n_dimensions++];
        if (!json_is_size(dimension, length) || !size_product(*size, *length, size))
            return failure_set(why, "%s: tensor \"%s\" has a dimension that is negative, fractional or too large", path,
                               t->name);
    }
    return true;
}

/* Reads where the data of t lies, which must be aligned and have `size` bytes. */
static bool parse_offsets(tensor *t, const cJSON *item, size_t size, const char *path, failure *why)
{
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 || !json_is_size(item->child, &t->begin) ||
        !json_is_size(item->child->next, &t->end) || t->end < t->begin)
        return failure_set(why, "%s: tensor \"%s\" has invalid data_offsets, expected [begin, end]", path, t->name);
    if (t->end - t->begin != size)
        return failure_set(why, "%s: tensor \"%s\" has %zu bytes of data, but its shape requires %zu", path, t->name,
                           t->end - t->begin, size);
    return t->begin % types[t->type].size == 0 ||
           failure_set(why, "%s: the data of tensor \"%s\" is misaligned", path, t->name);
}

static bool parse_tensor(tensor *t, const cJSON *item, const char *path, failure *why)
{
    static const char *const keys[] = {"dtype", "shape", "data_offsets", NULL};
    size_t size = 0;
    t->name = item->string;
    if (!cJSON_IsObject(item))
        return failure_set(why, "%s: the entry of tensor \"%s\" is not an object", path, t->name);
    return json_check_keys(item, keys, path, why) &&
           parse_type(t, cJSON_GetObjectItemCaseSensitive(item, "dtype"), path, why) &&
           parse_shape(t, cJSON_GetObjectItemCaseSensitive(item, "shape"), &size, path, why) &&
           parse_offsets(t, cJSON_GetObjectItemCaseSensitive(item, "data_offsets"), size, path, why);
}

static bool check_metadata(const cJSON *metadata, const char *path, failure *why)
{
    const cJSON *item;
    if (!cJSON_IsObject(metadata))
        return failure_set(why, "%s: \"" METADATA "\" is not an object", path);
    cJSON_ArrayForEach(item, metadata)
    {
        if (!cJSON_IsString(item))
            return failure_set(why, "%s: \"" METADATA "\" may only contain strings", path);
    }
    return true;
}

static bool check_tiling(weights_file *weights, failure *why)
{
    size_t end = 0;
    qsort(weights->tensors, weights->n_tensors, sizeof *weights->tensors, by_offset);
    for (size_t i = 0; i < weights->n_tensors; i++) {
        const tensor *t = &weights->tensors[i];
        if (t->begin != end)
            return failure_set(
                why,
                "%s: the data of tensor \"%s\" begins at byte %zu, expected byte %zu, where the previous tensor ends",
                weights->path, t->name, t->begin, end);
        end = t->end;
    }
    if (end != weights->data_size)
        return failure_set(why, "%s: %s: the header promises %zu bytes of data, the file has %zu; copy it again",
                           weights->path, end > weights->data_size ? "truncated" : "damaged", end, weights->data_size);
    return true;
}

static bool check_names(weights_file *weights, failure *why)
{
    qsort(weights->tensors, weights->n_tensors, sizeof *weights->tensors, by_name);
    for (size_t i = 1; i < weights->n_tensors; i++)
        if (by_name(&weights->tensors[i - 1], &weights->tensors[i]) == 0)
            return failure_set(why, "%s: duplicate tensor \"%s\"", weights->path, weights->tensors[i].name);
    return true;
}

/* An upper bound on the number of JSON values: one, plus one per comma and opening bracket, even inside strings. */
static size_t most_values(const text_buffer *json)
{
    size_t n = 1;
    for (size_t i = 0; i < json->size; i++)
        n += json->bytes[i] == ',' || json->bytes[i] == '[' || json->bytes[i] == '{';
    return n;
}

/* Parses the JSON header from a private copy, so that writing to the file at the same time does no harm. */
static bool read_header(weights_file *weights, size_t size, size_t most_tensors, failure *why)
{
    text_buffer copy = TEXT_EMPTY;
    size_t most = HEADER_VALUES + most_tensors * HEADER_VALUES_OF_TENSOR;
    if (!text_append(&copy, weights->file.bytes + 8, size, why))
        return false;
    if (!utf8_is_valid(copy.bytes, size))
        failure_set(why, "%s: the header is not valid UTF-8", weights->path);
    else if (most_values(&copy) > most)
        failure_set(
            why, "%s: the header has up to %zu JSON values, more than the %zu allowed for the tensors in config.json",
            weights->path, most_values(&copy), most);
    else
        weights->header = json_parse_object(copy.bytes, size, weights->path, why);
    text_free(&copy);
    return weights->header != NULL;
}

/* Reads and checks the header's length in the first 8 bytes. */
static bool read_header_size(const weights_file *weights, size_t most_tensors, size_t *size, failure *why)
{
    uint64_t length = 0;
    size_t most = HEADER_SIZE + most_tensors * HEADER_SIZE_OF_TENSOR;
    if (weights->file.size < 8)
        return failure_set(why, "%s: %zu bytes long, too short for a safetensors file", weights->path,
                           weights->file.size);
    if (weights->file.size > LARGEST_FILE)
        return failure_set(why, "%s: %zu bytes long, more than the %llu allowed", weights->path, weights->file.size,
                           (unsigned long long)LARGEST_FILE);
    for (size_t i = 0; i < 8; i++)
        length |= (uint64_t)(unsigned char)weights->file.bytes[i] << (8 * i);
    if (length > weights->file.size - 8)
        return failure_set(why,
                           "%s: header length %llu exceeds the file's %zu bytes; truncated, or not a safetensors file",
                           weights->path, (unsigned long long)length, weights->file.size);
    if (length > most)
        return failure_set(why, "%s: header length %llu, more than the %zu allowed for the tensors in config.json",
                           weights->path, (unsigned long long)length, most);
    if (length % sizeof(float) != 0)
        return failure_set(why, "%s: header length %llu is not a multiple of 4, so the data is misaligned",
                           weights->path, (unsigned long long)length);
    *size = (size_t)length;
    return true;
}

static bool parse_header(weights_file *weights, size_t most_tensors, failure *why)
{
    size_t header_size = 0;
    if (!read_header_size(weights, most_tensors, &header_size, why) ||
        !read_header(weights, header_size, most_tensors, why))
        return false;
    weights->data = weights->file.bytes + 8 + header_size;
    weights->data_size = weights->file.size - 8 - header_size;
    weights->tensors = calloc((size_t)cJSON_GetArraySize(weights->header) + 1, sizeof *weights->tensors);
    if (!weights->tensors)
        return failure_memory(why, "the names of the tensors");
    bool metadata = false;
    const cJSON *item;
    cJSON_ArrayForEach(item, weights->header)
    {
        if (strcmp(item->string, METADATA) == 0) {
            if (metadata)
                return failure_set(why, "%s: duplicate \"" METADATA "\"", weights->path);
            metadata = true;
            if (!check_metadata(item, weights->path, why))
                return false;
        } else if (!parse_tensor(&weights->tensors[weights->n_tensors++], item, weights->path, why))
            return false;
    }
    return check_tiling(weights, why) && check_names(weights, why);
}

weights_file *weights_open(const char *path, size_t most_tensors, failure *why)
{
    weights_file *weights = calloc(1, sizeof *weights);
    if (weights)
        *weights = (weights_file){.path = strdup(path), .file.descriptor = -1};
    if (weights && weights->path ? file_map(&weights->file, path, why) && parse_header(weights, most_tensors, why)
                                 : failure_memory(why, "the weights"))
        return weights;
    weights_close(weights);
    return NULL;
}

void weights_close(weights_file *weights)
{
    if (!weights)
        return;
    file_unmap(&weights->file);
    cJSON_Delete(weights->header);
    free(weights->tensors);
    free(weights->path);
    free(weights);
}

static tensor *find(const weights_file *weights, const char *name)
{
    tensor wanted = {.name = name};
    return bsearch(&wanted, weights->tensors, weights->n_tensors, sizeof *weights->tensors, by_name);
}

bool weights_find(const weights_file *weights, const char *name, tensor_type *type)
{
    const tensor *t = find(weights, name);
    if (t)
        *type = t->type;
    return t != NULL;
}

/* Writes a shape as "[2, 3]" to out [size], and returns out. */
static const char *shape_text(char *out, size_t size, const size_t *shape, size_t n_dimensions)
{
    size_t used = (size_t)snprintf(out, size, "[");
    for (size_t i = 0; i < n_dimensions && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, i ? ", %zu" : "%zu", shape[i]);
    if (used < size)
        snprintf(out + used, size - used, "]");
    return out;
}

/* Returns the index of the first NaN or infinity among n floats at x, or n. Their exponent bits are all set, so adding
 * one to the exponent carries into the sign bit. */
static size_t first_not_finite(const char *x, size_t n)
{
    enum { BLOCK = 4096 }; /* floats that are checked together */
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        size_t end = n - begin < BLOCK ? n : begin + BLOCK;
        uint32_t carries = 0, bits;
        for (size_t i = begin; i < end; i++) {
            memcpy(&bits, x + i * sizeof bits, sizeof bits);
            carries |= (bits & 0x7FFFFFFFu) + 0x00800000u;
        }
        for (size_t i = begin; carries >> 31 && i < end; i++) {
            memcpy(&bits, x + i * sizeof bits, sizeof bits);
            if (((bits & 0x7FFFFFFFu) + 0x00800000u) >> 31)
                return i;
        }
    }
    return n;
}

static bool check_finite(const weights_file *weights, const tensor *t, failure *why)
{
    size_t n = (t->end - t->begin) / sizeof(float), i = first_not_finite(weights->data + t->begin, n);
    float found;
    if (i == n)
        return true;
    memcpy(&found, weights->data + t->begin + i * sizeof found, sizeof found);
    return failure_set(why,
                       "%s: tensor \"%s\": element %zu of %zu is %f, not a finite number; export the checkpoint again",
                       weights->path, t->name, i + 1, n, (double)found);
}

const void *weights_take(weights_file *weights, const char *name, tensor_type type, const size_t *shape,
                         size_t n_dimensions, failure *why)
{
    char expected[200], found[200];
    shape_text(expected, sizeof expected, shape, n_dimensions);
    tensor *t = find(weights, name);
    if (!t) {
        failure_set(why, "%s: tensor \"%s\" is missing, expected %s %s", weights->path, name, types[type].name,
                    expected);
        return NULL;
    }
    if (t->type != type || t->n_dimensions != n_dimensions ||
        memcmp(t->shape, shape, n_dimensions * sizeof *shape) != 0) {
        failure_set(why, "%s: tensor \"%s\" is %s %s, expected %s %s according to config.json", weights->path, name,
                    types[t->type].name, shape_text(found, sizeof found, t->shape, t->n_dimensions), types[type].name,
                    expected);
        return NULL;
    }
    if (t->taken) {
        failure_set(why, "%s: tensor \"%s\" is used twice", weights->path, name);
        return NULL;
    }
    t->taken = true;
    return weights->data + t->begin;
}

bool weights_check(const weights_file *weights, failure *why)
{
    for (size_t i = 0; i < weights->n_tensors; i++)
        if (!weights->tensors[i].taken)
            return failure_set(why, "%s: tensor \"%s\" is not described by config.json", weights->path,
                               weights->tensors[i].name);
    for (size_t i = 0; i < weights->n_tensors; i++)
        if (weights->tensors[i].type == TENSOR_F32 && !check_finite(weights, &weights->tensors[i], why))
            return false;
    return true;
}

bool weights_check_unchanged(const weights_file *weights, failure *why)
{
    return file_is_unchanged(&weights->file) ||
           failure_set(why, "%s: modified while in use, so the translation may be wrong; run the program again",
                       weights->path);
}

const char *weights_path(const weights_file *weights)
{
    return weights->path;
}

size_t weights_n_elements(const weights_file *weights)
{
    size_t n = 0;
    for (size_t i = 0; i < weights->n_tensors; i++)
        n += (weights->tensors[i].end - weights->tensors[i].begin) / types[weights->tensors[i].type].size;
    return n;
}

size_t weights_file_size(const weights_file *weights)
{
    return weights->file.size;
}
