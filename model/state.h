/* Everything that changes while translating one batch, in one arena. Private to model/; other rooms know transformer.h.
 *
 * state_lay_out sizes it for a batch and is the only call that can fail; what computes (forward.h,
 * greedy.h) neither allocates nor runs out of memory. One state per thread; it is used again for
 * batch after batch and grows to the largest, with room for the longest translation of each sentence, which is mapped
 * but takes no memory until it is written. */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include "attention/attention.h"
#include "model/transformer.h"

/* What the arena has room for: the largest so far in each respect, or more. */
typedef struct {
    size_t n_sentences;
    size_t source_rows; /* of a batch */
    size_t n_tgt;       /* of a sentence */
    size_t rows;        /* of a call, encoder or decoder */
    size_t target_rows; /* of a decoder call */
    size_t logit_rows;
    size_t scores;    /* queries * keys of a sentence, times heads */
    size_t n_threads; /* of a team */
} state_sizes;

struct transformer_state {
    void *arena;
    size_t arena_size;
    state_sizes sizes;

    size_t n_sentences;
    size_t source_begin; /* the first sentence of the next encoder call */
    row_stack source;    /* the rows of the next encoder call, by state_take_source */
    row_stack target;    /* the rows of the next decoder call, by state_take_target */

    float *x;              /* [rows, d_model], the residual stream: the encoder's, then the decoder's */
    float *sublayer;       /* [rows, d_model], the output of a sublayer */
    float *inner;          /* [rows, d_ff] */
    float *logits;         /* [rows of the target, n_target_vocabulary], when laid out with them */
    size_t *chosen;        /* [rows of the target], the outputs with the largest logits */
    linear_scratch linear; /* of every linear layer, for `rows` rows */
    attention_scratch attention;

    kv_cache *past;         /* [decoder layers, n_sentences], self-attention's */
    kv_cache *source_cache; /* [decoder layers, n_sentences], cross-attention's */

    generated_tokens *generated; /* [n_sentences] */
    size_t *active;              /* [n_sentences], the sentences still in the stack, in its order */
    int32_t *newest;             /* [n_sentences], the last token of each of them */
};

void state_free(transformer_state *state);

/* Makes sentence `begin` and those after it, as many as are computed together, the rows of the next encoder call. A
 * state just laid out has sentence 0 there. */
void state_take_source(transformer_state *state, size_t begin);

/* Makes n_new rows of each of the first n_sentences in the stack the rows of the next decoder call. */
void state_take_target(transformer_state *state, size_t n_sentences, size_t n_new);

/* Moves the KV caches of the sentence at `place` of the stack to `new_place`, which is at most `place`, over those of a
 * finished sentence, which are lost until the next state_lay_out. */
void state_move_sentence(transformer_state *state, const model_config *config, size_t place, size_t new_place);

#endif
