// SPDX-License-Identifier: MIT
// Writing cells and unrolling them; the parameters of the cells that ship.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph/node.h"
#include "rnnc/cell.h"

// A cell with two states, an input of each sort and two outputs, complete but
// for what a test leaves out.
typedef struct stage {
    rnnc_graph *g;
    rnnc_node *x, *ids, *b, *wide, *other, *row; // of the graph
    rnnc_cell *cell;
    rnnc_node *cx, *cids, *cb, *h, *c, *sum; // of the cell
} stage;

static stage begin(void)
{
    stage s = {.g = rnnc_graph_create(NULL)};
    s.x = rnnc_input_rows(s.g, "x", 3);
    s.ids = rnnc_input_ids(s.g, "ids", 5);
    s.b = rnnc_input_batch(s.g, "b", 2);
    s.wide = rnnc_input_batch(s.g, "wide", 4);
    s.other = rnnc_input_rows_on(s.g, "other", "other", 3);
    s.row = rnnc_parameter_vector(s.g, "row", 4, RNNC_INIT_ZEROS, 0);
    s.cell = rnnc_cell_create(s.g, "cell");
    s.cx = rnnc_cell_input(s.cell, 3);
    s.cids = rnnc_cell_input_ids(s.cell, 6);
    s.cb = rnnc_cell_input_batch(s.cell, 2);
    s.h = rnnc_cell_state(s.cell, "h", 4);
    s.c = rnnc_cell_state(s.cell, "c", 2);
    rnnc_node *table =
        rnnc_cell_parameter(s.cell, "table", 6, 4, RNNC_INIT_NORMAL, 1);
    s.sum = rnnc_add(rnnc_add(rnnc_linear(s.cx, "lin", 4), s.h),
                     rnnc_lookup(s.cids, table));
    assert_string_equal(rnnc_graph_message(s.g), "");
    return s;
}

static void complete(stage *s)
{
    rnnc_cell_next(s->cell, s->h, s->sum);
    rnnc_cell_next(s->cell, s->c, rnnc_add(s->c, s->cb));
    rnnc_cell_output(s->cell, s->sum);
    rnnc_cell_output(s->cell, s->c);
}

static rnnc_node *unroll(stage *s, rnnc_node *x, rnnc_node *ids, rnnc_node *b)
{
    return rnnc_unroll_with(s->cell, (rnnc_node *[]){x, ids, b}, 3, NULL, 0);
}

static void expect(const rnnc_node *node, int32_t kind, int64_t cols)
{
    assert_non_null(node);
    assert_int_equal(rnnc_node_kind(node), kind);
    assert_int_equal(rnnc_node_rows(node), 1);
    assert_int_equal(rnnc_node_cols(node), cols);
}

static void check_refused(const stage *s, const char *call, rnnc_status status,
                          const char *words)
{
    if (rnnc_graph_status(s->g) != status ||
        strstr(rnnc_graph_message(s->g), words) == NULL)
        fail_msg("%s: status %d, \"%s\"", call, (int)rnnc_graph_status(s->g),
                 rnnc_graph_message(s->g));
    rnnc_graph_destroy(s->g);
}

#define REFUSE(status, words, call)                                            \
    do {                                                                       \
        stage made = begin(), *s = &made;                                      \
        call;                                                                  \
        check_refused(s, #call, status, words);                                \
    } while (0)

static void unrolls(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    complete(s);
    rnnc_node *y = unroll(s, s->x, s->ids, s->b);
    expect(y, RNNC_SEQUENCE, 4);
    assert_ptr_equal(rnnc_unroll_output(y, 0), y);
    expect(rnnc_unroll_output(y, 1), RNNC_SEQUENCE, 2);
    expect(rnnc_unroll_final(y, "h"), RNNC_BATCH, 4);
    expect(rnnc_unroll_final(rnnc_unroll_output(y, 1), "c"), RNNC_BATCH, 2);
    // Again, from first states of the graph; the parameters are shared.
    int32_t count = rnnc_graph_parameter_count(s->g);
    rnnc_node *inputs[] = {s->x, s->ids, s->b};
    rnnc_node *second =
        rnnc_unroll_with(s->cell, inputs, 3,
                         (rnnc_node *[]){NULL, rnnc_unroll_final(y, "c")}, 2);
    expect(second, RNNC_SEQUENCE, 4);
    assert_int_equal(second->n_inputs, 4);
    assert_int_equal(second->integers[1], 2);
    assert_int_equal(rnnc_graph_parameter_count(s->g), count);
    assert_non_null(rnnc_graph_node(s->g, "cell.table"));
    // Rows of one axis go together afterwards.
    expect(rnnc_add(rnnc_slice(s->x, 0, 1), second), RNNC_SEQUENCE, 4);
    assert_string_equal(rnnc_graph_message(s->g), "");
    rnnc_graph_destroy(s->g);
}

static void unrolls_along_other_axes(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    rnnc_cell *cell = rnnc_cell_gru(s->g, "gru", 3, 4);
    rnnc_node *y = rnnc_unroll(cell, s->other);
    expect(rnnc_add(y, rnnc_sum(s->other)), RNNC_SEQUENCE, 4);
    expect(rnnc_unroll(cell, s->x), RNNC_SEQUENCE, 4);
    assert_null(rnnc_add(y, rnnc_unroll(cell, s->x)));
    check_refused(s, "axes", RNNC_E_SHAPE, "different axes");
}

static void states_may_cross(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    rnnc_cell *cell = rnnc_cell_create(s->g, "delay");
    rnnc_node *x = rnnc_cell_input(cell, 3);
    rnnc_node *last = rnnc_cell_state(cell, "last", 3);
    rnnc_node *before = rnnc_cell_state(cell, "before", 3);
    rnnc_cell_next(cell, before, last);
    rnnc_cell_next(cell, last, x);
    rnnc_cell_output(cell, before);
    expect(rnnc_unroll(cell, s->x), RNNC_SEQUENCE, 3);
    rnnc_graph_destroy(s->g);
}

static void refuses_wiring(void **state)
{
    (void)state;
    REFUSE(RNNC_E_NAME, "taken by \"h\"", rnnc_cell_state(s->cell, "h", 1));
    REFUSE(RNNC_E_NAME, "empty", rnnc_cell_state(s->cell, NULL, 1));
    REFUSE(RNNC_E_NAME, "NULL", rnnc_cell_create(s->g, NULL));
    REFUSE(RNNC_E_SHAPE, "the 4 features of state \"h\"",
           rnnc_cell_next(s->cell, s->h, s->c));
    REFUSE(RNNC_E_SHAPE, "a state of this cell",
           rnnc_cell_next(s->cell, s->cx, s->cx));
    REFUSE(RNNC_E_SHAPE, "floats of this cell",
           rnnc_cell_next(s->cell, s->h, s->wide));
    REFUSE(RNNC_E_SHAPE, "floats of this cell",
           rnnc_cell_output(s->cell, s->cids));
    REFUSE(RNNC_E_SHAPE, "floats of this cell",
           rnnc_cell_output(s->cell, s->x));
    REFUSE(RNNC_E_ARGUMENT, "NULL", rnnc_cell_next(s->cell, s->h, NULL));
    REFUSE(RNNC_E_ARGUMENT, "NULL", rnnc_cell_output(s->cell, NULL));
    REFUSE(RNNC_E_SHAPE, "rnnc_unroll_with",
           rnnc_cell_first(s->cell, s->h, s->sum));
    REFUSE(RNNC_E_SHAPE, "the 2 features of state \"c\"",
           rnnc_cell_first(s->cell, s->c, s->row));
    REFUSE(RNNC_E_STATE, "has one already",
           (rnnc_cell_next(s->cell, s->h, s->h),
            rnnc_cell_next(s->cell, s->h, s->sum)));
    REFUSE(RNNC_E_STATE, "has one already",
           (rnnc_cell_first(s->cell, s->h, s->row),
            rnnc_cell_first(s->cell, s->h, s->row)));
    REFUSE(RNNC_E_NAME, "taken by \"cell.table\"",
           rnnc_cell_parameter_vector(s->cell, "table", 1, 0, 0));
}

static void many_states(stage *s)
{
    char name[16];
    for (int i = 0; i < 47; i++) {
        snprintf(name, sizeof name, "s%d", i);
        rnnc_cell_state(s->cell, name, 1);
    }
}

static void refuses_unrolling(void **state)
{
    (void)state;
    REFUSE(RNNC_E_STATE, "state \"h\" has no next",
           unroll(s, s->x, s->ids, s->b));
    REFUSE(RNNC_E_STATE, "no output",
           (rnnc_cell_next(s->cell, s->h, s->sum),
            rnnc_cell_next(s->cell, s->c, s->c),
            unroll(s, s->x, s->ids, s->b)));
    REFUSE(RNNC_E_ARGUMENT, "1 inputs are given, expected 3",
           rnnc_unroll(s->cell, s->x));
    REFUSE(RNNC_E_ARGUMENT, "1 first states are given, expected 2",
           rnnc_unroll_with(s->cell, (rnnc_node *[]){s->x, s->ids, s->b}, 3,
                            (rnnc_node *[]){s->wide}, 1));
    REFUSE(RNNC_E_ARGUMENT, "input 2 is NULL",
           (complete(s), unroll(s, s->x, NULL, s->b)));
    REFUSE(RNNC_E_SHAPE, "declares: step [3 features]",
           (complete(s), unroll(s, s->b, s->ids, s->b)));
    REFUSE(RNNC_E_SHAPE, "declares: batch [2 features]",
           (complete(s), unroll(s, s->x, s->ids, s->wide)));
    REFUSE(RNNC_E_SHAPE, "declares: step [ids]",
           (complete(s), unroll(s, s->x, rnnc_sum(s->x), s->b)));
    REFUSE(RNNC_E_SHAPE, "ids below 6",
           (complete(s), unroll(s, s->x, rnnc_input_ids(s->g, "i", 7), s->b)));
    REFUSE(RNNC_E_SHAPE, "one axis",
           (complete(s), unroll(s, s->other, s->ids, s->b)));
    REFUSE(RNNC_E_SHAPE, "the first of state \"h\"",
           (complete(s),
            rnnc_unroll_with(s->cell, (rnnc_node *[]){s->x, s->ids, s->b}, 3,
                             (rnnc_node *[]){s->b, NULL}, 2)));
    REFUSE(RNNC_E_UNSUPPORTED, "unroll in cell \"cell\"",
           rnnc_unroll(rnnc_cell_rnn(s->g, "inner", 3, 2), s->cx));
    REFUSE(RNNC_E_LIMIT, "48", many_states(s));
}

static rnnc_node *unrolled(stage *s)
{
    complete(s);
    return unroll(s, s->x, s->ids, s->b);
}

static void seals_what_is_unrolled(void **state)
{
    (void)state;
    const char *words = "unrolled already";
    REFUSE(RNNC_E_STATE, words, (unrolled(s), rnnc_cell_input(s->cell, 1)));
    REFUSE(RNNC_E_STATE, words,
           (unrolled(s), rnnc_cell_state(s->cell, "z", 1)));
    REFUSE(RNNC_E_STATE, words, (unrolled(s), rnnc_cell_output(s->cell, s->h)));
    REFUSE(RNNC_E_STATE, words,
           (unrolled(s), rnnc_cell_first(s->cell, s->h, s->row)));
    REFUSE(RNNC_E_STATE, words, (unrolled(s), rnnc_tanh(s->h)));
    REFUSE(RNNC_E_STATE, words,
           (unrolled(s), rnnc_cell_parameter_vector(s->cell, "v", 1, 0, 0)));
}

static void refuses_results(void **state)
{
    (void)state;
    REFUSE(RNNC_E_NAME, "no state \"q\"", rnnc_unroll_final(unrolled(s), "q"));
    REFUSE(RNNC_E_NAME, "no state \"\"", rnnc_unroll_final(unrolled(s), NULL));
    REFUSE(RNNC_E_ARGUMENT, "the cell has 2 outputs",
           rnnc_unroll_output(unrolled(s), 2));
    REFUSE(RNNC_E_ARGUMENT, "index is -1", rnnc_unroll_output(unrolled(s), -1));
    REFUSE(RNNC_E_ARGUMENT, "rnnc_unroll returned",
           rnnc_unroll_output(s->x, 0));
    REFUSE(RNNC_E_ARGUMENT, "rnnc_unroll returned",
           rnnc_unroll_final(rnnc_tanh(unrolled(s)), "h"));
}

static void passes_null_through(void **state)
{
    (void)state;
    assert_null(rnnc_cell_create(NULL, "c"));
    assert_null(rnnc_cell_input(NULL, 1));
    assert_null(rnnc_cell_state(NULL, "h", 1));
    rnnc_cell_next(NULL, NULL, NULL);
    rnnc_cell_first(NULL, NULL, NULL);
    rnnc_cell_output(NULL, NULL);
    assert_null(rnnc_unroll(NULL, NULL));
    assert_null(rnnc_unroll_output(NULL, 1));
    assert_null(rnnc_unroll_final(NULL, "h"));
    assert_null(rnnc_cell_lstm(NULL, "l", 1, 1));
    assert_null(rnnc_layers(NULL, "l", 0, 1, NULL));
    assert_null(rnnc_bidirectional(NULL, NULL, NULL, 0));
}

// ---- The cells that ship --------------------------------------------------

// All parameters in order, as "name [rows, cols] name ...".
static void expect_parameters(const rnnc_graph *g, const char *wanted)
{
    char text[2000] = "";
    size_t used = 0;
    for (int32_t i = 0; i < rnnc_graph_parameter_count(g); i++) {
        const rnnc_node *p = rnnc_graph_parameter(g, i);
        int more = snprintf(
            text + used, sizeof text - used,
            p->parameter->rank == 1 ? "%s [%lld] " : "%s [%lld, %lld] ",
            p->name,
            (long long)(p->parameter->rank == 1 ? p->shape.cols
                                                : p->shape.rows),
            (long long)p->shape.cols);
        used += (size_t)more;
        assert_true(used < sizeof text);
    }
    assert_string_equal(text, wanted);
}

// Makes a cell of 3 inputs and 2 units, unrolls it, and looks at what it made.
static void expect_cell(int32_t which, rnnc_cell_options options,
                        const char *states, const char *parameters)
{
    rnnc_graph *g = rnnc_graph_create(NULL);
    options.struct_size = sizeof options;
    rnnc_cell *cell = rnnc_cell_make(g, "", which, 3, 2, &options);
    rnnc_node *y = rnnc_unroll(cell, rnnc_input_rows(g, "x", 3));
    if (y == NULL)
        fail_msg("%s", rnnc_graph_message(g));
    expect(y, RNNC_SEQUENCE, 2);
    for (; *states != '\0'; states++)
        expect(rnnc_unroll_final(y, (char[2]){*states}), RNNC_BATCH, 2);
    expect_parameters(g, parameters);
    rnnc_graph_destroy(g);
}

static void ships_cells(void **state)
{
    (void)state;
    expect_cell(RNNC_CELL_RNN, (rnnc_cell_options){0}, "h",
                "weight_ih_l0 [2, 3] weight_hh_l0 [2, 2] bias_ih_l0 [2] "
                "bias_hh_l0 [2] ");
    expect_cell(RNNC_CELL_LSTM, (rnnc_cell_options){0}, "hc",
                "weight_ih_l0 [8, 3] weight_hh_l0 [8, 2] bias_ih_l0 [8] "
                "bias_hh_l0 [8] ");
    expect_cell(
        RNNC_CELL_LSTM,
        (rnnc_cell_options){.layer = 2, .reverse = 1, .bias = RNNC_BIAS_SINGLE},
        "hc",
        "weight_ih_l2_reverse [8, 3] weight_hh_l2_reverse [8, 2] "
        "bias_ih_l2_reverse [8] ");
    expect_cell(RNNC_CELL_GRU, (rnnc_cell_options){0}, "h",
                "weight_ih_l0 [6, 3] weight_hh_l0 [6, 2] bias_ih_l0 [6] "
                "bias_hh_l0 [6] ");
    expect_cell(RNNC_CELL_GRU,
                (rnnc_cell_options){.variant = RNNC_GRU_BEFORE,
                                    .bias = RNNC_BIAS_NONE,
                                    .learned_first = 1},
                "h", "first_h_l0 [2] weight_ih_l0 [6, 3] weight_hh_l0 [6, 2] ");
    expect_cell(RNNC_CELL_PEEPHOLE, (rnnc_cell_options){0}, "hc",
                "weight_ih_l0 [8, 3] weight_hh_l0 [8, 2] bias_ih_l0 [8] "
                "bias_hh_l0 [8] weight_ph_l0 [3, 2] ");
    expect_cell(RNNC_CELL_CTRNN, (rnnc_cell_options){0}, "y",
                "weight_ih_l0 [2, 3] weight_hh_l0 [2, 2] bias_l0 [2] "
                "tau_raw_l0 [2] ");
    expect_cell(
        RNNC_CELL_CTRNN,
        (rnnc_cell_options){.variant = RNNC_CTRNN_RATE, .bias = RNNC_BIAS_NONE},
        "r", "weight_ih_l0 [2, 3] weight_hh_l0 [2, 2] tau_raw_l0 [2] ");
}

static void make_with(stage *s, int32_t which, rnnc_cell_options options)
{
    options.struct_size = options.struct_size == 0 ? (uint32_t)sizeof options
                                                   : options.struct_size;
    rnnc_cell_make(s->g, "made", which, 3, 2, &options);
}

static void refuses_cells(void **state)
{
    (void)state;
#define OPTIONS(...) ((rnnc_cell_options){__VA_ARGS__})
    REFUSE(RNNC_E_ARGUMENT, "which is 5", make_with(s, 5, OPTIONS(0)));
    REFUSE(RNNC_E_ARGUMENT, "rnnc_cell_rnn: variant is 3, expected 0 to 2",
           make_with(s, RNNC_CELL_RNN, OPTIONS(.variant = 3)));
    REFUSE(RNNC_E_ARGUMENT, "rnnc_cell_lstm: variant is 1",
           make_with(s, RNNC_CELL_LSTM, OPTIONS(.variant = 1)));
    REFUSE(RNNC_E_ARGUMENT, "bias is 3", make_with(s, 1, OPTIONS(.bias = 3)));
    REFUSE(RNNC_E_ARGUMENT, "init is 2", make_with(s, 1, OPTIONS(.init = 2)));
    REFUSE(RNNC_E_ARGUMENT, "layer is -1",
           make_with(s, 1, OPTIONS(.layer = -1)));
    REFUSE(RNNC_E_ARGUMENT, "step is -1", make_with(s, 4, OPTIONS(.step = -1)));
    REFUSE(RNNC_E_ARGUMENT, "tau_min is -1",
           make_with(s, 4, OPTIONS(.tau_min = -1)));
    REFUSE(RNNC_E_UNSUPPORTED, "reserved",
           make_with(s, 1, OPTIONS(.reserved = 1)));
    REFUSE(RNNC_E_ARGUMENT, "struct_size",
           make_with(s, 1, OPTIONS(.struct_size = 4)));
    REFUSE(RNNC_E_ARGUMENT, "hidden is 0", rnnc_cell_gru(s->g, "g", 3, 0));
    REFUSE(RNNC_E_ARGUMENT, "inputs is 0", rnnc_cell_rnn(s->g, "g", 0, 3));
    REFUSE(RNNC_E_ARGUMENT, "hidden is 9223372036854775807",
           rnnc_cell_lstm(s->g, "g", 3, INT64_MAX));
    REFUSE(RNNC_E_NAME, "taken by \"l.weight_ih_l0\"",
           (rnnc_cell_lstm(s->g, "l", 3, 2), rnnc_cell_lstm(s->g, "l", 3, 2)));
}

static void stacks_layers(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    rnnc_graph *g = s->g;
    rnnc_layers_options options = {.struct_size = sizeof options,
                                   .layers = 2,
                                   .bidirectional = 1,
                                   .dropout = 0.5f,
                                   .cell = {.bias = RNNC_BIAS_SINGLE}};
    int32_t before = rnnc_graph_parameter_count(g);
    rnnc_node *y = rnnc_layers(s->x, "rnn", RNNC_CELL_GRU, 2, &options);
    expect(y, RNNC_SEQUENCE, 4);
    assert_int_equal(rnnc_graph_parameter_count(g), before + 12);
    // As PyTorch has it: the second layer's inputs are both directions.
    const rnnc_node *deep = rnnc_graph_node(g, "rnn.weight_ih_l1_reverse");
    assert_int_equal(rnnc_node_rows(deep), 6);
    assert_int_equal(rnnc_node_cols(deep), 4);
    expect(rnnc_unroll_final(rnnc_graph_node(g, "rnn.l1_reverse"), "h"),
           RNNC_BATCH, 2);
    int32_t dropouts = 0;
    for (int32_t i = 0; i < g->n_nodes; i++)
        dropouts += g->nodes[i]->op == RNI_OP_DROPOUT;
    assert_int_equal(dropouts, 1);

    options.merge = RNNC_MERGE_AVERAGE;
    expect(rnnc_layers(s->x, "", RNNC_CELL_CTRNN, 2, &options), RNNC_SEQUENCE,
           2);
    expect(rnnc_graph_node(g, "l0"), RNNC_SEQUENCE, 2);
    expect(rnnc_layers(s->x, "one", RNNC_CELL_LSTM, 7, NULL), RNNC_SEQUENCE, 7);
    expect(rnnc_bidirectional(rnnc_cell_rnn(g, "f", 3, 2),
                              rnnc_cell_lstm(g, "b", 3, 2), s->x,
                              RNNC_MERGE_MUL),
           RNNC_SEQUENCE, 2);
    assert_string_equal(rnnc_graph_message(g), "");
    rnnc_graph_destroy(g);
}

static rnnc_node *layers_with(stage *s, rnnc_layers_options options)
{
    options.struct_size = sizeof options;
    return rnnc_layers(s->x, "l", RNNC_CELL_RNN, 2, &options);
}

static void refuses_layers(void **state)
{
    (void)state;
#define LAYERS(...) ((rnnc_layers_options){__VA_ARGS__})
    REFUSE(RNNC_E_ARGUMENT, "layers is -1",
           layers_with(s, LAYERS(.layers = -1)));
    REFUSE(RNNC_E_ARGUMENT, "bidirectional 2",
           layers_with(s, LAYERS(.bidirectional = 2)));
    REFUSE(RNNC_E_ARGUMENT, "merge is 4", layers_with(s, LAYERS(.merge = 4)));
    REFUSE(RNNC_E_ARGUMENT, "rate is 1",
           layers_with(s, LAYERS(.layers = 2, .dropout = 1)));
    REFUSE(RNNC_E_ARGUMENT, "variant is 9",
           layers_with(s, LAYERS(.cell = {.variant = 9})));
    REFUSE(RNNC_E_SHAPE, "row of a sequence",
           rnnc_layers(s->b, "l", RNNC_CELL_RNN, 2, NULL));
    REFUSE(RNNC_E_SHAPE, "columns to be equal",
           rnnc_bidirectional(rnnc_cell_rnn(s->g, "f", 3, 2),
                              rnnc_cell_rnn(s->g, "b", 3, 4), s->x,
                              RNNC_MERGE_SUM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unrolls),
        cmocka_unit_test(unrolls_along_other_axes),
        cmocka_unit_test(states_may_cross),
        cmocka_unit_test(refuses_wiring),
        cmocka_unit_test(refuses_unrolling),
        cmocka_unit_test(seals_what_is_unrolled),
        cmocka_unit_test(refuses_results),
        cmocka_unit_test(passes_null_through),
        cmocka_unit_test(ships_cells),
        cmocka_unit_test(refuses_cells),
        cmocka_unit_test(stacks_layers),
        cmocka_unit_test(refuses_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
