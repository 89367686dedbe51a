#include "model/score.h"

#include <math.h>
#include <string.h>

#include "model/forward.h"
#include "model/model.h"
#include "model/search.h"
#include "model/state.h"

bool score_target(float *log_probabilities, transformer_state *state, const transformer *model,
                  const int32_t *source_ids, const int32_t *target_ids, size_t n_tgt, failure *why)
{
    size_t n_vocabulary = model->config.n_target_vocabulary;
    int32_t *decoder_ids = state->newest; /* the start token, then all but the last target token */
    decoder_ids[0] = model->config.target_start;
    memcpy(decoder_ids + 1, target_ids, (n_tgt - 1) * sizeof *decoder_ids);
    model_forward(state, model, source_ids, decoder_ids, n_tgt, NULL);
    for (size_t i = 0; i < n_tgt; i++) {
        float *logits = state->logits + i * n_vocabulary;
        double logit = (double)logits[target_ids[i]], log_sum = kernels_log_sum_exp(logits, n_vocabulary);
        if (!isfinite(log_sum))
            return search_refuse_logits(model, i, why);
        log_probabilities[i] = (float)(logit - log_sum);
    }
    return true;
}
