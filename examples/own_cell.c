/* SPDX-License-Identifier: MIT */
/* A cell of one's own, the minimal gated unit (Zhou et al. 2016): a check of
 * its gradients, then a training to say what it saw two steps ago. */
#include <stdio.h>
#include "rnnc/rnnc.h"

enum { UNITS = 16, BATCH = 16, TIME = 10, LAG = 2, STEPS = 1500 };

static rnnc_cell *cell_mgu(rnnc_graph *graph)
{
    rnnc_cell *cell = rnnc_cell_create(graph, "mgu");
    rnnc_node *x = rnnc_cell_input(cell, 1);
    rnnc_node *h = rnnc_cell_state(cell, "h", UNITS);
    rnnc_node *xh = rnnc_concat((rnnc_node *[]){x, h}, 2);
    rnnc_node *f = rnnc_sigmoid(rnnc_linear(xh, "mgu.forget", UNITS));
    rnnc_node *xfh = rnnc_concat((rnnc_node *[]){x, rnnc_mul(f, h)}, 2);
    rnnc_node *c = rnnc_tanh(rnnc_linear(xfh, "mgu.candidate", UNITS));
    rnnc_node *next = rnnc_add(h, rnnc_mul(f, rnnc_sub(c, h)));
    rnnc_cell_next(cell, h, next);
    return rnnc_cell_output(cell, next), cell;
}

int main(void)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 1);
    rnnc_node *y = rnnc_linear(rnnc_unroll(cell_mgu(graph), x), "out", 1);
    rnnc_node *loss = rnnc_mse(y, rnnc_shift(x, LAG), RNNC_REDUCE_MEAN);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_sequence *data = rnnc_sequence_create(NULL);
    double worst = 1; /* of all gradients against central differences */
    float values[BATCH * TIME], error = 1; /* coins: 0 or 1 */
    for (uint32_t i = 0, noise = 1; i < BATCH * TIME; i++)
        values[i] = (float)((noise = noise * 1664525u + 1013904223u) >> 31);
    rnnc_sequence_set_padded(data, values, NULL, BATCH, TIME, 1, 0);
    rnnc_reference *reference = rnnc_reference_create(weights);
    rnnc_reference_input(reference, x, data);
    rnnc_reference_check(reference, loss, 1e-5, &worst);
    rnnc_plan_options options = {sizeof options, RNNC_TRAIN, .loss = loss};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    rnnc_run_input(run, x, data);
    for (int step = 0; step < STEPS; step++) {
        rnnc_weights_zero_gradients(weights);
        if (rnnc_run_forward(run) || rnnc_run_backward(run) ||
            rnnc_run_loss(run, &error) || rnnc_optimizer_step(adam))
            break;
    }
    printf("worst gradient error %.1e, loss %.5f %s\n", worst, (double)error,
           rnnc_run_message(run));
    rnnc_optimizer_destroy(adam);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_reference_destroy(reference);
    rnnc_sequence_destroy(data);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return worst > 1e-6 || error > 0.01f;
}
