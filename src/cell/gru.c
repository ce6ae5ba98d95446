// SPDX-License-Identifier: MIT
// The gated recurrent unit (Cho et al. 2014), rows r | z | n.
//
//   r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)      z = sigmoid(the same of z)
//   reset after, as torch.nn.GRU:
//     n = tanh(W_in x + b_in + r (W_hn h + b_hn))
//   reset before, as in the paper:
//     n = tanh(W_in x + b_in + W_hn (r h) + b_hn)
//   h' = (1 - z) n + z h,  here written n + z (h - n)
#include "cell/draft.h"

static rnnc_node *gate(rnnc_node *from_x, rnnc_node *from_h, int64_t first,
                       int64_t n)
{
    return rnnc_sigmoid(
        rnnc_add(rnnc_slice(from_x, first, n), rnnc_slice(from_h, first, n)));
}

// Rows r | z, or n, of what multiplies h.
static rnnc_node *from_state(const rni_cell_gates *w, rnnc_node *h,
                             int64_t first, int64_t count)
{
    rnnc_node *weight = rnnc_rows(w->weight_hh, first, count);
    rnnc_node *bias =
        w->bias_hh == NULL ? NULL : rnnc_slice(w->bias_hh, first, count);
    return rni_cell_affine(h, weight, bias);
}

void rni_cell_gru(const rni_cell_draft *draft)
{
    rnnc_cell *cell = draft->cell;
    int64_t n = draft->hidden;
    rnnc_node *x = rnnc_cell_input(cell, draft->inputs);
    rnnc_node *h = rni_cell_draft_state(draft, "h");
    rni_cell_gates w = rni_cell_draft_gates(draft, 3, -1);
    bool after = draft->options->variant == RNNC_GRU_AFTER;

    rnnc_node *from_x = rni_cell_affine(x, w.weight_ih, w.bias_ih);
    rnnc_node *from_h = after ? rni_cell_affine(h, w.weight_hh, w.bias_hh)
                              : from_state(&w, h, 0, 2 * n);
    rnnc_node *r = gate(from_x, from_h, 0, n);
    rnnc_node *z = gate(from_x, from_h, n, n);
    rnnc_node *inner = after ? rnnc_mul(r, rnnc_slice(from_h, 2 * n, n))
                             : from_state(&w, rnnc_mul(r, h), 2 * n, n);
    rnnc_node *candidate =
        rnnc_tanh(rnnc_add(rnnc_slice(from_x, 2 * n, n), inner));
    rnnc_node *h_new = rnnc_add(candidate, rnnc_mul(z, rnnc_sub(h, candidate)));

    rnnc_cell_next(cell, h, h_new);
    rnnc_cell_output(cell, h_new);
}
