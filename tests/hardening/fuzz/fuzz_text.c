/* Runs lines through the terminal program's filter, with a small checkpoint: each input line must give one output line,
 * whatever is shown in between. */
#include <locale.h>

#include "cli/filter.h"
#include "cli/say.h"
#include "cli/terminal.h"
#include "support/utf8.h"
#include "tests/hardening/fuzz/fuzz.h"

static translator *open_once(void)
{
    static translator *t;
    failure why = {0};
    if (!t) {
        setlocale(LC_CTYPE, "C.UTF-8");
        t = translator_open(GOLDEN "/int8", 1, &why);
        FUZZ_MUST(t);
    }
    return t;
}

static size_t count_lines(const char *bytes, size_t size)
{
    size_t n = size && bytes[size - 1] != '\n';
    for (size_t i = 0; i < size; i++)
        n += bytes[i] == '\n';
    return n;
}

/* Truncates the text to every width. */
static void print_cut(const uint8_t *data, size_t size)
{
    char text[64], *out = NULL;
    size_t n = size < sizeof text ? size : sizeof text - 1, out_size = 0;
    memcpy(text, data, n);
    text[n] = '\0';
    for (size_t width = 1; width < 20; width++) {
        FILE *file = open_memstream(&out, &out_size);
        FUZZ_MUST(file);
        terminal_print(&(terminal){.file = file, .width = 40}, text, width);
        cli_print(file, text);
        fclose(file);
        FUZZ_MUST(utf8_is_valid(out, out_size) && !memchr(out, '\n', out_size) && !memchr(out, '\033', out_size));
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size = size < 300 ? size : 300;
    unsigned shown = data[0]; /* tokens, steps, an attention, all, the page; mostly nothing */
    data++, size--;
    print_cut(data, size);
    failure why = {0};
    char *out = NULL;
    size_t out_size = 0;
    line_source source = {.ended = true, .name = "TEXT", .arrived = TEXT_EMPTY, .buffer = TEXT_EMPTY};
    FUZZ_MUST(line_source_add(&source, (const char *)data, size, true, &why));
    FILE *file = open_memstream(&out, &out_size);
    FUZZ_MUST(file);
    attention_choice attention;
    FUZZ_MUST(attention_choose(&attention, shown == 4 ? "all" : "", translator_config(open_once()), &why));
    explanation *page = shown == 5 ? explanation_open(open_once(), &why) : NULL;
    const line_filter filter = {.translator = open_once(),
                                .source = &source,
                                .out = file,
                                .out_name = "memory",
                                .tokens = shown == 1,
                                .steps = shown == 2,
                                .attention = shown == 3 || shown == 4 ? &attention : NULL,
                                .explanation = page};
    FUZZ_MUST(filter_lines(&filter, &why));
    fclose(file);
    FUZZ_MUST(count_lines(out, out_size) == count_lines((const char *)data, size) && utf8_is_valid(out, out_size));
    explanation_close(page);
    line_source_free(&source);
    free(out);
    return 0;
}
