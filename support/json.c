/* Strict JSON on top of cJSON, which by itself accepts duplicate keys and text after the value. */
#include "support/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define LARGEST_EXACT 9007199254740992.0 /* 2^53: not every integer above it fits in a double */

/* The type of an item, for error messages. */
static const char *kind(const cJSON *item)
{
    return !item                  ? "missing"
           : cJSON_IsString(item) ? "a string"
           : cJSON_IsNumber(item) ? "a number"
           : cJSON_IsBool(item)   ? "a boolean"
           : cJSON_IsArray(item)  ? "an array"
           : cJSON_IsObject(item) ? "an object"
                                  : "null";
}

/* Whether the text contains \u0000, where cJSON would end the string and drop the rest of it. */
static bool has_escaped_nul(const char *bytes, size_t size)
{
    const char *end = bytes + size, *at = bytes;
    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0)
            return true;
        at += end - at > 1 ? 2 : 1; /* skip the backslash and the character it escapes */
    }
    return false;
}

cJSON *json_parse_object(const char *bytes, size_t size, const char *where, failure *why)
{
    const char *end = NULL;
    if (memchr(bytes, '\0', size) || has_escaped_nul(bytes, size)) {
        failure_set(why, "%s: invalid JSON: contains a NUL byte", where);
        return NULL;
    }
    errno = 0;
    cJSON *object = cJSON_ParseWithLengthOpts(bytes, size, &end, false);
    if (!object && errno == ENOMEM) {
        failure_memory(why, "the parts of a JSON file");
        return NULL;
    }
    if (!object) {
        size_t at = end && end >= bytes && (size_t)(end - bytes) <= size ? (size_t)(end - bytes) : 0;
        failure_set(why, "%s: invalid JSON at byte %zu", where, at);
        return NULL;
    }
    while (end < bytes + size && strchr(" \t\r\n", *end))
        end++;
    if (!cJSON_IsObject(object) || end != bytes + size) {
        failure_set(why, "%s: must contain a single JSON object { … } and nothing else", where);
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

bool json_check_keys(const cJSON *object, const char *const *keys, const char *where, failure *why)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        const char *const *known = keys;
        while (*known && strcmp(*known, item->string) != 0)
            known++;
        if (!*known)
            return failure_set(why, "%s: unknown key \"%s\"; the file may be from a newer version", where,
                               item->string);
    }
    for (const char *const *key = keys; *key; key++) {
        int found = 0;
        cJSON_ArrayForEach(item, object) found += strcmp(item->string, *key) == 0;
        if (found != 1)
            return failure_set(why, "%s: %s key \"%s\"", where, found ? "duplicate" : "missing", *key);
    }
    return true;
}

/* The value of a key, for which `is` must be true; NULL on failure. */
static const cJSON *read_item(const cJSON *object, const char *key, cJSON_bool (*is)(const cJSON *),
                              const char *expected, const char *where, failure *why)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (is(item))
        return item;
    failure_set(why, "%s: \"%s\" is %s, expected %s", where, key, kind(item), expected);
    return NULL;
}

bool json_read_size(size_t *value, const cJSON *object, const char *key, size_t lowest, size_t highest,
                    const char *where, failure *why)
{
    const cJSON *item = read_item(object, key, cJSON_IsNumber, "a number", where, why);
    if (!item)
        return false;
    return (json_is_size(item, value) && *value >= lowest && *value <= highest) ||
           failure_set(why, "%s: \"%s\" is %.15g, expected an integer from %zu to %zu", where, key, item->valuedouble,
                       lowest, highest);
}

bool json_read_number(double *value, const cJSON *object, const char *key, double lowest, double highest,
                      const char *where, failure *why)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(item))
        return failure_set(why, "%s: \"%s\" is %s, expected a number", where, key, kind(item));
    *value = item->valuedouble;
    return (*value >= lowest && *value <= highest) ||
           failure_set(why, "%s: \"%s\" is %.15g, expected a number from %g to %g", where, key, *value, lowest,
                       highest);
}

bool json_read_bool(bool *value, const cJSON *object, const char *key, const char *where, failure *why)
{
    const cJSON *item = read_item(object, key, cJSON_IsBool, "true or false", where, why);
    *value = cJSON_IsTrue(item);
    return item != NULL;
}

const char *json_read_string(const cJSON *object, const char *key, const char *where, failure *why)
{
    const cJSON *item = read_item(object, key, cJSON_IsString, "a string", where, why);
    return item ? item->valuestring : NULL;
}

const cJSON *json_read_object(const cJSON *object, const char *key, const char *where, failure *why)
{
    return read_item(object, key, cJSON_IsObject, "an object", where, why);
}

bool json_is_size(const cJSON *item, size_t *value)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= LARGEST_EXACT) ||
        item->valuedouble != floor(item->valuedouble))
        return false;
    *value = (size_t)item->valuedouble;
    return true;
}
