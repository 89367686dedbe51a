/* Splits the input into the files of a checkpoint directory, opens it, and translates a line. */
#include "tests/hardening/fuzz/fuzz.h"
#include "translator/translator.h"

static void ignore(void *user, size_t line, const char *sentence)
{
    (void)user, (void)line, (void)sentence;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"config.json", "source.vocab", "target.vocab",
                                        "source.spm",  "target.spm",   "model.safetensors"};
    const uint8_t *at = data, *end = data + size;
    failure why = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n;
        const uint8_t *part = fuzz_part(&at, end, &n);
        fuzz_write(fuzz_directory(), names[i], part, n);
    }
    translator *t = translator_open(fuzz_directory(), 1, &why);
    FUZZ_MUST(t || *why.sentence);
    if (!t)
        return 0;
    text_line line = {"a b. ab, \xE2\x82\xAC", 11, 1};
    notice_reader notices = {ignore, NULL};
    translation out;
    if (translator_config(t)->max_positions <= 1024) { /* more would be slow */
        bool ok = translator_translate(t, &line, 1, true, &out, &notices, &why);
        FUZZ_MUST(ok || *why.sentence);
        if (ok)
            translation_free(&out);
    }
    translator_close(t);
    return 0;
}
