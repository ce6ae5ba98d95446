/* SPDX-License-Identifier: MIT */
/* What the programs of this folder share: running a static graph once, and
 * showing values, gradients and a picture. */
#ifndef SHOW_H
#define SHOW_H

#include <stdio.h>
#include <stdlib.h>

#include "rnnc/rnnc.h"

enum { SHOW_MOST = 64 }; /* values of one node */

static inline void show_need(rnnc_status status, const char *message)
{
    if (status == RNNC_OK)
        return;
    fprintf(stderr, "%s: %s\n", rnnc_status_string(status), message);
    exit(1);
}

static inline void show_values(const char *name, const float *values,
                               int64_t rows, int64_t cols)
{
    for (int64_t r = 0; r < rows; r++) {
        printf("%-12s", r == 0 ? name : "");
        for (int64_t c = 0; c < cols; c++)
            printf(" %9.5f", (double)values[r * cols + c]);
        printf("\n");
    }
}

/* The value of an output of the run's plan, under its name. */
static inline void show_output(const rnnc_run *run, rnnc_node *node)
{
    float values[SHOW_MOST];
    show_need(rnnc_run_get_static(run, node, values), rnnc_run_message(run));
    show_values(rnnc_node_name(node), values, rnnc_node_rows(node),
                rnnc_node_cols(node));
}

/* d loss / d parameter. */
static inline void show_gradient(const rnnc_weights *weights, rnnc_node *node)
{
    char label[40];
    float values[SHOW_MOST];
    int64_t rows = rnnc_node_rows(node), cols = rnnc_node_cols(node);
    const char *name = rnnc_node_name(node);
    show_need(rnnc_weights_gradient(weights, name, values, rows * cols),
              rnnc_weights_message(weights));
    snprintf(label, sizeof label, "d/d %s", name);
    show_values(label, values, rows, cols);
}

/* A run that can go backward from `loss`, with gradients by `inputs` too. */
static inline rnnc_run *show_run(rnnc_graph *graph, rnnc_weights *weights,
                                 rnnc_node *loss, rnnc_node *const *outputs,
                                 int32_t n_outputs, rnnc_node *const *inputs,
                                 int32_t n_inputs)
{
    show_need(rnnc_graph_status(graph), rnnc_graph_message(graph));
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_TRAIN,
                                 .outputs = outputs,
                                 .n_outputs = n_outputs,
                                 .loss = loss,
                                 .gradients = inputs,
                                 .n_gradients = n_inputs};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    show_need(rnnc_plan_status(plan), rnnc_plan_message(plan));
    rnnc_run *run = rnnc_run_create(plan, weights);
    show_need(rnnc_run_status(run), rnnc_run_message(run));
    rnnc_plan_destroy(plan);
    return run;
}

static inline void show_forward_backward(rnnc_run *run)
{
    show_need(rnnc_run_forward(run), rnnc_run_message(run));
    show_need(rnnc_run_backward(run), rnnc_run_message(run));
}

/* Writes the picture to the path that is the program's only argument, or to
 * ./<name>.dot. */
static inline void show_picture(const rnnc_graph *graph, int argc, char **argv,
                                const char *name)
{
    char usual[40];
    snprintf(usual, sizeof usual, "./%s.dot", name);
    const char *path = argc > 1 ? argv[1] : usual;
    size_t length = rnnc_graph_picture(graph, NULL, 0);
    char *text = malloc(length + 1);
    FILE *file = fopen(path, "w");
    if (text == NULL || file == NULL) {
        fprintf(stderr, "cannot write %s\n", path);
        exit(1);
    }
    rnnc_graph_picture(graph, text, length + 1);
    fputs(text, file);
    fclose(file);
    free(text);
    printf("picture      %s (dot -Tsvg %s > %s.svg)\n", path, path, name);
}

#endif
