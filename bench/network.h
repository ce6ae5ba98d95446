// SPDX-License-Identifier: MIT
// The graph of a row of the benchmark.
#ifndef BENCH_NETWORK_H
#define BENCH_NETWORK_H

#include "rnnc/rnnc.h"
#include "work.h"

enum { BENCH_WORDS = 10000, BENCH_LAYERS = 2 };

// Which nodes a kind has beside x and y depends on `use` and on the kind.
typedef struct bench_network {
    rnnc_context *context;
    rnnc_graph *graph;
    rnnc_node *x, *next, *y, *loss;
    rnnc_plan *plan;
    rnnc_weights *weights;
} bench_network;

// Whether there is a cell of this name.
int bench_knows_cell(const char *name);

// One layer of the row's cell over rows x, its output y and the sum of it as
// the loss; x has a gradient too, as it would inside a network.
void bench_layer_make(bench_network *to, const bench_row *row, int threads,
                      int32_t use);

// Zaremba et al. 2014 without dropout: ids x, embedding, layers, logits,
// cross-entropy with the ids `next`.
void bench_words_make(bench_network *to, const bench_row *row, int threads);

void bench_network_free(bench_network *network);

#endif
