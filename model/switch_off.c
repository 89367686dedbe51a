/* Experiments: parts of the model are switched off by name, and the forward pass does without them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

/* Attention i of the model, of encoder layers first; NULL past the last. */
static attention_weights *nth_attention(transformer *m, size_t i)
{
    size_t n_encoder = m->config.encoder.n_layers, n_decoder = m->config.decoder.n_layers;
    if (i < n_encoder)
        return &m->encoder[i].self_attention;
    i -= n_encoder;
    return i < n_decoder       ? &m->decoder[i].self_attention
           : i < 2 * n_decoder ? &m->decoder[i - n_decoder].cross_attention
                               : NULL;
}

/* Likewise. */
static feed_forward_weights *nth_feed_forward(transformer *m, size_t i)
{
    size_t n_encoder = m->config.encoder.n_layers;
    return i < n_encoder                                ? &m->encoder[i].feed_forward
           : i < n_encoder + m->config.decoder.n_layers ? &m->decoder[i - n_encoder].feed_forward
                                                        : NULL;
}

static size_t most_heads(const model_config *c)
{
    return c->encoder.n_heads > c->decoder.n_heads ? c->encoder.n_heads : c->decoder.n_heads;
}

/* Makes room for switches of all heads, at first all on. */
static bool have_heads(transformer *m, failure *why)
{
    size_t n_heads = most_heads(&m->config), n = m->config.encoder.n_layers + 2 * m->config.decoder.n_layers;
    attention_weights *attention;
    if (m->heads_off)
        return true;
    if (!(m->heads_off = calloc(n * n_heads, sizeof *m->heads_off)))
        return failure_memory(why, "the switches of heads");
    for (size_t i = 0; (attention = nth_attention(m, i)) != NULL; i++)
        attention->off.heads = m->heads_off + i * n_heads;
    return true;
}

/* Switches off attention i or one of its heads, whichever has this name. Sets *found if one has. */
static bool switch_off_attention(transformer *m, size_t i, const char *name, bool *found, failure *why)
{
    attention_weights *attention = nth_attention(m, i);
    if (strcmp(name, attention->name) == 0)
        *found = attention->off.output = true;
    for (size_t h = 0; h < attention->n_heads && !*found; h++) {
        char head[sizeof attention->name + 24];
        snprintf(head, sizeof head, "%s:%zu", attention->name, h);
        if (strcmp(name, head) != 0)
            continue;
        if (!have_heads(m, why))
            return false;
        *found = m->heads_off[i * most_heads(&m->config) + h] = true;
    }
    return true;
}

static bool switch_off_positions(transformer *m, failure *why)
{
    if (!m->no_positions)
        m->no_positions = calloc(m->config.max_positions * m->config.d_model, sizeof *m->no_positions);
    if (!m->no_positions)
        return failure_memory(why, "the positions");
    m->source_positions = m->target_positions = m->no_positions;
    return true;
}

bool model_switch_off(transformer *model, const char *name, failure *why)
{
    const stack_config *encoder = &model->config.encoder, *decoder = &model->config.decoder;
    attention_weights *attention;
    feed_forward_weights *feed_forward;
    bool scaling = strcmp(name, "scaling") == 0, found = scaling;
    if (strcmp(name, "positions") == 0)
        return switch_off_positions(model, why);
    for (size_t i = 0; (attention = nth_attention(model, i)) != NULL; i++) {
        attention->off.scaling = attention->off.scaling || scaling;
        if (!switch_off_attention(model, i, name, &found, why))
            return false;
    }
    for (size_t i = 0; (feed_forward = nth_feed_forward(model, i)) != NULL; i++)
        if (strcmp(name, feed_forward->name) == 0)
            found = feed_forward->off = true;
    return found ||
           failure_set(
               why,
               "unknown part \"%.100s\"; expected positions, scaling, encoder.L.self_attention or "
               "encoder.L.feed_forward with L below %zu, or decoder.L.self_attention, decoder.L.cross_attention "
               "or decoder.L.feed_forward with L below %zu; append :H to an attention for one head, below %zu "
               "in the encoder and %zu in the decoder",
               name, encoder->n_layers, decoder->n_layers, encoder->n_heads, decoder->n_heads);
}
