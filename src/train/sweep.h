// SPDX-License-Identifier: MIT
// One pass over all weights, shared by a team: what an optimizer's step, a
// moving average and clipping have in common.
#ifndef RNI_SWEEP_H
#define RNI_SWEEP_H

#include "base/team.h"
#include "weights/weights.h"

// Elements [first, first + count) of parameter p, with scratch of one's own.
typedef void rni_sweep_part(const void *work, int32_t p, int64_t first,
                            int64_t count, float *scratch);

typedef struct rni_sweep {
    rnnc_weights *weights;
    bool frozen; // frozen parameters too
    rni_sweep_part *part;
    const void *work;
    float *scratch; // of each member of the team; NULL: none is needed
    size_t scratch_floats;
} rni_sweep;

// Members own whole tiles, so no two of them write to one cache line. The
// caller holds the lock of the weights if their values change.
void rni_sweep_run(rni_sweep *sweep);

// Runs a body on the team of the weights, or alone where they are few.
void rni_sweep_share(const rnnc_weights *weights, rni_team_body body,
                     void *work);

int64_t rni_sweep_count(const rnnc_weights *weights, int32_t p); // floats

// Exchanges two lots of floats that do not overlap.
void rni_sweep_swap(float *a, float *b, int64_t count);

#endif
