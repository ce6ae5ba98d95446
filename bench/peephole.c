// SPDX-License-Identifier: MIT
// A peephole LSTM as a user would write it from the paper.
#include "peephole.h"

#include <stdio.h>

rnnc_node *bench_gate(rnnc_cell *cell, const char *letter, rnnc_node *x,
                      rnnc_node *h)
{
    int64_t n_in = rnnc_node_cols(x), n = rnnc_node_cols(h);
    char name[16];
    snprintf(name, sizeof name, "w_%s", letter);
    rnnc_node *w =
        rnnc_cell_parameter(cell, name, n, n_in, RNNC_INIT_GLOROT, 1);
    snprintf(name, sizeof name, "u_%s", letter);
    rnnc_node *u = rnnc_cell_parameter(cell, name, n, n, RNNC_INIT_GLOROT, 1);
    snprintf(name, sizeof name, "b_%s", letter);
    rnnc_node *b =
        rnnc_cell_parameter_vector(cell, name, n, RNNC_INIT_ZEROS, 0);
    return rnnc_add(rnnc_project(x, w, b), rnnc_project_unbiased(h, u));
}

static rnnc_node *peep(rnnc_cell *cell, const char *name, rnnc_node *c)
{
    return rnnc_mul(c, rnnc_cell_parameter_vector(cell, name, rnnc_node_cols(c),
                                                  RNNC_INIT_UNIFORM, 0.1f));
}

rnnc_cell *bench_peephole(rnnc_graph *graph, const char *name, int64_t n_in,
                          int64_t n)
{
    rnnc_cell *cell = rnnc_cell_create(graph, name);
    rnnc_node *x = rnnc_cell_input(cell, n_in);
    rnnc_node *h = rnnc_cell_state(cell, "h", n);
    rnnc_node *c = rnnc_cell_state(cell, "c", n);
    rnnc_node *i = rnnc_sigmoid(
        rnnc_add(bench_gate(cell, "i", x, h), peep(cell, "p_i", c)));
    rnnc_node *f = rnnc_sigmoid(
        rnnc_add(bench_gate(cell, "f", x, h), peep(cell, "p_f", c)));
    rnnc_node *g = rnnc_tanh(bench_gate(cell, "g", x, h));
    rnnc_node *c_new = rnnc_add(rnnc_mul(f, c), rnnc_mul(i, g));
    rnnc_node *o = rnnc_sigmoid(
        rnnc_add(bench_gate(cell, "o", x, h), peep(cell, "p_o", c_new)));
    rnnc_node *h_new = rnnc_mul(o, rnnc_tanh(c_new));
    rnnc_cell_next(cell, c, c_new);
    rnnc_cell_next(cell, h, h_new);
    rnnc_cell_output(cell, h_new);
    return cell;
}
