/* Identifies input, checkpoint and program by size, digest and version. */
#include "cli/run_identity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/file.h"

static bool digest_checkpoint(uint64_t *digest, size_t *size, const char *directory, const model_config *config,
                              failure *why)
{
    const char *const names[] = {
        "config.json",  "model.safetensors",
        "source.spm",   config->shared_sentencepiece ? NULL : "target.spm",
        "source.vocab", config->shared_vocabulary ? NULL : "target.vocab",
    };
    char path[4096];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i] &&
            (!file_path(path, sizeof path, directory, names[i], why) || !file_digest(digest, size, path, why)))
            return false;
    return true;
}

bool run_identify(run_identity *identity, const char *input, const char *directory, const model_config *config,
                  bool protection, bool json_lines, failure *why)
{
    uint64_t input_digest = FILE_DIGEST_START, digest = FILE_DIGEST_START;
    size_t input_size = 0, size = 0;
    if (!file_digest(&input_digest, &input_size, input, why) ||
        !digest_checkpoint(&digest, &size, directory, config, why))
        return false;
    snprintf(identity->input, sizeof identity->input, "%zu bytes %016" PRIx64, input_size, input_digest);
    snprintf(identity->checkpoint, sizeof identity->checkpoint, "%zu bytes %016" PRIx64, size, digest);
    snprintf(identity->program, sizeof identity->program, "%s", TRANSFORMER_VERSION);
    snprintf(identity->protection, sizeof identity->protection, protection ? "on" : "off");
    snprintf(identity->format, sizeof identity->format, json_lines ? "jsonl" : "text");
    return true;
}

bool run_identity_write(const run_identity *identity, const char *path, failure *why)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!file) {
        if (errno == ELOOP)
            failure_set(why, "%s: is a symbolic link, not a regular file", path);
        else
            failure_set(why, "%s: cannot be written: %s", path, strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        return false;
    }
    bool ok = fprintf(file, "input %s\ncheckpoint %s\nprogram %s\nprotection %s\nformat %s\n", identity->input,
                      identity->checkpoint, identity->program, identity->protection, identity->format) > 0 &&
              fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (!ok)
        failure_set(why, "%s: cannot be written: %s", path, strerror(errno));
    fclose(file);
    return ok;
}

bool run_identity_check(const run_identity *identity, const char *path, const char *partial, failure *why)
{
    const struct {
        const char *name, *value;
    } parts[] = {{"input", identity->input},
                 {"checkpoint", identity->checkpoint},
                 {"program", identity->program},
                 {"protection", identity->protection},
                 {"format", identity->format}};
    FILE *file = fopen(path, "re");
    if (!file)
        return failure_set(why, "%s: cannot be read: %s; remove %s to start over", path, strerror(errno), partial);
    bool ok = true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && ok; i++) {
        char found[80], expected[80];
        snprintf(expected, sizeof expected, "%s %s\n", parts[i].name, parts[i].value);
        if (!fgets(found, sizeof found, file) || strcmp(found, expected) != 0)
            ok = failure_set(why, "%s: the %s has changed since this run began; restore it, or remove %s to start over",
                             partial, parts[i].name, partial);
    }
    fclose(file);
    return ok;
}
