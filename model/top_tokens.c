#include "model/top_tokens.h"

#include <math.h>

#include "kernels/kernels.h"
#include "model/search.h"

size_t model_top_tokens(token_probability *top, size_t n, float *logits, const model_config *config)
{
    size_t n_vocabulary = config->n_target_vocabulary, n_found = 0, best;
    search_suppress(logits, config);
    while (n_found < n && (best = kernels_argmax(logits, n_vocabulary)) < n_vocabulary) {
        top[n_found++] = (token_probability){.id = (int32_t)best, .log_probability = logits[best]};
        logits[best] = -INFINITY;
    }
    if (n_found == 0)
        return 0;
    for (size_t i = 0; i < n_found; i++)
        logits[top[i].id] = top[i].log_probability;
    float log_sum = (float)kernels_log_sum_exp(logits, n_vocabulary);
    for (size_t i = 0; i < n_found; i++) {
        top[i].probability = logits[top[i].id];
        top[i].log_probability -= log_sum;
    }
    return n_found;
}
