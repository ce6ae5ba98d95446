// SPDX-License-Identifier: MIT
// The graphs of the benchmark, their parameters filled by name.
#include "network.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "fill.h"
#include "peephole.h"

typedef rnnc_cell *cell_maker(rnnc_graph *, const char *, int64_t, int64_t);

static const struct {
    const char *name;
    cell_maker *make;
} cells[] = {
    {"lstm", rnnc_cell_lstm},
    {"gru", rnnc_cell_gru},
    {"rnn", rnnc_cell_rnn},
    {"peephole", bench_peephole},
};

static cell_maker *find_cell(const char *name)
{
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (strcmp(cells[i].name, name) == 0)
            return cells[i].make;
    return NULL;
}

int bench_knows_cell(const char *name)
{
    return find_cell(name) != NULL;
}

static void begin(bench_network *to, int threads)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    *to = (bench_network){.context = rnnc_context_create(&options)};
    to->graph = rnnc_graph_create(to->context);
}

static void fill_parameters(bench_network *net, int64_t hidden)
{
    int32_t count = rnnc_graph_parameter_count(net->graph);
    for (int32_t p = 0; p < count; p++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(net->graph, p));
        int64_t size = rnnc_weights_count(net->weights, name);
        float *values = bench_take(size, sizeof *values);
        bench_fill(values, size, name, bench_scale(hidden));
        if (rnnc_weights_set(net->weights, name, values, size))
            bench_fail("weights", rnnc_weights_message(net->weights));
        free(values);
    }
}

static void finish(bench_network *net, const rnnc_plan_options *options,
                   int64_t hidden)
{
    if (rnnc_graph_status(net->graph))
        bench_fail("graph", rnnc_graph_message(net->graph));
    net->plan = rnnc_plan_create(net->graph, options);
    if (rnnc_plan_status(net->plan))
        bench_fail("plan", rnnc_plan_message(net->plan));
    net->weights = rnnc_weights_create(net->graph, 1);
    fill_parameters(net, hidden);
}

void bench_layer_make(bench_network *to, const bench_row *row, int threads,
                      int32_t use)
{
    begin(to, threads);
    to->x = rnnc_input_rows(to->graph, "x", row->hidden);
    to->y = rnnc_unroll(
        find_cell(row->cell)(to->graph, "", row->hidden, row->hidden), to->x);
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .outputs = &to->y,
                                 .n_outputs = 1};
    if (use == RNNC_TRAIN) {
        options.loss = to->loss = rnnc_total(to->y);
        options.gradients = &to->x;
        options.n_gradients = 1;
    }
    finish(to, &options, row->hidden);
}

void bench_words_make(bench_network *to, const bench_row *row, int threads)
{
    begin(to, threads);
    to->x = rnnc_input_ids(to->graph, "x", BENCH_WORDS);
    to->next = rnnc_input_ids(to->graph, "next", BENCH_WORDS);
    rnnc_layers_options layers = {.struct_size = sizeof layers,
                                  .layers = BENCH_LAYERS};
    to->y = rnnc_layers(rnnc_embedding(to->x, "embed", row->hidden), "lstm",
                        RNNC_CELL_LSTM, row->hidden, &layers);
    to->loss =
        rnnc_cross_entropy(rnnc_linear(to->y, "out", BENCH_WORDS), to->next);
    rnnc_plan_options options = {
        .struct_size = sizeof options, .use = RNNC_TRAIN, .loss = to->loss};
    finish(to, &options, row->hidden);
}

void bench_network_free(bench_network *network)
{
    rnnc_weights_destroy(network->weights);
    rnnc_plan_destroy(network->plan);
    rnnc_graph_destroy(network->graph);
    rnnc_context_destroy(network->context);
}
