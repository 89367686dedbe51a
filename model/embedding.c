/* Embeddings and sinusoidal positions. */
#include "model/layers.h"

#include <math.h>

void embedding_positions(float *positions, size_t max_positions, size_t d_model)
{
    size_t n_sines = (d_model + 1) / 2;
    for (size_t i = 0; i < n_sines; i++) {
        double wavelength = pow(10000.0, 2.0 * (double)i / (double)d_model);
        for (size_t p = 0; p < max_positions; p++) {
            float *row = positions + p * d_model;
            row[i] = (float)sin((double)p / wavelength);
            if (n_sines + i < d_model)
                row[n_sines + i] = (float)cos((double)p / wavelength);
        }
    }
}

void model_embed(float *x, const linear_weights *table, bool scaled, const float *positions, const int32_t *ids,
                 size_t n)
{
    size_t d_model = table->d_in;
    float factor = scaled ? sqrtf((float)d_model) : 1.0f;
    for (size_t i = 0; i < n; i++, x += d_model, positions += d_model) {
        kernels_linear_row(x, table, (size_t)ids[i]);
        for (size_t column = 0; column < d_model; column++)
            x[column] *= factor;
        kernels_add(x, positions, d_model);
    }
}
