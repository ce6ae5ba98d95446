/* SPDX-License-Identifier: MIT */
/* Linear regression whose weight is used twice: for the prediction y = x w and
 * for the penalty lambda * sum(w^2). Its gradient is the sum over both uses:
 * 2 X' (X w - target) / rows + 2 lambda w. A few steps of gradient descent find
 * the weight between the best fit (2, -1) and zero. */
#include "show.h"

enum { ROWS = 4, STEPS = 200 };

int main(int argc, char **argv)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_static(graph, "x", ROWS, 2);
    rnnc_node *target = rnnc_input_static(graph, "target", ROWS, 1);
    rnnc_node *w = rnnc_parameter(graph, "w", 2, 1, RNNC_INIT_ZEROS, 0);
    rnnc_node *y = rnnc_name(rnnc_matmul(x, w), "y");
    rnnc_node *fit = rnnc_name(rnnc_mse(y, target, RNNC_REDUCE_MEAN), "fit");
    rnnc_node *decay = rnnc_name(rnnc_l2_penalty(w, 0.1f), "decay");
    rnnc_node *loss = rnnc_name(rnnc_add(fit, decay), "loss");
    rnnc_node *outputs[] = {y, fit, decay, loss};

    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = show_run(graph, weights, loss, outputs, 4, NULL, 0);
    rnnc_optimizer *descent = rnnc_optimizer_create(weights, RNNC_SGD);
    rnnc_optimizer_set(descent, RNNC_OPT_LEARNING_RATE, 0.1);
    rnnc_weights_set(weights, "w", (float[]){1, 1}, 2);
    rnnc_run_input_static(run, x, (float[]){1, 0, 0, 1, 1, 1, 1, -1});
    rnnc_run_input_static(run, target, (float[]){2, -1, 1, 3});
    show_forward_backward(run);
    for (int i = 0; i < 4; i++)
        show_output(run, outputs[i]);
    show_gradient(weights, w);

    for (int i = 0; i < STEPS; i++) {
        show_need(rnnc_optimizer_step(descent),
                  rnnc_optimizer_message(descent));
        rnnc_weights_zero_gradients(weights);
        show_forward_backward(run);
    }
    float trained[2];
    rnnc_weights_get(weights, "w", trained, 2);
    printf("after %d steps\n", STEPS);
    show_values("w", trained, 2, 1);
    show_output(run, loss);
    show_gradient(weights, w);
    show_picture(graph, argc, argv, "decay");

    rnnc_optimizer_destroy(descent);
    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return 0;
}
