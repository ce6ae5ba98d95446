// SPDX-License-Identifier: MIT
// The graph of a row of the benchmark.
#ifndef BENCH_NETWORK_H
#define BENCH_NETWORK_H

#include "heap.h"
#include "rnnc/rnnc.h"
#include "work.h"

enum { BENCH_WORDS = 10000, BENCH_LAYERS = 2, BENCH_LETTERS = 64 };

// Which nodes a kind has beside x and y depends on `use` and on the kind.
typedef struct bench_network {
    bench_heap *heap; // of the context
    rnnc_context *context;
    rnnc_graph *graph;
    rnnc_node *x, *next, *y, *loss;
    rnnc_plan *plan;
    rnnc_weights *weights;
} bench_network;

// Whether there are a cell and a form of these names. Forms: "-", plainly;
// "steps", in time blocks of one step; "states" and "segments", by what is
// kept; "states_steps"; "bf16" and "int8", by how weights are stored.
int bench_knows(const bench_row *row);

// One layer of the row's cell over rows x, its output y and the sum of it as
// the loss; x has a gradient too, as it would inside a network, but in rows of
// the kind "first".
void bench_layer_make(bench_network *to, const bench_row *row, int threads,
                      int32_t use);

// Zaremba et al. 2014 without dropout: ids x, embedding, layers, logits,
// cross-entropy with the ids `next`.
void bench_words_make(bench_network *to, const bench_row *row, int threads);

// Letters in, an embedding, one LSTM, the loss of the next letter inside.
void bench_letters_make(bench_network *to, const bench_row *row, int threads);

void bench_network_free(bench_network *network);

#endif
