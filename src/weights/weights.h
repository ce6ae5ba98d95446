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
    pthread_mutex_t lock;  // over `bindings`, and while values change
    struct rni_binding *bindings;
};

// All zero, nothing drawn: for values that come from a file.
rnnc_weights *rni_weights_make(rnnc_graph *graph);

rnnc_weights *rni_weights_hold(rnnc_weights *weights);
void rni_weights_drop(rnnc_weights *weights);

// Makes the gradients' home, all zero, unless it is there.
rnnc_status rni_weights_need_gradients(rnnc_weights *weights);

static inline float *rni_weights_values(const rnnc_weights *weights, int32_t p)
{
    return weights->values + weights->offsets[p];
}

static inline float *rni_weights_gradients(const rnnc_weights *weights,
                                           int32_t p)
{
    return weights->gradients + weights->offsets[p];
}

#endif
