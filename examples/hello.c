// SPDX-License-Identifier: MIT
// An LSTM learns to foretell a wave: the program of the README.
#include <math.h>
#include <stdio.h>

#include <rnnc/rnnc.h>

enum { STEPS = 100 };

static rnnc_sequence *wave_from(int first)
{
    float wave[STEPS];
    for (int t = 0; t < STEPS; t++)
        wave[t] = sinf(0.3f * (float)(first + t));
    rnnc_sequence *sequence = rnnc_sequence_create(NULL);
    rnnc_sequence_set_padded(sequence, wave, NULL, 1, STEPS, 1,
                             RNNC_BATCH_MAJOR);
    return sequence;
}

int main(void)
{
    rnnc_sequence *heard = wave_from(0), *coming = wave_from(1);
    // [readme]
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 1);
    rnnc_node *next = rnnc_input_rows(graph, "next", 1);
    rnnc_node *h = rnnc_unroll(rnnc_cell_lstm(graph, "lstm", 1, 16), x);
    rnnc_node *y = rnnc_linear(h, "out", 1);
    rnnc_node *error = rnnc_mse(y, next, RNNC_REDUCE_MEAN);

    rnnc_plan_options train = {sizeof train, RNNC_TRAIN, .loss = error};
    rnnc_plan *plan = rnnc_plan_create(graph, &train);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    rnnc_run_input(run, x, heard);
    rnnc_run_input(run, next, coming);
    for (int step = 0; step < 1000; step++) {
        rnnc_weights_zero_gradients(weights);
        rnnc_run_forward(run);
        rnnc_run_backward(run);
        rnnc_optimizer_step(adam);
    }
    // [readme]
    float loss = 1;
    if (rnnc_run_loss(run, &loss))
        fprintf(stderr, "%s\n", rnnc_run_message(run));
    printf("mean squared error %.6f\n", (double)loss);
    rnnc_optimizer_destroy(adam);
    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
    rnnc_sequence_destroy(heard);
    rnnc_sequence_destroy(coming);
    return loss < 0.01f ? 0 : 1;
}
