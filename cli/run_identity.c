/* Identifies input, checkpoint and program by size, digest and version. */
#include "cli/run_identity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/file.h"

void checkpoint_file_names(const char *names[CHECKPOINT_FILES], const model_config *config)
{
    bool has_model = strcmp(config->splitter, "sentencepiece") == 0;
    const char *const all[CHECKPOINT_FILES] = {
        "config.json",
        "model.safetensors",
        has_model ? "source.spm" : NULL,
        has_model && !config->shared_sentencepiece ? "target.spm" : NULL,
        config->n_merges ? "source.bpe" : NULL,
        "source.vocab",
        config->shared_vocabulary ? NULL : "target.vocab",
    };
    memcpy(names, all, sizeof all);
}

static bool digest_checkpoint(uint64_t *digest, size_t *size, const char *directory, const model_config *config,
                              failure *why)
{
    const char *names[CHECKPOINT_FILES];
    char path[4096];
    checkpoint_file_names(names, config);
    for (size_t i = 0; i < CHECKPOINT_FILES; i++)
        if (names[i] &&
            (!file_path(path, sizeof path, directory, names[i], why) || !file_digest(digest, size, path, why)))
            return false;
    return true;
}

/* A digest of the parts that are switched off, in their order. */
static void describe_experiment(run_identity *identity, const arguments *a)
{
    uint64_t digest = FILE_DIGEST_START;
    for (size_t i = 0; i < a->n_without; i++)
        digest = digest_bytes(digest, a->without[i], strlen(a->without[i]) + 1);
    snprintf(identity->experiment, sizeof identity->experiment, a->n_without ? "without %016" PRIx64 : "none", digest);
}

bool run_identify(run_identity *identity, const arguments *a, const model_config *config, failure *why)
{
    uint64_t input_digest = FILE_DIGEST_START, digest = FILE_DIGEST_START;
    size_t input_size = 0, size = 0;
    if (!file_digest(&input_digest, &input_size, a->input, why) ||
        !digest_checkpoint(&digest, &size, a->model, config, why))
        return false;
    snprintf(identity->input, sizeof identity->input, "%zu bytes %016" PRIx64, input_size, input_digest);
    snprintf(identity->checkpoint, sizeof identity->checkpoint, "%zu bytes %016" PRIx64, size, digest);
    snprintf(identity->program, sizeof identity->program, "%s", TRANSFORMER_VERSION);
    snprintf(identity->protection, sizeof identity->protection, a->plain ? "off" : "on");
    if (a->score)
        snprintf(identity->search, sizeof identity->search, "score");
    else
        snprintf(identity->search, sizeof identity->search,
                 "beam %zu, length penalty %g, %zu best, %zd first words, no repeat %zu, prefix %016" PRIx64
                 ", temperature %g, top %zu, %g, seed %zu",
                 a->n_beams, a->length_penalty, a->n_best, a->alternatives ? (ssize_t)a->position : -1, a->no_repeat,
                 a->prefix ? digest_bytes(FILE_DIGEST_START, a->prefix, strlen(a->prefix)) : 0, a->sampling.temperature,
                 a->sampling.top_k, a->sampling.top_p, a->sampling.seed);
    describe_experiment(identity, a);
    snprintf(identity->format, sizeof identity->format, a->json_lines ? "jsonl" : "text");
    snprintf(identity->encoding, sizeof identity->encoding, "%s", a->encoding ? a->encoding : "default");
    snprintf(identity->language, sizeof identity->language, "%s", a->to ? a->to : "default");
    return true;
}

enum { MOST_BYTES = 640 };

/* Sets text [MOST_BYTES] to the lines of the file. Returns their size, 0 on failure. */
static size_t format_identity(char *text, const run_identity *identity)
{
    int n = snprintf(
        text, MOST_BYTES,
        "input %s\ncheckpoint %s\nprogram %s\nprotection %s\nsearch %s\nexperiment %s\nformat %s\nencoding %s\n"
        "language %s\n",
        identity->input, identity->checkpoint, identity->program, identity->protection, identity->search,
        identity->experiment, identity->format, identity->encoding, identity->language);
    return n > 0 && n < MOST_BYTES ? (size_t)n : 0;
}

/* Sets text [MOST_BYTES] to what the file has, at most MOST_BYTES - 1 bytes, as a string. */
static bool read_identity(char *text, int descriptor)
{
    ssize_t n = pread(descriptor, text, MOST_BYTES - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return n >= 0;
}

bool run_identity_write(const run_identity *identity, int descriptor, const char *path, failure *why)
{
    char text[MOST_BYTES];
    size_t size = format_identity(text, identity);
    errno = 0;
    return (ftruncate(descriptor, 0) == 0 && write(descriptor, text, size) == (ssize_t)size &&
            fsync(descriptor) == 0) ||
           failure_set(why, "%s: cannot be written: %s", path, strerror(errno ? errno : ENOSPC));
}

bool run_identity_is_one(int descriptor)
{
    char text[MOST_BYTES];
    int end = 0;
    return read_identity(text, descriptor) &&
           (sscanf(text, "input %*u bytes %*16[0-9a-f]\ncheckpoint %*u bytes %*16[0-9a-f]\nprogram %*s%n", &end),
            end > 0);
}

bool run_identity_check(const run_identity *identity, int descriptor, const char *partial, failure *why)
{
    char expected[MOST_BYTES], found[MOST_BYTES];
    format_identity(expected, identity);
    if (!read_identity(found, descriptor))
        return failure_set(why, "%s: cannot be resumed: %s", partial, strerror(errno));
    if (strcmp(expected, found) == 0)
        return true;
    size_t same = 0; /* bytes, then those of whole lines */
    while (expected[same] == found[same])
        same++;
    while (same && expected[same - 1] != '\n')
        same--;
    return failure_set(why, "%s: the %.*s has changed since this run began; restore it, or remove %s to start over",
                       partial, (int)strcspn(expected + same, " "), expected + same, partial);
}
