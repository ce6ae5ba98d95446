/* SPDX-License-Identifier: MIT */
/* A dynamical system s(t) = f(s(t-1); theta), unrolled for three steps: here
 * f(s; theta) = tanh(s theta). The same theta serves in every step, so its
 * gradient is the sum over the three uses; it is checked against a difference.
 * A sequence of any length is unrolled by rnnc_unroll() in the same way. */
#include <math.h>

#include "show.h"

enum { STEPS = 3 };

/* The last state's sum, and nothing of the library. */
static double by_hand(const double theta[4])
{
    double s[2] = {0.5, -1};
    for (int t = 0; t < STEPS; t++) {
        double a = s[0] * theta[0] + s[1] * theta[2];
        double b = s[0] * theta[1] + s[1] * theta[3];
        s[0] = tanh(a);
        s[1] = tanh(b);
    }
    return s[0] + s[1];
}

int main(int argc, char **argv)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *theta = rnnc_parameter(graph, "theta", 2, 2, RNNC_INIT_ZEROS, 0);
    rnnc_node *state = rnnc_input_static(graph, "s0", 1, 2);
    rnnc_node *first = state, *states[STEPS + 1];
    for (int t = 0; t < STEPS; t++) {
        char name[8];
        snprintf(name, sizeof name, "s%d", t + 1);
        state = rnnc_name(rnnc_tanh(rnnc_matmul(state, theta)), name);
        states[t] = state;
    }
    rnnc_node *sum = rnnc_name(rnnc_total(state), "sum");
    states[STEPS] = sum;

    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = show_run(graph, weights, sum, states, STEPS + 1, &first, 1);
    const float values[4] = {0.75f, -0.5f, 0.25f, 1};
    rnnc_weights_set(weights, "theta", values, 4);
    rnnc_run_input_static(run, first, (float[]){0.5f, -1});
    show_forward_backward(run);
    for (int t = 0; t <= STEPS; t++)
        show_output(run, states[t]);
    show_gradient(weights, theta);

    const double h = 1e-5;
    float differences[4];
    for (int i = 0; i < 4; i++) {
        double up[4], down[4];
        for (int j = 0; j < 4; j++)
            up[j] = down[j] = (double)values[j];
        up[i] += h;
        down[i] -= h;
        differences[i] = (float)((by_hand(up) - by_hand(down)) / (2 * h));
    }
    show_values("differences", differences, 2, 2);
    show_picture(graph, argc, argv, "system");

    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return 0;
}
