// SPDX-License-Identifier: MIT
// Segments: stages that are made again together, in one pass over the blocks of
// a segment, do not lie on each other.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"

enum { UNITS = 7, STEPS = 12 };

// A state that nothing trained reaches is no part of the gradient: its rows are
// those of a block. What is made of it is needed in the backward pass, so it is
// made again; and so is what a later stage makes of it in reverse order.
typedef struct task {
    rnnc_graph *graph;
    rnnc_node *x, *ids, *h, *loss;
    rnnc_weights *weights;
    rnnc_sequence *steps, *words;
} task;

static rnnc_cell *cell_make(rnnc_graph *graph)
{
    static const float first[UNITS] = {.7f, .6f, .5f, .4f, .3f, .2f, .1f};
    rnnc_cell *cell = rnnc_cell_create(graph, "fading");
    rnnc_cell_input(cell, 1);
    rnnc_node *state = rnnc_cell_state(cell, "s", UNITS);
    rnnc_cell_first(cell, state, rnnc_constant(graph, 1, UNITS, first));
    rnnc_cell_next(cell, state, rnnc_tanh(state));
    rnnc_cell_output(
        cell, rnnc_div(state, rnnc_parameter_vector(graph, "q", UNITS,
                                                    RNNC_INIT_CONSTANT, 1.1f)));
    return cell;
}

static rnnc_node *loss_make(const task *t)
{
    rnnc_cross_entropy_options each = {.struct_size = sizeof each,
                                       .reduction = RNNC_REDUCE_NONE};
    rnnc_node *squares = rnnc_mul(t->h, t->h);
    rnnc_node *lost =
        rnnc_tanh(rnnc_cross_entropy_with(squares, t->ids, &each));
    rnnc_node *turned =
        rnnc_div(rnnc_reverse(t->h), rnnc_affine(squares, 1, 0.5f));
    return rnnc_add(rnnc_mse(rnnc_sigmoid(turned), t->h, RNNC_REDUCE_MEAN),
                    rnnc_total(lost));
}

static task task_make(void)
{
    static const float values[STEPS] = {0};
    static const int32_t words[STEPS] = {1, 2, 3, 4, 5, 6, 0, 1, 2, 3};
    const float *rows[] = {values};
    const int32_t *of[] = {words};
    const int64_t length = STEPS;
    task t = {.graph = rnnc_graph_create(NULL)};
    t.x = rnnc_input_rows(t.graph, "x", 1);
    t.ids = rnnc_input_ids(t.graph, "ids", UNITS);
    t.h = rnnc_unroll(cell_make(t.graph), t.x);
    t.loss = loss_make(&t);
    assert_string_equal(rnnc_graph_message(t.graph), "");
    t.weights = rnnc_weights_create(t.graph, 1);
    t.steps = rnnc_sequence_create(NULL);
    t.words = rnnc_sequence_create(NULL);
    rnnc_sequence_set_rows(t.steps, rows, &length, 1, 1);
    rnnc_sequence_set_ids(t.words, of, &length, 1);
    return t;
}

static void task_destroy(task *t)
{
    rnnc_sequence_destroy(t->words);
    rnnc_sequence_destroy(t->steps);
    rnnc_weights_destroy(t->weights);
    rnnc_graph_destroy(t->graph);
}

static void find_gradient(const task *t, int32_t keep, int64_t segment,
                          int64_t block, float gradient[UNITS])
{
    rnnc_node *outputs[] = {t->h};
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_TRAIN,
                                 .loss = t->loss,
                                 .outputs = outputs,
                                 .n_outputs = 1,
                                 .keep = keep,
                                 .segment_rows = segment,
                                 .block_rows = block};
    rnnc_plan *plan = rnnc_plan_create(t->graph, &options);
    rnnc_run *run = rnnc_run_create(plan, t->weights);
    rnnc_run_input(run, t->x, t->steps);
    rnnc_run_input(run, t->ids, t->words);
    rnnc_weights_zero_gradients(t->weights);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(run), RNNC_OK);
    rnnc_weights_gradient(t->weights, "q", gradient, UNITS);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
}

static void expect_textbook(const task *t, const float gradient[UNITS])
{
    double wanted[UNITS];
    rnnc_reference *reference = rnnc_reference_create(t->weights);
    rnnc_reference_input(reference, t->x, t->steps);
    rnnc_reference_input(reference, t->ids, t->words);
    assert_int_equal(rnnc_reference_gradient(reference, t->loss,
                                             rnnc_graph_node(t->graph, "q"),
                                             wanted, UNITS),
                     RNNC_OK);
    for (int i = 0; i < UNITS; i++)
        assert_true(fabs((double)gradient[i] - wanted[i]) < 1e-5);
    rnnc_reference_destroy(reference);
}

static void what_is_made_again_is_what_was_there(void **state)
{
    (void)state;
    task t = task_make();
    float whole[UNITS], again[UNITS];
    find_gradient(&t, RNNC_KEEP_RESULTS, 0, 0, whole);
    expect_textbook(&t, whole);
    for (int64_t segment = 1; segment <= STEPS; segment++)
        for (int64_t block = 1; block <= segment; block++) {
            find_gradient(&t, RNNC_KEEP_SEGMENTS, segment, block, again);
            assert_memory_equal(again, whole, sizeof whole);
        }
    task_destroy(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_made_again_is_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
