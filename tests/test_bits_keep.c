// SPDX-License-Identifier: MIT
// What a training run keeps, and the size of its time blocks, change no bit of
// its loss or its gradients.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"

enum { N_IN = 7, HIDDEN = 21, BATCH = 9, LONGEST = 23 };

typedef struct task {
    rnnc_graph *graph;
    rnnc_node *x, *loss;
    rnnc_weights *weights;
    rnnc_sequence *rows;
} task;

static task task_make(int32_t which)
{
    task t = {.graph = rnnc_graph_create(NULL)};
    t.x = rnnc_input_rows(t.graph, "x", N_IN);
    rnnc_layers_options options = {.struct_size = sizeof options,
                                   .layers = 2,
                                   .bidirectional = which % 2,
                                   .dropout = 0.25f};
    rnnc_node *h = rnnc_layers(t.x, "net", which, HIDDEN, &options);
    rnnc_node *y = rnnc_log_softmax(rnnc_linear(h, "out", 5));
    t.loss = rnnc_total(rnnc_mul(y, y));
    t.weights = rnnc_weights_create(t.graph, 5);
    float values[BATCH * LONGEST * N_IN];
    for (int i = 0; i < BATCH * LONGEST * N_IN; i++)
        values[i] = (float)(i * 7919 % 1000) / 500 - 1;
    const int64_t lengths[BATCH] = {5, 0, 23, 1, 17, 17, 2, 9, 12};
    t.rows = rnnc_sequence_create(NULL);
    assert_int_equal(rnnc_sequence_set_padded(t.rows, values, lengths, BATCH,
                                              LONGEST, N_IN, RNNC_BATCH_MAJOR),
                     RNNC_OK);
    return t;
}

static void task_destroy(task *t)
{
    rnnc_sequence_destroy(t->rows);
    rnnc_weights_destroy(t->weights);
    rnnc_graph_destroy(t->graph);
}

// Loss and gradients of one step under a plan, and the memory it took.
static int64_t learn(const task *t, int32_t keep, int64_t block_rows,
                     float *results, int64_t room)
{
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_TRAIN,
                                 .loss = t->loss,
                                 .block_rows = block_rows,
                                 .keep = keep};
    rnnc_plan *plan = rnnc_plan_create(t->graph, &options);
    rnnc_run *run = rnnc_run_create(plan, t->weights);
    rnnc_weights_zero_gradients(t->weights);
    assert_int_equal(rnnc_run_input(run, t->x, t->rows), RNNC_OK);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(run), RNNC_OK);
    assert_int_equal(rnnc_run_loss(run, results), RNNC_OK);
    int64_t at = 1;
    for (int32_t i = 0; i < rnnc_graph_parameter_count(t->graph); i++) {
        const char *name = rnnc_node_name(rnnc_graph_parameter(t->graph, i));
        int64_t count = rnnc_weights_count(t->weights, name);
        assert_true(at + count <= room);
        rnnc_weights_gradient(t->weights, name, results + at, count);
        at += count;
    }
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    return at;
}

static void test_bits_do_not_depend_on_memory(void **state)
{
    (void)state;
    enum { ROOM = 40000 };
    static float first[ROOM], again[ROOM];
    for (int32_t which = RNNC_CELL_RNN; which <= RNNC_CELL_CTRNN; which++) {
        task t = task_make(which);
        int64_t n = learn(&t, RNNC_KEEP_RESULTS, 0, first, ROOM);
        for (int32_t keep = 0; keep < 2; keep++)
            for (int64_t block = 1; block < 100; block = 3 * block + 1) {
                memset(again, 0, sizeof again);
                assert_int_equal(learn(&t, keep, block, again, ROOM), n);
                assert_memory_equal(first, again, (size_t)n * sizeof *first);
            }
        task_destroy(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits_do_not_depend_on_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
