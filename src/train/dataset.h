// SPDX-License-Identifier: MIT
// Examples: a column for each input of a graph.
#ifndef RNI_DATASET_H
#define RNI_DATASET_H

#include "graph/node.h"
#include "rnnc/dataset.h"

typedef struct rni_column {
    rnnc_node *input;
    const void **rows;  // [count] of a sequence: the caller's values
    int64_t *lengths;   // [count] of a sequence
    const void *values; // of a batch input: the caller's [count, cols]
} rni_column;

struct rnnc_dataset {
    rnnc_graph *graph; // held
    atomic_int references;
    rni_error error;
    int32_t n_columns, capacity;
    rni_column *columns;
    int64_t count; // examples
};

rnnc_dataset *rni_dataset_hold(rnnc_dataset *dataset); // NULL is allowed

static inline bool rni_column_is_sequence(const rni_column *column)
{
    return column->input->shape.kind == RNI_SEQUENCE;
}

// Bytes of a row: floats, or one id.
static inline size_t rni_column_bytes(const rni_column *column)
{
    return (size_t)column->input->shape.cols * sizeof(float);
}

#endif
