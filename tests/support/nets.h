// SPDX-License-Identifier: MIT
// One small network for each kind of cell, and data that are told by a row's
// number and the time, so that any part of a batch can be made again.
#ifndef RNNC_TEST_NETS_H
#define RNNC_TEST_NETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnnc/rnnc.h"

enum { NET_INPUTS = 11, NET_CLASSES = 19 };

typedef struct net_row {
    const char *name;
    rnnc_node *(*build)(rnnc_node *x, rnnc_graph *graph, int64_t hidden);
    bool streams; // it can be run step by step
} net_row;

extern const net_row net_table[];
extern const size_t net_count;

typedef struct net {
    rnnc_graph *graph;
    rnnc_node *x;    // rows of NET_INPUTS floats
    rnnc_node *next; // ids
    rnnc_node *y;    // logits, a sequence
    rnnc_node *mean; // a batch value: the mean of the logits over time
    rnnc_node *loss;
} net;

// The graph's status says whether all went well; graph NULL: out of memory.
net net_make(rnnc_context *context, const net_row *row, int64_t hidden);
void net_destroy(net *n);

// A plan for y and mean (TRAIN: for the loss as well).
rnnc_plan *net_plan(const net *n, int32_t use, int64_t block_rows);

float net_float(int64_t row, int64_t step, int64_t feature);
int32_t net_id(int64_t row, int64_t step);

// Sequences of steps first .. first + lengths[k] of the rows rows[k].
bool net_fill(rnnc_sequence *x, rnnc_sequence *next, const int64_t *rows,
              const int64_t *lengths, const int64_t *first, int64_t batch);

// All parameters, one after another; the caller frees them.
float *net_weights(const rnnc_weights *weights, int64_t *count);

#endif
