/* SPDX-License-Identifier: MIT */
/* z = x y: the smallest graph. dz/dx = y and dz/dy = x. */
#include "show.h"

int main(int argc, char **argv)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_static(graph, "x", 1, 1);
    rnnc_node *y = rnnc_input_static(graph, "y", 1, 1);
    rnnc_node *z = rnnc_name(rnnc_mul(x, y), "z");
    rnnc_node *inputs[] = {x, y};
    rnnc_weights *weights = rnnc_weights_create(graph, 1); /* there are none */
    rnnc_run *run = show_run(graph, weights, z, &z, 1, inputs, 2);

    const float three = 3, four = 4;
    float dx, dy;
    rnnc_run_input_static(run, x, &three);
    rnnc_run_input_static(run, y, &four);
    show_forward_backward(run);
    show_output(run, z);
    show_need(rnnc_run_gradient_static(run, x, &dx), rnnc_run_message(run));
    show_need(rnnc_run_gradient_static(run, y, &dy), rnnc_run_message(run));
    show_values("dz/dx", &dx, 1, 1);
    show_values("dz/dy", &dy, 1, 1);
    show_picture(graph, argc, argv, "product");

    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return 0;
}
