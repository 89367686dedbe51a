#include "cli/decoder.h"

#include <errno.h>
#include <string.h>

#include "support/utf8.h"

#define NO_ICONV ((iconv_t)-1)

/* Opens iconv from one encoding to another. A slash would begin an option such as //IGNORE, which drops text. */
static iconv_t open_iconv(const char *to, const char *from)
{
    bool is_name = *from && strlen(from) <= DECODER_NAME && !strchr(from, '/');
    return is_name ? iconv_open(to, from) : NO_ICONV;
}

bool decoder_knows(const char *name)
{
    iconv_t state = open_iconv("UTF-8", name);
    return state != NO_ICONV && iconv_close(state) == 0;
}

/* The bytes that a line end takes. */
static size_t unit_of(const char *name)
{
    iconv_t state = iconv_open(name, "UTF-8");
    if (state == NO_ICONV)
        return 1;
    size_t sizes[2];
    for (size_t i = 0; i < 2; i++) { /* the first line end may follow a byte order mark */
        char line_end[] = "\n", out[16], *from = line_end, *to = out;
        size_t n_from = 1, n_to = sizeof out;
        iconv(state, &from, &n_from, &to, &n_to);
        sizes[i] = sizeof out - n_to;
    }
    iconv_close(state);
    return sizes[1] == 2 || sizes[1] == 4 ? sizes[1] : 1;
}

bool decoder_open(decoder *d, const char *name, failure *why)
{
    *d = (decoder){open_iconv("UTF-8", name), unit_of(name), TEXT_EMPTY};
    return d->state != NO_ICONV || failure_memory(why, "the encoding of the input");
}

void decoder_close(decoder *d)
{
    if (d->state != NO_ICONV)
        iconv_close(d->state);
    text_free(&d->pending);
    d->state = NO_ICONV;
}

/* Calls iconv once, or flushes it if *from is NULL, and appends what it gives. Returns 0 or errno; -1 if memory ran
 * out. */
static int convert(decoder *d, text_buffer *text, char **from, size_t *n, failure *why)
{
    char out[4096], *to = out;
    size_t n_to = sizeof out;
    int problem = iconv(d->state, from, n, &to, &n_to) == (size_t)-1 ? errno : 0;
    return text_append(text, out, (size_t)(to - out), why) ? problem : -1;
}

bool decoder_append(decoder *d, text_buffer *text, const char *bytes, size_t size, bool last, failure *why)
{
    if (!text_append(&d->pending, bytes, size, why))
        return false;
    char *from = d->pending.bytes;
    size_t n = d->pending.size;
    while (n > 0) {
        int problem = convert(d, text, &from, &n, why);
        if (problem < 0)
            return false;
        if (problem == EINVAL && !last)
            break;
        if (problem == 0 || problem == E2BIG)
            continue;
        size_t skipped = problem == EINVAL || n < d->unit ? n : d->unit;
        from += skipped;
        n -= skipped;
        if (!text_append(text, "\xFF", 1, why))
            return false;
    }
    memmove(d->pending.bytes, from, n);
    d->pending.size = n;
    char *none = NULL;
    return !last || convert(d, text, &none, &n, why) >= 0;
}

/* 0x80 to 0x9F, as in https://encoding.spec.whatwg.org/#windows-1252 but for U+FFFD. */
static const char *const windows_1252[32] = {"€",
                                             UTF8_REPLACEMENT,
                                             "‚",
                                             "ƒ",
                                             "„",
                                             "…",
                                             "†",
                                             "‡",
                                             "ˆ",
                                             "‰",
                                             "Š",
                                             "‹",
                                             "Œ",
                                             UTF8_REPLACEMENT,
                                             "Ž",
                                             UTF8_REPLACEMENT,
                                             UTF8_REPLACEMENT,
                                             "‘",
                                             "’",
                                             "“",
                                             "”",
                                             "•",
                                             "–",
                                             "—",
                                             "˜",
                                             "™",
                                             "š",
                                             "›",
                                             "œ",
                                             UTF8_REPLACEMENT,
                                             "ž",
                                             "Ÿ"};

bool decoder_append_windows_1252(text_buffer *text, const char *bytes, size_t size, failure *why)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char b = (unsigned char)bytes[i];
        const char two[2] = {(char)(0xC0 | b >> 6), (char)(0x80 | (b & 0x3F))};
        bool ok = b < 0x80   ? text_append(text, bytes + i, 1, why)
                  : b < 0xA0 ? text_append(text, windows_1252[b - 0x80], strlen(windows_1252[b - 0x80]), why)
                             : text_append(text, two, 2, why);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- what is no text ---- */

typedef struct {
    const char *bytes;
    size_t size;
    const char *what, *command; /* that reads it from standard input and writes text */
} beginning;

static const beginning compressed[] = {{"\x1F\x8B\x08", 3, "compressed with gzip", "gunzip"},
                                       {"PK\x03\x04", 4, "a zip archive", "funzip"},
                                       {"\xFD"
                                        "7zXZ",
                                        6, "compressed with xz", "unxz"},
                                       {"\x28\xB5\x2F\xFD", 4, "compressed with zstd", "unzstd"},
                                       {"BZh", 3, "compressed with bzip2", "bunzip2"}};

static const beginning encoded[] = {{"\xFF\xFE\0\0", 4, "UTF-32", "iconv -f UTF-32 -t UTF-8"},
                                    {"\0\0\xFE\xFF", 4, "UTF-32", "iconv -f UTF-32 -t UTF-8"},
                                    {"\xFF\xFE", 2, "UTF-16", "iconv -f UTF-16 -t UTF-8"},
                                    {"\xFE\xFF", 2, "UTF-16", "iconv -f UTF-16 -t UTF-8"}};

static const beginning *find(const beginning *known, size_t n, const char *bytes, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (size >= known[i].size && memcmp(bytes, known[i].bytes, known[i].size) == 0)
            return &known[i];
    return NULL;
}

/* "BZh" alone may be text: a digit and the first block follow. */
static bool is_compressed(const beginning *b, const char *bytes, size_t size)
{
    return b && (*b->bytes != 'B' || (size >= 10 && memcmp(bytes + 4, "1AY&SY", 6) == 0));
}

/* How a shell reads the file; "" for standard input. Names that a shell might read otherwise are not repeated. */
static const char *file_for_shell(const char *name, bool is_file)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+,:@%-";
    return !is_file ? "" : name[strspn(name, plain)] == '\0' ? name : "FILE";
}

bool decoder_check_beginning(const char *bytes, size_t size, const char *name, bool is_file, bool is_named,
                             failure *why)
{
    const char *file = file_for_shell(name, is_file), *redirect = is_file ? " <" : "";
    const beginning *b = find(compressed, sizeof compressed / sizeof *compressed, bytes, size);
    if (is_compressed(b, bytes, size))
        return failure_set(why, "%s: is %s, not text; translate the output of `%s%s%s`", name, b->what, b->command,
                           redirect, file);
    b = is_named ? NULL : find(encoded, sizeof encoded / sizeof *encoded, bytes, size);
    return !b || failure_set(why, "%s: is %s, not UTF-8; use --encoding %s, or translate the output of `%s%s%s`", name,
                             b->what, b->what, b->command, redirect, file);
}
