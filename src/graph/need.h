// SPDX-License-Identifier: MIT
// What nodes depend on.
#ifndef RNI_NEED_H
#define RNI_NEED_H

#include "graph/node.h"

// Marks all that has to be there for the marked ones among the first n nodes,
// with every state and output of a cell that is unrolled.
void rni_need_all(const rnnc_graph *graph, int32_t n, bool *needed);

// From the marked nodes to all that their numbers are made from, among the n
// that are needed: of a cell only what is read, of what a value is repeated
// along nothing. Sites of one cell are not told apart.
void rni_need_sources(const rnnc_graph *graph, int32_t n, const bool *needed,
                      bool *marks);
// The other way: to all whose numbers are made from marked ones.
void rni_need_results(const rnnc_graph *graph, int32_t n, const bool *needed,
                      bool *marks);

// How many of a node's inputs, from the first on, have numbers that count.
int32_t rni_need_inputs(const rnnc_node *node);
// The UNROLL that an OUTPUT or FINAL takes from; of others the node itself.
const rnnc_node *rni_need_site(const rnnc_node *node);

#endif
