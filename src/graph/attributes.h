// SPDX-License-Identifier: MIT
// The integers and numbers of a node, by the words of the table of operations.
#ifndef RNI_ATTRIBUTES_H
#define RNI_ATTRIBUTES_H

#include "graph/node.h"

// True where every integer and number of the node is in the range of its word;
// else the graph's error says which is not.
bool rni_attributes_check(const rnnc_node *node);

#endif
