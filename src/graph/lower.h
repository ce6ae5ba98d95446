// SPDX-License-Identifier: MIT
// What the lowering rules share.
#ifndef RNI_LOWER_H
#define RNI_LOWER_H

#include "graph/form.h"

// The values that a node's inputs became, and where it stands.
typedef struct rni_lowering {
    rni_form *form;
    const rnnc_graph *graph;
    const rnnc_node
        *site;            // the UNROLL whose cell is being written out, or NULL
    int32_t axis;         // its axis
    int32_t loop;         // its loop, -1 at the root
    int32_t *root;        // node id -> value, for nodes of the graph
    int32_t *scope;       // node id -> value, for nodes of the cell that is
                          // being written out
    int32_t *nodes;       // ids that are needed, by cell, those of none first
    int32_t *first_node;  // cell id + 1 -> its first node, [n_cells + 2]
    int32_t *users;       // node id -> the one node that uses it, or -2
    int32_t **outputs;    // UNROLL's node id -> values of its outputs
    int32_t *first_state; // UNROLL's node id -> its first state
    bool *needed;         // node id -> some output asked for depends on it
} rni_lowering;

// The value of a node that was lowered before.
int32_t rni_lowered(const rni_lowering *lowering, const rnnc_node *node);

// The shape of `node` where its step, if any, is on a known axis.
rni_shape rni_lowered_shape(const rni_lowering *lowering,
                            const rnnc_node *node);

// True where the node is only a part of the sum that its one user is.
bool rni_lowering_absorbed(const rni_lowering *lowering, const rnnc_node *node);

typedef int32_t rni_lower_rule(rni_lowering *lowering, const rnnc_node *node);

// Sums of products in their one order (lower_sum.c), also of one product.
rni_lower_rule rni_lower_sum;

// The rules of losses (lower_loss.c) and of time (lower_time.c).
rni_lower_rule rni_lower_cross_entropy, rni_lower_binary_cross_entropy,
    rni_lower_mse, rni_lower_huber, rni_lower_l2_penalty, rni_lower_total;
rni_lower_rule rni_lower_unroll, rni_lower_output, rni_lower_final,
    rni_lower_pool, rni_lower_repeat, rni_lower_shift, rni_lower_reverse;

// Lowers, in order, the nodes of a scope that are needed.
bool rni_lower_nodes(rni_lowering *lowering, const rnnc_cell *cell);

// Makes a cell's scope ready for its next site.
void rni_lower_forget(rni_lowering *lowering, const rnnc_cell *cell);

#endif
