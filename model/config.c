/* Reads config.json and checks every value, so that no later size can overflow. model.c checks the tensors. */
#include "model/config.h"

#include <stdio.h>
#include <string.h>

#include "support/file.h"
#include "support/json.h"

#define LARGEST_FILE 65536u  /* bytes */
#define LARGEST_WIDTH 65536u /* the sum of this many int8 products fits in an int32 */
#define LARGEST_VOCABULARY 4194304u
#define LARGEST_LENGTH 8192u
#define MOST_ATTENTION (UINT64_C(1) << 26) /* attention weights of one sentence, all heads */
#define MOST_POSITIONS (UINT64_C(1) << 21) /* floats in the table of positions */
#define MOST_LAYERS 128u
#define MOST_HEADS 1024u

static const char *const activation_names[] = {
    [ACTIVATION_RELU] = "relu",
    [ACTIVATION_SWISH] = "swish",
    [ACTIVATION_GELU] = "gelu",
    [ACTIVATION_GELU_TANH] = "gelu_tanh",
};

const char *config_activation_name(activation function)
{
    return activation_names[function];
}

enum {
    WHERE_SIZE = 4200, /* a path and the name of an object */
    MAX_AROUND = 8,    /* ids around a text */
    MAX_LISTED = 64    /* ids in other lists */
};

/* Reads an object of the root that has exactly these keys, and sets where to its name in error messages. NULL on
 * failure. */
static const cJSON *read_part(char where[WHERE_SIZE], const cJSON *root, const char *key, const char *const *keys,
                              const char *file, failure *why)
{
    const cJSON *object = json_read_object(root, key, file, why);
    snprintf(where, WHERE_SIZE, "%s: %s", file, key);
    return object && json_check_keys(object, keys, where, why) ? object : NULL;
}

static bool read_activation(activation *value, const cJSON *root, const char *where, failure *why)
{
    const char *name = json_read_string(root, "activation", where, why);
    if (!name)
        return false;
    for (size_t i = 0; i < sizeof activation_names / sizeof *activation_names; i++)
        if (strcmp(name, activation_names[i]) == 0) {
            *value = (activation)i;
            return true;
        }
    return failure_set(why, "%s: unknown activation \"%s\", expected relu, swish, gelu or gelu_tanh", where, name);
}

static bool read_stack(stack_config *stack, const cJSON *root, const char *key, const char *file, failure *why)
{
    static const char *const keys[] = {"n_layers", "n_heads", "d_head", "d_ff", NULL};
    char where[WHERE_SIZE];
    const cJSON *object = read_part(where, root, key, keys, file, why);
    return object && json_read_size(&stack->n_layers, object, "n_layers", 1, MOST_LAYERS, where, why) &&
           json_read_size(&stack->n_heads, object, "n_heads", 1, MOST_HEADS, where, why) &&
           json_read_size(&stack->d_head, object, "d_head", 1, LARGEST_WIDTH / stack->n_heads, where, why) &&
           json_read_size(&stack->d_ff, object, "d_ff", 1, LARGEST_WIDTH, where, why);
}

static bool read_norm(model_config *c, const cJSON *root, const char *file, failure *why)
{
    static const char *const keys[] = {"before", "embedding", "final", "epsilon", NULL};
    char where[WHERE_SIZE];
    const cJSON *norm = read_part(where, root, "norm", keys, file, why);
    return norm && json_read_bool(&c->norm_before, norm, "before", where, why) &&
           json_read_bool(&c->norm_embedding, norm, "embedding", where, why) &&
           json_read_bool(&c->norm_final, norm, "final", where, why) &&
           json_read_number(&c->norm_epsilon, norm, "epsilon", 1e-20, 1.0, where, why);
}

static bool read_positions(model_config *c, const cJSON *root, const char *file, failure *why)
{
    const char *positions = json_read_string(root, "positions", file, why);
    if (!positions)
        return false;
    c->stored_positions = strcmp(positions, "stored") == 0;
    return c->stored_positions || strcmp(positions, "sinusoids") == 0 ||
           failure_set(why, "%s: unknown positions \"%s\", expected sinusoids or stored", file, positions);
}

/* Bounds the memory for the table of positions, and for the attention weights of the longest sentence. */
static bool check_positions(const model_config *c, const char *where, failure *why)
{
    size_t n_heads = c->encoder.n_heads > c->decoder.n_heads ? c->encoder.n_heads : c->decoder.n_heads;
    if ((uint64_t)c->max_positions * c->d_model > MOST_POSITIONS)
        return failure_set(why, "%s: max_positions %zu times d_model %zu is more than the %llu allowed", where,
                           c->max_positions, c->d_model, (unsigned long long)MOST_POSITIONS);
    return (uint64_t)c->max_positions * c->max_positions * n_heads <= MOST_ATTENTION ||
           failure_set(why, "%s: max_positions %zu squared times %zu heads is more than the %llu allowed", where,
                       c->max_positions, n_heads, (unsigned long long)MOST_ATTENTION);
}

static bool read_id(int32_t *id, const cJSON *object, const char *key, size_t n_vocabulary, const char *where,
                    failure *why)
{
    size_t number;
    if (!json_read_size(&number, object, key, 0, n_vocabulary - 1, where, why))
        return false;
    *id = (int32_t)number;
    return true;
}

/* Reads a list of at most `most` ids below n_vocabulary. */
static bool read_ids(id_list *ids, size_t most, const cJSON *object, const char *key, size_t n_vocabulary,
                     const char *where, failure *why)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key), *item;
    if (!cJSON_IsArray(array) || (size_t)cJSON_GetArraySize(array) > most)
        return failure_set(why, "%s: \"%s\" must be a list of at most %zu ids", where, key, most);
    cJSON_ArrayForEach(item, array)
    {
        size_t id;
        if (!json_is_size(item, &id) || id >= n_vocabulary)
            return failure_set(why, "%s: \"%s\" must contain ids from 0 to %zu", where, key, n_vocabulary - 1);
        ids->at[ids->n++] = (int32_t)id;
    }
    return true;
}

/* Reads a short string into value [32]. */
static bool read_name(char value[32], const cJSON *object, const char *key, const char *where, failure *why)
{
    const char *name = json_read_string(object, key, where, why);
    if (!name)
        return false;
    if (strlen(name) >= 32)
        return failure_set(why, "%s: the %s has %zu bytes, more than the 31 allowed", where, key, strlen(name));
    memcpy(value, name, strlen(name) + 1);
    return true;
}

/* Reads the splitter. Byte-pair encoding has more keys. */
static bool read_tokenizer(model_config *c, const cJSON *root, const char *file, failure *why)
{
    static const char *const all_keys[] = {"prefix_space", "n_merges", "splitter", "lower_case", NULL};
    char where[WHERE_SIZE];
    snprintf(where, sizeof where, "%s: tokenizer", file);
    const cJSON *object = json_read_object(root, "tokenizer", file, why);
    if (!object || !read_name(c->splitter, object, "splitter", where, why))
        return false;
    bool of_bytes = strcmp(c->splitter, "byte_bpe") == 0, has_merges = of_bytes || strcmp(c->splitter, "bpe") == 0;
    const char *const *keys = of_bytes ? all_keys : has_merges ? all_keys + 1 : all_keys + 2;
    return json_check_keys(object, keys, where, why) &&
           json_read_bool(&c->lower_case, object, "lower_case", where, why) &&
           (!has_merges || json_read_size(&c->n_merges, object, "n_merges", 1, LARGEST_VOCABULARY, where, why)) &&
           (!of_bytes || json_read_bool(&c->prefix_space, object, "prefix_space", where, why));
}

static bool read_source(model_config *c, const cJSON *root, const char *file, failure *why)
{
    static const char *const keys[] = {"language", "n_vocabulary", "before", "after", "unknown", NULL};
    char where[WHERE_SIZE];
    const cJSON *source = read_part(where, root, "source", keys, file, why);
    return source && read_name(c->source_language, source, "language", where, why) &&
           json_read_size(&c->n_source_vocabulary, source, "n_vocabulary", 1, LARGEST_VOCABULARY, where, why) &&
           read_ids(&c->source_before, MAX_AROUND, source, "before", c->n_source_vocabulary, where, why) &&
           read_ids(&c->source_after, MAX_AROUND, source, "after", c->n_source_vocabulary, where, why) &&
           read_id(&c->source_unknown, source, "unknown", c->n_source_vocabulary, where, why);
}

static bool read_target(model_config *c, const cJSON *root, const char *file, failure *why)
{
    static const char *const keys[] = {"language", "n_vocabulary", "start", "forced", "end", "pad", "silent", NULL};
    char where[WHERE_SIZE];
    const cJSON *target = read_part(where, root, "target", keys, file, why);
    return target && read_name(c->target_language, target, "language", where, why) &&
           json_read_size(&c->n_target_vocabulary, target, "n_vocabulary", 1, LARGEST_VOCABULARY, where, why) &&
           read_id(&c->target_start, target, "start", c->n_target_vocabulary, where, why) &&
           read_ids(&c->target_forced, MAX_AROUND, target, "forced", c->n_target_vocabulary, where, why) &&
           read_ids(&c->target_silent, MAX_LISTED, target, "silent", c->n_target_vocabulary, where, why) &&
           read_id(&c->target_end, target, "end", c->n_target_vocabulary, where, why) &&
           read_id(&c->target_pad, target, "pad", c->n_target_vocabulary, where, why) &&
           (c->target_end != c->target_pad ||
            failure_set(why, "%s: the end and pad tokens are both %d, but must differ", where, c->target_end));
}

static bool read_suppressed(model_config *c, const cJSON *generation, const char *where, failure *why)
{
    id_list *ids = &c->suppressed;
    if (!read_ids(ids, MAX_LISTED, generation, "suppressed", c->n_target_vocabulary, where, why))
        return false;
    if (id_list_has(ids, c->target_end))
        return failure_set(why, "%s: \"suppressed\" contains the end token, %d, so no translation would end", where,
                           c->target_end);
    ids->at[ids->n++] = c->target_pad;
    return true;
}

static bool read_generation(model_config *c, const cJSON *root, const char *file, failure *why)
{
    static const char *const keys[] = {"length_factor", "length_extra", "max_length", "forced_end", "suppressed", NULL};
    char where[WHERE_SIZE];
    const cJSON *generation = read_part(where, root, "generation", keys, file, why);
    return generation &&
           json_read_size(&c->length_factor, generation, "length_factor", 0, LARGEST_LENGTH, where, why) &&
           json_read_size(&c->length_extra, generation, "length_extra", 1, LARGEST_LENGTH, where, why) &&
           json_read_size(&c->max_length, generation, "max_length", 1, c->max_positions, where, why) &&
           json_read_bool(&c->forced_end, generation, "forced_end", where, why) &&
           read_suppressed(c, generation, where, why);
}

static bool read_copy_tokens(model_config *c, const cJSON *root, const char *file, failure *why)
{
    id_list *ids = &c->copy_tokens;
    if (!cJSON_HasObjectItem(root, "copy_tokens"))
        return true;
    if (!read_ids(ids, MAX_COPY_TOKENS, root, "copy_tokens", c->n_source_vocabulary, file, why))
        return false;
    for (size_t i = 0; i < ids->n; i++)
        for (size_t j = 0; j < i; j++)
            if (ids->at[i] == ids->at[j])
                return failure_set(why, "%s: \"copy_tokens\" contains %d twice", file, ids->at[i]);
    return c->shared_vocabulary || failure_set(why, "%s: \"copy_tokens\" requires a shared vocabulary", file);
}

/* Reads the optional list of languages. Their ids are silent. */
static bool read_languages(model_config *c, const cJSON *root, const char *file, failure *why)
{
    const cJSON *languages = cJSON_GetObjectItemCaseSensitive(root, "languages"), *item;
    char where[WHERE_SIZE];
    snprintf(where, sizeof where, "%s: languages", file);
    if (languages && !json_read_object(root, "languages", file, why))
        return false;
    cJSON_ArrayForEach(item, languages)
    {
        config_language *language = &c->languages[c->n_languages];
        size_t size = strlen(item->string);
        if (c->n_languages == MAX_LANGUAGES)
            return failure_set(why, "%s: more than the %d allowed", where, MAX_LANGUAGES);
        if (size == 0 || size >= sizeof language->name)
            return failure_set(why, "%s: a name has %zu bytes, expected 1 to 31", where, size);
        for (size_t i = 0; i < c->n_languages; i++)
            if (strcmp(item->string, c->languages[i].name) == 0)
                return failure_set(why, "%s: duplicate key \"%s\"", where, item->string);
        memcpy(language->name, item->string, size + 1);
        if (!read_id(&language->id, languages, language->name, c->n_target_vocabulary, where, why))
            return false;
        c->n_languages++;
        c->target_silent.at[c->target_silent.n++] = language->id;
    }
    return true;
}

/* Checks that shared parts have equal sizes. */
static bool check_sharing(const model_config *c, const char *file, failure *why)
{
    const char *shared = c->shared_embedding ? "shared_embedding" : c->shared_vocabulary ? "shared_vocabulary" : NULL;
    return !shared || c->n_source_vocabulary == c->n_target_vocabulary ||
           failure_set(why, "%s: %s needs vocabularies of equal size, not %zu and %zu pieces", file, shared,
                       c->n_source_vocabulary, c->n_target_vocabulary);
}

static bool read_root(model_config *c, const cJSON *root, const char *file, failure *why)
{
    enum { N_OPTIONAL = 2 };
    static const char *const all_keys[] = {
        "copy_tokens",       "languages",   "format",     "version", "d_model",   "max_positions",
        "encoder",           "decoder",     "activation", "norm",    "positions", "scale_embedding",
        "shared_embedding",  "tied_output", "tokenizer",  "source",  "target",    "shared_sentencepiece",
        "shared_vocabulary", "generation",  "origin",     NULL}; /* the first N_OPTIONAL may be missing */
    size_t version;
    const char *format = json_read_string(root, "format", file, why);
    if (!format)
        return false;
    if (strcmp(format, "transformer.c") != 0)
        return failure_set(
            why, "%s: format \"%s\", expected \"transformer.c\"; create the checkpoint with scripts/export.py", file,
            format);
    if (!json_read_size(&version, root, "version", 1, 1000000, file, why))
        return false;
    if (version != CHECKPOINT_VERSION)
        return failure_set(why,
                           "%s: version %zu, expected %d; export the checkpoint again with this program's export.py",
                           file, version, CHECKPOINT_VERSION);
    const char *keys[sizeof all_keys / sizeof *all_keys];
    for (size_t i = 0, n = 0; i < sizeof keys / sizeof *keys; i++)
        if (i >= N_OPTIONAL || cJSON_HasObjectItem(root, all_keys[i]))
            keys[n++] = all_keys[i];
    return json_check_keys(root, keys, file, why) &&
           json_read_size(&c->d_model, root, "d_model", 2, LARGEST_WIDTH, file, why) &&
           json_read_size(&c->max_positions, root, "max_positions", 2, LARGEST_LENGTH, file, why) &&
           read_stack(&c->encoder, root, "encoder", file, why) && read_stack(&c->decoder, root, "decoder", file, why) &&
           check_positions(c, file, why) && read_activation(&c->activation, root, file, why) &&
           read_norm(c, root, file, why) && read_positions(c, root, file, why) &&
           json_read_bool(&c->scale_embedding, root, "scale_embedding", file, why) &&
           json_read_bool(&c->shared_embedding, root, "shared_embedding", file, why) &&
           json_read_bool(&c->tied_output, root, "tied_output", file, why) && read_tokenizer(c, root, file, why) &&
           read_source(c, root, file, why) && read_target(c, root, file, why) &&
           json_read_bool(&c->shared_sentencepiece, root, "shared_sentencepiece", file, why) &&
           json_read_bool(&c->shared_vocabulary, root, "shared_vocabulary", file, why) &&
           read_generation(c, root, file, why) && read_copy_tokens(c, root, file, why) &&
           read_languages(c, root, file, why) && json_read_object(root, "origin", file, why) &&
           check_sharing(c, file, why);
}

bool config_read(model_config *config, const char *directory, failure *why)
{
    char path[4096];
    text_buffer file;
    *config = (model_config){0};
    if (!file_path(path, sizeof path, directory, "config.json", why) || !file_read(&file, path, LARGEST_FILE, why))
        return false;
    cJSON *root = json_parse_object(file.bytes, file.size, path, why);
    bool ok = root && read_root(config, root, path, why);
    cJSON_Delete(root);
    text_free(&file);
    return ok;
}
