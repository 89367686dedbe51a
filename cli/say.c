/* Prints messages. */
#include "cli/say.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "support/failure.h"
#include "support/utf8.h"

void cli_print(FILE *file, const char *untrusted)
{
    size_t length;
    for (const char *at = untrusted, *end = at + strlen(at); at < end; at += length) {
        utf8_shown shown = utf8_show(at, (size_t)(end - at), &length);
        fwrite(shown.bytes, 1, shown.size, file);
    }
}

void cli_say(const char *format, ...)
{
    char sentence[sizeof(failure) + 100];
    va_list values;
    va_start(values, format);
    vsnprintf(sentence, sizeof sentence, format, values);
    va_end(values);
    fputs("translate: ", stderr);
    cli_print(stderr, sentence);
    fputc('\n', stderr);
}

void cli_say_safely(const char *sentence)
{
    const char *const parts[] = {"translate: ", sentence, "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        ssize_t written = write(STDERR_FILENO, parts[i], strlen(parts[i]));
        (void)written;
    }
}
