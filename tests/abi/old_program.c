/* SPDX-License-Identifier: MIT */
/* A program of the day this ABI began: every noun of it, with options as short
 * as they were. It trains until a loss is small, and streams what it saved. */
#include <stdio.h>
#include <stdlib.h>

#include "rnnc_0_1.h"

enum { BATCH = 4, TIME = 8, UNITS = 6, STEPS = 300, BYTES = 1 << 16 };

static void need(int fine, const char *what, const char *why)
{
    if (fine)
        return;
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* Options in memory of their own size, so that a library which reads more than
 * they have reads beyond a block. */
static void *apart(const void *options, size_t size)
{
    unsigned char *block = malloc(size);
    need(block != NULL, "malloc", "no memory");
    for (size_t i = 0; i < size; i++)
        block[i] = ((const unsigned char *)options)[i];
    return block;
}

typedef struct network {
    rnnc_graph *graph;
    rnnc_node *x, *y, *loss;
} network;

static network describe(rnnc_context *context)
{
    rnnc_layers_options two = {.struct_size = sizeof two, .layers = 2};
    rnnc_layers_options *layers = apart(&two, sizeof two);
    network net = {.graph = rnnc_graph_create(context)};
    net.x = rnnc_input_rows(net.graph, "x", 1);
    rnnc_node *h = rnnc_layers(net.x, "gru", RNNC_CELL_GRU, UNITS, layers);
    net.y = rnnc_name(rnnc_linear(h, "out", 1), "y");
    net.loss = rnnc_mse(net.y, rnnc_shift(net.x, 1), RNNC_REDUCE_MEAN);
    need(!rnnc_graph_status(net.graph), "graph", rnnc_graph_message(net.graph));
    free(layers);
    return net;
}

static rnnc_plan *plan_for(const network *net, int32_t use)
{
    rnnc_node *outputs[] = {net->y};
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .outputs = outputs,
                                 .n_outputs = 1};
    if (use == RNNC_TRAIN)
        options.loss = net->loss;
    rnnc_plan_options *old = apart(&options, sizeof options);
    rnnc_plan *plan = rnnc_plan_create(net->graph, old);
    need(!rnnc_plan_status(plan), "plan", rnnc_plan_message(plan));
    free(old);
    return plan;
}

/* Trains; gives what the run says after the last step. */
static void train(const network *net, rnnc_weights *weights,
                  const rnnc_sequence *data, float *outputs)
{
    rnnc_plan *plan = plan_for(net, RNNC_TRAIN);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    float loss = 1, norm;
    rnnc_optimizer_set(adam, RNNC_OPT_LEARNING_RATE, 0.02);
    rnnc_run_input(run, net->x, data);
    for (int step = 0; step < STEPS; step++) {
        rnnc_weights_zero_gradients(weights);
        need(!rnnc_run_forward(run) && !rnnc_run_backward(run), "run",
             rnnc_run_message(run));
        rnnc_clip_norm(weights, 1, &norm);
        need(!rnnc_optimizer_step(adam), "adam", rnnc_optimizer_message(adam));
    }
    need(!rnnc_run_forward(run), "run", rnnc_run_message(run));
    rnnc_run_loss(run, &loss);
    need(loss < 0.02f, "loss", "too large");
    rnnc_run_get_padded(run, net->y, outputs, TIME, RNNC_BATCH_MAJOR, 0);
    rnnc_optimizer_destroy(adam);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
}

/* The first sequence through a model that was saved and loaded: the same bits.
 */
static void stream(rnnc_context *context, const void *bytes, size_t size,
                   const float *inputs, const float *outputs)
{
    rnnc_model *model = rnnc_model_load_memory(context, bytes, size);
    need(!rnnc_model_status(model), "model", rnnc_model_message(model));
    network net = {.graph = rnnc_model_graph(model)};
    net.x = rnnc_graph_node(net.graph, "x");
    net.y = rnnc_graph_node(net.graph, "y");
    rnnc_plan *plan = plan_for(&net, RNNC_STREAM);
    rnnc_stream *steps = rnnc_stream_create(plan, rnnc_model_weights(model), 1);
    float *in = rnnc_stream_in(steps, net.x);
    const float *out = rnnc_stream_out(steps, net.y);
    for (int t = 0; t < TIME; t++) {
        *in = inputs[t];
        need(!rnnc_stream_step(steps), "stream", rnnc_stream_message(steps));
        need(!(*out < outputs[t]) && !(*out > outputs[t]), "stream",
             "not what the run gave");
    }
    rnnc_stream_destroy(steps);
    rnnc_plan_destroy(plan);
    rnnc_model_destroy(model);
}

int main(void)
{
    static unsigned char bytes[BYTES];
    float inputs[BATCH * TIME], outputs[BATCH * TIME];
    size_t size = 0;
    for (int i = 0; i < BATCH * TIME; i++)
        inputs[i] = (float)(i * 7 % 5) / 5;
    rnnc_context_options two = {.struct_size = sizeof two, .threads = 2};
    rnnc_context_options *options = apart(&two, sizeof two);
    rnnc_context *context = rnnc_context_create(options);
    network net = describe(context);
    rnnc_weights *weights = rnnc_weights_create(net.graph, 1);
    rnnc_sequence *data = rnnc_sequence_create(context);
    rnnc_sequence_set_padded(data, inputs, NULL, BATCH, TIME, 1,
                             RNNC_BATCH_MAJOR);
    train(&net, weights, data, outputs);
    need(!rnnc_model_save_memory(weights, bytes, sizeof bytes, &size), "save",
         "no");
    stream(context, bytes, size, inputs, outputs);
    rnnc_sequence_destroy(data);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(net.graph);
    rnnc_context_destroy(context);
    free(options);
    printf("built with 0.1, runs with %s\n", rnnc_version());
    return 0;
}
