// SPDX-License-Identifier: MIT
// Clipping gradients, by their norm or by their values, and scaling them. What
// multiplies all of them is owed: an optimizer's step does it on its way, which
// saves a pass over the memory of all gradients.
#include <float.h>
#include <string.h>

#include "train/optimizer.h"
#include "train/real.h"
#include "train/sweep.h"

enum { PARTIALS = 16 };

// The errors of single calls do not last.
static rnnc_status begin_call(rnnc_weights *weights, const char *what)
{
    if (weights == NULL)
        return RNNC_E_MEMORY;
    if (weights->values == NULL)
        return weights->error.status;
    rni_error_clear(&weights->error);
    if (weights->gradients == NULL)
        return rni_error_set(&weights->error, RNNC_E_STATE,
                             "%s: there are no gradients yet", what);
    return RNNC_OK;
}

static rnnc_status begin_clip(rnnc_weights *weights, float most,
                              const char *what)
{
    if (begin_call(weights, what) == RNNC_OK && !(most >= 0))
        rni_error_set(&weights->error, RNNC_E_ARGUMENT,
                      "%s: the bound is %g, expected 0 or more", what,
                      (double)most);
    return rnnc_weights_status(weights);
}

// ---- The norm -------------------------------------------------------------

// Gradients are cut into pieces, and pieces dealt out to lanes in turn; a lane
// is one sum, whoever works on it, and lanes are added up in order. So the
// norm has the same bits whatever the number of threads.
enum { PIECE = 1 << 13, LANES = 32 };

typedef struct norm_work {
    const rnnc_weights *weights;
    const rni_kernels *kernels;
    double partial[LANES][PARTIALS];
} norm_work;

// The pieces of the lanes that a member of the team has.
static void add_squares(void *user, int32_t member, int32_t size)
{
    norm_work *work = user;
    int64_t piece = 0;
    for (int32_t p = 0; p < work->weights->n_parameters; p++) {
        if (work->weights->graph->parameters[p]->frozen)
            continue;
        const float *values = rni_weights_gradients(work->weights, p);
        const int64_t count = rni_sweep_count(work->weights, p);
        for (int64_t i = 0; i < count; i += PIECE, piece++)
            if (piece % LANES % size == member)
                work->kernels->squares(count - i < PIECE ? count - i : PIECE,
                                       values + i,
                                       work->partial[piece % LANES]);
    }
}

// Halves are folded together.
static double norm_of(const norm_work *work)
{
    double sum = 0;
    for (int32_t lane = 0; lane < LANES; lane++) {
        double partial[PARTIALS];
        memcpy(partial, work->partial[lane], sizeof partial);
        for (int32_t half = PARTIALS / 2; half > 0; half /= 2)
            for (int32_t j = 0; j < half; j++)
                partial[j] += partial[j + half];
        sum += partial[0];
    }
    return rni_real_root(sum);
}

static double total_norm(const rnnc_weights *weights)
{
    norm_work work = {.weights = weights, .kernels = rni_kernels_choose()};
    rni_sweep_share(weights, add_squares, &work);
    return norm_of(&work) *
           (double)(weights->owed < 0 ? -weights->owed : weights->owed);
}

rnnc_status rnnc_clip_norm(rnnc_weights *weights, float most, float *norm)
{
    rnnc_status status = begin_clip(weights, most, "clip_norm");
    if (status != RNNC_OK)
        return status;
    const double total = total_norm(weights);
    if (norm != NULL)
        *norm = (float)total;
    const double factor = (double)most / (total + 1e-6);
    if (!(factor >= 1)) // a NaN is to be seen in the gradients
        rni_weights_owe(weights, (float)factor);
    return RNNC_OK;
}

// ---- By value -------------------------------------------------------------

typedef struct clipping {
    const rnnc_weights *weights;
    float most;
} clipping;

static void clip(const void *work, int32_t p, int64_t first, int64_t count,
                 float *scratch)
{
    (void)scratch;
    const clipping *c = work;
    const float owed = c->weights->owed;
    float *values = rni_weights_gradients(c->weights, p) + first;
    for (int64_t i = 0; i < count; i++) {
        float value = values[i] * owed;
        value = value > c->most ? c->most : value;
        values[i] = value < -c->most ? -c->most : value;
    }
}

rnnc_status rnnc_clip_value(rnnc_weights *weights, float most)
{
    rnnc_status status = begin_clip(weights, most, "clip_value");
    if (status != RNNC_OK)
        return status;
    const clipping work = {weights, most};
    rni_sweep sweep = {.weights = weights, .part = clip, .work = &work};
    rni_sweep_run(&sweep);
    weights->owed = 1;
    return RNNC_OK;
}

// ---- By a factor ----------------------------------------------------------

rnnc_status rnnc_scale_gradients(rnnc_weights *weights, float factor)
{
    rnnc_status status = begin_call(weights, "scale_gradients");
    if (status != RNNC_OK)
        return status;
    if (!(factor >= -FLT_MAX && factor <= FLT_MAX))
        return rni_error_set(&weights->error, RNNC_E_ARGUMENT,
                             "scale_gradients: the factor is %g, expected a "
                             "finite one",
                             (double)factor);
    rni_weights_owe(weights, factor);
    return RNNC_OK;
}
