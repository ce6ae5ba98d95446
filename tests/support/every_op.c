// SPDX-License-Identifier: MIT
// A graph with every operation, several cells and two axes.
#include "support/every_op.h"

#include <stddef.h>

enum { WIDE = 3 };

typedef rnnc_node *one_value(rnnc_node *x);
typedef rnnc_node *two_values(rnnc_node *a, rnnc_node *b);

static rnnc_node *add_element_wise(rnnc_node *x, rnnc_node *y)
{
    static one_value *const ones[] = {
        rnnc_neg,  rnnc_abs,  rnnc_exp,      rnnc_log,      rnnc_sqrt,
        rnnc_tanh, rnnc_relu, rnnc_softplus, rnnc_softsign, rnnc_sigmoid};
    static two_values *const twos[] = {rnnc_add,  rnnc_sub,        rnnc_mul,
                                       rnnc_div,  rnnc_min,        rnnc_max,
                                       rnnc_less, rnnc_less_equal, rnnc_equal};
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++)
        x = rnnc_add(x, ones[i](y));
    for (size_t i = 0; i < sizeof twos / sizeof *twos; i++)
        x = rnnc_add(x, twos[i](x, y));
    x = rnnc_select(rnnc_less(x, y), x, y);
    x = rnnc_elu(x, 0.1f);
    x = rnnc_hard_sigmoid(x, 0.2f, 0.5f);
    x = rnnc_leaky_relu(x, 1e-2f);
    x = rnnc_thresholded_relu(x, 1.1f);
    x = rnnc_affine(x, 3.4028235e38f, 1.4e-45f);
    x = rnnc_scaled_tanh(x, 1.7159f, 2.0f / 3);
    return rnnc_clip(x, -5, 5);
}

static rnnc_node *add_features(rnnc_node *x)
{
    rnnc_node *parts[] = {rnnc_softmax(x), rnnc_log_softmax(x), rnnc_sum(x),
                          rnnc_mean(x)};
    x = rnnc_slice(rnnc_concat(parts, 4), 1, WIDE);
    return rnnc_name(rnnc_dropout(rnnc_normalize(x, 1e-5f), 0.25f),
                     "k\xc3\xb6rper \"1\"\\");
}

// The shipped cells, a cell of one's own with every kind of input, and a
// learned first state.
static rnnc_node *add_cells(rnnc_graph *graph, rnnc_node *x, rnnc_node *ids,
                            rnnc_node *batch)
{
    rnnc_cell *own = rnnc_cell_create(graph, "own");
    rnnc_node *in = rnnc_cell_input(own, WIDE);
    rnnc_node *word = rnnc_cell_input_ids(own, 7);
    rnnc_node *side = rnnc_cell_input_batch(own, WIDE);
    rnnc_node *h = rnnc_cell_state(own, "h", WIDE);
    rnnc_node *c = rnnc_cell_state(own, "c", WIDE);
    rnnc_node *w =
        rnnc_cell_parameter(own, "w", WIDE, WIDE, RNNC_INIT_IDENTITY, 0.5f);
    rnnc_node *table =
        rnnc_cell_parameter(own, "table", 7, WIDE, RNNC_INIT_NORMAL, 0.1f);
    rnnc_node *first =
        rnnc_cell_parameter_vector(own, "first", WIDE, RNNC_INIT_ZEROS, 0);
    rnnc_node *sum = rnnc_add(rnnc_matmul(h, w), rnnc_lookup(word, table));
    rnnc_node *next = rnnc_tanh(rnnc_add(sum, rnnc_mul(in, side)));
    rnnc_cell_first(own, h, first);
    rnnc_cell_next(own, h, next);
    rnnc_cell_next(own, c, rnnc_add(c, h));
    rnnc_cell_output(own, rnnc_name(next, "next"));
    rnnc_cell_output(own, c);
    rnnc_node *inputs[] = {x, ids, batch}, *firsts[] = {NULL, batch};
    rnnc_node *run = rnnc_unroll_with(own, inputs, 3, firsts, 2);
    rnnc_node *y = rnnc_add(run, rnnc_unroll_output(run, 1));
    y = rnnc_add(y, rnnc_repeat(rnnc_unroll_final(run, "c"), y));
    y = rnnc_unroll(rnnc_cell_lstm(graph, "lstm", WIDE, WIDE), y);
    y = rnnc_unroll(rnnc_cell_gru(graph, "gru", WIDE, WIDE), y);
    y = rnnc_unroll(rnnc_cell_peephole(graph, "peep", WIDE, WIDE), y);
    y = rnnc_unroll(rnnc_cell_ctrnn(graph, "ctrnn", WIDE, WIDE), y);
    rnnc_cell_create(graph, "unfinished");
    return rnnc_bidirectional(rnnc_cell_rnn(graph, "there", WIDE, WIDE),
                              rnnc_cell_rnn(graph, "back", WIDE, WIDE), y,
                              RNNC_MERGE_SUM);
}

static void add_losses(rnnc_graph *graph, rnnc_node *y, rnnc_node *ids)
{
    rnnc_cross_entropy_options options = {.struct_size = sizeof options,
                                          .reduction = RNNC_REDUCE_SUM,
                                          .has_ignore = 1,
                                          .ignore_index = -7,
                                          .smoothing = 0.1f};
    const float weights[7] = {1, 0.1f, 2, 3, -0.0f, 5, 1e-20f};
    options.class_weights = rnnc_constant(graph, 1, 7, weights);
    rnnc_node *logits = rnnc_linear(y, "out", 7);
    rnnc_node *loss = rnnc_cross_entropy(logits, ids);
    loss = rnnc_add(loss, rnnc_cross_entropy_with(logits, ids, &options));
    loss = rnnc_add(loss, rnnc_mse(y, y, RNNC_REDUCE_MEAN));
    loss = rnnc_add(loss, rnnc_huber(y, y, 0.7f, RNNC_REDUCE_SUM));
    loss = rnnc_add(loss, rnnc_total(rnnc_binary_cross_entropy(
                              y, rnnc_sigmoid(y), RNNC_REDUCE_NONE)));
    rnnc_node *w = rnnc_graph_node(graph, "out.weight");
    loss = rnnc_add(loss, rnnc_l2_penalty(rnnc_rows(w, 1, 2), 1e-4f));
    rnnc_name(loss, "loss");
}

rnnc_graph *every_op_graph(rnnc_context *context)
{
    rnnc_graph *graph = rnnc_graph_create(context);
    rnnc_node *x = rnnc_input_rows(graph, "x", WIDE);
    rnnc_node *ids = rnnc_input_ids(graph, "ids", 7);
    rnnc_node *other = rnnc_input_rows_on(graph, "source", "other", WIDE);
    rnnc_node *other_ids = rnnc_input_ids_on(graph, "source", "other_ids", 9);
    rnnc_node *batch = rnnc_input_batch(graph, "batch", WIDE);
    rnnc_node *label = rnnc_input_batch_ids(graph, "label", 4);
    rnnc_node *fixed = rnnc_input_static(graph, "fixed", 1, WIDE);
    rnnc_node *vector =
        rnnc_parameter_vector(graph, "vector", WIDE, RNNC_INIT_UNIFORM, 0.08f);
    rnnc_init_rows(vector, 1, 1, RNNC_INIT_CONSTANT, 0.3f);
    rnnc_freeze(vector, 1);
    rnnc_parameter(graph, "constant.0", 1, 1, RNNC_INIT_ZEROS, 0);
    rnnc_node *gain =
        rnnc_parameter_vector(graph, "gain", WIDE, RNNC_INIT_CONSTANT, 1);
    rnnc_node *y = add_element_wise(x, rnnc_mul(fixed, vector));
    y = rnnc_add(add_features(y), rnnc_shift(rnnc_reverse(y), 2));
    y = rnnc_layer_norm(y, gain, vector, 1e-6f);
    rnnc_node *pooled = rnnc_pool(other, RNNC_POOL_MAX);
    pooled = rnnc_add(pooled, rnnc_pool(rnnc_embedding(other_ids, "words", 3),
                                        RNNC_POOL_LAST));
    batch = rnnc_add(batch,
                     rnnc_add(pooled, rnnc_embedding(label, "labels", WIDE)));
    y = add_cells(graph, y, ids, batch);
    y = rnnc_project_unbiased(y, rnnc_graph_node(graph, "own.w"));
    add_losses(graph, y, ids);
    return graph;
}

rnnc_weights *every_op_weights(rnnc_context *context, uint64_t seed)
{
    rnnc_graph *graph = every_op_graph(context);
    rnnc_weights *weights = rnnc_weights_create(graph, seed);
    rnnc_graph_destroy(graph);
    return weights;
}
