// SPDX-License-Identifier: MIT
// The values of a graph's parameters, their gradients, and their version.
#ifndef RNI_WEIGHTS_H
#define RNI_WEIGHTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "graph/node.h"
#include "rnnc/weights.h"

struct rni_binding; // run/binding.h: packed copies that share a version

struct rnnc_weights {
    rnnc_graph *graph; // held
    atomic_int references;
    rni_error error;
    atomic_ullong version; // rises at each change of a value
    int32_t n_parameters;  // as the graph had when these were made
    int64_t *offsets;      // [n_parameters + 1] floats into the two below,
                           // each a multiple of 16
    float *values;         // dense [rows, cols] for each parameter
    float *gradients;      // the same layout; made at the first use, or NULL
    float owed;            // what gradients that are not frozen are still to be
                           // multiplied by; 1 where there are none
    uint8_t *storages;     // [n_parameters] rnnc_storage: `values` are rounded
    uint64_t stored;       // rises at each change of `storages`
    pthread_mutex_t lock;  // over `bindings`, and while values change
    struct rni_binding *bindings;
};

// All zero, nothing drawn: for values that come from a file.
rnnc_weights *rni_weights_make(rnnc_graph *graph);

rnnc_weights *rni_weights_hold(rnnc_weights *weights);
void rni_weights_drop(rnnc_weights *weights);

// Values and storage of other weights of the same parameters, which nobody
// changes meanwhile.
void rni_weights_take(rnnc_weights *to, const rnnc_weights *from);

// The index of a parameter these weights have, or -1.
int32_t rni_weights_find(const rnnc_weights *weights, const char *name);

// Whether `values` for parameter p can be stored so; an error where not.
bool rni_weights_fit(const rnnc_weights *weights, int32_t p, int32_t storage,
                     const float *values, rni_error *error);

// Rounds the values of parameter p to its storage.
void rni_weights_round(rnnc_weights *weights, int32_t p);

// Says how parameter p is stored; its values are to be rounded or replaced by
// the caller, who holds the lock.
void rni_weights_set_storage(rnnc_weights *weights, int32_t p, int32_t storage);

// False, with an error, where a parameter is stored in fewer bits than training
// needs.
bool rni_weights_trainable(const rnnc_weights *weights, int32_t p,
                           const char *who, rni_error *error);

// Makes the gradients' home, all zero, unless it is there.
rnnc_status rni_weights_need_gradients(rnnc_weights *weights);

// Gradients become what they stand for, so that others can be added to them.
void rni_weights_settle(rnnc_weights *weights);

// Gradients stand for `factor` times what they did. What is owed before is
// settled where one float cannot hold both factors.
void rni_weights_owe(rnnc_weights *weights, float factor);

static inline float *rni_weights_values(const rnnc_weights *weights, int32_t p)
{
    return weights->values + weights->offsets[p];
}

// Without what is owed.
static inline float *rni_weights_gradients(const rnnc_weights *weights,
                                           int32_t p)
{
    return weights->gradients + weights->offsets[p];
}

#endif
