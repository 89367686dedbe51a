/* Converts text to token ids and back. SentencePiece, a plain rule or byte-pair encoding splits text into pieces; the
 * vocabulary maps pieces to ids, as in Marian. A piece that is not in the vocabulary becomes <unk>.
 *
 * Source and target may share a SentencePiece model and a vocabulary. */
#ifndef TOKENIZER_TOKENIZER_H
#define TOKENIZER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/buffer.h"
#include "support/failure.h"

/* The part of config.json that concerns the tokenizer. */
typedef struct {
    size_t n_source_vocabulary, n_target_vocabulary;
    int32_t source_unknown;              /* id in the source vocabulary */
    id_list source_before, source_after; /* ids around the text of a source */
    id_list target_silent;               /* ids that write nothing */
    const char *splitter;                /* "sentencepiece", or a rule of splitter.h */
    bool lower_case;                     /* text is put in lower case first; not with SentencePiece */
    size_t n_merges;                     /* of byte-pair encoding (bpe.h), with the rules "bpe" and "byte_bpe" */
    bool prefix_space;                   /* with "byte_bpe": a space is put before the text */
    bool shared_sentencepiece, shared_vocabulary;
} tokenizer_config;

typedef struct tokenizer tokenizer;

/* Reads source.vocab and, for SentencePiece, source.spm; target.vocab and target.spm unless they are shared; for
 * byte-pair encoding source.bpe. Close with tokenizer_close. NULL on failure. */
tokenizer *tokenizer_open(const char *directory, const tokenizer_config *config, failure *why);
void tokenizer_close(tokenizer *t);

/* A language code such as `>>deu<<`, which OPUS-MT's multilingual checkpoints require. */
typedef struct {
    bool present;
    size_t size; /* in bytes of the text; 0 for a code that the text lacks */
    int32_t id;  /* <unk> if it is not known, as in MarianTokenizer */
    bool known;  /* whether the source vocabulary contains it */
} language_code;

/* The language code at byte 0 of the text; none if it is too long for a piece or not UTF-8. */
language_code tokenizer_language_code(const tokenizer *t, const char *bytes, size_t size);

/* Appends the ids that precede each text, the id of the language code, if any, those of a sentence, and those that
 * follow each text. NULs and invalid UTF-8 are read as U+FFFD. Names of special tokens in the sentence are ordinary
 * text. */
bool tokenizer_encode(const tokenizer *t, const language_code *code, const char *bytes, size_t size, token_ids *ids,
                      failure *why);

/* Appends the ids of a target text, without an end token. Fails if the target vocabulary lacks a piece, and the unknown
 * piece too. */
bool tokenizer_encode_target(const tokenizer *t, const char *bytes, size_t size, token_ids *ids, failure *why);

/* Splits a sentence as tokenizer_encode does, and calls use for each piece, also those that the vocabulary lacks, until
 * it returns false. Returns false on failure, which sets *why, or if use returned false. */
bool tokenizer_split(const tokenizer *t, const char *bytes, size_t size,
                     bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why);

/* Appends the text of ids [n] of the target vocabulary, without spaces at its ends. Silent ones have no text; <unk>
 * becomes " ⁇ ", as in SentencePiece, or its piece without SentencePiece. The text is UTF-8 without line breaks or
 * other control characters, except tabs. */
bool tokenizer_decode(const tokenizer *t, const int32_t *ids, size_t n, text_buffer *text, failure *why);

/* The same for pieces [n]; "" has no text. A piece need not be in the vocabulary. */
bool tokenizer_join(const tokenizer *t, const char *const *pieces, size_t n, text_buffer *text, failure *why);

/* The id of the unknown piece in the target vocabulary; -1 if it has none. */
int32_t tokenizer_target_unknown(const tokenizer *t);

/* Appends a piece that writes a word [size], with spaces around it if the tokenizer does not put them between pieces.
 */
bool tokenizer_append_word(const tokenizer *t, text_buffer *piece, const char *word, size_t size, bool space_before,
                           bool space_after, failure *why);

/* Sets *known to whether pieces of the source vocabulary can write text [size], which must be valid UTF-8 and not white
 * space. With the rule "bpe" it must be a character, which is known if it is a piece with @@ or without. */
bool tokenizer_knows(const tokenizer *t, const char *text, size_t size, bool *known, failure *why);

/* Whether the source vocabulary lists words, so that it knows a character only as part of one. */
bool tokenizer_lists_words(const tokenizer *t);

/* With such a vocabulary, sets known [size] to whether it can write each byte of a text, which must be valid UTF-8: if
 * the word around it is listed, and, if not, in ASCII next to ASCII letters or digits, which are left to the model. */
bool tokenizer_find_known(const tokenizer *t, bool *known, const char *text, size_t size, failure *why);

/* What a piece writes. */
typedef struct {
    const char *text; /* the piece, without a mark for a space at its beginning */
    size_t size;      /* bytes of its text other than spaces */
    bool of_bytes;    /* whether its characters stand for bytes (bpe.h) */
    bool begins_word; /* whether it begins a word if the piece `before` precedes it */
} piece_text;

piece_text tokenizer_piece_text(const tokenizer *t, const char *piece, const char *before);

/* The piece of an id, for display; valid until tokenizer_close. */
const char *tokenizer_source_piece(const tokenizer *t, int32_t id);
const char *tokenizer_target_piece(const tokenizer *t, int32_t id);

#endif
