// SPDX-License-Identifier: MIT
// A byte string as a program whose instructions are public calls. Every string
// is one; what a call refuses ends the description.
#ifndef RNNC_FUZZ_MACHINE_H
#define RNNC_FUZZ_MACHINE_H

#include "fuzz.h"

enum { MACHINE_VALUES = 40, MACHINE_COLS = 5 };

typedef struct machine_values {
    rnnc_node *nodes[MACHINE_VALUES];
    int32_t count;
} machine_values;

typedef struct machine {
    const uint8_t *data;
    size_t size, at;
    rnnc_graph *graph;
    machine_values values; // of the graph
    rnnc_cell *cell;       // being written, or NULL
    machine_values steps;  // of the cell
    machine_values states; // of the cell
    rnnc_node *loss;
    int32_t names; // given so far
    bool tame;     // all values stay within -1 and 1, or nearly
} machine;

uint8_t machine_byte(machine *m); // 0 beyond the end
// Describes a graph until the bytes end or a call refuses.
void machine_describe(machine *m);

#endif
