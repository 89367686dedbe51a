/* Splits a line into sentences, which must be in order, without overlap, divided only between characters and never
 * inside a range that must stay whole. The first two bytes of the input give that range. */
#include "support/utf8.h"
#include "tests/hardening/fuzz/fuzz.h"
#include "text/segments.h"

static void must_start_a_character(const char *line, size_t size, size_t at)
{
    FUZZ_MUST(at == size || ((unsigned char)line[at] & 0xC0) != 0x80);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || !utf8_is_valid((const char *)data + 2, size - 2))
        return 0;
    byte_range whole = {data[0], data[1]}, s;
    data += 2, size -= 2;
    char *line = malloc(size); /* AddressSanitizer detects reads past it */
    FUZZ_MUST(line);
    memcpy(line, data, size);
    text_segments segments;
    size_t n_whole = whole.begin < whole.end && whole.end <= size, at = 0;
    text_segments_start(&segments, line, size, &whole, n_whole);
    while (text_segments_next(&s, &segments)) {
        FUZZ_MUST(s.begin >= at && s.end > s.begin && s.end <= size);
        must_start_a_character(line, size, s.begin);
        must_start_a_character(line, size, s.end);
        size_t middle = text_middle(line, s);
        FUZZ_MUST(middle == 0 || (middle > s.begin && middle < s.end));
        must_start_a_character(line, size, middle);
        at = s.end;
    }
    free(line);
    return 0;
}
