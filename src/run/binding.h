// SPDX-License-Identifier: MIT
// A binding: all that a plan needs of the weights, made once for each of their
// versions. Packed weights, static values that depend on parameters alone, and
// (but for training) copies of the parameters that instructions read. Runs and
// streams of one plan share it; it keeps nothing alive.
#ifndef RNI_BINDING_H
#define RNI_BINDING_H

#include "run/executor.h"
#include "weights/weights.h"

typedef struct rni_binding {
    struct rni_binding *next; // in weights->bindings
    int32_t references;       // under weights->lock
    const rnnc_plan *plan;    // never looked into by way of the list
    const rni_kernels *kernels;
    unsigned long long version;
    uint64_t stored; // of the weights: how `packed` is laid out
    const rni_memory *memory;
    size_t bytes;
    float *floats;           // all of the following
    float **base;            // [n_buffers] of PARAMETER, CONSTANT and PREPARED
    float **packed;          // [n_packs] of those that are prepared
    float *matmul, *scratch; // for the plan's `prepare`
    uint8_t *numbers;        // [n_sources] rni_number of what is in `packed`
} rni_binding;

// Who asks for a binding, and what it may work with.
typedef struct rni_binding_user {
    const rnnc_plan *plan;
    rnnc_weights *weights;
    const rni_profile *profile;
    const rni_kernels *kernels;
    rni_team *team;             // shares the packing; may be NULL
    const rni_workspace *space; // ports and terms of a call, no scratch
} rni_binding_user;

// The binding for the weights' present version: one that is there, the
// caller's own (`old`, may be NULL) packed again where nobody shares it, or a
// new one. Takes the place of `old`. NULL where memory runs out: `old` is then
// still held. Holds weights->lock meanwhile.
rni_binding *rni_binding_acquire(const rni_binding_user *user,
                                 rni_binding *old);

// NULL is allowed.
void rni_binding_drop(rni_binding *binding, rnnc_weights *weights);

#endif
