// SPDX-License-Identifier: MIT
// What a stranger's first program does: two matrices, one product.
#include <rnnc/rnnc.h>

#include <stdio.h>
#include <string.h>

// [2, 2] times [2, 2], by a plan.
static rnnc_status multiply(const float *a, const float *b, float *c)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *left = rnnc_constant(graph, 2, 2, a);
    rnnc_node *right = rnnc_constant(graph, 2, 2, b);
    rnnc_node *product = rnnc_matmul(left, right);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_node *outputs[] = {product};
    rnnc_plan_options options = {.struct_size = sizeof(options)};
    options.use = RNNC_INFER;
    options.outputs = outputs;
    options.n_outputs = 1;
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_run *run = rnnc_run_create(plan, weights);

    rnnc_status status = rnnc_run_forward(run);
    if (status == RNNC_OK)
        status = rnnc_run_get_static(run, product, c);
    if (status != RNNC_OK)
        fprintf(stderr, "%s\n", rnnc_run_message(run));
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return status;
}

int main(void)
{
    const float a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8};
    const float expected[] = {19, 22, 43, 50};
    float c[4] = {0, 0, 0, 0};

    if (multiply(a, b, c) != RNNC_OK)
        return 1;
    printf("librnnc %s: %g %g %g %g\n", rnnc_version(), (double)c[0],
           (double)c[1], (double)c[2], (double)c[3]);
    return memcmp(c, expected, sizeof(c)) != 0;
}
