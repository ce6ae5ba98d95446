// SPDX-License-Identifier: MIT
// What a caller that knows only handles may ask: the axis and dimensions of
// nodes, and how many sequences of which lengths a run has been over.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"

static void nodes_know_axis_and_dimensions(void **state)
{
    (void)state;
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_cell *cell = rnnc_cell_create(g, "cell");
    rnnc_node *matrix = rnnc_parameter(g, "m", 1, 3, RNNC_INIT_ZEROS, 0);
    rnnc_node *vector = rnnc_parameter_vector(g, "v", 3, RNNC_INIT_ZEROS, 0);
    rnnc_node *x = rnnc_input_rows(g, "x", 3);
    rnnc_node *y = rnnc_input_rows_on(g, "other", "y", 3);
    assert_string_equal(rnnc_node_axis(rnnc_add(x, vector)), "time");
    assert_string_equal(rnnc_node_axis(rnnc_tanh(y)), "other");
    assert_null(rnnc_node_axis(vector));
    assert_null(rnnc_node_axis(rnnc_input_batch(g, "b", 3)));
    assert_null(rnnc_node_axis(rnnc_cell_input(cell, 3)));
    assert_null(rnnc_node_axis(NULL));
    assert_int_equal(rnnc_node_dimensions(matrix), 2);
    assert_int_equal(rnnc_node_dimensions(vector), 1);
    assert_int_equal(rnnc_node_dimensions(x), 2);
    assert_int_equal(rnnc_node_dimensions(NULL), 0);
    assert_int_equal(rnnc_graph_status(g), RNNC_OK);
    rnnc_graph_destroy(g);
}

static void a_run_knows_its_lengths(void **state)
{
    (void)state;
    const int64_t lengths[3] = {2, 0, 4};
    const float zeros[3 * 4] = {0};
    int64_t found[3] = {-1, -1, -1};
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(g, "x", 1);
    rnnc_node *y = rnnc_exp(x), *last = rnnc_pool(y, RNNC_POOL_LAST);
    rnnc_node *outputs[2] = {y, last};
    rnnc_plan_options options = {
        .struct_size = sizeof options, .outputs = outputs, .n_outputs = 2};
    rnnc_plan *plan = rnnc_plan_create(g, &options);
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_sequence *s = rnnc_sequence_create(NULL);
    rnnc_sequence_set_padded(s, zeros, lengths, 3, 4, 1, RNNC_BATCH_MAJOR);
    rnnc_run_input(run, x, s);

    assert_int_equal(rnnc_run_batch(NULL), 0);
    assert_int_equal(rnnc_run_batch(run), 0);
    assert_int_equal(rnnc_run_lengths(run, y, found), RNNC_E_STATE);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_batch(run), 3);
    assert_int_equal(rnnc_run_lengths(run, y, NULL), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_run_lengths(run, last, found), RNNC_E_SHAPE);
    assert_int_equal(rnnc_run_lengths(run, x, found), RNNC_E_NAME);
    assert_int_equal(rnnc_run_lengths(NULL, y, found), RNNC_E_MEMORY);
    assert_int_equal(found[0], -1);
    assert_int_equal(rnnc_run_lengths(run, y, found), RNNC_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(found[i], lengths[i]);

    rnnc_sequence_destroy(s);
    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_know_axis_and_dimensions),
        cmocka_unit_test(a_run_knows_its_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
