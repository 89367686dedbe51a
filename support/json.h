/* Strict reading of JSON objects on top of cJSON: every key known, every value of its type.
 *
 * `where` names the object in failures, such as "en-de/config.json: encoder". */
#ifndef SUPPORT_JSON_H
#define SUPPORT_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/failure.h"

/* The JSON object that `bytes` hold, nothing before or after it but white space; cJSON_Delete frees it. */
cJSON *json_parse_object(const char *bytes, size_t size, const char *where, failure *why);

/* Fails unless `object` has exactly the keys of the NULL-terminated list, each once. */
bool json_check_keys(const cJSON *object, const char *const *keys, const char *where, failure *why);

/* Read the value of a key of the object, which must exist; a whole number must lie between lowest and highest. */
bool json_read_whole_number(int64_t *value, const cJSON *object, const char *key, int64_t lowest, int64_t highest,
                            const char *where, failure *why);
bool json_read_size(size_t *value, const cJSON *object, const char *key, size_t lowest, size_t highest,
                    const char *where, failure *why);
bool json_read_bool(bool *value, const cJSON *object, const char *key, const char *where, failure *why);
const char *json_read_string(const cJSON *object, const char *key, const char *where, failure *why);
const cJSON *json_read_object(const cJSON *object, const char *key, const char *where, failure *why);

/* True when `item` is a number without a fraction that a double holds exactly, from 0 to 2^53. */
bool json_is_size(const cJSON *item, size_t *value);

#endif
