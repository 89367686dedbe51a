/* config.json: the parameters that differ between checkpoints. weights/FORMAT.md describes the keys. */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/buffer.h"
#include "support/failure.h"

enum { CHECKPOINT_VERSION = 2, MAX_COPY_TOKENS = 16, MAX_LANGUAGES = 256 };

typedef enum { ACTIVATION_RELU, ACTIVATION_SWISH, ACTIVATION_GELU, ACTIVATION_GELU_TANH } activation;

/* The encoder's or the decoder's stack of layers. */
typedef struct {
    size_t n_layers, n_heads, d_head, d_ff; /* d_head: columns of a head, usually d_model / n_heads */
} stack_config;

/* A language to choose, and the target id that stands for it. */
typedef struct {
    char name[32];
    int32_t id;
} config_language;

typedef struct {
    size_t d_model, max_positions;
    stack_config encoder, decoder;
    activation activation;
    bool norm_before;      /* pre-norm: layer norm before each sublayer, instead of after it */
    bool norm_embedding;   /* layer norm of the embeddings */
    bool norm_final;       /* layer norm after the last layer of each stack */
    double norm_epsilon;   /* added to the variance */
    bool stored_positions; /* tables of positions are in the file; otherwise they are sinusoids */
    bool scale_embedding;  /* embeddings are multiplied by sqrt(d_model) */
    bool shared_embedding; /* the target embedding is the source embedding */
    bool tied_output;      /* the output layer's weight is the target embedding */
    size_t n_source_vocabulary, n_target_vocabulary;
    int32_t source_unknown;                       /* id in the source vocabulary */
    id_list source_before, source_after;          /* ids around the text of a source */
    id_list target_forced;                        /* ids that always follow the start token */
    id_list target_silent;                        /* ids that write nothing: the end token, languages … */
    int32_t target_start, target_end, target_pad; /* ids in the target vocabulary */
    char splitter[32]; /* what splits text: "sentencepiece" or a rule that the tokenizer knows */
    bool lower_case;   /* of the source, before it is split */
    size_t n_merges;   /* of byte-pair encoding; 0 if the splitter has none */
    bool prefix_space; /* a space is put before the text */
    bool shared_sentencepiece, shared_vocabulary;
    size_t length_factor, length_extra, max_length; /* the length cap (greedy.h) */
    bool forced_end;     /* a translation that reaches the length cap ends with the end token */
    id_list suppressed;  /* target ids that are never chosen; pad is the last */
    id_list copy_tokens; /* ids in both vocabularies; each stands for one span of copied text */
    char source_language[32], target_language[32];
    size_t n_languages; /* 0 if there is one target language only */
    config_language languages[MAX_LANGUAGES];
} model_config;

/* Reads and checks directory/config.json. */
bool config_read(model_config *config, const char *directory, failure *why);

/* "relu", "swish", "gelu" or "gelu_tanh" */
const char *config_activation_name(activation function);

#endif
