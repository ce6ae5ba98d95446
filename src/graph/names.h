// SPDX-License-Identifier: MIT
// Names of nodes: what may be one, and who has which.
#ifndef RNI_NAMES_H
#define RNI_NAMES_H

#include "graph/node.h"

enum { RNI_NAME_MOST = 255 }; // bytes

// True where `name` may be a name; else the graph's error says what is wrong
// with the name of this `what`.
bool rni_name_check(rnnc_graph *graph, const char *what, const char *name);

// True where nothing in the scope (cell NULL: the graph) has the name yet and
// there is room in the table for one more; else the graph's error is set.
bool rni_name_reserve(rnnc_graph *graph, const rnnc_cell *cell,
                      const char *name);

// Enters a node under its name, which was reserved before.
void rni_name_enter(rnnc_node *node);

#endif
