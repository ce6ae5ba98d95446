// SPDX-License-Identifier: MIT
// A cell that nobody thought of: twelve element-wise operations, drawn.
#ifndef BENCH_DRAWN_H
#define BENCH_DRAWN_H

#include "rnnc/rnnc.h"

// A cell with the products of an LSTM and, between them, twelve element-wise
// operations drawn by the last digits of its name ("drawn7"). Parameters for
// gate g of 0 to 3: w_g [n, n_in], u_g [n, n], b_g [n]. The same drawing is in
// bench/peers/drawn.py. `label` is the name of the drawing, `name` that of
// the cell in the graph.
rnnc_cell *bench_drawn(rnnc_graph *graph, const char *name, int64_t n_in,
                       int64_t n, const char *label);

#endif
