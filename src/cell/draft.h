// SPDX-License-Identifier: MIT
// A cell that ships, while its equations are written down: its sizes, its
// options, and its parameters under PyTorch's names, shapes and orders.
#ifndef RNI_DRAFT_H
#define RNI_DRAFT_H

#include <stdbool.h>

#include "rnnc/cell.h"

typedef struct rni_cell_draft {
    rnnc_graph *graph;
    rnnc_cell *cell;
    int64_t inputs, hidden;
    const rnnc_cell_options *options;
} rni_cell_draft;

// How a block of a parameter begins.
typedef struct rni_cell_start {
    int32_t init;
    float value;
} rni_cell_start;

// `init` with value 0, or PyTorch's way where the options ask for it.
rni_cell_start rni_cell_draft_start(const rni_cell_draft *draft, int32_t init);

// A state of `hidden` features, with a learned first row where the options ask.
rnnc_node *rni_cell_draft_state(const rni_cell_draft *draft, const char *name);

// Parameter "name_l{k}[_reverse]": blocks of `rows` rows, each drawn by
// itself, [blocks * rows, cols].
rnnc_node *rni_cell_draft_matrix(const rni_cell_draft *draft, const char *name,
                                 int32_t blocks, int64_t rows, int64_t cols,
                                 rni_cell_start start);
rnnc_node *rni_cell_draft_vector(const rni_cell_draft *draft, const char *name,
                                 int64_t cols, rni_cell_start start);

// The weights and biases of several gates. A bias that the options leave out
// is NULL. `forget` is the gate whose bias begins at 1; -1: none.
typedef struct rni_cell_gates {
    rnnc_node *weight_ih, *weight_hh; // [gates * hidden, inputs or hidden]
    rnnc_node *bias_ih, *bias_hh;     // [1, gates * hidden]
} rni_cell_gates;

rni_cell_gates rni_cell_draft_gates(const rni_cell_draft *draft, int32_t gates,
                                    int32_t forget);

// x weight' + bias, the bias where there is one.
rnnc_node *rni_cell_affine(rnnc_node *x, rnnc_node *weight, rnnc_node *bias);

// The equations of each kind.
void rni_cell_rnn(const rni_cell_draft *draft);
void rni_cell_lstm(const rni_cell_draft *draft);
void rni_cell_gru(const rni_cell_draft *draft);
void rni_cell_peephole(const rni_cell_draft *draft);
void rni_cell_ctrnn(const rni_cell_draft *draft);

// The caller's options as this version knows them, defaults for NULL; false
// with the graph's error set. `call` is named in its message.
bool rni_cell_options_read(rnnc_graph *graph, const char *call,
                           rnnc_cell_options *known,
                           const rnnc_cell_options *options);

#endif
