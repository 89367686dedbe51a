/* Splits text into sentences: they must be in order, not overlap, have only white space between them, and consist of
 * whole characters. */
#include "support/utf8.h"
#include "tests/hardening/fuzz/fuzz.h"
#include "translator/sentences.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* so that AddressSanitizer detects a read past the end */
    FUZZ_MUST(text);
    memcpy(text, data, size);
    text = realloc(text, size ? size : 1);
    size_t at = 0, length;
    text_range range = {0, 0}, unused;
    while (sentences_next(&range, text, size, range.end)) {
        FUZZ_MUST(range.begin >= at && range.end > range.begin && range.end <= size);
        FUZZ_MUST(!sentences_trim(&unused, text, (text_range){at, range.begin}));
        size_t middle = sentences_middle(text, range), character = range.begin;
        while (character < middle) {
            utf8_next(text + character, range.end - character, &length);
            character += length;
        }
        FUZZ_MUST(middle == 0 || (middle == character && middle > range.begin && middle < range.end));
        at = range.end;
    }
    FUZZ_MUST(!sentences_trim(&unused, text, (text_range){at, size}));
    free(text);
    return 0;
}
