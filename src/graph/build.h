// SPDX-License-Identifier: MIT
// What the public builder calls share. NULL passes through.
#ifndef RNI_BUILD_H
#define RNI_BUILD_H

#include "graph/node.h"

// A node of `draft` over `inputs`, in the graph of the first that is not NULL.
rnnc_node *rni_build(const rnnc_node *draft, rnnc_node *const *inputs,
                     int32_t n_inputs);

// The same for operations without attributes, of one and of two inputs.
rnnc_node *rni_build_one(int32_t op, rnnc_node *x);
rnnc_node *rni_build_two(int32_t op, rnnc_node *a, rnnc_node *b);

// A parameter of its own under "name.part"; the layers' only way to make one.
rnnc_node *rni_build_parameter(rnnc_graph *graph, const char *name,
                               const char *part, int64_t rows, int64_t cols,
                               int32_t rank, int32_t init, float value);

#endif
