// SPDX-License-Identifier: MIT
// A user's own cell, of public calls alone.
#ifndef BENCH_PEEPHOLE_H
#define BENCH_PEEPHOLE_H

#include "rnnc/rnnc.h"

// The peephole LSTM of Gers, Schraudolph and Schmidhuber 2002. Parameters for
// gate g of i, f, g, o: w_g [n, n_in], u_g [n, n], b_g [n]; p_i, p_f, p_o [n].
rnnc_cell *bench_peephole(rnnc_graph *graph, const char *name, int64_t n_in,
                          int64_t n);

// x w' + b + h u' with parameters of a gate's letter, as above.
rnnc_node *bench_gate(rnnc_cell *cell, const char *letter, rnnc_node *x,
                      rnnc_node *h);

#endif
