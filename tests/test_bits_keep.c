// SPDX-License-Identifier: MIT
// What a training run keeps, the size of its blocks and segments and its
// threads change no bit of its loss, its gradients, its outputs and its states:
// over two windows, the second of which goes on from the first.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"

enum { N_IN = 7, HIDDEN = 21, BATCH = 9, LONGEST = 23, WINDOWS = 2 };

// How a run goes about it.
typedef struct manner {
    int32_t keep;
    int64_t block_rows, segment_rows;
    int32_t threads;
} manner;

typedef struct task {
    rnnc_context *context;
    rnnc_graph *graph;
    rnnc_node *x, *out, *last, *loss;
    rnnc_weights *weights;
    rnnc_sequence *rows[WINDOWS];
} task;

static rnnc_node *make_layers(task *t, int32_t which, bool bidirectional)
{
    rnnc_layers_options options = {.struct_size = sizeof options,
                                   .layers = 2,
                                   .bidirectional = bidirectional,
                                   .dropout = 0.25f};
    return rnnc_layers(t->x, "net", which, HIDDEN, &options);
}

static rnnc_sequence *make_rows(task *t, int32_t window)
{
    float values[BATCH * LONGEST * N_IN];
    for (int i = 0; i < BATCH * LONGEST * N_IN; i++)
        values[i] = (float)((i + 31 * window) * 7919 % 1000) / 500 - 1;
    static const int64_t lengths[WINDOWS][BATCH] = {
        {5, 0, 23, 1, 17, 17, 2, 9, 12}, {0, 3, 11, 23, 1, 8, 2, 23, 4}};
    rnnc_sequence *rows = rnnc_sequence_create(t->context);
    assert_int_equal(rnnc_sequence_set_padded(rows, values, lengths[window],
                                              BATCH, LONGEST, N_IN,
                                              RNNC_BATCH_MAJOR),
                     RNNC_OK);
    return rows;
}

static task task_make(int32_t which, bool bidirectional, int32_t threads)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    task t = {.context = rnnc_context_create(&options)};
    t.graph = rnnc_graph_create(t.context);
    t.x = rnnc_input_rows(t.graph, "x", N_IN);
    rnnc_node *h = make_layers(&t, which, bidirectional);
    rnnc_node *y = rnnc_log_softmax(rnnc_linear(h, "out", 5));
    rnnc_node *before = rnnc_shift(y, 2);
    t.out = rnnc_mul(y, before);
    t.last = rnnc_pool(h, RNNC_POOL_MEAN);
    t.loss = rnnc_add(rnnc_total(rnnc_mul(y, y)),
                      rnnc_total(rnnc_mul(t.out, before)));
    t.loss = rnnc_add(t.loss, rnnc_total(t.last));
    assert_string_equal(rnnc_graph_message(t.graph), "");
    t.weights = rnnc_weights_create(t.graph, 5);
    for (int32_t w = 0; w < WINDOWS; w++)
        t.rows[w] = make_rows(&t, w);
    return t;
}

static void task_destroy(task *t)
{
    for (int32_t w = 0; w < WINDOWS; w++)
        rnnc_sequence_destroy(t->rows[w]);
    rnnc_weights_destroy(t->weights);
    rnnc_graph_destroy(t->graph);
    rnnc_context_destroy(t->context);
}

// ---- What comes out ---------------------------------------------------------

typedef struct findings {
    float values[100000];
    int64_t count;
} findings;

static float *room(findings *f, int64_t count)
{
    float *at = f->values + f->count;
    f->count += count;
    assert_true(f->count <= (int64_t)(sizeof f->values / sizeof *f->values));
    return at;
}

static void take_gradients(const task *t, findings *f)
{
    for (int32_t i = 0; i < rnnc_graph_parameter_count(t->graph); i++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(t->graph, i));
        int64_t count = rnnc_weights_count(t->weights, name);
        rnnc_weights_gradient(t->weights, name, room(f, count), count);
    }
}

static void take_results(const task *t, rnnc_run *run, bool outputs,
                         findings *f)
{
    assert_int_equal(rnnc_run_loss(run, room(f, 1)), RNNC_OK);
    rnnc_run_gradient_padded(run, t->x, room(f, BATCH * LONGEST * N_IN),
                             LONGEST, RNNC_BATCH_MAJOR, 0);
    if (outputs) {
        rnnc_run_get_padded(run, t->out, room(f, BATCH * LONGEST * 5), LONGEST,
                            RNNC_BATCH_MAJOR, 0);
        rnnc_run_get_batch(run, t->last, room(f, BATCH * 2 * HIDDEN));
    }
    assert_string_equal(rnnc_run_message(run), "");
}

static rnnc_run *make_run(const task *t, const manner *m, bool outputs)
{
    rnnc_node *wanted[] = {t->out, t->last}, *x = t->x;
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_TRAIN,
                                 .outputs = wanted,
                                 .n_outputs = outputs ? 2 : 0,
                                 .loss = t->loss,
                                 .gradients = &x,
                                 .n_gradients = 1,
                                 .block_rows = m->block_rows,
                                 .segment_rows = m->segment_rows,
                                 .keep = m->keep};
    rnnc_plan *plan = rnnc_plan_create(t->graph, &options);
    assert_string_equal(rnnc_plan_message(plan), "");
    rnnc_run *run = rnnc_run_create(plan, t->weights);
    rnnc_plan_destroy(plan);
    rnnc_run_seed(run, 3, 0);
    return run;
}

static void learn(const task *t, const manner *m, bool outputs, findings *f)
{
    static const uint8_t carried[BATCH] = {1, 1, 0, 1, 1, 0, 1, 1, 1};
    rnnc_run *run = make_run(t, m, outputs);
    memset(f, 0, sizeof *f);
    rnnc_weights_zero_gradients(t->weights);
    for (int32_t w = 0; w < WINDOWS; w++) {
        assert_int_equal(rnnc_run_input(run, t->x, t->rows[w]), RNNC_OK);
        if (w > 0)
            assert_int_equal(rnnc_run_carry(run, carried, BATCH), RNNC_OK);
        assert_int_equal(rnnc_run_forward(run), RNNC_OK);
        assert_int_equal(rnnc_run_backward(run), RNNC_OK);
        take_results(t, run, outputs, f);
        take_gradients(t, f);
    }
    rnnc_run_destroy(run);
}

static void expect_same(const findings *a, const findings *b, int32_t which,
                        const manner *m)
{
    assert_int_equal(a->count, b->count);
    for (int64_t k = 0; k < a->count; k++)
        if (memcmp(a->values + k, b->values + k, sizeof(float)) != 0)
            fail_msg("cell %d, keep %d, blocks %d, segments %d, %d threads: "
                     "[%d] is %.9g, expected %.9g",
                     (int)which, (int)m->keep, (int)m->block_rows,
                     (int)m->segment_rows, (int)m->threads, (int)k,
                     (double)b->values[k], (double)a->values[k]);
}

// ---- Tests ------------------------------------------------------------------

static const manner plain = {.keep = RNNC_KEEP_RESULTS, .threads = 1};

static const manner others[] = {
    {RNNC_KEEP_SEGMENTS, 0, 1, 1},  {RNNC_KEEP_SEGMENTS, 13, 10, 2},
    {RNNC_KEEP_SEGMENTS, 1, 17, 1}, {RNNC_KEEP_SEGMENTS, 13, 40, 1},
    {RNNC_KEEP_SEGMENTS, 0, 40, 2}, {RNNC_KEEP_SEGMENTS, 5, 1000, 1},
    {RNNC_KEEP_STATES, 1, 0, 1},    {RNNC_KEEP_STATES, 13, 0, 2},
    {RNNC_KEEP_RESULTS, 1, 0, 2},   {RNNC_KEEP_RESULTS, 13, 0, 1},
    {RNNC_KEEP_BUDGET, 13, 10, 1},
};

static void try_cell(int32_t which, bool bidirectional, bool outputs)
{
    findings *first = malloc(sizeof *first), *again = malloc(sizeof *again);
    task t[2] = {task_make(which, bidirectional, 1),
                 task_make(which, bidirectional, 2)};
    learn(t, &plain, outputs, first);
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
        const manner *m = others + k;
        learn(t + m->threads - 1, m, outputs, again);
        expect_same(first, again, which, m);
    }
    task_destroy(t);
    task_destroy(t + 1);
    free(first);
    free(again);
}

static void bits_do_not_depend_on_what_is_kept(void **state)
{
    (void)state;
    for (int32_t which = RNNC_CELL_RNN; which <= RNNC_CELL_CTRNN; which++)
        for (int32_t k = 0; k < 4; k++)
            try_cell(which, k % 2, k / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_do_not_depend_on_what_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
