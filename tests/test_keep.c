// SPDX-License-Identifier: MIT
// Memory of training: what it takes to keep results, states or segments, and
// how a budget chooses between them.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"
#include "support/fault.h"

enum { WORDS = 11, UNITS = 64, BATCH = 3, MOST = 1600 };

typedef struct task {
    rnnc_graph *graph;
    rnnc_node *text, *next, *loss;
    rnnc_weights *weights;
    rnnc_sequence *in, *out;
} task;

static task task_make(rnnc_context *context)
{
    task t = {.graph = rnnc_graph_create(context)};
    t.text = rnnc_input_ids(t.graph, "text", WORDS);
    t.next = rnnc_input_ids(t.graph, "next", WORDS);
    rnnc_node *x = rnnc_embedding(t.text, "embed", UNITS);
    rnnc_node *h =
        rnnc_unroll(rnnc_cell_lstm(t.graph, "lstm", UNITS, UNITS), x);
    t.loss = rnnc_cross_entropy(rnnc_linear(h, "out", WORDS), t.next);
    t.weights = rnnc_weights_create(t.graph, 5);
    t.in = rnnc_sequence_create(NULL);
    t.out = rnnc_sequence_create(NULL);
    return t;
}

static void task_destroy(task *t)
{
    rnnc_sequence_destroy(t->in);
    rnnc_sequence_destroy(t->out);
    rnnc_weights_destroy(t->weights);
    rnnc_graph_destroy(t->graph);
}

static rnnc_plan *plan_make(const task *t, int32_t keep)
{
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_TRAIN,
                                 .loss = t->loss,
                                 .keep = keep};
    return rnnc_plan_create(t->graph, &options);
}

static rnnc_run *run_make(const task *t, int32_t keep)
{
    rnnc_plan *plan = plan_make(t, keep);
    assert_string_equal(rnnc_plan_message(plan), "");
    rnnc_run *run = rnnc_run_create(plan, t->weights);
    rnnc_plan_destroy(plan);
    rnnc_run_input(run, t->text, t->in);
    rnnc_run_input(run, t->next, t->out);
    assert_string_equal(rnnc_run_message(run), "");
    return run;
}

// All sequences have `steps` steps.
static void feed(const task *t, int64_t steps)
{
    static int32_t ids[BATCH * (MOST + 1)];
    int64_t lengths[BATCH];
    for (int64_t k = 0; k < BATCH; k++)
        lengths[k] = steps;
    for (int64_t k = 0; k < BATCH * (MOST + 1); k++)
        ids[k] = (int32_t)(k * k * 31 % 1009 % WORDS);
    rnnc_sequence_set_padded_ids(t->in, ids, lengths, BATCH, steps,
                                 RNNC_TIME_MAJOR);
    rnnc_sequence_set_padded_ids(t->out, ids + BATCH, lengths, BATCH, steps,
                                 RNNC_TIME_MAJOR);
}

static float train(const task *t, rnnc_run *run)
{
    float loss = 0;
    rnnc_weights_zero_gradients(t->weights);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(run), RNNC_OK);
    assert_int_equal(rnnc_run_loss(run, &loss), RNNC_OK);
    return loss;
}

static int64_t measured(rnnc_run *run, int32_t keep, int64_t steps)
{
    int64_t bytes = 0;
    assert_int_equal(
        rnnc_run_measure(run, keep, BATCH, steps, BATCH * steps, &bytes),
        RNNC_OK);
    return bytes;
}

// ---- How much ---------------------------------------------------------------

static void a_measure_is_what_a_run_takes(void **state)
{
    (void)state;
    task t = task_make(NULL);
    for (int32_t keep = 0; keep < RNNC_KEEP_BUDGET; keep++)
        for (int64_t steps = 1; steps <= MOST; steps *= 5) {
            rnnc_run *run = run_make(&t, keep);
            int64_t bytes = measured(run, keep, steps);
            feed(&t, steps);
            train(&t, run);
            assert_int_equal(rnnc_run_memory(run), bytes);
            assert_true(rnnc_run_row_memory(run) < bytes);
            assert_int_equal(rnnc_run_kept(run), keep);
            rnnc_run_destroy(run);
        }
    task_destroy(&t);
}

// Six floats a unit and step, two, and the root: with 2 floats a unit at the
// borders of segments of 6 (the classes of the loss are few), about
// 2 sqrt(6 2 BATCH rows) UNITS floats.
static void rows_take_what_they_should(void **state)
{
    (void)state;
    task t = task_make(NULL);
    rnnc_run *run = run_make(&t, RNNC_KEEP_BUDGET);
    const double unit = UNITS * sizeof(float), rows = 1e6;
    double results, states, segments, twice;
    int64_t before = measured(run, RNNC_KEEP_RESULTS, 1);
    int64_t steps = (int64_t)(rows / BATCH);
    results = (double)(measured(run, RNNC_KEEP_RESULTS, steps) - before);
    states = (double)(measured(run, RNNC_KEEP_STATES, steps) - before);
    segments = (double)(measured(run, RNNC_KEEP_SEGMENTS, steps) - before);
    twice = (double)(measured(run, RNNC_KEEP_SEGMENTS, 4 * steps) - before);
    assert_true(results > 6 * unit * rows && results < 6.5 * unit * rows);
    assert_true(states > 2 * unit * rows && states < 2.5 * unit * rows);
    assert_true(segments < 0.05 * results);
    assert_true(twice < 2.3 * segments);
    rnnc_run_destroy(run);
    task_destroy(&t);
}

static void room_made_before_is_enough(void **state)
{
    (void)state;
    task t = task_make(NULL);
    for (int32_t keep = 0; keep <= RNNC_KEEP_BUDGET; keep++) {
        rnnc_run *run = run_make(&t, keep);
        assert_int_equal(rnnc_run_reserve(run, BATCH, MOST, BATCH * MOST),
                         RNNC_OK);
        int64_t bytes = rnnc_run_memory(run);
        for (int64_t steps = 1; steps <= MOST; steps += 123) {
            feed(&t, steps);
            train(&t, run);
            assert_int_equal(rnnc_run_memory(run), bytes);
        }
        rnnc_run_destroy(run);
    }
    task_destroy(&t);
}

// ---- A budget ---------------------------------------------------------------

static float *gradients(const task *t, int64_t *count)
{
    float *all = calloc(100000, sizeof *all);
    *count = 0;
    for (int32_t i = 0; i < rnnc_graph_parameter_count(t->graph); i++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(t->graph, i));
        int64_t own = rnnc_weights_count(t->weights, name);
        assert_true(*count + own < 100000);
        rnnc_weights_gradient(t->weights, name, all + *count, own);
        *count += own;
    }
    return all;
}

// Two windows: the first is shorter, and may be kept in a faster way; states
// go on from one to the other all the same.
static float *train_windows(const task *t, rnnc_run *run, int64_t *count)
{
    static const uint8_t carried[BATCH] = {1, 0, 1};
    feed(t, MOST / 5);
    train(t, run);
    feed(t, MOST);
    assert_int_equal(rnnc_run_carry(run, carried, BATCH), RNNC_OK);
    train(t, run);
    return gradients(t, count);
}

static void a_budget_chooses_and_changes_no_bit(void **state)
{
    (void)state;
    task t = task_make(NULL);
    bool met[RNNC_KEEP_BUDGET] = {false};
    int64_t count, again;
    rnnc_run *run = run_make(&t, RNNC_KEEP_RESULTS);
    float *wanted = train_windows(&t, run, &count);
    rnnc_run_destroy(run);
    run = run_make(&t, RNNC_KEEP_BUDGET);
    int64_t most = measured(run, RNNC_KEEP_RESULTS, MOST);
    int64_t least = measured(run, RNNC_KEEP_SEGMENTS, MOST);
    for (int64_t k = 0; k <= 20; k++) {
        // once a rising, once a falling budget, on one run
        int64_t place = k % 2 ? 20 - k : k;
        int64_t bytes = least + (most - least) * place / 20;
        assert_int_equal(rnnc_run_budget(run, bytes), RNNC_OK);
        float *found = train_windows(&t, run, &again);
        assert_int_equal(again, count);
        assert_memory_equal(found, wanted, (size_t)count * sizeof *wanted);
        assert_true(rnnc_run_memory(run) <= bytes);
        met[rnnc_run_kept(run)] = true;
        free(found);
    }
    assert_true(met[0] && met[1] && met[2]);
    rnnc_run_destroy(run);
    free(wanted);
    task_destroy(&t);
}

static void a_budget_that_is_too_small_says_so(void **state)
{
    (void)state;
    task t = task_make(NULL);
    rnnc_run *run = run_make(&t, RNNC_KEEP_BUDGET);
    float before, after;
    feed(&t, MOST / 5);
    train(&t, run);
    assert_int_equal(rnnc_run_loss(run, &before), RNNC_OK);
    int64_t least = measured(run, RNNC_KEEP_SEGMENTS, MOST);
    feed(&t, MOST);
    rnnc_run_budget(run, least - 1);
    assert_int_equal(rnnc_run_forward(run), RNNC_E_MEMORY);
    char expected[32];
    rnnc_status status = rnnc_run_status(run);
    assert_int_equal(status, RNNC_E_MEMORY);
    snprintf(expected, sizeof expected, "%lld", (long long)least);
    assert_non_null(strstr(rnnc_run_message(run), expected));
    assert_int_equal(rnnc_run_loss(run, &after), RNNC_OK);
    assert_true(after == before);
    rnnc_run_budget(run, least);
    train(&t, run);
    assert_int_equal(rnnc_run_kept(run), RNNC_KEEP_SEGMENTS);
    rnnc_run_destroy(run);
    task_destroy(&t);
}

// Makes a run, trains one window, and another in segments, where memory lasts;
// RNNC_OK where it did.
static rnnc_status try_all(rnnc_context *context)
{
    task t = task_make(context);
    rnnc_plan *plan = plan_make(&t, RNNC_KEEP_BUDGET);
    rnnc_run *run = rnnc_run_create(plan, t.weights);
    int64_t least = 0;
    rnnc_run_input(run, t.text, t.in);
    rnnc_run_input(run, t.next, t.out);
    for (int64_t steps = 10; steps <= 400 && run != NULL; steps *= 40) {
        feed(&t, steps);
        if (rnnc_run_forward(run) == RNNC_OK)
            rnnc_run_backward(run);
        if (rnnc_run_measure(run, RNNC_KEEP_SEGMENTS, BATCH, 400, BATCH * 400,
                             &least) == RNNC_OK)
            rnnc_run_budget(run, least);
    }
    rnnc_status status = rnnc_run_status(run);
    if (status == RNNC_OK && rnnc_run_kept(run) != RNNC_KEEP_SEGMENTS)
        status = RNNC_E_MEMORY; // some call failed before
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    task_destroy(&t);
    return status;
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    rnnc_status status = RNNC_E_MEMORY;
    for (int64_t blocks = 0; status != RNNC_OK; blocks++) {
        fault f = {.at = blocks, .onwards = true};
        rnnc_context *context = fault_context(&f, 1);
        if (context != NULL)
            status = try_all(context);
        rnnc_context_destroy(context);
        assert_int_equal(f.live, 0);
        assert_true(blocks < 5000);
    }
}

static void a_plan_knows_what_it_was_made_for(void **state)
{
    (void)state;
    task t = task_make(NULL);
    rnnc_run *run = run_make(&t, RNNC_KEEP_STATES);
    int64_t bytes;
    assert_int_equal(rnnc_run_kept(run), -1);
    assert_int_equal(rnnc_run_measure(run, RNNC_KEEP_SEGMENTS, 1, 1, 1, &bytes),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_run_measure(run, RNNC_KEEP_BUDGET, 1, 1, 1, &bytes),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_run_measure(run, RNNC_KEEP_STATES, 1, -1, 1, &bytes),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_run_measure(run, RNNC_KEEP_STATES, 1, 1, 1, NULL),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_run_budget(run, -1), RNNC_E_ARGUMENT);
    rnnc_run_destroy(run);
    rnnc_plan *plan = plan_make(&t, RNNC_KEEP_BUDGET + 1);
    assert_int_equal(rnnc_plan_status(plan), RNNC_E_ARGUMENT);
    rnnc_plan_destroy(plan);
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_INFER,
                                 .loss = t.loss,
                                 .keep = RNNC_KEEP_SEGMENTS};
    plan = rnnc_plan_create(t.graph, &options);
    assert_int_equal(rnnc_plan_status(plan), RNNC_E_ARGUMENT);
    rnnc_plan_destroy(plan);
    task_destroy(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_measure_is_what_a_run_takes),
        cmocka_unit_test(rows_take_what_they_should),
        cmocka_unit_test(room_made_before_is_enough),
        cmocka_unit_test(a_budget_chooses_and_changes_no_bit),
        cmocka_unit_test(a_budget_that_is_too_small_says_so),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(a_plan_knows_what_it_was_made_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
