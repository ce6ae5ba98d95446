// SPDX-License-Identifier: MIT
// The plain recurrent network (Elman 1990), as torch.nn.RNN.
//
//   h' = f(W_ih x + b_ih + W_hh h + b_hh),  f = tanh, relu or sigmoid
#include "cell/draft.h"

void rni_cell_rnn(const rni_cell_draft *draft)
{
    static rnnc_node *(*const functions[])(rnnc_node *) = {
        [RNNC_RNN_TANH] = rnnc_tanh,
        [RNNC_RNN_RELU] = rnnc_relu,
        [RNNC_RNN_SIGMOID] = rnnc_sigmoid,
    };
    rnnc_cell *cell = draft->cell;
    rnnc_node *x = rnnc_cell_input(cell, draft->inputs);
    rnnc_node *h = rni_cell_draft_state(draft, "h");
    rni_cell_gates w = rni_cell_draft_gates(draft, 1, -1);

    rnnc_node *sum = rnnc_add(rni_cell_affine(x, w.weight_ih, w.bias_ih),
                              rni_cell_affine(h, w.weight_hh, w.bias_hh));
    rnnc_node *h_new = functions[draft->options->variant](sum);

    rnnc_cell_next(cell, h, h_new);
    rnnc_cell_output(cell, h_new);
}
