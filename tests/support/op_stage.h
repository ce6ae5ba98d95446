// SPDX-License-Identifier: MIT
// One small graph for each operation, with inputs on which it is smooth.
#ifndef OP_STAGE_H
#define OP_STAGE_H

#include "rnnc/cell.h"
#include "rnnc/sequence.h"

enum { STAGE_BATCH = 3, STAGE_LONGEST = 4, STAGE_COLS = 5 };

// What the builders are made of.
typedef struct op_stage {
    rnnc_graph *graph;
    rnnc_node *x;      // a sequence of rows
    rnnc_node *y;      // another
    rnnc_node *ids;    // a sequence of ids below STAGE_COLS
    rnnc_node *batch;  // a row for each sequence
    rnnc_node *row;    // a parameter [1, STAGE_COLS]
    rnnc_node *square; // a parameter [STAGE_COLS, STAGE_COLS]
} op_stage;

typedef struct op_builder {
    int32_t op;
    rnnc_node *(*make)(op_stage *s); // any kind and shape
} op_builder;

extern const op_builder op_builders[];
extern const int32_t op_builder_count;

op_stage op_stage_make(rnnc_context *context);
// A cell with two states, a batch input, a given and a learned first value and
// two outputs, unrolled.
rnnc_node *op_stage_unroll(op_stage *s);
// A static [1, 1] loss in which no symmetry hides a gradient.
rnnc_node *op_stage_loss(rnnc_node *value);

typedef struct op_inputs {
    rnnc_sequence *x, *y, *ids; // lengths 4, 0, 2
    float batch[STAGE_BATCH * STAGE_COLS];
} op_inputs;

op_inputs op_inputs_make(void);
void op_inputs_destroy(op_inputs *inputs);

#endif
