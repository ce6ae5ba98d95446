// SPDX-License-Identifier: MIT
// The graphs of the benchmark, their parameters filled by name.
#include "network.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "drawn.h"
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

static int is_drawn(const char *cell)
{
    return strncmp(cell, "drawn", strlen("drawn")) == 0;
}

static rnnc_cell *make_cell(rnnc_graph *graph, const bench_row *row)
{
    if (is_drawn(row->cell))
        return bench_drawn(graph, "", row->inputs, row->hidden, row->cell);
    return find_cell(row->cell)(graph, "", row->inputs, row->hidden);
}

// How the work is done: what a training run keeps, whether its time blocks are
// one step, how weights are stored.
typedef struct form {
    const char *name;
    int32_t keep, by_step, storage;
} form;

static const form forms[] = {
    {"-", RNNC_KEEP_RESULTS, 0, RNNC_STORE_FLOAT32},
    {"steps", RNNC_KEEP_RESULTS, 1, RNNC_STORE_FLOAT32},
    {"states", RNNC_KEEP_STATES, 0, RNNC_STORE_FLOAT32},
    {"states_steps", RNNC_KEEP_STATES, 1, RNNC_STORE_FLOAT32},
    {"segments", RNNC_KEEP_SEGMENTS, 0, RNNC_STORE_FLOAT32},
    {"bf16", RNNC_KEEP_RESULTS, 0, RNNC_STORE_BF16},
    {"int8", RNNC_KEEP_RESULTS, 0, RNNC_STORE_INT8},
};

static const form *find_form(const char *name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

int bench_knows(const bench_row *row)
{
    return (is_drawn(row->cell) || find_cell(row->cell)) &&
           find_form(row->form);
}

static void begin(bench_network *to, int threads)
{
    *to = (bench_network){.heap = bench_take(1, sizeof *to->heap)};
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads,
                                    .allocate = bench_heap_take,
                                    .release = bench_heap_give,
                                    .user = to->heap};
    to->context = rnnc_context_create(&options);
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

static void finish(bench_network *net, rnnc_plan_options *options,
                   const bench_row *row)
{
    if (rnnc_graph_status(net->graph))
        bench_fail("graph", rnnc_graph_message(net->graph));
    const form *how = find_form(row->form);
    options->keep = how->keep;
    options->block_rows = how->by_step ? row->batch : 0;
    net->plan = rnnc_plan_create(net->graph, options);
    if (rnnc_plan_status(net->plan))
        bench_fail("plan", rnnc_plan_message(net->plan));
    net->weights = rnnc_weights_create(net->graph, 1);
    fill_parameters(net, row->hidden);
    if (rnnc_weights_store(net->weights, NULL, find_form(row->form)->storage))
        bench_fail("weights", rnnc_weights_message(net->weights));
}

void bench_layer_make(bench_network *to, const bench_row *row, int threads,
                      int32_t use)
{
    begin(to, threads);
    to->x = rnnc_input_rows(to->graph, "x", row->inputs);
    to->y = rnnc_unroll(make_cell(to->graph, row), to->x);
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .outputs = &to->y,
                                 .n_outputs = 1};
    if (use == RNNC_TRAIN) {
        options.loss = to->loss = rnnc_total(to->y);
        options.gradients = &to->x;
        options.n_gradients = strcmp(row->kind, "first") != 0;
    }
    finish(to, &options, row);
}

// From ids to the loss of the ids after them, by layers of LSTM.
static void make_language(bench_network *to, const bench_row *row, int threads,
                          int64_t vocabulary, int32_t layers)
{
    begin(to, threads);
    to->x = rnnc_input_ids(to->graph, "x", vocabulary);
    to->next = rnnc_input_ids(to->graph, "next", vocabulary);
    rnnc_layers_options stack = {.struct_size = sizeof stack, .layers = layers};
    to->y = rnnc_layers(rnnc_embedding(to->x, "embed", row->inputs), "lstm",
                        RNNC_CELL_LSTM, row->hidden, &stack);
    to->loss =
        rnnc_cross_entropy(rnnc_linear(to->y, "out", vocabulary), to->next);
    rnnc_plan_options options = {
        .struct_size = sizeof options, .use = RNNC_TRAIN, .loss = to->loss};
    finish(to, &options, row);
}

void bench_words_make(bench_network *to, const bench_row *row, int threads)
{
    make_language(to, row, threads, BENCH_WORDS, BENCH_LAYERS);
}

void bench_letters_make(bench_network *to, const bench_row *row, int threads)
{
    make_language(to, row, threads, BENCH_LETTERS, 1);
}

void bench_network_free(bench_network *network)
{
    rnnc_weights_destroy(network->weights);
    rnnc_plan_destroy(network->plan);
    rnnc_graph_destroy(network->graph);
    rnnc_context_destroy(network->context);
    free(network->heap);
}
