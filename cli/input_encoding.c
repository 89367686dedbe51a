#include "cli/input_encoding.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "support/utf8.h"

#define NO_ICONV ((iconv_t)-1)

/* Opens iconv from one encoding to another. A slash would begin an option such as //IGNORE, which drops text. */
static iconv_t open_iconv(const char *to, const char *from)
{
    bool is_name = *from && strlen(from) <= INPUT_ENCODING_NAME && !strchr(from, '/');
    return is_name ? iconv_open(to, from) : NO_ICONV;
}

bool input_encoding_is_known(const char *name)
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

bool input_encoding_open(input_encoding *e, const char *name, failure *why)
{
    *e = (input_encoding){open_iconv("UTF-8", name), unit_of(name), TEXT_EMPTY};
    return e->state != NO_ICONV || failure_memory(why, "the encoding of the input");
}

void input_encoding_close(input_encoding *e)
{
    if (e->state != NO_ICONV)
        iconv_close(e->state);
    text_free(&e->pending);
    e->state = NO_ICONV;
}

/* Calls iconv once, or flushes it if *from is NULL, and appends what it gives. Returns 0 or errno; -1 if memory ran
 * out. */
static int convert(input_encoding *e, text_buffer *text, char **from, size_t *n, failure *why)
{
    char out[4096], *to = out;
    size_t n_to = sizeof out;
    int problem = iconv(e->state, from, n, &to, &n_to) == (size_t)-1 ? errno : 0;
    return text_append(text, out, (size_t)(to - out), why) ? problem : -1;
}

bool input_encoding_append(input_encoding *e, text_buffer *text, const char *bytes, size_t size, bool last,
                           failure *why)
{
    if (!text_append(&e->pending, bytes, size, why))
        return false;
    char *from = e->pending.bytes;
    size_t n = e->pending.size;
    while (n > 0) {
        int problem = convert(e, text, &from, &n, why);
        if (problem < 0)
            return false;
        if (problem == EINVAL && !last)
            break;
        if (problem == 0 || problem == E2BIG)
            continue;
        size_t skipped = problem == EINVAL || n < e->unit ? n : e->unit;
        from += skipped;
        n -= skipped;
        if (!text_append(text, "\xFF", 1, why))
            return false;
    }
    memmove(e->pending.bytes, from, n);
    e->pending.size = n;
    char *none = NULL;
    return !last || convert(e, text, &none, &n, why) >= 0;
}

/* The code points of bytes 0x80 to 0x9F (https://encoding.spec.whatwg.org/#windows-1252); U+FFFD for those that have no
 * meaning. All other bytes are code points themselves. */
/* clang-format off */
static const uint16_t windows_1252[32] = {
    0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
    0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
/* clang-format on */

bool windows_1252_append(text_buffer *text, const char *bytes, size_t size, failure *why)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char b = (unsigned char)bytes[i];
        char encoded[4];
        size_t n = utf8_put(encoded, b >= 0x80 && b < 0xA0 ? windows_1252[b - 0x80] : b);
        if (!text_append(text, encoded, n, why))
            return false;
    }
    return true;
}

/* ---- input that is not text ---- */

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

bool input_encoding_check_beginning(const char *bytes, size_t size, const char *name, bool is_file, bool is_named,
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
