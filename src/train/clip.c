// SPDX-License-Identifier: MIT
// Clipping gradients, by their norm or by their values.
#include "train/optimizer.h"

enum { PARTIALS = 16 };

// The errors of single calls do not last.
static rnnc_status begin_clip(rnnc_weights *weights, float most,
                              const char *what)
{
    if (weights == NULL)
        return RNNC_E_MEMORY;
    if (weights->values == NULL)
        return weights->error.status;
    rni_error_clear(&weights->error);
    if (!(most >= 0))
        return rni_error_set(&weights->error, RNNC_E_ARGUMENT,
                             "%s: the bound is %g, expected 0 or more", what,
                             (double)most);
    if (weights->gradients == NULL)
        return rni_error_set(&weights->error, RNNC_E_STATE,
                             "%s: there are no gradients yet", what);
    return RNNC_OK;
}

static bool counts(const rnnc_weights *weights, int32_t p)
{
    return !weights->graph->parameters[p]->frozen;
}

static int64_t count_of(const rnnc_weights *weights, int32_t p)
{
    const rni_parameter *parameter = weights->graph->parameters[p];
    return parameter->rows * parameter->cols;
}

// Sixteen sums, element i goes to sum i % 16; halves are folded together. The
// square of a float is exact in double, so every machine gives the same bits.
static double sum_of_squares(const float *values, int64_t count)
{
    double partial[PARTIALS] = {0};
    int64_t i = 0;
    for (; i + PARTIALS <= count; i += PARTIALS)
        for (int64_t j = 0; j < PARTIALS; j++)
            partial[j] += (double)values[i + j] * (double)values[i + j];
    for (int64_t j = 0; i + j < count; j++)
        partial[j] += (double)values[i + j] * (double)values[i + j];
    for (int64_t half = PARTIALS / 2; half > 0; half /= 2)
        for (int64_t j = 0; j < half; j++)
            partial[j] += partial[j + half];
    return partial[0];
}

static void scale(float *values, int64_t count, float factor)
{
    for (int64_t i = 0; i < count; i++)
        values[i] *= factor;
}

rnnc_status rnnc_clip_norm(rnnc_weights *weights, float most, float *norm)
{
    rnnc_status status = begin_clip(weights, most, "clip_norm");
    if (status != RNNC_OK)
        return status;
    double squares = 0;
    for (int32_t p = 0; p < weights->n_parameters; p++)
        if (counts(weights, p))
            squares += sum_of_squares(rni_weights_gradients(weights, p),
                                      count_of(weights, p));
    double total = rni_square_root(squares);
    if (norm != NULL)
        *norm = (float)total;
    double factor = (double)most / (total + 1e-6);
    if (factor >= 1)
        return RNNC_OK;
    for (int32_t p = 0; p < weights->n_parameters; p++)
        if (counts(weights, p))
            scale(rni_weights_gradients(weights, p), count_of(weights, p),
                  (float)factor);
    return RNNC_OK;
}

rnnc_status rnnc_clip_value(rnnc_weights *weights, float most)
{
    rnnc_status status = begin_clip(weights, most, "clip_value");
    if (status != RNNC_OK)
        return status;
    for (int32_t p = 0; p < weights->n_parameters; p++) {
        if (!counts(weights, p))
            continue;
        float *values = rni_weights_gradients(weights, p);
        for (int64_t i = 0, n = count_of(weights, p); i < n; i++) {
            float above = values[i] > most ? most : values[i];
            values[i] = above < -most ? -most : above;
        }
    }
    return RNNC_OK;
}
