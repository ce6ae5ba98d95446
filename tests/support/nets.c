// SPDX-License-Identifier: MIT
#include "support/nets.h"

#include <stdlib.h>

// ---- Cells -----------------------------------------------------------------

static rnnc_node *unrolled(rnnc_node *x, rnnc_graph *graph, int32_t which,
                           int32_t variant, int64_t hidden)
{
    rnnc_cell_options options = {.struct_size = sizeof options,
                                 .variant = variant};
    return rnnc_unroll(
        rnnc_cell_make(graph, "cell", which, NET_INPUTS, hidden, &options), x);
}

static rnnc_node *rnn(rnnc_node *x, rnnc_graph *graph, int64_t hidden)
{
    return unrolled(x, graph, RNNC_CELL_RNN, RNNC_RNN_TANH, hidden);
}

static rnnc_node *lstm(rnnc_node *x, rnnc_graph *graph, int64_t hidden)
{
    return unrolled(x, graph, RNNC_CELL_LSTM, 0, hidden);
}

static rnnc_node *gru_after(rnnc_node *x, rnnc_graph *graph, int64_t hidden)
{
    return unrolled(x, graph, RNNC_CELL_GRU, RNNC_GRU_AFTER, hidden);
}

static rnnc_node *gru_before(rnnc_node *x, rnnc_graph *graph, int64_t hidden)
{
    return unrolled(x, graph, RNNC_CELL_GRU, RNNC_GRU_BEFORE, hidden);
}

static rnnc_node *peephole(rnnc_node *x, rnnc_graph *graph, int64_t hidden)
{
    return unrolled(x, graph, RNNC_CELL_PEEPHOLE, 0, hidden);
}

static rnnc_node *ctrnn(rnnc_node *x, rnnc_graph *graph, int64_t hidden)
{
    return unrolled(x, graph, RNNC_CELL_CTRNN, RNNC_CTRNN_BEER, hidden);
}

static rnnc_node *both_ways(rnnc_node *x, rnnc_graph *graph, int64_t hidden)
{
    rnnc_cell_options options = {.struct_size = sizeof options, .reverse = 1};
    rnnc_cell *forward = rnnc_cell_lstm(graph, "cell", NET_INPUTS, hidden);
    rnnc_cell *backward = rnnc_cell_make(graph, "cell", RNNC_CELL_LSTM,
                                         NET_INPUTS, hidden, &options);
    return rnnc_bidirectional(forward, backward, x, RNNC_MERGE_CONCAT);
}

// h' = g h + (1 - g) tanh(W dropout([x, h]) + b), g = sigmoid(u x + v * h),
// in two layers with a shift and a normalization between them.
static rnnc_cell *own_cell(rnnc_graph *graph, const char *name, int64_t inputs,
                           int64_t hidden)
{
    rnnc_cell *cell = rnnc_cell_create(graph, name);
    rnnc_node *x = rnnc_cell_input(cell, inputs);
    rnnc_node *h = rnnc_cell_state(cell, "h", hidden);
    rnnc_node *w = rnnc_cell_parameter(cell, "w", hidden, inputs + hidden,
                                       RNNC_INIT_GLOROT, 0);
    rnnc_node *b =
        rnnc_cell_parameter_vector(cell, "b", hidden, RNNC_INIT_UNIFORM, 0.1f);
    rnnc_node *u =
        rnnc_cell_parameter(cell, "u", hidden, inputs, RNNC_INIT_GLOROT, 0);
    rnnc_node *v =
        rnnc_cell_parameter_vector(cell, "v", hidden, RNNC_INIT_UNIFORM, 0.5f);
    rnnc_node *parts[2] = {x, h};
    rnnc_node *in = rnnc_dropout(rnnc_concat(parts, 2), 0.25f);
    rnnc_node *g =
        rnnc_sigmoid(rnnc_add(rnnc_project_unbiased(x, u), rnnc_mul(v, h)));
    rnnc_node *c = rnnc_tanh(rnnc_project(in, w, b));
    rnnc_node *next = rnnc_add(c, rnnc_mul(g, rnnc_sub(h, c)));
    rnnc_cell_next(cell, h, next);
    rnnc_cell_output(cell, next);
    rnnc_cell_first(cell, h,
                    rnnc_cell_parameter_vector(cell, "first", hidden,
                                               RNNC_INIT_UNIFORM, 0.5f));
    return cell;
}

static rnnc_node *own(rnnc_node *x, rnnc_graph *graph, int64_t hidden)
{
    rnnc_node *h = rnnc_unroll(own_cell(graph, "one", NET_INPUTS, hidden), x);
    rnnc_node *between = rnnc_add(rnnc_normalize(h, 1e-5f), rnnc_shift(h, 2));
    return rnnc_unroll(own_cell(graph, "two", hidden, hidden),
                       rnnc_dropout(between, 0.1f));
}

const net_row net_table[] = {
    {"rnn", rnn, true},
    {"lstm", lstm, true},
    {"gru after", gru_after, true},
    {"gru before", gru_before, true},
    {"peephole", peephole, true},
    {"ctrnn", ctrnn, true},
    {"bidirectional", both_ways, false},
    {"own cell with dropout", own, true},
};
const size_t net_count = sizeof net_table / sizeof net_table[0];

// ---- Nets ------------------------------------------------------------------

net net_make(rnnc_context *context, const net_row *row, int64_t hidden)
{
    net n = {.graph = rnnc_graph_create(context)};
    n.x = rnnc_input_rows(n.graph, "x", NET_INPUTS);
    n.next = rnnc_input_ids(n.graph, "next", NET_CLASSES);
    rnnc_node *h = row->build(n.x, n.graph, hidden);
    n.y = rnnc_name(rnnc_linear(h, "out", NET_CLASSES), "y");
    n.mean = rnnc_pool(n.y, RNNC_POOL_MEAN);
    n.loss = rnnc_cross_entropy(n.y, n.next);
    return n;
}

void net_destroy(net *n)
{
    rnnc_graph_destroy(n->graph);
    n->graph = NULL;
}

rnnc_plan *net_plan(const net *n, int32_t use, int64_t block_rows)
{
    rnnc_node *outputs[] = {n->y, n->mean};
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .outputs = outputs,
                                 .n_outputs = 2,
                                 .loss = use == RNNC_TRAIN ? n->loss : NULL,
                                 .block_rows = block_rows};
    return rnnc_plan_create(n->graph, &options);
}

// ---- Data ------------------------------------------------------------------

static uint32_t mixed(int64_t a, int64_t b, int64_t c)
{
    uint64_t x = (uint64_t)a * 0x9e3779b97f4a7c15u + (uint64_t)b;
    x = (x ^ (x >> 31)) * 0xbf58476d1ce4e5b9u + (uint64_t)c;
    x = (x ^ (x >> 29)) * 0x94d049bb133111ebu;
    return (uint32_t)(x >> 32);
}

float net_float(int64_t row, int64_t step, int64_t feature)
{
    return (float)(mixed(row, step, feature) >> 8) * 0x1p-23f - 1.0f;
}

int32_t net_id(int64_t row, int64_t step)
{
    return (int32_t)(mixed(row, step, -1) % NET_CLASSES);
}

static bool set(rnnc_sequence *x, rnnc_sequence *next, float **floats,
                int32_t **ids, const int64_t *lengths, int64_t batch)
{
    return rnnc_sequence_set_rows(x, (const float *const *)floats, lengths,
                                  batch, NET_INPUTS) == RNNC_OK &&
           (next == NULL ||
            rnnc_sequence_set_ids(next, (const int32_t *const *)ids, lengths,
                                  batch) == RNNC_OK);
}

bool net_fill(rnnc_sequence *x, rnnc_sequence *next, const int64_t *rows,
              const int64_t *lengths, const int64_t *first, int64_t batch)
{
    float **floats = calloc((size_t)batch + 1, sizeof *floats);
    int32_t **ids = calloc((size_t)batch + 1, sizeof *ids);
    for (int64_t k = 0; k < batch; k++) {
        int64_t start = first == NULL ? 0 : first[k], steps = lengths[k];
        floats[k] = calloc((size_t)(steps * NET_INPUTS + 1), sizeof **floats);
        ids[k] = calloc((size_t)steps + 1, sizeof **ids);
        for (int64_t t = 0; t < steps; t++) {
            ids[k][t] = net_id(rows[k], start + t);
            for (int64_t f = 0; f < NET_INPUTS; f++)
                floats[k][t * NET_INPUTS + f] =
                    net_float(rows[k], start + t, f);
        }
    }
    bool good = set(x, next, floats, ids, lengths, batch);
    for (int64_t k = 0; k < batch; k++) {
        free(floats[k]);
        free(ids[k]);
    }
    free(floats);
    free(ids);
    return good;
}

float *net_weights(const rnnc_weights *weights, int64_t *count)
{
    rnnc_graph *graph = rnnc_weights_graph(weights);
    int32_t n = rnnc_graph_parameter_count(graph);
    *count = 0;
    for (int32_t p = 0; p < n; p++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(graph, p));
        *count += rnnc_weights_count(weights, name);
    }
    float *all = malloc(((size_t)*count + 1) * sizeof *all), *at = all;
    for (int32_t p = 0; p < n; p++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(graph, p));
        int64_t own = rnnc_weights_count(weights, name);
        rnnc_weights_get(weights, name, at, own);
        at += own;
    }
    return all;
}
