/* Strict reading of JSON objects on top of cJSON: no unknown or duplicate keys, no value of the wrong type.
 *
 * `where` names the object in error messages, for example "en-de/config.json: encoder". */
#ifndef SUPPORT_JSON_H
#define SUPPORT_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "support/failure.h"

/* Parses bytes [size]: one JSON object, with nothing but white space around it. Free it with cJSON_Delete. NULL on
 * failure. */
cJSON *json_parse_object(const char *bytes, size_t size, const char *where, failure *why);

/* Fails unless the object has exactly the keys in the NULL-terminated list, each once. */
bool json_check_keys(const cJSON *object, const char *const *keys, const char *where, failure *why);

/* Read the value of a key. Each fails if the key is missing, if its value has the wrong type, or if a number is not
 * from lowest to highest (and an integer, unless it is a double). Strings and objects belong to `object`: do not free
 * them. */
bool json_read_size(size_t *value, const cJSON *object, const char *key, size_t lowest, size_t highest,
                    const char *where, failure *why);
bool json_read_number(double *value, const cJSON *object, const char *key, double lowest, double highest,
                      const char *where, failure *why);
bool json_read_bool(bool *value, const cJSON *object, const char *key, const char *where, failure *why);
const char *json_read_string(const cJSON *object, const char *key, const char *where, failure *why);
const cJSON *json_read_object(const cJSON *object, const char *key, const char *where, failure *why);

/* If the item is an integer from 0 to 2^53, sets *value to it and returns true. */
bool json_is_size(const cJSON *item, size_t *value);

#endif
