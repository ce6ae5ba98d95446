// SPDX-License-Identifier: MIT
// Descriptions: what each shape rule accepts and refuses, and in which words.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph/node.h"
#include "rnnc/cell.h"
#include "rnnc/graph.h"
#include "support/fault.h"

// A graph with a value of each sort; the digits are columns.
typedef struct stage {
    rnnc_graph *g;
    rnnc_node *x3, *y3, *x1, *x4; // sequences on "time"
    rnnc_node *z3, *other_ids;    // on "other"
    rnnc_node *b3, *b1, *b4;      // batch
    rnnc_node *ids, *label;       // below 5: sequence, batch
    rnnc_node *s23, *s13, *s21, *s11, *s33, *s53, *s14; // static [r, c]
    rnnc_cell *cell;
    rnnc_node *c3, *h3, *cb3, *cids; // of the cell
    rnnc_cell *second;
    rnnc_node *d3; // of the second cell
} stage;

static void set_static(stage *s)
{
    s->s23 = rnnc_parameter(s->g, "s23", 2, 3, RNNC_INIT_ZEROS, 0);
    s->s13 = rnnc_parameter_vector(s->g, "s13", 3, RNNC_INIT_ZEROS, 0);
    s->s21 = rnnc_input_static(s->g, "s21", 2, 1);
    s->s11 = rnnc_scalar(s->g, 2);
    s->s33 = rnnc_parameter(s->g, "s33", 3, 3, RNNC_INIT_ZEROS, 0);
    s->s53 = rnnc_parameter(s->g, "s53", 5, 3, RNNC_INIT_ZEROS, 0);
    s->s14 = rnnc_constant(s->g, 1, 4, (float[4]){0});
}

static stage begin(void)
{
    stage s = {.g = rnnc_graph_create(NULL)};
    s.x3 = rnnc_input_rows(s.g, "x3", 3);
    s.y3 = rnnc_input_rows_on(s.g, "time", "y3", 3);
    s.x1 = rnnc_input_rows(s.g, "x1", 1);
    s.x4 = rnnc_input_rows(s.g, "x4", 4);
    s.z3 = rnnc_input_rows_on(s.g, "other", "z3", 3);
    s.other_ids = rnnc_input_ids_on(s.g, "other", "other_ids", 5);
    s.b3 = rnnc_input_batch(s.g, "b3", 3);
    s.b1 = rnnc_input_batch(s.g, "b1", 1);
    s.b4 = rnnc_input_batch(s.g, "b4", 4);
    s.ids = rnnc_input_ids(s.g, "ids", 5);
    s.label = rnnc_input_batch_ids(s.g, "label", 5);
    set_static(&s);
    s.cell = rnnc_cell_create(s.g, "cell");
    s.c3 = rnnc_cell_input(s.cell, 3);
    s.h3 = rnnc_cell_state(s.cell, "h", 3);
    s.cb3 = rnnc_cell_input_batch(s.cell, 3);
    s.cids = rnnc_cell_input_ids(s.cell, 5);
    s.second = rnnc_cell_create(s.g, "second");
    s.d3 = rnnc_cell_input(s.second, 3);
    assert_string_equal(rnnc_graph_message(s.g), "");
    return s;
}

static void check_shape(const rnnc_node *node, const char *text, int32_t kind,
                        int64_t rows, int64_t cols, const rnnc_graph *graph)
{
    if (node == NULL)
        fail_msg("%s: %s", text, rnnc_graph_message(graph));
    if (rnnc_node_kind(node) != kind || rnnc_node_rows(node) != rows ||
        rnnc_node_cols(node) != cols)
        fail_msg("%s: kind %d [%lld, %lld]", text, (int)rnnc_node_kind(node),
                 (long long)rnnc_node_rows(node),
                 (long long)rnnc_node_cols(node));
}

static void check_refused(stage *s, const rnnc_node *node, const char *text,
                          rnnc_status status, const char *words)
{
    if (node != NULL || rnnc_graph_status(s->g) != status ||
        strstr(rnnc_graph_message(s->g), words) == NULL)
        fail_msg("%s: status %d, \"%s\"", text, (int)rnnc_graph_status(s->g),
                 rnnc_graph_message(s->g));
    rnnc_graph_destroy(s->g);
}

#define ACCEPT(kind, rows, cols, call)                                         \
    check_shape(call, #call, kind, rows, cols, s->g)
#define REFUSE(status, words, call)                                            \
    do {                                                                       \
        stage made = begin(), *s = &made;                                      \
        check_refused(s, call, #call, status, words);                          \
    } while (0)
#define NODES(...) ((rnnc_node *[]){__VA_ARGS__})

enum { STATIC = RNNC_STATIC, BATCH = RNNC_BATCH, SEQUENCE = RNNC_SEQUENCE };

static void accepts_leaves(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    check_shape(s->x3, "x3", SEQUENCE, 1, 3, s->g);
    check_shape(s->ids, "ids", SEQUENCE, 1, 1, s->g);
    check_shape(s->b3, "b3", BATCH, 1, 3, s->g);
    check_shape(s->s23, "s23", STATIC, 2, 3, s->g);
    check_shape(s->s13, "s13", STATIC, 1, 3, s->g);
    check_shape(s->c3, "c3", SEQUENCE, 1, 3, s->g);
    check_shape(s->cb3, "cb3", BATCH, 1, 3, s->g);
    assert_int_equal(rnnc_node_type(s->ids), RNNC_IDS);
    assert_int_equal(rnnc_node_type(s->x3), RNNC_FLOAT);
    assert_ptr_equal(rnnc_graph_node(s->g, "s53"), s->s53);
    assert_null(rnnc_graph_node(s->g, "h"));
    assert_null(rnnc_graph_node(s->g, "nothing"));
    assert_int_equal(rnnc_graph_parameter_count(s->g), 4);
    assert_ptr_equal(rnnc_graph_parameter(s->g, 3), s->s53);
    assert_null(rnnc_graph_parameter(s->g, 4));
    assert_null(rnnc_graph_parameter(s->g, -1));
    rnnc_graph_destroy(s->g);
}

static void accepts_elements(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    ACCEPT(SEQUENCE, 1, 3, rnnc_add(s->x3, s->y3));
    ACCEPT(SEQUENCE, 1, 3, rnnc_sub(s->x3, s->x1));
    ACCEPT(SEQUENCE, 1, 3, rnnc_mul(s->s13, s->x1));
    ACCEPT(SEQUENCE, 1, 3, rnnc_div(s->s11, s->x3));
    ACCEPT(BATCH, 1, 3, rnnc_max(s->b3, s->s13));
    ACCEPT(BATCH, 1, 3, rnnc_min(s->b1, s->s13));
    ACCEPT(STATIC, 2, 3, rnnc_less(s->s23, s->s13));
    ACCEPT(STATIC, 2, 3, rnnc_less_equal(s->s21, s->s13));
    ACCEPT(STATIC, 2, 3, rnnc_equal(s->s11, s->s23));
    ACCEPT(SEQUENCE, 1, 3, rnnc_select(s->x1, s->s13, s->y3));
    ACCEPT(SEQUENCE, 1, 3, rnnc_select(s->s11, s->x1, s->s13));
    ACCEPT(SEQUENCE, 1, 3, rnnc_add(s->c3, s->cb3));
    ACCEPT(BATCH, 1, 3, rnnc_add(s->cb3, s->s13));
    ACCEPT(SEQUENCE, 1, 3, rnnc_add(s->s13, s->h3));
    ACCEPT(SEQUENCE, 1, 3, rnnc_tanh(s->x3));
    ACCEPT(BATCH, 1, 3, rnnc_elu(s->b3, 1));
    ACCEPT(STATIC, 5, 3, rnnc_clip(s->s53, 0, 0));
    ACCEPT(STATIC, 5, 3, rnnc_dropout(s->s53, 0));
    rnnc_graph_destroy(s->g);
}

static void refuses_elements(void **state)
{
    (void)state;
    REFUSE(RNNC_E_SHAPE, "columns to be equal, or 1", rnnc_add(s->x3, s->x4));
    REFUSE(RNNC_E_SHAPE, "\"x4\" sequence [axis time, 4 features]",
           rnnc_add(s->x3, s->x4));
    REFUSE(RNNC_E_SHAPE, "rows to be equal, or 1", rnnc_add(s->s23, s->s53));
    REFUSE(RNNC_E_SHAPE, "must have one row", rnnc_add(s->s23, s->x3));
    REFUSE(RNNC_E_SHAPE, "rnnc_repeat", rnnc_mul(s->b3, s->x3));
    REFUSE(RNNC_E_SHAPE, "rnnc_repeat", rnnc_select(s->s11, s->x3, s->b3));
    REFUSE(RNNC_E_SHAPE, "axis other, 3 features", rnnc_add(s->x3, s->z3));
    REFUSE(RNNC_E_SHAPE, "different axes", rnnc_add(s->x3, s->z3));
    REFUSE(RNNC_E_SHAPE, "expected floats", rnnc_add(s->ids, s->x1));
    REFUSE(RNNC_E_SHAPE, "expected floats", rnnc_tanh(s->label));
    REFUSE(RNNC_E_ARGUMENT, "low is 1 and high 0", rnnc_clip(s->x3, 1, 0));
    REFUSE(RNNC_E_ARGUMENT, "alpha is nan", rnnc_elu(s->x3, (float)NAN));
    REFUSE(RNNC_E_ARGUMENT, "beta is inf",
           rnnc_affine(s->x3, 1, (float)INFINITY));
    REFUSE(RNNC_E_ARGUMENT, "rate is 1,", rnnc_dropout(s->x3, 1));
    REFUSE(RNNC_E_ARGUMENT, "rate is -", rnnc_dropout(s->x3, -0.1f));
}

static void accepts_products(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    ACCEPT(SEQUENCE, 1, 3, rnnc_matmul(s->x3, s->s33));
    ACCEPT(STATIC, 5, 3, rnnc_matmul(s->s53, s->s33));
    ACCEPT(BATCH, 1, 5, rnnc_project_unbiased(s->b3, s->s53));
    ACCEPT(SEQUENCE, 1, 3, rnnc_project(s->x3, s->s33, s->s13));
    ACCEPT(STATIC, 2, 5, rnnc_project_unbiased(s->s23, s->s53));
    ACCEPT(SEQUENCE, 1, 3, rnnc_lookup(s->ids, s->s53));
    ACCEPT(BATCH, 1, 3, rnnc_lookup(s->label, s->s53));
    ACCEPT(SEQUENCE, 1, 3, rnnc_lookup(s->cids, s->s53));
    ACCEPT(SEQUENCE, 1, 3, rnnc_lookup(rnnc_reverse(s->ids), s->s53));
    ACCEPT(SEQUENCE, 1, 7, rnnc_linear(s->x3, "lin", 7));
    ACCEPT(SEQUENCE, 1, 6, rnnc_embedding(s->ids, "emb", 6));
    ACCEPT(STATIC, 7, 3, rnnc_graph_node(s->g, "lin.weight"));
    ACCEPT(STATIC, 1, 7, rnnc_graph_node(s->g, "lin.bias"));
    ACCEPT(STATIC, 5, 6, rnnc_graph_node(s->g, "emb.weight"));
    ACCEPT(SEQUENCE, 1, 2, rnnc_linear(s->x3, "", 2));
    ACCEPT(STATIC, 2, 3, rnnc_graph_node(s->g, "weight"));
    rnnc_graph_destroy(s->g);
}

static void refuses_products(void **state)
{
    (void)state;
    REFUSE(RNNC_E_SHAPE, "expected static [3, cols]",
           rnnc_matmul(s->x3, s->s53));
    REFUSE(RNNC_E_SHAPE, "expected static [3, cols]",
           rnnc_matmul(s->s53, s->x3));
    REFUSE(RNNC_E_SHAPE, "expected static [rows, 4]",
           rnnc_project_unbiased(s->x4, s->s53));
    REFUSE(RNNC_E_SHAPE,
           "input 3 is \"s13\" static [1, 3], expected static "
           "[1, 5]",
           rnnc_project(s->x3, s->s53, s->s13));
    REFUSE(RNNC_E_ARGUMENT, "input 3 is NULL",
           rnnc_project(s->x3, s->s53, NULL));
    REFUSE(RNNC_E_SHAPE, "expected ids", rnnc_lookup(s->x1, s->s53));
    REFUSE(RNNC_E_SHAPE, "a row for each of 5 ids",
           rnnc_lookup(s->ids, s->s33));
    REFUSE(RNNC_E_SHAPE, "expected static", rnnc_lookup(s->ids, s->x3));
    REFUSE(RNNC_E_SHAPE, "\"e\": input 1 is \"x1\"",
           rnnc_embedding(s->x1, "e", 2));
    REFUSE(RNNC_E_SHAPE, "look ids up", rnnc_linear(s->ids, "l", 2));
    REFUSE(RNNC_E_ARGUMENT, "parameter \"l.weight\": the shape is [0, 3]",
           rnnc_linear(s->x3, "l", 0));
}

static void accepts_features(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    ACCEPT(SEQUENCE, 1, 8, rnnc_concat(NODES(s->x3, s->x4, s->x1), 3));
    ACCEPT(SEQUENCE, 1, 3, rnnc_concat(NODES(s->x3), 1));
    ACCEPT(STATIC, 2, 4, rnnc_concat(NODES(s->s23, s->s21), 2));
    ACCEPT(SEQUENCE, 1, 6, rnnc_concat(NODES(s->cb3, s->c3), 2));
    ACCEPT(SEQUENCE, 1, 2, rnnc_slice(s->x4, 2, 2));
    ACCEPT(STATIC, 5, 1, rnnc_slice(s->s53, 0, 1));
    ACCEPT(STATIC, 2, 3, rnnc_rows(s->s53, 3, 2));
    ACCEPT(SEQUENCE, 1, 1, rnnc_sum(s->x3));
    ACCEPT(STATIC, 5, 1, rnnc_mean(s->s53));
    ACCEPT(BATCH, 1, 4, rnnc_softmax(s->b4));
    ACCEPT(SEQUENCE, 1, 4, rnnc_log_softmax(s->x4));
    ACCEPT(SEQUENCE, 1, 3, rnnc_layer_norm(s->x3, s->s13, s->s13, 1e-5f));
    ACCEPT(BATCH, 1, 3, rnnc_normalize(s->b3, 1e-5f));
    rnnc_graph_destroy(s->g);
}

static void refuses_features(void **state)
{
    (void)state;
    REFUSE(RNNC_E_SHAPE, "beside rows", rnnc_concat(NODES(s->x3, s->s13), 2));
    REFUSE(RNNC_E_SHAPE, "equal rows", rnnc_concat(NODES(s->s23, s->s13), 2));
    REFUSE(RNNC_E_SHAPE, "rnnc_repeat", rnnc_concat(NODES(s->x3, s->b3), 2));
    REFUSE(RNNC_E_SHAPE, "floats", rnnc_concat(NODES(s->x3, s->ids), 2));
    REFUSE(RNNC_E_ARGUMENT, "input 2 is NULL",
           rnnc_concat(NODES(s->x3, NULL), 2));
    REFUSE(RNNC_E_SHAPE, "columns 2 up to 4", rnnc_slice(s->x4, 2, 3));
    REFUSE(RNNC_E_SHAPE, "columns", rnnc_slice(s->x4, INT64_MAX >> 11, 3));
    REFUSE(RNNC_E_ARGUMENT, "first is -1", rnnc_slice(s->x4, -1, 3));
    REFUSE(RNNC_E_ARGUMENT, "count is 0", rnnc_slice(s->x4, 1, 0));
    REFUSE(RNNC_E_SHAPE, "rows 4 up to 5", rnnc_rows(s->s53, 4, 2));
    REFUSE(RNNC_E_SHAPE, "expected static", rnnc_rows(s->x3, 0, 1));
    REFUSE(RNNC_E_SHAPE, "floats", rnnc_sum(s->ids));
    REFUSE(RNNC_E_SHAPE, "expected static [1, 3]",
           rnnc_layer_norm(s->x3, s->s13, s->s14, 1));
    REFUSE(RNNC_E_ARGUMENT, "epsilon is 0", rnnc_normalize(s->x3, 0));
}

static void accepts_losses(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    rnnc_node *logits = rnnc_linear(s->x3, "out", 5);
    rnnc_cross_entropy_options o = {.struct_size = sizeof o,
                                    .reduction = RNNC_REDUCE_NONE,
                                    .smoothing = 0.1f};
    rnnc_node *weights = rnnc_constant(s->g, 1, 5, (float[5]){1, 1, 1, 1, 1});
    ACCEPT(STATIC, 1, 1, rnnc_cross_entropy(logits, s->ids));
    ACCEPT(SEQUENCE, 1, 1, rnnc_cross_entropy_with(logits, s->ids, &o));
    o.class_weights = weights;
    o.reduction = RNNC_REDUCE_SUM;
    ACCEPT(STATIC, 1, 1, rnnc_cross_entropy_with(logits, s->ids, &o));
    ACCEPT(STATIC, 1, 1, rnnc_cross_entropy_with(logits, s->ids, NULL));
    ACCEPT(STATIC, 1, 1,
           rnnc_cross_entropy(rnnc_linear(s->b3, "b", 6), s->label));
    ACCEPT(STATIC, 1, 1, rnnc_mse(s->x3, s->y3, RNNC_REDUCE_MEAN));
    ACCEPT(BATCH, 1, 1, rnnc_huber(s->b3, s->b3, 1, RNNC_REDUCE_NONE));
    ACCEPT(STATIC, 2, 1, rnnc_mse(s->s23, s->s23, RNNC_REDUCE_NONE));
    ACCEPT(STATIC, 1, 1,
           rnnc_binary_cross_entropy(s->b1, s->b1, RNNC_REDUCE_SUM));
    ACCEPT(SEQUENCE, 1, 1, rnnc_mse(s->c3, s->h3, RNNC_REDUCE_NONE));
    ACCEPT(STATIC, 1, 1, rnnc_l2_penalty(s->s53, 0.5f));
    ACCEPT(STATIC, 1, 1, rnnc_total(s->x3));
    ACCEPT(STATIC, 1, 1, rnnc_total(s->b3));
    rnnc_graph_destroy(s->g);
}

static rnnc_node *bad_options(stage *s, uint32_t size, float smoothing)
{
    rnnc_cross_entropy_options o = {.struct_size = size,
                                    .smoothing = smoothing};
    return rnnc_cross_entropy_with(rnnc_linear(s->x3, "o", 5), s->ids, &o);
}

static void refuses_losses(void **state)
{
    (void)state;
    REFUSE(RNNC_E_SHAPE, "a column for each of 5 ids",
           rnnc_cross_entropy(s->x4, s->ids));
    REFUSE(RNNC_E_SHAPE, "an id for each row",
           rnnc_cross_entropy(rnnc_linear(s->x3, "o", 5), s->label));
    REFUSE(RNNC_E_SHAPE, "an id for each row",
           rnnc_cross_entropy(rnnc_linear(s->x3, "o", 5), s->other_ids));
    REFUSE(RNNC_E_SHAPE, "expected ids", rnnc_cross_entropy(s->x3, s->y3));
    REFUSE(RNNC_E_SHAPE, "expected floats", rnnc_cross_entropy(s->ids, s->ids));
    REFUSE(RNNC_E_ARGUMENT, "struct_size is 8", bad_options(s, 8, 0));
    REFUSE(RNNC_E_ARGUMENT, "smoothing is 1",
           bad_options(s, sizeof(rnnc_cross_entropy_options), 1));
    REFUSE(RNNC_E_SHAPE, "equal shapes", rnnc_mse(s->x3, s->x4, 0));
    REFUSE(RNNC_E_SHAPE, "equal shapes", rnnc_mse(s->x3, s->b3, 0));
    REFUSE(RNNC_E_SHAPE, "equal shapes", rnnc_mse(s->x3, s->x1, 0));
    REFUSE(RNNC_E_ARGUMENT, "reduction is 3", rnnc_mse(s->x3, s->y3, 3));
    REFUSE(RNNC_E_ARGUMENT, "delta is 0", rnnc_huber(s->x3, s->y3, 0, 0));
    REFUSE(RNNC_E_UNSUPPORTED, "RNNC_REDUCE_NONE",
           rnnc_mse(s->c3, s->h3, RNNC_REDUCE_MEAN));
    REFUSE(RNNC_E_SHAPE, "expected static", rnnc_l2_penalty(s->x3, 1));
    REFUSE(RNNC_E_UNSUPPORTED, "total in cell \"cell\"", rnnc_total(s->h3));
}

static void accepts_time(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    ACCEPT(BATCH, 1, 3, rnnc_pool(s->x3, RNNC_POOL_MAX));
    ACCEPT(SEQUENCE, 1, 4, rnnc_repeat(s->b4, s->x3));
    ACCEPT(SEQUENCE, 1, 3, rnnc_add(rnnc_repeat(s->b3, s->ids), s->x3));
    ACCEPT(SEQUENCE, 1, 3, rnnc_add(rnnc_repeat(s->b3, s->z3), s->z3));
    ACCEPT(SEQUENCE, 1, 3, rnnc_shift(s->x3, 2));
    ACCEPT(SEQUENCE, 1, 1, rnnc_shift(s->ids, 1));
    ACCEPT(SEQUENCE, 1, 3, rnnc_reverse(s->x3));
    rnnc_graph_destroy(s->g);
}

static void refuses_time(void **state)
{
    (void)state;
    REFUSE(RNNC_E_SHAPE, "expected a sequence", rnnc_pool(s->b3, 0));
    REFUSE(RNNC_E_SHAPE, "expected floats", rnnc_pool(s->ids, 0));
    REFUSE(RNNC_E_ARGUMENT, "mode is 5", rnnc_pool(s->x3, 5));
    REFUSE(RNNC_E_SHAPE, "expected a batch value", rnnc_repeat(s->x3, s->x3));
    REFUSE(RNNC_E_SHAPE, "expected a batch value", rnnc_repeat(s->s13, s->x3));
    REFUSE(RNNC_E_SHAPE, "expected a sequence", rnnc_repeat(s->b3, s->b3));
    REFUSE(RNNC_E_ARGUMENT, "steps is 0", rnnc_shift(s->x3, 0));
    REFUSE(RNNC_E_ARGUMENT, "steps is 10001", rnnc_shift(s->x3, 10001));
    REFUSE(RNNC_E_SHAPE, "expected a sequence", rnnc_reverse(s->s13));
    REFUSE(RNNC_E_UNSUPPORTED, "in cell \"cell\"", rnnc_reverse(s->c3));
    REFUSE(RNNC_E_UNSUPPORTED, "in cell \"cell\"", rnnc_pool(s->c3, 0));
    REFUSE(RNNC_E_UNSUPPORTED, "by itself", rnnc_repeat(s->cb3, s->c3));
}

static void keeps_scopes_apart(void **state)
{
    (void)state;
    REFUSE(RNNC_E_SHAPE, "rnnc_cell_input", rnnc_add(s->c3, s->x3));
    REFUSE(RNNC_E_SHAPE, "rnnc_cell_input_batch", rnnc_add(s->b3, s->c3));
    REFUSE(RNNC_E_SHAPE, "belongs to cell \"second\"", rnnc_add(s->c3, s->d3));
    stage other = begin();
    REFUSE(RNNC_E_ARGUMENT, "another graph", rnnc_add(s->x3, other.x3));
    rnnc_graph_destroy(other.g);
}

static void accepts_names(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'n', sizeof text);
    text[255] = '\0';
    stage made = begin(), *s = &made;
    rnnc_node *named = rnnc_name(rnnc_tanh(s->x3), text);
    assert_ptr_equal(rnnc_graph_node(s->g, text), named);
    assert_string_equal(rnnc_node_name(named), text);
    assert_non_null(rnnc_name(rnnc_tanh(s->x3), "gr\xc3\xbc\xc3\x9f dich"));
    assert_non_null(rnnc_name(rnnc_tanh(s->x3), "\xf0\x9f\x98\x80"));
    // Scopes have names of their own.
    assert_non_null(rnnc_name(rnnc_tanh(s->c3), "x3"));
    assert_non_null(rnnc_name(rnnc_tanh(s->x3), "h"));
    rnnc_graph_destroy(s->g);
}

static void refuses_names(void **state)
{
    (void)state;
    char text[300] = {0};
    memset(text, 'n', 256);
    REFUSE(RNNC_E_NAME, "longer than 255", rnnc_name(rnnc_tanh(s->x3), text));
    REFUSE(RNNC_E_NAME, "taken by \"b3\" batch",
           rnnc_name(rnnc_tanh(s->x3), "b3"));
    REFUSE(RNNC_E_NAME, "taken by \"x3\"", rnnc_input_batch(s->g, "x3", 2));
    REFUSE(RNNC_E_NAME, "empty", rnnc_input_rows(s->g, "", 2));
    REFUSE(RNNC_E_NAME, "empty", rnnc_input_rows(s->g, NULL, 2));
    REFUSE(RNNC_E_NAME, "has a name already", rnnc_name(s->x3, "again"));
    static const char *const bad[] = {
        "a\n",          "\x7f",     "\xff",     "\xc0\xaf",
        "\xed\xa0\x80", "\xe2\x82", "\xc2\x85", "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSE(RNNC_E_NAME, "printable UTF-8",
               rnnc_name(rnnc_tanh(s->x3), bad[i]));
    REFUSE(RNNC_E_NAME, "kept for files",
           rnnc_parameter(s->g, "__metadata__", 1, 1, 0, 0));
}

static void checks_leaves(void **state)
{
    (void)state;
    REFUSE(RNNC_E_ARGUMENT, "[1, 0]", rnnc_input_rows(s->g, "n", 0));
    REFUSE(RNNC_E_ARGUMENT, "limit is -1", rnnc_input_ids(s->g, "n", -1));
    REFUSE(RNNC_E_ARGUMENT, "[0, 1]", rnnc_input_ids(s->g, "n", 0));
    REFUSE(RNNC_E_ARGUMENT, "\"n\"", rnnc_input_static(s->g, "n", -2, 1));
    REFUSE(RNNC_E_ARGUMENT, "2^40",
           rnnc_parameter(s->g, "n", INT32_MAX, INT32_MAX, 0, 0));
    REFUSE(RNNC_E_ARGUMENT, "int32",
           rnnc_parameter(s->g, "n", (int64_t)INT32_MAX + 1, 1, 0, 0));
    REFUSE(RNNC_E_ARGUMENT, "initialiser 7",
           rnnc_parameter(s->g, "n", 1, 1, 7, 0));
    REFUSE(RNNC_E_ARGUMENT, "value nan",
           rnnc_parameter(s->g, "n", 1, 1, 1, (float)NAN));
    REFUSE(RNNC_E_ARGUMENT, "NULL", rnnc_constant(s->g, 1, 1, NULL));
    REFUSE(RNNC_E_NAME, "axis", rnnc_input_rows_on(s->g, "", "n", 1));
    REFUSE(RNNC_E_ARGUMENT, "2 from 4 on, expected within its 5",
           rnnc_init_rows(s->s53, 4, 2, RNNC_INIT_ZEROS, 0));
    REFUSE(RNNC_E_ARGUMENT, "expected within its 3",
           rnnc_init_rows(s->s13, 0, 4, RNNC_INIT_ZEROS, 0));
    REFUSE(RNNC_E_ARGUMENT, "expected a parameter",
           rnnc_init_rows(s->s11, 0, 1, RNNC_INIT_ZEROS, 0));
    REFUSE(RNNC_E_ARGUMENT, "expected a parameter", rnnc_freeze(s->x3, 1));
}

static void first_error_stands(void **state)
{
    (void)state;
    stage made = begin(), *s = &made;
    assert_null(rnnc_tanh(rnnc_add(rnnc_add(s->x3, s->x4), s->x3)));
    char text[RNI_ERROR_TEXT];
    strcpy(text, rnnc_graph_message(s->g));
    assert_null(rnnc_mul(s->b3, s->x3));
    assert_null(rnnc_parameter(s->g, "new", 1, 1, 0, 0));
    assert_null(rnnc_cell_create(s->g, "new"));
    assert_string_equal(rnnc_graph_message(s->g), text);
    rnnc_graph_destroy(s->g);
    assert_int_equal(rnnc_graph_status(NULL), RNNC_E_MEMORY);
    assert_null(rnnc_input_rows(NULL, "x", 1));
    assert_null(rnnc_add(NULL, NULL));
    assert_null(rnnc_concat(NULL, 2));
    assert_null(rnnc_linear(NULL, "l", 1));
    assert_null(rnnc_node_name(NULL));
    assert_int_equal(rnnc_node_kind(NULL), -1);
    rnnc_graph_destroy(NULL);
}

// Whatever allocation fails, the description ends with that error and leaks
// nothing; with enough of them it is whole.
static void survives_without_memory(void **state)
{
    (void)state;
    bool whole = false;
    for (int64_t blocks = 0; !whole; blocks++) {
        fault f = {.at = blocks, .onwards = true};
        rnnc_context *context = fault_context(&f, 1);
        rnnc_graph *g = context == NULL ? NULL : rnnc_graph_create(context);
        rnnc_node *x = rnnc_input_rows_on(g, "an axis", "x", 3);
        rnnc_cell *cell = rnnc_cell_lstm(g, "lstm", 3, 4);
        rnnc_node *y = rnnc_unroll(cell, x);
        char name[32];
        for (int i = 0; i < 100; i++) {
            snprintf(name, sizeof name, "y%d", i);
            y = rnnc_name(rnnc_tanh(y), name);
        }
        rnnc_node *large = rnnc_constant(g, 100, 100, (float[10000]){0});
        whole = y != NULL && large != NULL;
        assert_int_equal(rnnc_graph_status(g), whole ? RNNC_OK : RNNC_E_MEMORY);
        rnnc_graph_destroy(g);
        rnnc_context_destroy(context);
        assert_int_equal(f.live, 0);
        assert_true(blocks < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_leaves),
        cmocka_unit_test(accepts_elements),
        cmocka_unit_test(refuses_elements),
        cmocka_unit_test(accepts_products),
        cmocka_unit_test(refuses_products),
        cmocka_unit_test(accepts_features),
        cmocka_unit_test(refuses_features),
        cmocka_unit_test(accepts_losses),
        cmocka_unit_test(refuses_losses),
        cmocka_unit_test(accepts_time),
        cmocka_unit_test(refuses_time),
        cmocka_unit_test(keeps_scopes_apart),
        cmocka_unit_test(accepts_names),
        cmocka_unit_test(refuses_names),
        cmocka_unit_test(checks_leaves),
        cmocka_unit_test(first_error_stands),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
