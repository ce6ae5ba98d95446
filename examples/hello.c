// SPDX-License-Identifier: MIT
#include <math.h>
#include <rnnc/rnnc.h>
#include <stdio.h>

int main(void) // an LSTM learns to foretell a wave
{
    float wave[101], loss = 1;
    for (int t = 0; t <= 100; t++)
        wave[t] = sinf(0.3f * (float)t) * cosf(0.11f * (float)t);
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(g, "x", 1),
              *next = rnnc_input_rows(g, "next", 1);
    rnnc_node *h = rnnc_unroll(rnnc_cell_lstm(g, "lstm", 1, 16), x);
    rnnc_node *error =
        rnnc_mse(rnnc_linear(h, "out", 1), next, RNNC_REDUCE_MEAN);
    rnnc_plan_options how = {
        .struct_size = sizeof how, .use = RNNC_TRAIN, .loss = error};
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    rnnc_run *run = rnnc_run_create(rnnc_plan_create(g, &how), weights);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    rnnc_optimizer_set(adam, RNNC_OPT_LEARNING_RATE, 0.01);
    rnnc_sequence *xs = rnnc_sequence_create(NULL),
                  *ys = rnnc_sequence_create(NULL);
    rnnc_sequence_set_padded(xs, wave, NULL, 1, 100, 1, RNNC_BATCH_MAJOR);
    rnnc_sequence_set_padded(ys, wave + 1, NULL, 1, 100, 1, RNNC_BATCH_MAJOR);
    rnnc_run_input(run, x, xs);
    rnnc_run_input(run, next, ys);
    for (int step = 1; step <= 300 && !rnnc_run_status(run); step++) {
        rnnc_weights_zero_gradients(weights);
        rnnc_run_forward(run);
        rnnc_run_backward(run);
        rnnc_optimizer_step(adam);
        rnnc_run_loss(run, &loss);
    }
    printf("%s: mean squared error %.6f\n",
           rnnc_run_status(run) ? rnnc_run_message(run) : "learned",
           (double)loss);
    return loss < 0.01f ? 0 : 1;
}
