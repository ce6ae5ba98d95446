// SPDX-License-Identifier: MIT
// A graph with every operation, several cells and two axes, for tests of what
// must know them all.
#ifndef EVERY_OP_H
#define EVERY_OP_H

#include "rnnc/rnnc.h"

// The caller destroys it; its status is RNNC_OK.
rnnc_graph *every_op_graph(rnnc_context *context);

// A graph and its weights with values of their own, from `seed`.
rnnc_weights *every_op_weights(rnnc_context *context, uint64_t seed);

#endif
