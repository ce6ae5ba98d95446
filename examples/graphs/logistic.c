/* SPDX-License-Identifier: MIT */
/* Logistic regression: y = sigmoid(x w + b), and the loss of a label. The
 * gradient by w is (y - label) x. */
#include "show.h"

int main(int argc, char **argv)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_static(graph, "x", 1, 2);
    rnnc_node *label = rnnc_input_static(graph, "label", 1, 1);
    rnnc_node *w = rnnc_parameter(graph, "w", 2, 1, RNNC_INIT_ZEROS, 0);
    rnnc_node *b = rnnc_parameter(graph, "b", 1, 1, RNNC_INIT_ZEROS, 0);
    rnnc_node *u1 = rnnc_name(rnnc_matmul(x, w), "u1");
    rnnc_node *u2 = rnnc_name(rnnc_add(u1, b), "u2");
    rnnc_node *y = rnnc_name(rnnc_sigmoid(u2), "y");
    rnnc_node *loss = rnnc_name(
        rnnc_binary_cross_entropy(u2, label, RNNC_REDUCE_MEAN), "loss");
    rnnc_node *outputs[] = {u1, u2, y, loss};

    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = show_run(graph, weights, loss, outputs, 4, NULL, 0);
    rnnc_weights_set(weights, "w", (float[]){0.5f, -0.25f}, 2);
    rnnc_weights_set(weights, "b", (float[]){0.125f}, 1);
    rnnc_run_input_static(run, x, (float[]){2, 3});
    rnnc_run_input_static(run, label, (float[]){1});
    show_forward_backward(run);
    for (int i = 0; i < 4; i++)
        show_output(run, outputs[i]);
    show_gradient(weights, w);
    show_gradient(weights, b);
    show_picture(graph, argc, argv, "logistic");

    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return 0;
}
