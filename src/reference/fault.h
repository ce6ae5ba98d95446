// SPDX-License-Identifier: MIT
// Where the first value, or gradient, that is no finite float arises.
#ifndef RNI_REFERENCE_FAULT_H
#define RNI_REFERENCE_FAULT_H

#include "graph/node.h"
#include "rnnc/reference.h"

typedef struct rni_reference_fault {
    bool gradient; // it is the node's gradient, not its value
    const rnnc_node *node;
    const rnnc_node *user;  // of a gradient: the one node it comes from, or
                            // NULL: there is none, or several
    const rnnc_cell *cell;  // whose step it is in, or NULL
    int64_t sequence, step; // -1: it has none
    int64_t row, col;       // of a static value
    double value;
} rni_reference_fault;

// Evaluates the loss and looks at all values in the order in which they are
// computed: nodes by rising id, in a cell step after step; then at their
// gradients in the opposite order. What the loss is not made from is left out,
// and so are gradients that lead to no parameter that learns. False: all are
// finite as floats too, or the evaluation failed.
bool rni_reference_find_fault(rnnc_reference *reference, const rnnc_node *loss,
                              rni_reference_fault *fault);

#endif
