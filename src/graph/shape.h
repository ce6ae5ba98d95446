// SPDX-License-Identifier: MIT
// The shape of a node from its operation and inputs.
#ifndef RNI_SHAPE_H
#define RNI_SHAPE_H

#include "graph/node.h"

// Fills node->shape (leaves bring it along and have it checked), or sets the
// graph's error and returns false. Scope and attributes were checked before.
bool rni_shape_find(rnnc_node *node);

#endif
