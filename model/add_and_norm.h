/* Residual connections and layer normalization, after each sublayer (post-norm, Vaswani et al. 2017, 3.1) or before it
 * (pre-norm, Xiong et al. 2020, figure 1). norm_weights say which. Names in traces are theirs with a suffix. */
#ifndef MODEL_ADD_AND_NORM_H
#define MODEL_ADD_AND_NORM_H

#include "model/model.h"

/* out [n_rows, d_model] = LayerNorm(x), traced as "…_norm". out may be x. */
void model_norm(float *out, const float *x, const norm_weights *weights, size_t n_rows, const trace_reader *reader);

/* What the sublayer reads: x itself in a post-norm model; in a pre-norm model LayerNorm(x), in normed
 * [n_rows, d_model]. */
const float *model_norm_before(float *normed, const float *x, const norm_weights *weights, size_t n_rows,
                               const trace_reader *reader);

/* x [n_rows, d_model] = LayerNorm(x + sublayer); in a pre-norm model x + sublayer, traced as "…_residual". */
void model_add_and_norm(float *x, const float *sublayer, const norm_weights *weights, size_t n_rows,
                        const trace_reader *reader);

#endif
