// SPDX-License-Identifier: MIT
// Random graphs of every operation, and random inputs for them. A seed gives
// the same graph and inputs on every machine.
#ifndef RANDOM_GRAPH_H
#define RANDOM_GRAPH_H

#include <stdbool.h>

#include "base/random.h"
#include "rnnc/cell.h"
#include "rnnc/sequence.h"
#include "rnnc/weights.h"

enum {
    RANDOM_INPUTS = 48,
    RANDOM_OUTPUTS = 8,
    RANDOM_AXES = 2,
    RANDOM_BATCH = 6,
    RANDOM_LONGEST = 7,
    RANDOM_WINDOWS = 2
};

typedef struct random_input {
    rnnc_node *node;
    bool targets; // ids that may also be -100
} random_input;

typedef struct random_graph {
    rni_random random;
    rnnc_graph *graph;
    rnnc_weights *weights;
    rnnc_node *loss;
    random_input inputs[RANDOM_INPUTS];
    int32_t n_inputs;
    rnnc_node *outputs[RANDOM_OUTPUTS];
    int32_t n_outputs;
    rnnc_node *gradients[RANDOM_INPUTS]; // inputs whose gradient is asked for
    int32_t n_gradients;
    int32_t windows; // 1, or 2 with states carried from the first
    int64_t block_rows, segment_rows;
    int32_t keep; // RNNC_KEEP_..
    uint64_t seed;
} random_graph;

random_graph random_graph_make(uint64_t seed);
void random_graph_destroy(random_graph *r);

// Inputs of one window; sequences and arrays by the input's position.
typedef struct random_window {
    int64_t batch;
    int64_t lengths[RANDOM_AXES][RANDOM_BATCH];
    uint8_t carried[RANDOM_BATCH]; // from the window before
    rnnc_sequence *sequences[RANDOM_INPUTS];
    float *rows[RANDOM_INPUTS];
    int32_t *ids[RANDOM_INPUTS];
} random_window;

// The second window of a graph has as many sequences as the first.
random_window random_window_make(random_graph *r, const random_window *first);
void random_window_destroy(random_window *window);

#endif
