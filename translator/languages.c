#include "translator/languages.h"

#include <stdio.h>
#include <string.h>

size_t languages_list(language_name *names, const model_config *config, const tokenizer *t)
{
    size_t n = 0;
    for (; n < config->n_languages; n++)
        if (names)
            names[n] =
                (language_name){config->languages[n].name, strlen(config->languages[n].name), config->languages[n].id};
    for (size_t id = 0; id < config->n_source_vocabulary && config->n_languages == 0; id++) {
        const char *piece = tokenizer_source_piece(t, (int32_t)id);
        size_t size = strlen(piece);
        if (size > 4 && tokenizer_language_code(t, piece, size).size == size) {
            if (names)
                names[n] = (language_name){piece + 2, size - 4, (int32_t)id};
            n++;
        }
    }
    return n;
}

/* The number of characters to insert, delete or replace to make one name from another (Levenshtein 1965); at least 99
 * if one of them is long. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    enum { LONGEST = 40 };
    size_t row[LONGEST + 1];
    if (n_a > LONGEST || n_b > LONGEST)
        return 99;
    for (size_t j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 0; i < n_a; i++) {
        size_t diagonal = row[0]++;
        for (size_t j = 0; j < n_b; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            diagonal = row[j + 1];
            row[j + 1] = diagonal + 1 < best ? diagonal + 1 : best;
        }
    }
    return row[n_b];
}

/* The distance of the name; 0 also for one that begins with it, as deu_Latn with deu. */
static size_t distance_of(const char *name, const language_name *other)
{
    size_t size = strlen(name);
    bool begins = size > 1 && size < other->size && memcmp(name, other->name, size) == 0;
    return begins ? 0 : distance(name, size, other->name, other->size);
}

/* Appends names at the least distance to text [size], as ", did you mean a, b or …". */
static void append_similar(char *text, size_t size, const char *name, const language_name *names, size_t n)
{
    enum { MOST = 4 };
    size_t least = 99, n_shown = 0;
    for (size_t i = 0; i < n; i++)
        least = distance_of(name, &names[i]) < least ? distance_of(name, &names[i]) : least;
    for (size_t i = 0; i < n && least < 99; i++)
        if (n_shown < MOST && distance_of(name, &names[i]) == least)
            snprintf(text + strlen(text), size - strlen(text), "%s %.*s",
                     n_shown++ ? "," : "; similar:", (int)names[i].size, names[i].name);
}

bool languages_find(size_t *found, const char *name, const language_name *names, size_t n, failure *why)
{
    char similar[400] = "";
    for (*found = 0; *found < n; ++*found)
        if (strlen(name) == names[*found].size && memcmp(name, names[*found].name, names[*found].size) == 0)
            return true;
    append_similar(similar, sizeof similar, name, names, n);
    return n == 0 ? failure_set(why, "--to %.60s: the checkpoint has no languages to choose from", name)
                  : failure_set(why, "unknown --to %.60s%s; --info lists all %zu", name, similar, n);
}
