// SPDX-License-Identifier: MIT
// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget
// gate of Gers, Schmidhuber and Cummins 2000), as torch.nn.LSTM.
//
//   i, f, o = sigmoid(W_ih x + b_ih + W_hh h + b_hh)      rows i | f | g | o
//   g       = tanh(the same)
//   c' = f c + i g        h' = o tanh(c')
#include "cell/draft.h"

void rni_cell_lstm(const rni_cell_draft *draft)
{
    rnnc_cell *cell = draft->cell;
    int64_t n = draft->hidden;
    rnnc_node *x = rnnc_cell_input(cell, draft->inputs);
    rnnc_node *h = rni_cell_draft_state(draft, "h");
    rnnc_node *c = rni_cell_draft_state(draft, "c");
    rni_cell_gates w = rni_cell_draft_gates(draft, 4, 1);

    // [equations]
    rnnc_node *sum = rnnc_add(rni_cell_affine(x, w.weight_ih, w.bias_ih),
                              rni_cell_affine(h, w.weight_hh, w.bias_hh));
    rnnc_node *i = rnnc_sigmoid(rnnc_slice(sum, 0, n));
    rnnc_node *f = rnnc_sigmoid(rnnc_slice(sum, n, n));
    rnnc_node *g = rnnc_tanh(rnnc_slice(sum, 2 * n, n));
    rnnc_node *o = rnnc_sigmoid(rnnc_slice(sum, 3 * n, n));

    rnnc_node *c_new = rnnc_add(rnnc_mul(f, c), rnnc_mul(i, g));
    rnnc_node *h_new = rnnc_mul(o, rnnc_tanh(c_new));

    rnnc_cell_next(cell, c, c_new);
    rnnc_cell_next(cell, h, h_new);
    rnnc_cell_output(cell, h_new);
    // [equations]
}
