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
    size_t n_slots;
    size_t source_rows; /* in a batch */
    size_t n_tgt;       /* in a sentence */
    size_t rows;        /* in an encoder or decoder call */
    size_t target_rows; /* in a decoder call */
    size_t logit_rows;
    size_t scores;    /* n_heads * n_queries * n_keys of a sentence */
    size_t n_threads; /* in a team */
} state_sizes;

/* A hypothesis of beam search: n target tokens. All but the last are those of the decoder rows that led to it. */
typedef struct {
    size_t slot; /* that of its last row */
    size_t step; /* its index among the steps of its sentence; of a candidate, that of the one it continues */
    size_t n;
    int32_t id; /* the last token */
    float log_probability;
    double score; /* sum of all log-probabilities; once finished, divided by n to the power of the length penalty */
    bool truncated;
} beam_hypothesis;

/* What a decoder row of beam search read, and the slot of the row before it. */
typedef struct {
    int32_t id;
    float log_probability;
    size_t parent;
} beam_node;

/* A slot has room for what one hypothesis computes: one decoder row per step. Sentence s has
 * n_beams slots, the first of which is s * n_beams. */
struct transformer_state {
    void *arena;
    size_t arena_size;
    state_sizes sizes;

    size_t n_sentences, n_beams, n_slots;
    size_t source_begin; /* the first sentence of the next encoder call */
    row_stack source;    /* the rows of the next encoder call; set by state_take_source */
    row_stack target;    /* the rows of the next decoder call, by slot */
    row_stack by_source; /* the same rows, by sentence */

    float *x;              /* [rows, d_model], the residual stream: the encoder's, then the decoder's */
    float *sublayer;       /* [rows, d_model], the output of a sublayer */
    float *normed;         /* [rows, d_model], its input in a pre-norm model */
    float *inner;          /* [rows, d_ff] */
    float *logits;         /* [rows of the target, n_target_vocabulary], if laid out with logits */
    size_t *chosen;        /* [rows of the target], the outputs with the largest logits */
    float *probabilities;  /* [n_target_vocabulary], of one row, for sampling */
    int32_t *order;        /* [n_target_vocabulary], likewise */
    linear_scratch linear; /* for every linear layer, of up to `rows` rows */
    attention_scratch attention;

    kv_cache *past;         /* [decoder layers, n_slots], for self-attention */
    kv_cache *source_cache; /* [decoder layers, n_sentences], for cross-attention */

    generated_tokens *generated; /* [n_slots], results: n_beams per sentence */
    int32_t *newest;             /* [rows of the target], what the next decoder call reads */
    int32_t *history;            /* [n_tgt], what the rows of one hypothesis have read, for no_repeat */
    int32_t *aligned;            /* [decoder layers, n_slots, n_tgt], the source token that a row attends to most */
    double *entropy;             /* [decoder layers, n_slots, n_tgt], of the attention of a row; alignment.h */
    float *mean_weights;         /* [n_keys], of one row, averaged over the heads */
    size_t *path;                /* [n_slots, n_tgt], the slots of the rows that led to one */

    beam_node *nodes;            /* [n_slots, n_tgt] */
    beam_hypothesis *live;       /* [n_slots], the hypotheses of each sentence that can grow, best first */
    beam_hypothesis *finished;   /* [n_slots], likewise those that have ended */
    beam_step *steps;            /* [n_sentences, n_tgt, 2 n_beams], what was live and what ended at each step */
    size_t *n_live, *n_finished; /* [n_sentences] */
    size_t *n_steps;             /* [n_sentences] */
};

/* Unmaps the arena and zeroes the state, which must then be laid out again. Does not free the state itself. */
void state_free(transformer_state *state);

/* Selects the rows of the next encoder call: the sentences from `begin` on, as many as are encoded together. After
 * state_lay_out, sentence 0 is the first. */
void state_take_source(transformer_state *state, size_t begin);

/* Selects the rows of the next decoder call: n_new rows for each of the first n_sentences in target.cache, which after
 * state_lay_out are all sentences in order. */
void state_take_target(transformer_state *state, size_t n_sentences, size_t n_new);

#endif
