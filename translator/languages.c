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

/* Appends names that begin with the same two letters to text [size]. */
static void append_similar(char *text, size_t size, const char *name, const language_name *names, size_t n)
{
    enum { MOST = 4, N_LETTERS = 2 };
    size_t n_shown = 0;
    for (size_t i = 0; i < n && n_shown < MOST; i++)
        if (names[i].size >= N_LETTERS && strncmp(name, names[i].name, N_LETTERS) == 0)
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
