/* The Transformer as other rooms see it: a checkpoint's weights, and memory to compute in. greedy.h and forward.h
 * compute. Both types are opaque here; model.h and state.h define them, private to model/. */
#ifndef MODEL_TRANSFORMER_H
#define MODEL_TRANSFORMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/config.h"
#include "support/failure.h"
#include "support/team.h"

typedef struct transformer transformer;             /* the weights; any number of threads may share them */
typedef struct transformer_state transformer_state; /* what changes while translating; one per thread */

/* Chooses the instruction set for the whole process: the one with this name, or the best that the CPU has if name is
 * NULL. Fails if the CPU lacks it. Call it before anything is computed; without it, plain C is used. */
bool model_use_instruction_set(const char *name, failure *why);

/* Opens a checkpoint directory's config.json and model.safetensors. NULL on failure. */
transformer *model_open(const char *directory, failure *why);
void model_close(transformer *model);

const model_config *model_get_config(const transformer *model);

/* What --info shows of the weights, and of the code that computes with them. */
typedef struct {
    size_t n_weights;            /* numbers in all tensors */
    size_t n_bytes;              /* of the file */
    const char *dtype;           /* how matrices are stored: "float32", "int8" or "float32 and int8" */
    const char *instruction_set; /* such as "avx2" */
    const char *blas_core;       /* the CPU that OpenBLAS chose its kernels for, or NULL if it is not used */
} model_facts;

model_facts model_get_facts(const transformer *model);

/* Fails if the file of the weights was written to since model_open, because results may be wrong then. */
bool model_check_unchanged(const transformer *model, failure *why);

/* What a state is laid out for: one search or forward pass over n_sentences > 0 sentences. */
typedef struct {
    size_t n_sentences;
    const size_t *n_src; /* [n_sentences], source tokens */
    const size_t *n_tgt; /* [n_sentences], target tokens, at most */
    const size_t *n_new; /* [n_sentences], target tokens in one decoder call, at most */
    bool with_logits;    /* make room for logits; greedy search alone does not need them */
    thread_team *team;   /* the threads that share linear layers, or NULL */
} batch_shape;

/* Creates a state that is not yet laid out. NULL on failure. */
transformer_state *state_open(failure *why);
void state_close(transformer_state *state);

/* Makes room for a batch, and empties caches and results. Afterwards, computing with the state cannot run out of
 * memory. */
bool state_lay_out(transformer_state *state, const model_config *config, const batch_shape *shape, failure *why);

/* The target tokens chosen for one sentence, including the end token. */
typedef struct {
    int32_t *ids;             /* [capacity]; the first n are filled */
    float *log_probabilities; /* [capacity], of the chosen tokens, if details are requested */
    const int32_t *alignment; /* [n], likewise; see greedy.h */
    size_t n, capacity;
    bool truncated; /* stopped by the length cap before the end token was chosen */
} generated_tokens;

#endif
