/* A SentencePiece model is a protobuf message. Each of its fields has a number and a wire type, followed by a number or
 * by a length and that many bytes. sentencepiece_model.proto of SentencePiece 0.1.97 names the fields.
 *
 *   pieces                  checked one by one, then sorted to find duplicates and excessive nesting
 *   trainer_spec            settings and notes about the training: three of them are checked, of the others only the
 *                           wire format
 *   normalizer_spec, denormalizer_spec
 *                           settings, and the replacement rules as a double-array trie
 *   self_test_data          removed
 *
 * Unknown fields of other messages are rejected: they could change the tokenization in a way that the library ignores.
 */
#include "tokenizer/sentencepiece_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/buffer.h"
#include "support/utf8.h"
#include "tokenizer/vocabulary.h"

typedef enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 } wire_type;

/* Bytes begin … end - 1 of the file. */
typedef struct {
    size_t begin, end;
} range;

typedef struct {
    uint32_t number;
    wire_type type;
    size_t at;      /* its first byte in the file */
    uint64_t value; /* unless type is BYTES */
    range bytes;    /* if type is BYTES */
} field;

/* A field that a message may contain. */
typedef struct {
    uint32_t number;
    wire_type type;
    bool repeated; /* it may appear more than once */
    const char *name;
} field_rule;

typedef enum { NORMAL = 1, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE } piece_type;

typedef struct {
    const char *text;
    uint32_t at;   /* where its message begins, at most SENTENCEPIECE_LARGEST_FILE */
    uint16_t size; /* bytes of text, at most LONGEST_PIECE */
    uint8_t type;
} piece;

typedef struct {
    const char *bytes, *path;
    failure *why;
    piece *pieces; /* [n_pieces] */
    size_t n_pieces, capacity;
    size_t n_of_type[BYTE + 1];
    bool byte_fallback;
    range self_test; /* the whole field; empty if there is none */
} check;

/* Sets the error message, about byte `at` of the file, and returns false. */
static bool __attribute__((format(printf, 3, 4))) bad(const check *c, size_t at, const char *format, ...)
{
    char problem[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, sizeof problem, format, arguments);
    va_end(arguments);
    return failure_set(c->why, "%s, byte %zu: %s; not a SentencePiece model, or a damaged one", c->path, at, problem);
}

/* ---- the wire format ---- */

/* A message being read field by field. */
typedef struct {
    check *c;
    const char *name;
    const field_rule *rules; /* ends with a NULL name */
    bool open;               /* may contain fields without a rule */
    range left;              /* not yet read */
    uint32_t seen;           /* bit i: a field of rule i was read */
    bool ok;
} message;

static message message_of(check *c, range bytes, const char *name, const field_rule *rules)
{
    return (message){.c = c, .name = name, .rules = rules, .left = bytes, .ok = true};
}

/* Seven bits per byte, lowest first. The eighth bit is 0 in the last byte. */
static bool read_varint(message *m, uint64_t *value)
{
    size_t at = m->left.begin;
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (m->left.begin == m->left.end)
            return bad(m->c, at, "the %s ends inside a number", m->name);
        unsigned char byte = (unsigned char)m->c->bytes[m->left.begin++];
        if (shift == 63 && byte > 1)
            break;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return bad(m->c, at, "number of more than 64 bits in the %s", m->name);
}

/* A little-endian number of `size` bytes. */
static bool read_fixed(message *m, size_t size, uint64_t *value)
{
    if (m->left.end - m->left.begin < size)
        return bad(m->c, m->left.begin, "the %s ends inside a number", m->name);
    *value = 0;
    for (size_t i = 0; i < size; i++)
        *value |= (uint64_t)(unsigned char)m->c->bytes[m->left.begin++] << (8 * i);
    return true;
}

static bool read_bytes(message *m, range *bytes)
{
    uint64_t length;
    size_t at = m->left.begin;
    if (!read_varint(m, &length))
        return false;
    if (length > m->left.end - m->left.begin)
        return bad(m->c, at, "length %llu, but the %s has only %zu bytes left", (unsigned long long)length, m->name,
                   m->left.end - m->left.begin);
    *bytes = (range){m->left.begin, m->left.begin + (size_t)length};
    m->left.begin = bytes->end;
    return true;
}

static bool read_field(message *m, field *f)
{
    uint64_t key;
    *f = (field){.at = m->left.begin};
    if (!read_varint(m, &key))
        return false;
    if (key < 8 || key > UINT32_MAX)
        return bad(m->c, f->at, "field number %llu in the %s, expected 1 to 536870911", (unsigned long long)(key >> 3),
                   m->name);
    f->number = (uint32_t)(key >> 3);
    f->type = (wire_type)(key & 7);
    switch (f->type) {
    case VARINT: return read_varint(m, &f->value);
    case FIXED64: return read_fixed(m, 8, &f->value);
    case BYTES: return read_bytes(m, &f->bytes);
    case FIXED32: return read_fixed(m, 4, &f->value);
    }
    return bad(m->c, f->at, "field %u of the %s has wire type %u, expected 0, 1, 2 or 5", f->number, m->name,
               (unsigned)(key & 7));
}

static bool check_rule(message *m, const field *f)
{
    size_t i = 0;
    while (m->rules[i].name && m->rules[i].number != f->number)
        i++;
    const field_rule *rule = &m->rules[i];
    if (!rule->name)
        return m->open || bad(m->c, f->at, "unknown field %u in the %s", f->number, m->name);
    if (rule->type != f->type)
        return bad(m->c, f->at, "%s of the %s has wire type %u, expected %u", rule->name, m->name, (unsigned)f->type,
                   (unsigned)rule->type);
    if (m->seen >> i & 1 && !rule->repeated)
        return bad(m->c, f->at, "%s of the %s appears twice", rule->name, m->name);
    m->seen |= 1u << i;
    return true;
}

/* Reads the next field. Returns false at the end, and on an error, which sets m->ok to false. */
static bool message_next(message *m, field *f)
{
    if (m->left.begin == m->left.end)
        return false;
    m->ok = read_field(m, f) && check_rule(m, f);
    return m->ok;
}

/* ---- pieces ---- */

static bool check_text(const check *c, range text, size_t most, const char *name)
{
    size_t size = text.end - text.begin;
    if (size > most)
        return bad(c, text.begin, "%s of %zu bytes, longer than the %zu allowed", name, size, most);
    if (memchr(c->bytes + text.begin, '\0', size) || !utf8_is_valid(c->bytes + text.begin, size))
        return bad(c, text.begin, "%s that is not valid UTF-8 or contains a NUL", name);
    return true;
}

static bool check_score(const check *c, const field *f)
{
    uint32_t bits = (uint32_t)f->value;
    float score;
    memcpy(&score, &bits, sizeof score);
    return isfinite(score) || bad(c, f->at, "piece with score %f, not a finite number", (double)score);
}

/* "<0x00>" to "<0xFF>" */
static bool names_byte(const piece *p)
{
    static const char digits[] = "0123456789ABCDEF";
    return p->size == 6 && memcmp(p->text, "<0x", 3) == 0 && strchr(digits, p->text[3]) && strchr(digits, p->text[4]) &&
           p->text[5] == '>';
}

static bool append_piece(check *c, const piece *p)
{
    if (c->n_pieces == SENTENCEPIECE_MOST_PIECES)
        return bad(c, p->at, "more than %d pieces", SENTENCEPIECE_MOST_PIECES);
    piece *pieces = array_reserve(c->pieces, &c->capacity, c->n_pieces + 1, sizeof *pieces,
                                  "the check of a SentencePiece model", c->why);
    if (!pieces)
        return false;
    c->pieces = pieces;
    pieces[c->n_pieces++] = *p;
    c->n_of_type[p->type]++;
    return true;
}

static bool check_piece(check *c, range bytes)
{
    static const field_rule rules[] = {
        {1, BYTES, false, "the text"}, {2, FIXED32, false, "the score"}, {3, VARINT, false, "the type"}, {0}};
    message m = message_of(c, bytes, "piece", rules);
    piece p = {.at = (uint32_t)bytes.begin, .type = NORMAL};
    field f;
    while (message_next(&m, &f)) {
        if (f.number == 1) {
            m.ok = check_text(c, f.bytes, LONGEST_PIECE, "piece");
            p.text = c->bytes + f.bytes.begin;
            p.size = (uint16_t)(f.bytes.end - f.bytes.begin);
        } else if (f.number == 2)
            m.ok = check_score(c, &f);
        else if (f.value >= NORMAL && f.value <= BYTE)
            p.type = (uint8_t)f.value;
        else
            m.ok = bad(c, f.at, "piece of type %llu, expected 1 to 6", (unsigned long long)f.value);
        if (!m.ok)
            return false;
    }
    if (m.ok && p.size == 0)
        return bad(c, p.at, "piece without text");
    if (m.ok && p.type == BYTE && !names_byte(&p))
        return bad(c, p.at, "byte piece not written as <0x00> to <0xFF>");
    return m.ok && append_piece(c, &p);
}

static int by_text(const void *a, const void *b)
{
    const piece *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);
    return order ? order : x->size < y->size ? -1 : x->size > y->size;
}

static bool begins_with(const piece *p, const piece *beginning)
{
    return p->size >= beginning->size && memcmp(p->text, beginning->text, beginning->size) == 0;
}

/* Rejects duplicate pieces, and deep nesting: the library has an array of fixed size for the user-defined pieces that a
 * text begins with. */
static bool check_texts(check *c)
{
    const piece *nested[SENTENCEPIECE_MOST_NESTED_SYMBOLS]; /* each is a prefix of the next */
    size_t n_nested = 0;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): check_model has made sure that there is a piece */
    qsort(c->pieces, c->n_pieces, sizeof *c->pieces, by_text);
    for (size_t i = 0; i < c->n_pieces; i++) {
        const piece *p = &c->pieces[i];
        if (i > 0 && by_text(&p[-1], p) == 0)
            return bad(c, p->at > p[-1].at ? p->at : p[-1].at, "duplicate piece, first at byte %u",
                       p->at > p[-1].at ? p[-1].at : p->at);
        if (p->type != USER_DEFINED)
            continue;
        while (n_nested > 0 && !begins_with(p, nested[n_nested - 1]))
            n_nested--;
        if (n_nested == SENTENCEPIECE_MOST_NESTED_SYMBOLS)
            return bad(c, p->at, "more than %d user-defined pieces that are prefixes of one another", (int)n_nested);
        nested[n_nested++] = p;
    }
    return true;
}

static bool check_special_pieces(check *c, size_t size)
{
    size_t n_bytes = c->byte_fallback ? 256 : 0;
    if (c->n_of_type[UNKNOWN] != 1)
        return bad(c, size, "%zu of %zu pieces are for unknown text, expected one", c->n_of_type[UNKNOWN], c->n_pieces);
    return c->n_of_type[BYTE] == n_bytes ||
           bad(c, size, "%zu byte pieces, but the trainer_spec requires %zu", c->n_of_type[BYTE], n_bytes);
}

/* ---- the normalizer's map ---- */

/* A double-array trie of 32-bit units. A unit with the highest bit set is a leaf and holds the offset of a replacement.
 * Other units are nodes: the child for a label is unit base ^ label, and has the label in its lowest 8 bits. */
typedef struct {
    const char *bytes; /* of the units, [4 n] */
    size_t n;
    uint32_t *first_child, *next_child; /* [n], by base and by node: a node + 1, or 0 for none */
    uint8_t *most_rules;                /* [n], by base: the result of nested_rules + 1; 0 if not yet known; or BUSY */
} trie;

enum { BUSY = UINT8_MAX, BLOCK = 256 }; /* units come in blocks of one per label */

static uint32_t unit_at(const trie *t, size_t i)
{
    const unsigned char *b = (const unsigned char *)t->bytes + 4 * i;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static bool is_leaf(uint32_t unit)
{
    return unit >> 31;
}

static bool has_leaf(uint32_t unit)
{
    return unit >> 8 & 1;
}

static size_t base_of(size_t i, uint32_t unit)
{
    return i ^ (size_t)(unit >> 10) << (unit & 1u << 9 ? 8 : 0);
}

/* Replacements are NUL-terminated strings. */
static bool check_replacements(const check *c, range texts)
{
    size_t size = texts.end - texts.begin;
    const char *at = c->bytes + texts.begin, *end = c->bytes + texts.end;
    if (size == 0 || end[-1] != '\0')
        return bad(c, texts.end, "normalizer map that does not end with a NUL");
    if (!utf8_is_valid(at, size))
        return bad(c, texts.begin, "replacements in the normalizer map that are not valid UTF-8");
    for (const char *nul; at < end; at = nul + 1) {
        nul = memchr(at, '\0', (size_t)(end - at));
        if (nul - at > SENTENCEPIECE_LONGEST_REPLACEMENT)
            return bad(c, (size_t)(at - c->bytes),
                       "replacement of %zu bytes in the normalizer map, longer than the %d allowed", (size_t)(nul - at),
                       SENTENCEPIECE_LONGEST_REPLACEMENT);
    }
    return true;
}

/* Checks that every lookup stays inside the map: that each base is a unit, whose block is then in the map as well, and
 * that each leaf's replacement begins in the map. */
static bool check_units(const check *c, const trie *t, range texts)
{
    for (size_t i = 0; i < t->n; i++) {
        uint32_t unit = unit_at(t, i);
        size_t base = base_of(i, unit), at = (size_t)(t->bytes - c->bytes) + 4 * i;
        if (is_leaf(unit) && i > 0) /* lookups start at unit 0, even if it is a leaf */
            continue;
        if (base >= t->n)
            return bad(c, at, "unit %zu of the normalizer map leads to unit %zu, but the map has only %zu", i, base,
                       t->n);
        if (!has_leaf(unit))
            continue;
        size_t begin = unit_at(t, base) & INT32_MAX;
        if (!is_leaf(unit_at(t, base)) || begin >= texts.end - texts.begin)
            return bad(c, at, "unit %zu of the normalizer map has its replacement at byte %zu of only %zu", i, begin,
                       texts.end - texts.begin);
        if (((unsigned char)c->bytes[texts.begin + begin] & 0xC0) == 0x80)
            return bad(c, at, "replacement in the normalizer map that begins inside a character");
    }
    return true;
}

/* Returns the largest number of rules on a path down from the nodes at `base`; -1 if that is more than the library has
 * room for, or if a path is too long or cyclic. */
static int nested_rules(trie *t, size_t base, int depth)
{
    int most = 0;
    if (t->most_rules[base] == BUSY || depth > SENTENCEPIECE_LONGEST_RULE)
        return -1;
    if (t->most_rules[base])
        return t->most_rules[base] - 1;
    t->most_rules[base] = BUSY;
    for (size_t i = t->first_child[base]; i; i = t->next_child[i - 1]) {
        uint32_t unit = unit_at(t, i - 1);
        int below = nested_rules(t, base_of(i - 1, unit), depth + 1);
        if (below < 0)
            return -1;
        below += has_leaf(unit);
        most = below > most ? below : most;
    }
    if (most > SENTENCEPIECE_MOST_NESTED_RULES)
        return -1;
    t->most_rules[base] = (uint8_t)(most + 1);
    return most;
}

static bool check_rules(const check *c, trie *t)
{
    t->first_child = calloc(t->n, sizeof *t->first_child);
    t->next_child = calloc(t->n, sizeof *t->next_child);
    t->most_rules = calloc(t->n, sizeof *t->most_rules);
    bool ok = t->first_child && t->next_child && t->most_rules;
    if (!ok)
        failure_memory(c->why, "the check of a SentencePiece model");
    for (size_t i = 0; ok && i < t->n; i++) {
        uint32_t unit = unit_at(t, i);
        size_t base = i ^ (unit & 0xFF);
        if (is_leaf(unit))
            continue;
        t->next_child[i] = t->first_child[base];
        t->first_child[base] = (uint32_t)i + 1;
    }
    if (ok && nested_rules(t, base_of(0, unit_at(t, 0)), 0) < 0)
        ok = bad(c, (size_t)(t->bytes - c->bytes),
                 "normalizer map whose rules are longer than %d bytes, or more than %d of them prefixes of one another",
                 SENTENCEPIECE_LONGEST_RULE, SENTENCEPIECE_MOST_NESTED_RULES);
    free(t->first_child);
    free(t->next_child);
    free(t->most_rules);
    return ok;
}

/* A map is empty, or consists of the size of the trie in 4 bytes, the trie, and the replacements. */
static bool check_map(const check *c, range map)
{
    if (map.begin == map.end)
        return true;
    if (map.end - map.begin < 4)
        return bad(c, map.begin, "normalizer map of only %zu bytes", map.end - map.begin);
    size_t left = map.end - map.begin - 4, size = unit_at(&(trie){.bytes = c->bytes + map.begin}, 0);
    if (size == 0 || size % (4 * BLOCK) != 0 || size > left)
        return bad(c, map.begin, "trie of %zu bytes in the %zu left of the normalizer map, expected a multiple of %d",
                   size, left, 4 * BLOCK);
    trie t = {.bytes = c->bytes + map.begin + 4, .n = size / 4};
    range texts = {map.begin + 4 + size, map.end};
    return check_replacements(c, texts) && check_units(c, &t, texts) && check_rules(c, &t);
}

/* ---- the messages ---- */

static bool check_normalizer(check *c, range bytes, const char *name)
{
    static const field_rule rules[] = {{1, BYTES, false, "the name"},
                                       {2, BYTES, false, "the map"},
                                       {3, VARINT, false, "add_dummy_prefix"},
                                       {4, VARINT, false, "remove_extra_whitespaces"},
                                       {5, VARINT, false, "escape_whitespaces"},
                                       {6, BYTES, false, "normalization_rule_tsv"},
                                       {0}};
    message m = message_of(c, bytes, name, rules);
    field f;
    while (message_next(&m, &f))
        if (f.number == 2 && !check_map(c, f.bytes))
            return false;
    return m.ok;
}

static bool check_trainer(check *c, range bytes)
{
    enum { MODEL_TYPE = 3, BYTE_FALLBACK = 35, UNKNOWN_SURFACE = 44, N_MODEL_TYPES = 4 };
    static const field_rule rules[] = {{MODEL_TYPE, VARINT, false, "model_type"},
                                       {BYTE_FALLBACK, VARINT, false, "byte_fallback"},
                                       {UNKNOWN_SURFACE, BYTES, false, "unk_surface"},
                                       {0}};
    message m = message_of(c, bytes, "trainer_spec", rules);
    field f;
    m.open = true;
    while (message_next(&m, &f)) {
        if (f.number == MODEL_TYPE && (f.value < 1 || f.value > N_MODEL_TYPES))
            return bad(c, f.at, "model_type %llu, expected 1 to %d", (unsigned long long)f.value, N_MODEL_TYPES);
        if (f.number == BYTE_FALLBACK && f.value > 1)
            return bad(c, f.at, "byte_fallback %llu, expected 0 or 1", (unsigned long long)f.value);
        if (f.number == BYTE_FALLBACK)
            c->byte_fallback = f.value;
        if (f.number == UNKNOWN_SURFACE && !check_text(c, f.bytes, LONGEST_PIECE, "unk_surface"))
            return false;
    }
    return m.ok;
}

static bool check_model(check *c, size_t size)
{
    static const field_rule rules[] = {{1, BYTES, true, "the pieces"},
                                       {2, BYTES, false, "the trainer_spec"},
                                       {3, BYTES, false, "the normalizer_spec"},
                                       {4, BYTES, false, "the self_test_data"},
                                       {5, BYTES, false, "the denormalizer_spec"},
                                       {0}};
    enum { N_REQUIRED = 3 }; /* every trainer writes the fields of the first three rules */
    message m = message_of(c, (range){0, size}, "model", rules);
    field f;
    while (message_next(&m, &f)) {
        switch (f.number) {
        case 1: m.ok = check_piece(c, f.bytes); break;
        case 2: m.ok = check_trainer(c, f.bytes); break;
        case 3: m.ok = check_normalizer(c, f.bytes, "normalizer_spec"); break;
        case 4: c->self_test = (range){f.at, f.bytes.end}; break;
        case 5: m.ok = check_normalizer(c, f.bytes, "denormalizer_spec"); break;
        }
        if (!m.ok)
            return false;
    }
    for (size_t i = 0; m.ok && i < N_REQUIRED; i++)
        if (!(m.seen >> i & 1))
            m.ok = bad(c, size, "the model ends before %s", rules[i].name);
    return m.ok && check_special_pieces(c, size) && check_texts(c);
}

bool sentencepiece_check(char *bytes, size_t *size, const char *path, failure *why)
{
    check c = {.bytes = bytes, .path = path, .why = why};
    if (*size > SENTENCEPIECE_LARGEST_FILE)
        return bad(&c, 0, "%zu bytes long, more than the %d allowed", *size, SENTENCEPIECE_LARGEST_FILE);
    bool ok = check_model(&c, *size);
    free(c.pieces);
    if (ok) { /* remove self_test_data */
        memmove(bytes + c.self_test.begin, bytes + c.self_test.end, *size - c.self_test.end);
        *size -= c.self_test.end - c.self_test.begin;
    }
    return ok;
}
