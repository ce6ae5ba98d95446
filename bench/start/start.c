// SPDX-License-Identifier: MIT
// A fresh process up to the first step of a model. Usage:
//   start make PATH      writes the model, 1 MB: an LSTM and a linear layer
//   start PATH SECONDS   loads, plans, steps once; prints seconds of the steady
//                        clock since SECONDS, and the first outputs
//   start main SECONDS   does nothing; prints seconds since SECONDS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rnnc/rnnc.h"

enum { INPUTS = 64, HIDDEN = 224, OUTPUTS = 16, SHOWN = 4 };

static void need(int good, const char *message)
{
    if (good)
        return;
    fprintf(stderr, "start: %s\n", message);
    exit(1);
}

static void make(const char *path)
{
    char message[256] = "";
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", INPUTS);
    rnnc_node *h =
        rnnc_unroll(rnnc_cell_lstm(graph, "lstm", INPUTS, HIDDEN), x);
    rnnc_name(rnnc_linear(h, "out", OUTPUTS), "y");
    need(!rnnc_graph_status(graph), rnnc_graph_message(graph));
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    need(!rnnc_model_save(weights, path, message, sizeof message), message);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

static double since(double start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - start;
}

static void step(const char *path, double start)
{
    rnnc_model *model = rnnc_model_load(NULL, path);
    need(!rnnc_model_status(model), rnnc_model_message(model));
    rnnc_graph *graph = rnnc_model_graph(model);
    rnnc_node *y = rnnc_graph_node(graph, "y");
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_STREAM,
                                 .outputs = &y,
                                 .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_stream *stream =
        rnnc_stream_create(plan, rnnc_model_weights(model), 1);
    float *in = rnnc_stream_in(stream, rnnc_graph_node(graph, "x"));
    need(in != NULL, rnnc_stream_message(stream));
    for (int i = 0; i < INPUTS; i++)
        in[i] = 1.0f;
    need(!rnnc_stream_step(stream), rnnc_stream_message(stream));
    const double seconds = since(start);
    const float *out = rnnc_stream_out(stream, y);
    printf("%.9f", seconds);
    for (int i = 0; i < SHOWN; i++)
        printf(" %.9g", (double)out[i]);
    printf("\n");
}

int main(int count, char **words)
{
    need(count == 3, "make PATH, PATH SECONDS, or main SECONDS");
    if (strcmp(words[1], "make") == 0)
        make(words[2]);
    else if (strcmp(words[1], "main") == 0)
        printf("%.9f\n", since(strtod(words[2], NULL)));
    else
        step(words[1], strtod(words[2], NULL));
    return 0;
}
