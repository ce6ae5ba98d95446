// SPDX-License-Identifier: MIT
// LSTM whose gates see the cell (Gers and Schmidhuber 2000; Gers, Schraudolph
// and Schmidhuber 2002): diagonal weights p, rows i | f | o of weight_ph.
//
//   i = sigmoid(.. + p_i c)     f = sigmoid(.. + p_f c)     g = tanh(..)
//   c' = f c + i g
//   o = sigmoid(.. + p_o c')    h' = o tanh(c')
// where .. is W_ih x + b_ih + W_hh h + b_hh, rows i | f | g | o.
#include "cell/draft.h"

void rni_cell_peephole(const rni_cell_draft *draft)
{
    rnnc_cell *cell = draft->cell;
    int64_t n = draft->hidden;
    rnnc_node *x = rnnc_cell_input(cell, draft->inputs);
    rnnc_node *h = rni_cell_draft_state(draft, "h");
    rnnc_node *c = rni_cell_draft_state(draft, "c");
    rni_cell_gates w = rni_cell_draft_gates(draft, 4, 1);
    rni_cell_start start = rni_cell_draft_start(draft, RNNC_INIT_ZEROS);
    rnnc_node *p = rni_cell_draft_matrix(draft, "weight_ph", 3, 1, n, start);

    rnnc_node *sum = rnnc_add(rni_cell_affine(x, w.weight_ih, w.bias_ih),
                              rni_cell_affine(h, w.weight_hh, w.bias_hh));
    rnnc_node *p_i = rnnc_mul(rnnc_rows(p, 0, 1), c);
    rnnc_node *p_f = rnnc_mul(rnnc_rows(p, 1, 1), c);
    rnnc_node *i = rnnc_sigmoid(rnnc_add(rnnc_slice(sum, 0, n), p_i));
    rnnc_node *f = rnnc_sigmoid(rnnc_add(rnnc_slice(sum, n, n), p_f));
    rnnc_node *g = rnnc_tanh(rnnc_slice(sum, 2 * n, n));
    rnnc_node *c_new = rnnc_add(rnnc_mul(f, c), rnnc_mul(i, g));

    rnnc_node *p_o = rnnc_mul(rnnc_rows(p, 2, 1), c_new);
    rnnc_node *o = rnnc_sigmoid(rnnc_add(rnnc_slice(sum, 3 * n, n), p_o));
    rnnc_node *h_new = rnnc_mul(o, rnnc_tanh(c_new));

    rnnc_cell_next(cell, c, c_new);
    rnnc_cell_next(cell, h, h_new);
    rnnc_cell_output(cell, h_new);
}
