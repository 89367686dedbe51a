/* config.json: the parameters that differ between MarianMT checkpoints. weights/FORMAT.md describes the keys. */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/failure.h"

enum { CHECKPOINT_VERSION = 1, MAX_SUPPRESSED = 64 /* without pad */, MAX_COPY_TOKENS = 16 };

typedef enum { ACTIVATION_RELU, ACTIVATION_SWISH, ACTIVATION_GELU } activation;

/* The encoder's or the decoder's stack of layers. */
typedef struct {
    size_t n_layers, n_heads, d_ff;
} stack_config;

typedef struct {
    size_t d_model, max_positions;
    stack_config encoder, decoder;
    activation activation;
    bool scale_embedding;  /* embeddings are multiplied by sqrt(d_model) */
    bool shared_embedding; /* the target embedding is the source embedding */
    bool tied_output;      /* the output layer's weight is the target embedding */
    size_t n_source_vocabulary, n_target_vocabulary;
    int32_t source_end, source_unknown;           /* ids in the source vocabulary */
    int32_t target_start, target_end, target_pad; /* ids in the target vocabulary */
    bool shared_sentencepiece, shared_vocabulary;
    size_t max_length; /* of generated tokens, including the end token */
    bool forced_end;   /* a translation that reaches the length cap (greedy.h) ends with the end token */
    size_t n_suppressed;
    int32_t suppressed[MAX_SUPPRESSED + 1]; /* target ids that are never chosen, always including pad */
    size_t n_copy_tokens;
    int32_t copy_tokens[MAX_COPY_TOKENS]; /* ids in both vocabularies; each stands for one span of copied text */
    char source_language[32], target_language[32];
} model_config;

/* Reads and checks directory/config.json. */
bool config_read(model_config *config, const char *directory, failure *why);

/* "relu", "swish" or "gelu" */
const char *config_activation_name(activation function);

#endif
