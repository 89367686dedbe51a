/* The Transformer as other rooms see it: a checkpoint's weights, and room to compute in. greedy.h and forward.h
 * compute. What is inside is declared in model.h and state.h, private to model/. */
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

/* Chooses the instruction set for the whole process: the one with this name, or the best one if it is NULL. Fails if
 * this CPU lacks it. Until then, portable C computes. Call it before anything is computed. */
bool model_use_instruction_set(const char *name, failure *why);

/* Opens a checkpoint directory's config.json and model.safetensors. NULL on failure. */
transformer *model_open(const char *directory, failure *why);
void model_close(transformer *model);

const model_config *model_get_config(const transformer *model);

/* What a checkpoint's weights are, and what computes with them. */
typedef struct {
    size_t n_weights;            /* numbers in all tensors */
    size_t n_bytes;              /* of the file */
    const char *dtype;           /* how matrices are stored: "float32", "int8" or "float32 and int8" */
    const char *instruction_set; /* such as "avx2" */
    const char *blas_core;       /* the CPU that OpenBLAS chose its kernels for, or NULL if it is not used */
} model_facts;

model_facts model_get_facts(const transformer *model);

/* Fails if the weights' file was written to since model_open: whatever was computed from it may be wrong. */
bool model_check_unchanged(const transformer *model, failure *why);

/* What a state is laid out for: one search or forward pass over n_sentences > 0 sentences. */
typedef struct {
    size_t n_sentences;
    const size_t *n_src; /* [n_sentences] source tokens */
    const size_t *n_tgt; /* [n_sentences] target tokens at most */
    const size_t *n_new; /* [n_sentences] of them in one decoder call at most */
    bool with_logits;    /* room for the logits, which choosing tokens does not need */
    thread_team *team;   /* the threads that share the linear layers, or NULL */
} batch_shape;

/* A state without any room yet. NULL on failure. */
transformer_state *state_open(failure *why);
void state_close(transformer_state *state);

bool state_lay_out(transformer_state *state, const model_config *config, const batch_shape *shape, failure *why);

/* The target tokens chosen for one sentence, the end token among them. */
typedef struct {
    int32_t *ids;             /* [capacity], n are filled */
    float *log_probabilities; /* [capacity], of the chosen tokens; filled when asked for */
    size_t n, capacity;
    bool truncated; /* the length cap ended the sentence: the end token was not chosen */
} generated_tokens;

#endif
