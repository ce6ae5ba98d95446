/* SPDX-License-Identifier: MIT */
/* A layer of rectified linear units over a batch of rows: H = max(0, X W + b),
 * and the gradients of the sum of H. */
#include "show.h"

int main(int argc, char **argv)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_static(graph, "X", 3, 2);
    rnnc_node *w = rnnc_parameter(graph, "W", 2, 4, RNNC_INIT_ZEROS, 0);
    rnnc_node *b = rnnc_parameter(graph, "b", 1, 4, RNNC_INIT_ZEROS, 0);
    rnnc_node *u1 = rnnc_name(rnnc_matmul(x, w), "U1");
    rnnc_node *u2 = rnnc_name(rnnc_add(u1, b), "U2");
    rnnc_node *h = rnnc_name(rnnc_max(rnnc_scalar(graph, 0), u2), "H");
    rnnc_node *sum = rnnc_name(rnnc_total(h), "sum");
    rnnc_node *outputs[] = {u1, u2, h, sum};

    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = show_run(graph, weights, sum, outputs, 4, &x, 1);
    rnnc_weights_set(weights, "W", (float[]){1, -1, 0.5f, 2, 0, 1, -0.5f, -1},
                     8);
    rnnc_weights_set(weights, "b", (float[]){0.25f, 0.25f, -0.75f, 0}, 4);
    rnnc_run_input_static(run, x, (float[]){1, 2, -1, 3, 2, -1});
    show_forward_backward(run);
    for (int i = 0; i < 4; i++)
        show_output(run, outputs[i]);
    show_gradient(weights, w);
    show_gradient(weights, b);
    float dx[6];
    show_need(rnnc_run_gradient_static(run, x, dx), rnnc_run_message(run));
    show_values("d/d X", dx, 3, 2);
    show_picture(graph, argc, argv, "relu_layer");

    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return 0;
}
