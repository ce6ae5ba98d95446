// SPDX-License-Identifier: MIT
// Continuous-time recurrent networks by Euler steps of length d; the input is
// held over a step, row = target in W, gains are 1, tau = tau_min +
// softplus(tau_raw) > 0 for each unit.
//
//   Beer 1995, the state y a potential:
//     tau dy/dt = -y + W_hh sigmoid(y + b) + W_ih x    outputs sigmoid(y + b),
//     y
//   rate form, the state r a firing rate:
//     tau dr/dt = -r + sigmoid(W_ih x + W_hh r + b)    output r
#include "cell/draft.h"

// softplus of this is 1.
static const float raw_one = 0.541324854612918f;

// One Euler step of `state` towards `target`: s' = s + d / tau (target - s).
static rnnc_node *euler(const rni_cell_draft *draft, rnnc_node *state,
                        rnnc_node *target)
{
    const rnnc_cell_options *options = draft->options;
    rni_cell_start one = {RNNC_INIT_CONSTANT, raw_one};
    rnnc_node *raw =
        rni_cell_draft_vector(draft, "tau_raw", draft->hidden, one);
    rnnc_node *tau = rnnc_affine(rnnc_softplus(raw), 1, options->tau_min);
    rnnc_node *rate = rnnc_div(rnnc_scalar(draft->graph, options->step), tau);
    return rnnc_add(state, rnnc_mul(rate, rnnc_sub(target, state)));
}

static rnnc_node *fire(rnnc_node *x, rnnc_node *bias)
{
    return rnnc_sigmoid(bias == NULL ? x : rnnc_add(x, bias));
}

void rni_cell_ctrnn(const rni_cell_draft *draft)
{
    rnnc_cell *cell = draft->cell;
    int64_t n = draft->hidden;
    bool beer = draft->options->variant == RNNC_CTRNN_BEER;
    rni_cell_start glorot = rni_cell_draft_start(draft, RNNC_INIT_GLOROT);
    rni_cell_start orthogonal =
        rni_cell_draft_start(draft, RNNC_INIT_ORTHOGONAL);
    rni_cell_start zeros = rni_cell_draft_start(draft, RNNC_INIT_ZEROS);

    rnnc_node *x = rnnc_cell_input(cell, draft->inputs);
    rnnc_node *s = rni_cell_draft_state(draft, beer ? "y" : "r");
    rnnc_node *w_ih =
        rni_cell_draft_matrix(draft, "weight_ih", 1, n, draft->inputs, glorot);
    rnnc_node *w_hh =
        rni_cell_draft_matrix(draft, "weight_hh", 1, n, n, orthogonal);
    rnnc_node *b = draft->options->bias == RNNC_BIAS_NONE
                       ? NULL
                       : rni_cell_draft_vector(draft, "bias", n, zeros);

    rnnc_node *sum =
        rnnc_add(rnnc_project_unbiased(x, w_ih),
                 rnnc_project_unbiased(beer ? fire(s, b) : s, w_hh));
    rnnc_node *s_new = euler(draft, s, beer ? sum : fire(sum, b));

    rnnc_cell_next(cell, s, s_new);
    if (beer)
        rnnc_cell_output(cell, fire(s_new, b));
    rnnc_cell_output(cell, s_new);
}
