// SPDX-License-Identifier: MIT
// What a pass keeps: a plan may come in two programs, one that keeps results
// and one that keeps states, and either may run in segments. A run chooses by
// its budget, for each batch anew.
#ifndef RNI_KEEP_H
#define RNI_KEEP_H

#include "run/binding.h"
#include "run/layout.h"

// A plan with the machine under it.
typedef struct rni_program {
    const rnnc_plan *plan;
    rni_binding *binding; // of the last pass, or NULL
    rni_profile profile;
    rni_layout layout;
    rni_executor executor;
} rni_program;

enum { RNI_PROGRAMS = 2 }; // a plan's own, and its lean one if there is one

// How a pass goes about its rows.
typedef struct rni_way {
    int32_t keep;    // RNNC_KEEP_RESULTS, .._STATES or .._SEGMENTS
    int32_t program; // index
    int64_t scale;   // of segments, in the smallest that make sense
} rni_way;

typedef struct rni_keep {
    const rni_memory *memory;
    rni_program programs[RNI_PROGRAMS];
    int32_t count;
    int64_t budget; // bytes; 0: none
    rni_way way;    // of the last pass for which there was room
    // What the next pass is for, and how it will go about it.
    int64_t batch, more;
    rni_limits *limits; // [n_axes]
    bool spare;         // smaller batches must fit too
    rni_way next;
    bool known; // there is room for just that
} rni_keep;

// One program for the plan, and one for its lean one if it has one.
bool rni_keep_init(rni_keep *keep, const rnnc_plan *plan,
                   const rni_kernels *kernels, const rni_memory *memory,
                   rni_team *team, int32_t members);
void rni_keep_fini(rni_keep *keep, rnnc_weights *weights);

static inline rni_program *rni_keep_program(rni_keep *keep)
{
    return keep->programs + keep->way.program;
}

// Chooses the way for batches within limits, [n_axes], with `more` bytes held
// besides.
rnnc_status rni_keep_choose(rni_keep *keep, int64_t batch,
                            const rni_limits *limits, bool spare, int64_t more,
                            rni_error *error);

// Makes room for what was chosen. False and unchanged where memory runs out.
// *moved becomes true where what the last pass left behind is gone.
bool rni_keep_reserve(rni_keep *keep, rnnc_weights *weights, bool *moved);

// Whether a pass can keep that.
bool rni_keep_can(const rni_keep *keep, int32_t kind);

// Bytes that a pass within limits takes if it keeps that, which it can; -1: a
// size does not fit.
int64_t rni_keep_measure(rni_keep *keep, int32_t kind, int64_t batch,
                         const rni_limits *limits);

// Bytes of all programs, or of their rows alone.
int64_t rni_keep_bytes(const rni_keep *keep, bool rows);

#endif
