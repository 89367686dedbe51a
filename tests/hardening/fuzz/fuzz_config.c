/* Splits the input into a config.json and a vocabulary, and opens both. */
#include "model/config.h"
#include "tests/hardening/fuzz/fuzz.h"
#include "tokenizer/vocabulary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    size_t config_size, vocabulary_size, n_lines = 0;
    const uint8_t *json = fuzz_part(&at, end, &config_size), *pieces = fuzz_part(&at, end, &vocabulary_size);
    char path[200];
    model_config config;
    failure why = {0};
    fuzz_write(fuzz_directory(), "config.json", json, config_size);
    if (config_read(&config, fuzz_directory(), &why))
        FUZZ_MUST(config.d_model > 1 && config.max_length <= config.max_positions && config.suppressed.n > 0 &&
                  (size_t)config.target_end < config.n_target_vocabulary);
    else
        FUZZ_MUST(*why.sentence);

    for (size_t i = 0; i < vocabulary_size; i++)
        n_lines += pieces[i] == '\n';
    fuzz_write(fuzz_directory(), "source.vocab", pieces, vocabulary_size);
    snprintf(path, sizeof path, "%s/source.vocab", fuzz_directory());
    vocabulary *v = vocabulary_open(path, n_lines ? n_lines : 1, &why);
    for (size_t id = 0; v && id < n_lines; id++) {
        const char *piece = vocabulary_piece(v, (int32_t)id);
        FUZZ_MUST(vocabulary_id(v, piece, strlen(piece)) == (int32_t)id);
    }
    vocabulary_close(v);
    return 0;
}
