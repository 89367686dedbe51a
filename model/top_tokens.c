#include "model/top_tokens.h"

#include <math.h>

#include "kernels/kernels.h"
#include "model/greedy.h"

size_t model_top_tokens(int32_t *ids, float *log_probabilities, size_t n, float *logits, const model_config *config)
{
    size_t n_vocabulary = config->n_target_vocabulary, n_found = 0;
    greedy_suppress(logits, config);
    size_t best = kernels_argmax(logits, n_vocabulary);
    float log_sum = best < n_vocabulary ? logits[best] - kernels_log_softmax_at(logits, n_vocabulary, best) : 0.0f;
    for (; n_found < n && best < n_vocabulary; n_found++) {
        ids[n_found] = (int32_t)best;
        log_probabilities[n_found] = logits[best] - log_sum;
        logits[best] = -INFINITY;
        best = kernels_argmax(logits, n_vocabulary);
    }
    return n_found;
}
