// SPDX-License-Identifier: MIT
// The normal form of graphs that are unusual: what is described must be what
// runs, however it was put together.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"

static rnnc_plan *plan_of(rnnc_graph *graph, rnnc_node *const *outputs, int n)
{
    rnnc_plan_options options = {
        .struct_size = sizeof options, .outputs = outputs, .n_outputs = n};
    assert_string_equal(rnnc_graph_message(graph), "");
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    assert_string_equal(rnnc_plan_message(plan), "");
    return plan;
}

// ---- Results are a run's own
// ----------------------------------------------------

// The caller has changed what he gave, and let go of it, before he looks.
static void inputs_that_are_outputs_stay_as_they_were(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 2);
    rnnc_node *b = rnnc_input_batch(graph, "b", 2);
    rnnc_node *s = rnnc_input_static(graph, "s", 1, 2);
    rnnc_node *part = rnnc_slice(b, 1, 1);
    rnnc_node *outputs[] = {x, b, s, part};
    rnnc_plan *plan = plan_of(graph, outputs, 4);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_sequence *sequence = rnnc_sequence_create(NULL);
    const float given[4] = {1, 2, 3, 4}, later[100] = {0};
    float found[4];
    rnnc_sequence_set_padded(sequence, given, NULL, 2, 1, 2, 0);
    rnnc_run_input(run, x, sequence);
    rnnc_run_input_batch(run, b, given, 2);
    rnnc_run_input_static(run, s, given);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    rnnc_sequence_destroy(sequence);
    rnnc_run_input_batch(run, b, later, 50);
    rnnc_run_input_static(run, s, later);
    assert_int_equal(rnnc_run_get_padded(run, x, found, 1, 0, 0), RNNC_OK);
    assert_memory_equal(found, given, sizeof given);
    assert_int_equal(rnnc_run_get_batch(run, b, found), RNNC_OK);
    assert_memory_equal(found, given, sizeof given);
    assert_int_equal(rnnc_run_get_batch(run, part, found), RNNC_OK);
    assert_memory_equal(found, ((const float[]){2, 4}), 2 * sizeof *found);
    assert_int_equal(rnnc_run_get_static(run, s, found), RNNC_OK);
    assert_memory_equal(found, given, 2 * sizeof *found);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// ---- Sums
// -------------------------------------------------------------------------

// A first state that is a sum, and part of another sum as well.
static void a_first_state_may_be_part_of_a_sum(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 1);
    rnnc_node *one = rnnc_scalar(graph, 1), *two = rnnc_scalar(graph, 2);
    rnnc_node *first = rnnc_add(one, two);
    rnnc_node *more = rnnc_add(first, two);
    rnnc_cell *cell = rnnc_cell_create(graph, "cell");
    rnnc_node *step = rnnc_cell_input(cell, 1);
    rnnc_node *h = rnnc_cell_state(cell, "h", 1);
    rnnc_node *next = rnnc_add(h, step);
    rnnc_cell_first(cell, h, first);
    rnnc_cell_next(cell, h, next);
    rnnc_cell_output(cell, next);
    rnnc_node *final = rnnc_unroll_final(rnnc_unroll(cell, x), "h");
    rnnc_plan *plan = plan_of(graph, (rnnc_node *[]){final, more}, 2);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_sequence *sequence = rnnc_sequence_create(NULL);
    const float ten = 10;
    float found;
    rnnc_sequence_set_padded(sequence, &ten, NULL, 1, 1, 1, 0);
    rnnc_run_input(run, x, sequence);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_get_batch(run, final, &found), RNNC_OK);
    assert_float_equal(found, 13, 0);
    assert_int_equal(rnnc_run_get_static(run, more, &found), RNNC_OK);
    assert_float_equal(found, 5, 0);
    rnnc_sequence_destroy(sequence);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// Products over concatenations of concatenations; and no stack is so deep that
// a description of so many nodes could not be deeper.
static void concatenations_may_be_deep(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_batch(graph, "x", 2);
    rnnc_node *weight = rnnc_constant(
        graph, 1, 6, (const float[]){1, 10, 100, 1000, 10000, 100000});
    rnnc_node *deep = x;
    for (int i = 0; i < 150000; i++)
        deep = rnnc_concat(&deep, 1);
    rnnc_node *left = rnnc_concat((rnnc_node *[]){x, deep}, 2);
    rnnc_node *all = rnnc_concat((rnnc_node *[]){left, x}, 2);
    rnnc_node *y = rnnc_project_unbiased(all, weight);
    rnnc_plan *plan = plan_of(graph, &y, 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    float found;
    rnnc_run_input_batch(run, x, (const float[]){3, 4}, 1);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_get_batch(run, y, &found), RNNC_OK);
    assert_float_equal(found, 434343, 0);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// ---- Ids
// ----------------------------------------------------------------------------

// An id that a loss may ignore names no row of a table, however its way there.
static void ignored_ids_reach_no_table(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        rnnc_graph *graph = rnnc_graph_create(NULL);
        rnnc_node *ids = rnnc_input_ids(graph, "ids", 5);
        rnnc_node *before = way == 0   ? ids
                            : way == 1 ? rnnc_shift(ids, 1)
                            : way == 2 ? rnnc_shift(ids, 3)
                                       : rnnc_reverse(rnnc_shift(ids, 1));
        rnnc_node *y = rnnc_linear(rnnc_embedding(before, "table", 3), "y", 5);
        rnnc_node *loss = rnnc_cross_entropy(y, ids);
        rnnc_plan *plan = plan_of(graph, &loss, 1);
        rnnc_weights *weights = rnnc_weights_create(graph, 1);
        rnnc_run *run = rnnc_run_create(plan, weights);
        rnnc_sequence *sequence = rnnc_sequence_create(NULL);
        const int32_t given[5] = {1, -100, 2, 3, 4};
        rnnc_sequence_set_padded_ids(sequence, given, NULL, 1, 5, 0);
        rnnc_run_input(run, ids, sequence);
        assert_int_equal(rnnc_run_forward(run), RNNC_E_VALUE);
        assert_non_null(strstr(rnnc_run_message(run), "id -100"));
        rnnc_sequence_destroy(sequence);
        rnnc_run_destroy(run);
        rnnc_plan_destroy(plan);
        rnnc_weights_destroy(weights);
        rnnc_graph_destroy(graph);
    }
}

// A run of 4,000 tables is made at once; it took the cube of their number.
static void many_ids_are_followed_in_time(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *sum = rnnc_scalar(graph, 0);
    for (int i = 0; i < 4000; i++) {
        char name[16];
        snprintf(name, sizeof name, "ids %d", i);
        rnnc_node *ids = rnnc_input_ids(graph, name, 3);
        sum = rnnc_add(sum, rnnc_total(rnnc_embedding(ids, name, 1)));
    }
    rnnc_plan *plan = plan_of(graph, &sum, 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    clock_t start = clock();
    rnnc_run *run = rnnc_run_create(plan, weights);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    assert_int_equal(rnnc_run_status(run), RNNC_OK);
    assert_true(seconds < 30);
    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_that_are_outputs_stay_as_they_were),
        cmocka_unit_test(a_first_state_may_be_part_of_a_sum),
        cmocka_unit_test(concatenations_may_be_deep),
        cmocka_unit_test(ignored_ids_reach_no_table),
        cmocka_unit_test(many_ids_are_followed_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
