/* Everything that changes while translating a batch, in one arena. Private to model/; other rooms include
 * transformer.h.
 *
 * Only state_lay_out, which makes room for a batch, allocates; forward.h and greedy.h never do. Each thread has one
 * state and reuses it for batch after batch. The state grows to the largest batch, with room for the longest possible
 * translation of each sentence. That room is mapped, but takes no memory until it is written. */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include "attention/attention.h"
#include "model/transformer.h"

/* The sizes that the arena has room for: each at least the maximum over all batches so far. */
typedef struct {
    size_t n_sentences;
    size_t source_rows; /* in a batch */
    size_t n_tgt;       /* in a sentence */
    size_t rows;        /* in an encoder or decoder call */
    size_t target_rows; /* in a decoder call */
    size_t logit_rows;
    size_t scores;    /* n_heads * n_queries * n_keys of a sentence */
    size_t n_threads; /* in a team */
} state_sizes;

struct transformer_state {
    void *arena;
    size_t arena_size;
    state_sizes sizes;

    size_t n_sentences;
    size_t source_begin; /* the first sentence of the next encoder call */
    row_stack source;    /* the rows of the next encoder call; set by state_take_source */
    row_stack target;    /* the rows of the next decoder call; set by state_take_target */

    float *x;              /* [rows, d_model], the residual stream: the encoder's, then the decoder's */
    float *sublayer;       /* [rows, d_model], the output of a sublayer */
    float *normed;         /* [rows, d_model], its input in a pre-norm model */
    float *inner;          /* [rows, d_ff] */
    float *logits;         /* [rows of the target, n_target_vocabulary], if laid out with logits */
    size_t *chosen;        /* [rows of the target], the outputs with the largest logits */
    linear_scratch linear; /* for every linear layer, of up to `rows` rows */
    attention_scratch attention;

    kv_cache *past;         /* [decoder layers, n_sentences], for self-attention */
    kv_cache *source_cache; /* [decoder layers, n_sentences], for cross-attention */

    generated_tokens *generated; /* [n_sentences] */
    int32_t *aligned;            /* [decoder layers, n_sentences, n_tgt], the most attended source token; alignment.h */
    double *entropy;             /* [decoder layers, n_sentences], the sum over target tokens */
    float *mean_weights;         /* [n_keys], of one target token, averaged over the heads */
    size_t *active;              /* [n_sentences], the unfinished sentences, in the order of their rows */
    int32_t *newest;             /* [n_sentences], the last token of each unfinished sentence */
};

/* Unmaps the arena and zeroes the state, which must then be laid out again. Does not free the state itself. */
void state_free(transformer_state *state);

/* Selects the rows of the next encoder call: the sentences from `begin` on, as many as are encoded together. After
 * state_lay_out, sentence 0 is the first. */
void state_take_source(transformer_state *state, size_t begin);

/* Selects the rows of the next decoder call: n_new rows for each of the first n_sentences in the stack. */
void state_take_target(transformer_state *state, size_t n_sentences, size_t n_new);

/* Moves the KV caches of the sentence at `place` in the stack to `new_place` <= place. Those of the finished sentence
 * there are lost until the next state_lay_out. */
void state_move_sentence(transformer_state *state, const model_config *config, size_t place, size_t new_place);

#endif
