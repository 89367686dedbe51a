/* The Transformer of "Attention Is All You Need", Figure 1: its weights (forward.h computes with them). Private to
 * model/; other rooms include transformer.h.
 *
 * There are three lifetimes:
 *   model      the weights, mapped read-only; const after model_open and shared by any number of threads
 *   state      everything that changes while translating (state.h), one per thread
 *   arguments  what a single call gets
 *
 * A member's path is its tensor's name: model->decoder[1].cross_attention.query is
 * decoder.1.cross_attention.query.weight and .bias in the checkpoint, and its outputs are traced under
 * decoder.1.cross_attention. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "attention/attention.h"
#include "kernels/kernels.h"
#include "model/transformer.h"
#include "weights/weights.h"

typedef struct {
    char name[64]; /* without "_norm" */
    size_t d_model;
    const float *weight, *bias; /* [d_model] */
    double epsilon;
    bool before; /* it precedes its sublayer: pre-norm */
} norm_weights;

typedef struct {
    char name[64];
    linear_weights inner; /* weight [d_ff, d_model] */
    linear_weights outer; /* weight [d_model, d_ff] */
    activation activation;
    bool off; /* an experiment switches it off: its output is 0 */
} feed_forward_weights;

typedef struct {
    attention_weights self_attention;
    norm_weights self_attention_norm;
    feed_forward_weights feed_forward;
    norm_weights feed_forward_norm;
} encoder_layer;

typedef struct {
    attention_weights self_attention;
    norm_weights self_attention_norm;
    attention_weights cross_attention;
    norm_weights cross_attention_norm;
    feed_forward_weights feed_forward;
    norm_weights feed_forward_norm;
} decoder_layer;

struct transformer {
    model_config config;
    weights_file *weights;           /* owns every tensor below */
    linear_weights source_embedding; /* weight [n_source_vocabulary, d_model], no bias */
    linear_weights target_embedding; /* weight [n_target_vocabulary, d_model], no bias; may be the source's */
    norm_weights encoder_embedding_norm, encoder_final_norm; /* without weights where config has none */
    norm_weights decoder_embedding_norm, decoder_final_norm; /* likewise */
    encoder_layer *encoder;                                  /* [encoder.n_layers] */
    decoder_layer *decoder;                                  /* [decoder.n_layers] */
    linear_weights output; /* weight [n_target_vocabulary, d_model], may be the target embedding's; bias */
    const float *source_positions, *target_positions; /* [max_positions, d_model], tensors or sinusoids */
    float *sinusoids;                                 /* owned; NULL if positions are stored */
    float *no_positions; /* zeros in place of positions that are switched off, owned, or NULL */
    bool *heads_off;     /* owned, for all attentions, or NULL if no head is switched off */
    const char *dtype;   /* of the matrices: "float32", "int8" or "float32 and int8" */
};

#endif
