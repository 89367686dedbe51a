/* The Transformer as other rooms see it: a checkpoint's weights, and memory to compute in. greedy.h and forward.h do
 * the computing. Both types are opaque; model.h and state.h define them for model/ alone. */
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

/* Selects the instruction set of the whole process by name; NULL selects the best that the CPU has. Fails if the CPU
 * lacks it. Call it before computing anything; without it, plain C is used. */
bool model_use_instruction_set(const char *name, failure *why);

/* Opens config.json and model.safetensors of a checkpoint directory. Close with model_close. NULL on failure. */
transformer *model_open(const char *directory, failure *why);
void model_close(transformer *model);

const model_config *model_get_config(const transformer *model);

/* Chooses the language that targets are in, one of the configuration's: its id takes the place of the first forced id,
 * or of the start token if none is forced. Call it while no other thread uses the model. */
void model_choose_language(transformer *model, const config_language *language);

/* Switches a part of the model off, by the name that its output has in traces: a sublayer (decoder.1.feed_forward)
 * adds 0 to the residual stream; one of its heads (encoder.0.self_attention:3) is 0 among the concatenated heads;
 * "positions" are not added to embeddings; "scaling" is the division of all scores by sqrt(d_head). Everything else is
 * computed as before. Fails if no part has this name. Call it while no other thread uses the model. */
bool model_switch_off(transformer *model, const char *name, failure *why);

/* The table of positions of the source or the target, [max_positions, d_model]. */
const float *model_get_positions(const transformer *model, bool of_source);

/* Facts for --info about the weights and the kernels in use. */
typedef struct {
    size_t n_weights;            /* numbers in all tensors */
    size_t n_bytes;              /* size of the file */
    const char *dtype;           /* of the matrices: "float32", "int8" or "float32 and int8" */
    const char *instruction_set; /* such as "avx2" */
    const char *blas_core;       /* the CPU that OpenBLAS chose its kernels for, or NULL if it is not used */
} model_facts;

model_facts model_get_facts(const transformer *model);

/* Fails if the weights file was written to since model_open, because results may then be wrong. */
bool model_check_unchanged(const transformer *model, failure *why);

enum { MAX_BEAMS = 16 };

/* How tokens are drawn at random: model/sample.h. */
typedef struct {
    double temperature; /* 0: they are not drawn, the most probable one is taken */
    size_t top_k;       /* 0: all */
    double top_p;       /* 1: all */
    size_t seed;
} sampling_options;

/* What the random numbers of a sentence depend on, besides the seed. */
typedef struct {
    uint64_t line;
    size_t position; /* in the line */
} sample_place;

/* How targets are searched. */
typedef struct {
    size_t n_beams;        /* 1 … MAX_BEAMS; 1 is greedy search */
    double length_penalty; /* of beam search: beam.h */
    bool keep_steps;       /* whether the translator keeps the steps of beam search */
    size_t n_best;         /* hypotheses that the translator keeps, at most n_beams; 0 except in beam search */
    size_t no_repeat;      /* n-grams of this size occur only once in what the decoder reads; 0: any number of times */
    sampling_options sampling;  /* in place of greedy search */
    const sample_place *places; /* [n_sentences], for sampling */
    const token_ids *prefixes;  /* [n_sentences], what targets begin with, after the ids that the checkpoint forces; or
                                 * NULL */
} search_options;

/* The batch that a state is laid out for: one search or forward pass over n_sentences > 0 sentences. */
typedef struct {
    size_t n_sentences;
    const size_t *n_src; /* [n_sentences], source tokens */
    const size_t *n_tgt; /* [n_sentences], most target tokens */
    const size_t *n_new; /* [n_sentences], most target tokens in one decoder call, of a hypothesis */
    size_t n_beams;      /* hypotheses of a sentence, 1 … MAX_BEAMS; 1 except for beam search */
    bool with_logits;    /* make room for logits, which only greedy search without options does not need */
    thread_team *team;   /* the threads that share linear layers, or NULL */
} batch_shape;

/* Creates a state that is not yet laid out. Close with state_close. NULL on failure. */
transformer_state *state_open(failure *why);
void state_close(transformer_state *state);

/* Makes room for a batch, and empties caches and results. After that, no computation with the state can run out of
 * memory. On failure, the state can still be laid out for another batch. */
bool state_lay_out(transformer_state *state, const model_config *config, const batch_shape *shape, failure *why);

/* A hypothesis of beam search as it was at one step: live, or ended there. */
typedef struct {
    size_t parent; /* the index of the one that it continues by a token; NO_PARENT if it has only one */
    size_t n;      /* tokens: the step */
    int32_t id;    /* the last token */
    bool ended;
    double sum;   /* of its log-probabilities */
    double score; /* if it ends here: beam.h */
} beam_step;

#define NO_PARENT SIZE_MAX

/* The target tokens chosen for one sentence, including the end token. */
typedef struct {
    int32_t *ids;             /* [capacity]; the first n are filled */
    float *log_probabilities; /* [capacity], of the chosen tokens, if details are requested */
    int32_t *alignment;       /* [capacity], likewise; see greedy.h */
    size_t n, capacity;
    bool truncated;         /* stopped by the length cap before the end token was chosen */
    double score;           /* of beam search */
    const beam_step *steps; /* [n_steps], how beam search found the hypotheses of a sentence, step by step, best first;
                             * of the best one only */
    size_t n_steps;
} generated_tokens;

#endif
