// SPDX-License-Identifier: MIT
// A pass over all weights in tiles, shared by the members of a team.
#include "train/sweep.h"

#include "kernel/kernel.h"

enum { TEAM_FLOATS = 1 << 15 }; // fewer are done before a team has woken up

int64_t rni_sweep_count(const rnnc_weights *weights, int32_t p)
{
    const rni_parameter *parameter = weights->graph->parameters[p];
    return parameter->rows * parameter->cols;
}

static void share(void *work, int32_t member, int32_t size)
{
    const rni_sweep *sweep = work;
    const rnnc_weights *weights = sweep->weights;
    float *scratch = sweep->scratch;
    if (scratch != NULL)
        scratch += (size_t)member * sweep->scratch_floats;
    for (int32_t p = 0; p < weights->n_parameters; p++) {
        if (weights->graph->parameters[p]->frozen && !sweep->frozen)
            continue;
        int64_t count = rni_sweep_count(weights, p);
        int64_t tiles = (count + RNI_TAPE_TILE - 1) / RNI_TAPE_TILE;
        int64_t first = tiles * member / size * RNI_TAPE_TILE;
        int64_t last = tiles * (member + 1) / size * RNI_TAPE_TILE;
        if (last > count)
            last = count;
        if (first < last)
            sweep->part(sweep->work, p, first, last - first, scratch);
    }
}

void rni_sweep_share(const rnnc_weights *weights, rni_team_body body,
                     void *work)
{
    if (weights->offsets[weights->n_parameters] < TEAM_FLOATS)
        body(work, 0, 1);
    else
        rni_team_run(weights->graph->context->team, body, work);
}

void rni_sweep_run(rni_sweep *sweep)
{
    rni_sweep_share(sweep->weights, share, sweep);
}

void rni_sweep_swap(float *a, float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        float kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}
