/* Splits the input into a SentencePiece model and a text, and encodes the text. The vocabulary is fixed. */
#include "support/utf8.h"
#include "tests/hardening/fuzz/fuzz.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char vocabulary[] = "</s>\n<unk>\n\xE2\x96\x81\na\nb\n";
    static const tokenizer_config config = {.n_source_vocabulary = 5,
                                            .n_target_vocabulary = 5,
                                            .source_after = {1, {0}},
                                            .source_unknown = 1,
                                            .splitter = "sentencepiece",
                                            .target_silent = {1, {2}},
                                            .shared_sentencepiece = true,
                                            .shared_vocabulary = true};
    static const int32_t ids[] = {3, 1, 4, 2, 0};
    const uint8_t *at = data, *end = data + size;
    size_t model_size, text_size;
    const uint8_t *model = fuzz_part(&at, end, &model_size), *text = fuzz_part(&at, end, &text_size);
    failure why = {0};
    fuzz_write(fuzz_directory(), "source.spm", model, model_size);
    fuzz_write(fuzz_directory(), "source.vocab", (const uint8_t *)vocabulary, sizeof vocabulary - 1);
    tokenizer *t = tokenizer_open(fuzz_directory(), &config, &why);
    FUZZ_MUST(t || *why.sentence);
    if (!t)
        return 0;
    token_ids encoded = {0};
    text_buffer decoded = TEXT_EMPTY;
    language_code code = tokenizer_language_code(t, (const char *)text, text_size);
    if (tokenizer_encode(t, &code, (const char *)text + code.size, text_size - code.size, &encoded, &why))
        for (size_t i = 0; i < encoded.n; i++)
            FUZZ_MUST(encoded.at[i] >= 0 && encoded.at[i] < 5);
    if (tokenizer_decode(t, ids, 5, &decoded, &why))
        FUZZ_MUST(utf8_is_valid(decoded.bytes, decoded.size) && !memchr(decoded.bytes, '\n', decoded.size));
    token_ids_free(&encoded);
    text_free(&decoded);
    tokenizer_close(t);
    return 0;
}
