// SPDX-License-Identifier: MIT
// Memory: steady training, inference and streams allocate nothing, and where
// any one allocation fails there is a clean error and nothing is lost.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/fault.h"
#include "support/nets.h"

enum { BATCH = 6, LONGEST = 9, HIDDEN = 20, MOST_FAILURES = 20000 };

static void lengths_of(int64_t step, int64_t rows[BATCH],
                       int64_t lengths[BATCH])
{
    for (int64_t k = 0; k < BATCH; k++) {
        rows[k] = k;
        lengths[k] = (k * 5 + step) % (LONGEST + 1);
    }
}

// ---- Nothing in the steady state -------------------------------------------

typedef struct training {
    net n;
    rnnc_weights *weights;
    rnnc_plan *plan;
    rnnc_run *run;
    rnnc_optimizer *optimizer;
    rnnc_sequence *x, *next;
} training;

static void training_step(training *t, int64_t step)
{
    uint8_t carried[BATCH];
    int64_t rows[BATCH], lengths[BATCH];
    memset(carried, step > 0, sizeof carried);
    lengths_of(step, rows, lengths);
    assert_true(net_fill(t->x, t->next, rows, lengths, NULL, BATCH));
    assert_int_equal(rnnc_run_input(t->run, t->n.x, t->x), RNNC_OK);
    assert_int_equal(rnnc_run_input(t->run, t->n.next, t->next), RNNC_OK);
    assert_int_equal(rnnc_run_carry(t->run, carried, BATCH), RNNC_OK);
    assert_int_equal(rnnc_weights_zero_gradients(t->weights), RNNC_OK);
    assert_int_equal(rnnc_run_forward(t->run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(t->run), RNNC_OK);
    assert_int_equal(rnnc_clip_norm(t->weights, 1.0f, NULL), RNNC_OK);
    assert_int_equal(rnnc_optimizer_step(t->optimizer), RNNC_OK);
}

static void training_destroy(training *t)
{
    rnnc_sequence_destroy(t->x);
    rnnc_sequence_destroy(t->next);
    rnnc_optimizer_destroy(t->optimizer);
    rnnc_run_destroy(t->run);
    rnnc_plan_destroy(t->plan);
    rnnc_weights_destroy(t->weights);
    net_destroy(&t->n);
}

static void steady_training_allocates_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < net_count; k++) {
        fault f = {.at = -1};
        rnnc_context *context = fault_context(&f, 1);
        training t = {.n = net_make(context, net_table + k, HIDDEN)};
        t.weights = rnnc_weights_create(t.n.graph, 1);
        t.plan = net_plan(&t.n, RNNC_TRAIN, 0);
        t.run = rnnc_run_create(t.plan, t.weights);
        t.optimizer = rnnc_optimizer_create(t.weights, RNNC_ADAM);
        t.x = rnnc_sequence_create(context);
        t.next = rnnc_sequence_create(context);
        assert_int_equal(
            rnnc_run_reserve(t.run, BATCH, LONGEST, BATCH * LONGEST), RNNC_OK);
        for (int64_t step = 0; step < 12; step++) {
            if (step == 11)
                fault_arm(&f, 0, true);
            training_step(&t, step);
        }
        training_destroy(&t);
        rnnc_context_destroy(context);
        assert_int_equal(f.live, 0);
    }
}

// After reserve the first pass makes what belongs to the weights; then none.
static void reserve_makes_room_for_all_within_its_limits(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    training t = {.n = net_make(context, net_table + 1, HIDDEN)};
    t.weights = rnnc_weights_create(t.n.graph, 1);
    t.plan = net_plan(&t.n, RNNC_TRAIN, 0);
    t.run = rnnc_run_create(t.plan, t.weights);
    t.optimizer = rnnc_optimizer_create(t.weights, RNNC_ADAM);
    t.x = rnnc_sequence_create(NULL);
    t.next = rnnc_sequence_create(NULL);
    assert_int_equal(rnnc_run_reserve(t.run, 64, 500, 5000), RNNC_OK);
    training_step(&t, 0);
    int64_t rows[64], lengths[64];
    fault_arm(&f, 0, true);
    for (int64_t batch = 1; batch <= 64; batch += 9) {
        for (int64_t k = 0; k < batch; k++) {
            rows[k] = k;
            lengths[k] = k == 0 ? 500 : 4500 / batch % (40 + k);
        }
        assert_true(net_fill(t.x, t.next, rows, lengths, NULL, batch));
        assert_int_equal(rnnc_run_forward(t.run), RNNC_OK);
        assert_int_equal(rnnc_run_backward(t.run), RNNC_OK);
    }
    training_destroy(&t);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

static void steps_of_a_stream_allocate_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < net_count; k++) {
        if (!net_table[k].streams)
            continue;
        fault f = {.at = -1};
        rnnc_context *context = fault_context(&f, 1);
        net n = net_make(context, net_table + k, HIDDEN);
        rnnc_weights *weights = rnnc_weights_create(n.graph, 1);
        rnnc_plan *plan = net_plan(&n, RNNC_STREAM, 0);
        rnnc_stream *stream = rnnc_stream_create(plan, weights, 3);
        rnnc_sequence *x = rnnc_sequence_create(NULL);
        int64_t rows[3] = {0, 1, 2}, lengths[3] = {4, 0, 7};
        assert_true(net_fill(x, NULL, rows, lengths, NULL, 3));
        assert_int_equal(rnnc_stream_chunk_reserve(stream, 7), RNNC_OK);
        assert_int_equal(rnnc_stream_begin(stream), RNNC_OK);
        fault_arm(&f, 0, true);
        assert_int_equal(rnnc_stream_chunk_input(stream, n.x, x), RNNC_OK);
        for (int step = 0; step < 5; step++) {
            assert_int_equal(rnnc_stream_step(stream), RNNC_OK);
            assert_int_equal(rnnc_stream_chunk(stream), RNNC_OK);
            assert_int_equal(rnnc_stream_reset(stream, step % 3), RNNC_OK);
            assert_int_equal(rnnc_stream_reorder(stream, rows), RNNC_OK);
        }
        assert_int_equal(rnnc_stream_begin(stream), RNNC_OK);
        rnnc_sequence_destroy(x);
        rnnc_stream_destroy(stream);
        rnnc_plan_destroy(plan);
        rnnc_weights_destroy(weights);
        net_destroy(&n);
        rnnc_context_destroy(context);
        assert_int_equal(f.live, 0);
    }
}

// ---- Each allocation fails once --------------------------------------------

// What a whole life of a model uses; every field may be NULL.
typedef struct life {
    fault f;
    rnnc_context *context;
    training t;
    rnnc_model *model;
    rnnc_plan *plan;
    rnnc_stream *stream;
    void *file;
    size_t size;
} life;

static rnnc_status describe(life *l, const net_row *row)
{
    l->context = fault_context(&l->f, 1);
    if (l->context == NULL)
        return RNNC_E_MEMORY;
    l->t.n = net_make(l->context, row, HIDDEN);
    return rnnc_graph_status(l->t.n.graph);
}

static rnnc_status prepare(life *l)
{
    training *t = &l->t;
    t->weights = rnnc_weights_create(t->n.graph, 1);
    if (rnnc_weights_status(t->weights) != RNNC_OK)
        return rnnc_weights_status(t->weights);
    t->plan = net_plan(&t->n, RNNC_TRAIN, 0);
    if (rnnc_plan_status(t->plan) != RNNC_OK)
        return rnnc_plan_status(t->plan);
    t->run = rnnc_run_create(t->plan, t->weights);
    if (rnnc_run_status(t->run) != RNNC_OK)
        return rnnc_run_status(t->run);
    t->optimizer = rnnc_optimizer_create(t->weights, RNNC_ADAM);
    t->x = rnnc_sequence_create(l->context);
    t->next = rnnc_sequence_create(l->context);
    if (t->x == NULL || t->next == NULL)
        return RNNC_E_MEMORY;
    return rnnc_optimizer_status(t->optimizer);
}

static rnnc_status train(life *l, int64_t step)
{
    training *t = &l->t;
    int64_t rows[BATCH], lengths[BATCH];
    lengths_of(step, rows, lengths);
    if (!net_fill(t->x, t->next, rows, lengths, NULL, BATCH))
        return RNNC_E_MEMORY;
    rnnc_run_input(t->run, t->n.x, t->x);
    rnnc_run_input(t->run, t->n.next, t->next);
    rnnc_status status = rnnc_run_forward(t->run);
    if (status == RNNC_OK)
        status = rnnc_run_backward(t->run);
    if (status == RNNC_OK)
        status = rnnc_optimizer_step(t->optimizer);
    return status;
}

static rnnc_status save_and_load(life *l)
{
    size_t needed = 0;
    rnnc_status status =
        rnnc_weights_store(l->t.weights, NULL, RNNC_STORE_INT8);
    if (status == RNNC_OK)
        status = rnnc_model_save_memory(l->t.weights, NULL, 0, &needed);
    if (status != RNNC_OK)
        return status;
    l->file = malloc(needed);
    l->size = needed;
    status = rnnc_model_save_memory(l->t.weights, l->file, needed, &needed);
    if (status != RNNC_OK)
        return status;
    l->model = rnnc_model_load_memory(l->context, l->file, l->size);
    return rnnc_model_status(l->model);
}

static rnnc_status stream(life *l)
{
    rnnc_graph *graph = rnnc_model_graph(l->model);
    rnnc_node *y = rnnc_graph_node(graph, "y");
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_STREAM,
                                 .outputs = &y,
                                 .n_outputs = 1};
    l->plan = rnnc_plan_create(graph, &options);
    if (rnnc_plan_status(l->plan) != RNNC_OK)
        return rnnc_plan_status(l->plan);
    l->stream = rnnc_stream_create(l->plan, rnnc_model_weights(l->model), 2);
    if (rnnc_stream_status(l->stream) != RNNC_OK)
        return rnnc_stream_status(l->stream);
    int64_t rows[2] = {0, 1}, lengths[2] = {5, 2};
    rnnc_status status = rnnc_stream_step(l->stream);
    if (status != RNNC_OK)
        return status;
    if (!net_fill(l->t.x, NULL, rows, lengths, NULL, 2))
        return RNNC_E_MEMORY;
    rnnc_stream_chunk_input(l->stream, rnnc_graph_node(graph, "x"), l->t.x);
    return rnnc_stream_chunk(l->stream);
}

static rnnc_status live(life *l, const net_row *row)
{
    rnnc_status status = describe(l, row);
    if (status == RNNC_OK)
        status = prepare(l);
    for (int64_t step = 0; status == RNNC_OK && step < 3; step++)
        status = train(l, step);
    if (status == RNNC_OK)
        status = save_and_load(l);
    if (status == RNNC_OK && row->streams)
        status = stream(l);
    return status;
}

static void die(life *l)
{
    rnnc_stream_destroy(l->stream);
    rnnc_plan_destroy(l->plan);
    rnnc_model_destroy(l->model);
    training_destroy(&l->t);
    rnnc_context_destroy(l->context);
    free(l->file);
}

static void expect_clean_failures(const net_row *row)
{
    for (int64_t left = 0; left < MOST_FAILURES; left++) {
        life l = {.f = {.at = left, .onwards = true}};
        rnnc_status status = live(&l, row);
        bool done = !l.f.hit;
        die(&l);
        if (status != RNNC_OK && (done || status != RNNC_E_MEMORY))
            fail_msg("%s, allocation %lld: status %d", row->name,
                     (long long)left, (int)status);
        if (l.f.live != 0)
            fail_msg("%s, allocation %lld: %lld blocks lost", row->name,
                     (long long)left, (long long)l.f.live);
        if (done)
            return;
    }
    fail_msg("%s: no end of allocations", row->name);
}

static void each_failure_is_a_clean_error(void **state)
{
    (void)state;
    static const size_t chosen[] = {1, 7}; // lstm, own cell
    for (size_t k = 0; k < sizeof chosen / sizeof chosen[0]; k++)
        expect_clean_failures(net_table + chosen[k]);
}

// A pass that fails leaves states and results of the last one alone.
static void a_failed_pass_changes_nothing(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    net n = net_make(context, net_table + 1, HIDDEN);
    rnnc_weights *weights = rnnc_weights_create(n.graph, 1);
    rnnc_plan *plan = net_plan(&n, RNNC_INFER, 0);
    rnnc_run *runs[2] = {rnnc_run_create(plan, weights),
                         rnnc_run_create(plan, weights)};
    rnnc_sequence *small = rnnc_sequence_create(NULL);
    rnnc_sequence *large = rnnc_sequence_create(NULL);
    int64_t rows[2] = {0, 1}, few[2] = {3, 4}, many[2] = {300, 200};
    const uint8_t carried[2] = {1, 1};
    float y[2][2 * 4 * NET_CLASSES];
    assert_true(net_fill(small, NULL, rows, few, NULL, 2));
    assert_true(net_fill(large, NULL, rows, many, NULL, 2));
    for (int k = 0; k < 2; k++) {
        rnnc_run_input(runs[k], n.x, small);
        assert_int_equal(rnnc_run_forward(runs[k]), RNNC_OK);
        if (k == 1) {
            rnnc_run_input(runs[k], n.x, large);
            fault_arm(&f, 0, true);
            assert_int_equal(rnnc_run_forward(runs[k]), RNNC_E_MEMORY);
            fault_arm(&f, -1, true);
            rnnc_run_input(runs[k], n.x, small);
        }
        rnnc_run_carry(runs[k], carried, 2);
        assert_int_equal(rnnc_run_forward(runs[k]), RNNC_OK);
        rnnc_run_get_padded(runs[k], n.y, y[k], 4, RNNC_BATCH_MAJOR, 0);
        rnnc_run_destroy(runs[k]);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    rnnc_sequence_destroy(small);
    rnnc_sequence_destroy(large);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    net_destroy(&n);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_training_allocates_nothing),
        cmocka_unit_test(reserve_makes_room_for_all_within_its_limits),
        cmocka_unit_test(steps_of_a_stream_allocate_nothing),
        cmocka_unit_test(each_failure_is_a_clean_error),
        cmocka_unit_test(a_failed_pass_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
