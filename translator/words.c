#include "translator/words.h"

#include <stdlib.h>
#include <string.h>

#include "model/alignment.h"
#include "support/utf8.h"
#include "text/letters.h"

/* ---- attention ---- */

static void read_attention(void *user, const char *name, const float *data, size_t rows, size_t columns)
{
    static const char wanted[] = ".cross_attention.weights";
    cross_attention *a = user;
    size_t length = strlen(name), n = a->n_tgt * a->n_src;
    if (length < sizeof wanted || strcmp(name + length - (sizeof wanted - 1), wanted) != 0)
        return;
    float *mean = calloc(n, sizeof *mean);
    a->ok = a->ok && mean;
    if (!a->ok) {
        free(mean);
        return;
    }
    float n_heads = (float)rows / (float)a->n_tgt;
    for (size_t i = 0; i < rows * columns; i++)
        mean[i % n] += data[i] / n_heads;
    double entropy = 0.0;
    for (size_t i = 0; i < a->n_tgt; i++)
        entropy += alignment_entropy(mean + i * a->n_src, a->n_src);
    if (!a->weights || entropy < a->entropy) {
        float *before = a->weights;
        a->weights = mean;
        a->entropy = entropy;
        mean = before;
    }
    free(mean);
}

trace_reader cross_attention_start(cross_attention *attention, size_t n_tgt, size_t n_src)
{
    *attention = (cross_attention){.n_tgt = n_tgt, .n_src = n_src, .ok = true};
    return (trace_reader){read_attention, attention};
}

/* ---- words ---- */

piece_text words_text(token_pieces tokens, size_t i)
{
    return tokenizer_piece_text(tokens.tokenizer, tokens.pieces[i], i > 0 ? tokens.pieces[i - 1] : "");
}

bool words_is_mark(token_pieces tokens, size_t i)
{
    size_t length;
    piece_text piece = words_text(tokens, i);
    for (const char *at = piece.text, *end = at + strlen(at); at < end; at += length) {
        uint32_t c = utf8_next(at, (size_t)(end - at), &length);
        bool is_byte = piece.of_bytes && c >= 0x80; /* of a letter, perhaps */
        if (is_byte || letter_is(c) || (c >= '0' && c <= '9'))
            return false;
    }
    return piece.size > 0;
}

size_t words_end(token_pieces tokens, size_t i)
{
    size_t end = i + 1;
    bool alone = !*tokens.pieces[i] || words_is_mark(tokens, i);
    while (end < tokens.n && !alone && *tokens.pieces[end] && !words_text(tokens, end).begins_word &&
           !words_is_mark(tokens, end))
        end++;
    return end;
}

bool words_is_word(token_pieces tokens, size_t i, size_t end)
{
    return !words_is_mark(tokens, i) && (words_text(tokens, i).size > 0 || end > i + 1);
}

size_t words_copy_token(token_pieces source, const protected_span *span)
{
    bool is_space = span->token + 1 < source.n && words_text(source, span->token).size == 0;
    return span->token + is_space;
}

/* Whether the word of tokens j … after - 1 has a copy token. */
static bool has_copy_token(const translated_sentence *s, token_pieces source, size_t j, size_t after)
{
    for (size_t k = 0; k < s->n_spans; k++)
        if (s->spans[k].kind == SPAN_OPAQUE && words_copy_token(source, &s->spans[k]) >= j &&
            words_copy_token(source, &s->spans[k]) < after)
            return true;
    return false;
}

size_t words_most_attended(const translated_sentence *s, const cross_attention *a, token_pieces source, size_t first,
                           size_t end)
{
    size_t best = source.n;
    double most = -1.0;
    for (size_t j = 0, after; j < source.n; j = after) {
        double sum = 0.0;
        after = words_end(source, j);
        for (size_t i = first; i < end; i++)
            for (size_t k = j; k < after; k++)
                sum += (double)a->weights[i * a->n_src + k];
        if (sum > most && words_is_word(source, j, after) && !has_copy_token(s, source, j, after)) {
            most = sum;
            best = j;
        }
    }
    return best;
}

size_t words_bytes(token_pieces tokens, size_t first, size_t end)
{
    size_t n = 0;
    for (size_t i = first; i < end; i++)
        n += words_text(tokens, i).size;
    return n;
}
