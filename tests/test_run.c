// SPDX-License-Identifier: MIT
// Runs: empty and ragged batches, states that go on, dropout's counter, order
// of calls, and inputs that must be refused without a trace. That values and
// gradients are right is for test_differential, test_cases, test_torch_values.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/run.h"
#include "support/net_run.h"

enum { HIDDEN = 14, BATCH = 4, LONGEST = 6 };

static const int64_t rows[BATCH] = {2, 5, 3, 8};

static void expect_error(const rnnc_run *run, rnnc_status found,
                         rnnc_status wanted, const char *part)
{
    assert_int_equal(found, wanted);
    assert_int_equal(rnnc_run_status(run), wanted);
    if (strstr(rnnc_run_message(run), part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", rnnc_run_message(run), part);
}

// ---- Empty and ragged ------------------------------------------------------

// Rows of a batch with an empty one are what they are alone; the empty one's
// pool is 0.
static void sequences_may_be_empty(void **state)
{
    (void)state;
    const int64_t lengths[BATCH] = {3, 0, 6, 1};
    for (size_t which = 0; which < net_count; which++) {
        net_run s = net_run_make(which, HIDDEN, RNNC_INFER);
        float all[BATCH * LONGEST * NET_CLASSES], mean[BATCH * NET_CLASSES];
        float one[LONGEST * NET_CLASSES], row[LONGEST * NET_CLASSES];
        net_run_feed(&s, rows, lengths, NULL, BATCH);
        assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
        rnnc_run_get_padded(s.run, s.n.y, all, LONGEST, RNNC_BATCH_MAJOR, 0);
        rnnc_run_get_batch(s.run, s.n.mean, mean);
        for (int c = 0; c < NET_CLASSES; c++)
            assert_true(fabsf(mean[NET_CLASSES + c]) <= 0);
        assert_int_equal(rnnc_run_get_rows(s.run, s.n.y, 2, row), RNNC_OK);
        assert_int_equal(rnnc_run_get_rows(s.run, s.n.y, 1, one), RNNC_OK);
        assert_memory_equal(row, all + 2 * LONGEST * NET_CLASSES, sizeof row);
        assert_true(net_fill(s.x, s.next, rows + 2, lengths + 2, NULL, 1));
        assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
        rnnc_run_get_padded(s.run, s.n.y, one, LONGEST, RNNC_TIME_MAJOR, 0);
        assert_memory_equal(one, row, sizeof one);
        net_run_destroy(&s);
    }
}

static void a_batch_may_be_empty(void **state)
{
    (void)state;
    const int64_t none[BATCH] = {0, 0, 0, 0};
    for (size_t which = 0; which < net_count; which++) {
        net_run s = net_run_make(which, HIDDEN, RNNC_TRAIN);
        float value = 1;
        net_run_feed(&s, rows, none, NULL, 0);
        assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
        assert_int_equal(rnnc_run_backward(s.run), RNNC_OK);
        assert_int_equal(rnnc_run_get_batch(s.run, s.n.mean, &value), RNNC_OK);
        assert_int_equal(rnnc_run_get_padded(s.run, s.n.y, &value, 0, 0, 0),
                         RNNC_OK);
        net_run_feed(&s, rows, none, NULL, BATCH);
        assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
        assert_int_equal(rnnc_run_backward(s.run), RNNC_OK);
        net_run_destroy(&s);
    }
}

// ---- States ----------------------------------------------------------------

// Two windows with states carried over are one sequence; a fresh row begins
// anew; rows of unequal length go on from their own last step.
static void states_go_on_from_run_to_run(void **state)
{
    (void)state;
    const int64_t whole[BATCH] = {6, 4, 3, 5}, head[BATCH] = {2, 4, 0, 3};
    const int64_t tail[BATCH] = {4, 0, 3, 2};
    const uint8_t carried[BATCH] = {1, 1, 1, 0};
    for (size_t which = 0; which < net_count; which++) {
        if (!net_table[which].streams)
            continue;
        net_run s = net_run_make(which, HIDDEN, RNNC_INFER);
        float y[BATCH][LONGEST][NET_CLASSES], z[BATCH][LONGEST][NET_CLASSES];
        int64_t first[BATCH];
        net_run_feed(&s, rows, whole, NULL, BATCH);
        assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
        rnnc_run_get_padded(s.run, s.n.y, **y, LONGEST, RNNC_BATCH_MAJOR, 0);
        net_run_feed(&s, rows, head, NULL, BATCH);
        assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
        for (int k = 0; k < BATCH; k++)
            first[k] = carried[k] ? head[k] : 0;
        net_run_feed(&s, rows, tail, first, BATCH);
        assert_int_equal(rnnc_run_carry(s.run, carried, BATCH), RNNC_OK);
        assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
        rnnc_run_get_padded(s.run, s.n.y, **z, LONGEST, RNNC_BATCH_MAJOR, 0);
        for (int k = 0; k < BATCH; k++)
            assert_memory_equal(z[k], y[k] + first[k],
                                (size_t)tail[k] * sizeof z[k][0]);
        // The flags held for one pass.
        net_run_feed(&s, rows, tail, NULL, BATCH);
        assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
        rnnc_run_get_padded(s.run, s.n.y, **z, LONGEST, RNNC_BATCH_MAJOR, 0);
        assert_memory_equal(z[2], y[2], 3 * sizeof z[2][0]);
        net_run_destroy(&s);
    }
}

static void states_can_only_go_on_in_the_same_batch(void **state)
{
    (void)state;
    net_run s = net_run_make(1, HIDDEN, RNNC_INFER);
    const int64_t lengths[BATCH] = {2, 2, 2, 2};
    const uint8_t some[BATCH] = {0, 0, 1, 0}, none[BATCH] = {0};
    expect_error(s.run, rnnc_run_carry(s.run, some, BATCH), RNNC_E_STATE,
                 "row 2 of 4");
    assert_int_equal(rnnc_run_carry(s.run, none, BATCH), RNNC_OK);
    net_run_feed(&s, rows, lengths, NULL, BATCH);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    expect_error(s.run, rnnc_run_carry(s.run, some, 3), RNNC_E_STATE,
                 "had 4 sequences");
    assert_int_equal(rnnc_run_carry(s.run, some, BATCH), RNNC_OK);
    net_run_feed(&s, rows, lengths, NULL, 3);
    expect_error(s.run, rnnc_run_forward(s.run), RNNC_E_SHAPE,
                 "for 4 sequences, the inputs have 3");
    net_run_feed(&s, rows, lengths, NULL, BATCH);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    net_run_destroy(&s);
}

// ---- Dropout ---------------------------------------------------------------

static float loss_of(net_run *s)
{
    float loss = NAN;
    assert_int_equal(rnnc_run_forward(s->run), RNNC_OK);
    assert_int_equal(rnnc_run_loss(s->run, &loss), RNNC_OK);
    return loss;
}

static void masks_follow_seed_and_counter(void **state)
{
    (void)state;
    net_run s = net_run_make(7, HIDDEN, RNNC_TRAIN);
    const int64_t lengths[BATCH] = {6, 4, 3, 5};
    net_run_feed(&s, rows, lengths, NULL, BATCH);
    rnnc_run_seed(s.run, 11, 0);
    float first = loss_of(&s), second = loss_of(&s);
    assert_true(first < second || first > second);
    rnnc_run_seed(s.run, 11, 1);
    float again = loss_of(&s);
    assert_memory_equal(&again, &second, sizeof again);
    rnnc_run_seed(s.run, 11, 0);
    again = loss_of(&s);
    assert_memory_equal(&again, &first, sizeof again);
    rnnc_run_seed(s.run, 12, 0);
    again = loss_of(&s);
    assert_true(again < first || again > first);
    net_run_destroy(&s);
}

// ---- Order of calls --------------------------------------------------------

static void calls_out_of_order(void **state)
{
    (void)state;
    net_run s = net_run_make(1, HIDDEN, RNNC_TRAIN),
            infer = net_run_make(1, HIDDEN, RNNC_INFER);
    const int64_t lengths[BATCH] = {6, 4, 3, 5};
    float value[BATCH * LONGEST * NET_CLASSES];
    expect_error(s.run, rnnc_run_forward(s.run), RNNC_E_STATE,
                 "\"x\" is not set");
    expect_error(s.run, rnnc_run_backward(s.run), RNNC_E_STATE,
                 "forward pass comes first");
    expect_error(s.run, rnnc_run_loss(s.run, value), RNNC_E_STATE, "forward");
    expect_error(s.run, rnnc_run_get_batch(s.run, s.n.mean, value),
                 RNNC_E_STATE, "forward");
    net_run_feed(&s, rows, lengths, NULL, BATCH);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(s.run), RNNC_OK);
    expect_error(s.run, rnnc_run_backward(s.run), RNNC_E_STATE, "one for");
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    net_run_feed(&s, rows, lengths, NULL, BATCH);
    expect_error(s.run, rnnc_run_backward(s.run), RNNC_E_STATE,
                 "inputs were set");
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    const float bias[NET_CLASSES] = {0};
    rnnc_weights_set(s.weights, "out.bias", bias, NET_CLASSES);
    expect_error(s.run, rnnc_run_backward(s.run), RNNC_E_STATE,
                 "weights have changed");
    net_run_feed(&infer, rows, lengths, NULL, BATCH);
    assert_int_equal(rnnc_run_forward(infer.run), RNNC_OK);
    expect_error(infer.run, rnnc_run_backward(infer.run), RNNC_E_STATE,
                 "not made to train");
    expect_error(infer.run, rnnc_run_loss(infer.run, value), RNNC_E_NAME,
                 "no loss");
    net_run_destroy(&s);
    net_run_destroy(&infer);
}

static void results_that_are_not_there(void **state)
{
    (void)state;
    net_run s = net_run_make(1, HIDDEN, RNNC_INFER);
    const int64_t lengths[BATCH] = {6, 4, 3, 5};
    float v[BATCH * LONGEST * NET_CLASSES];
    net_run_feed(&s, rows, lengths, NULL, BATCH);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    expect_error(s.run, rnnc_run_get_batch(s.run, s.n.y, v), RNNC_E_SHAPE,
                 "\"y\" sequence");
    expect_error(s.run, rnnc_run_get_static(s.run, s.n.loss, v), RNNC_E_NAME,
                 "no output of the plan");
    expect_error(s.run, rnnc_run_get_batch(s.run, NULL, v), RNNC_E_ARGUMENT,
                 "NULL");
    expect_error(s.run, rnnc_run_get_batch(s.run, s.n.mean, NULL),
                 RNNC_E_ARGUMENT, "NULL");
    expect_error(s.run, rnnc_run_get_padded(s.run, s.n.y, v, 5, 0, 0),
                 RNNC_E_SHAPE, "longest sequence has 6");
    expect_error(s.run, rnnc_run_get_padded(s.run, s.n.y, v, 6, 7, 0),
                 RNNC_E_ARGUMENT, "layout is 7");
    expect_error(s.run, rnnc_run_get_rows(s.run, s.n.y, 4, v), RNNC_E_ARGUMENT,
                 "row 4");
    expect_error(s.run, rnnc_run_gradient_padded(s.run, s.n.x, v, 6, 0, 0),
                 RNNC_E_NAME, "no gradient of the plan");
    net_run_destroy(&s);
}

// ---- Inputs that are refused -----------------------------------------------

static void runs_that_cannot_be(void **state)
{
    (void)state;
    net_run s = net_run_make(0, HIDDEN, RNNC_INFER),
            other = net_run_make(0, HIDDEN, RNNC_INFER);
    rnnc_run *run = rnnc_run_create(s.plan, other.weights);
    expect_error(run, rnnc_run_forward(run), RNNC_E_ARGUMENT, "two graphs");
    rnnc_run_destroy(run);
    run = rnnc_run_create(NULL, s.weights);
    expect_error(run, rnnc_run_reserve(run, 1, 1, 1), RNNC_E_ARGUMENT,
                 "plan is NULL");
    rnnc_run_destroy(run);
    run = rnnc_run_create(s.plan, NULL);
    expect_error(run, rnnc_run_backward(run), RNNC_E_ARGUMENT, "NULL");
    assert_string_equal(rnnc_run_isa(run), "");
    assert_int_equal(rnnc_run_memory(run), 0);
    rnnc_run_destroy(run);
    rnnc_node *late = rnnc_linear(s.n.y, "late", 3);
    rnnc_plan_options options = {
        .struct_size = sizeof options, .outputs = &late, .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(s.n.graph, &options);
    run = rnnc_run_create(plan, s.weights);
    expect_error(run, rnnc_run_forward(run), RNNC_E_STATE, "\"late.");
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    assert_int_equal(rnnc_run_status(NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_run_forward(NULL), RNNC_E_MEMORY);
    assert_string_equal(rnnc_run_message(NULL), "out of memory");
    rnnc_run_destroy(NULL);
    net_run_destroy(&s);
    net_run_destroy(&other);
}

static void inputs_of_the_wrong_kind(void **state)
{
    (void)state;
    net_run s = net_run_make(1, HIDDEN, RNNC_TRAIN);
    const int64_t lengths[BATCH] = {6, 4, 3, 5}, others[BATCH] = {6, 4, 2, 5};
    const float few[3] = {0};
    const float *const one[1] = {few};
    net_run_feed(&s, rows, lengths, NULL, BATCH);
    expect_error(s.run, rnnc_run_input(s.run, s.n.y, s.x), RNNC_E_ARGUMENT,
                 "is not an input");
    expect_error(s.run, rnnc_run_input(s.run, NULL, s.x), RNNC_E_ARGUMENT,
                 "NULL");
    expect_error(s.run, rnnc_run_input(s.run, s.n.x, NULL), RNNC_E_ARGUMENT,
                 "NULL");
    expect_error(s.run, rnnc_run_input_batch(s.run, s.n.x, few, 1),
                 RNNC_E_SHAPE, "batch input");
    expect_error(s.run, rnnc_run_input_static(s.run, s.n.x, few), RNNC_E_SHAPE,
                 "static input");

    rnnc_run_input(s.run, s.n.x, s.next);
    expect_error(s.run, rnnc_run_forward(s.run), RNNC_E_SHAPE, "has ids");
    rnnc_sequence *narrow = rnnc_sequence_create(NULL);
    const int64_t single[1] = {1};
    rnnc_sequence_set_rows(narrow, one, single, 1, 3);
    rnnc_run_input(s.run, s.n.x, narrow);
    expect_error(s.run, rnnc_run_forward(s.run), RNNC_E_SHAPE, "3 features");
    rnnc_sequence_destroy(narrow);

    rnnc_sequence *unequal = rnnc_sequence_create(NULL);
    net_fill(unequal, NULL, rows, others, NULL, BATCH);
    rnnc_run_input(s.run, s.n.x, unequal);
    expect_error(s.run, rnnc_run_forward(s.run), RNNC_E_SHAPE, "row 2: length");
    net_fill(unequal, NULL, rows, lengths, NULL, 3);
    expect_error(s.run, rnnc_run_forward(s.run), RNNC_E_SHAPE,
                 "4 sequences, expected the 3 of input \"x\"");
    rnnc_run_input(s.run, s.n.x, s.x);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    rnnc_sequence_destroy(unequal);
    net_run_destroy(&s);
}

// Ids are checked against the table they look up and the classes they name;
// the ignored id is fine as a target and nowhere else.
static void ids_out_of_range(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *text = rnnc_input_ids(graph, "text", 8);
    rnnc_node *next = rnnc_input_ids(graph, "next", 8);
    rnnc_node *h = rnnc_unroll(rnnc_cell_rnn(graph, "cell", 4, 5),
                               rnnc_embedding(text, "embed", 4));
    rnnc_node *loss = rnnc_cross_entropy(rnnc_linear(h, "out", 8), next);
    rnnc_plan_options options = {
        .struct_size = sizeof options, .use = RNNC_TRAIN, .loss = loss};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_sequence *a = rnnc_sequence_create(NULL);
    rnnc_sequence *b = rnnc_sequence_create(NULL);
    int32_t ids[2][3] = {{0, 7, 3}, {1, 2, 3}};
    int32_t targets[2][3] = {{-100, 0, 7}, {1, -100, 3}};
    const int64_t lengths[2] = {2, 3};
    rnnc_run_input(run, text, a);
    rnnc_run_input(run, next, b);
    rnnc_sequence_set_padded_ids(a, *ids, lengths, 2, 3, RNNC_BATCH_MAJOR);
    rnnc_sequence_set_padded_ids(b, *targets, lengths, 2, 3, RNNC_BATCH_MAJOR);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(run), RNNC_OK);
    ids[1][2] = 8;
    rnnc_sequence_set_padded_ids(a, *ids, lengths, 2, 3, RNNC_BATCH_MAJOR);
    expect_error(run, rnnc_run_forward(run), RNNC_E_VALUE,
                 "input \"text\", row 1, step 2: id 8, expected 0 to 7");
    ids[1][2] = -100;
    rnnc_sequence_set_padded_ids(a, *ids, lengths, 2, 3, RNNC_BATCH_MAJOR);
    expect_error(run, rnnc_run_forward(run), RNNC_E_VALUE, "id -100");
    ids[1][2] = 4;
    targets[0][1] = -1;
    rnnc_sequence_set_padded_ids(a, *ids, lengths, 2, 3, RNNC_BATCH_MAJOR);
    rnnc_sequence_set_padded_ids(b, *targets, lengths, 2, 3, RNNC_BATCH_MAJOR);
    expect_error(run, rnnc_run_forward(run), RNNC_E_VALUE,
                 "input \"next\", row 0, step 1: id -1");
    rnnc_sequence_destroy(a);
    rnnc_sequence_destroy(b);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// ---- Static graphs and batches ---------------------------------------------

static void a_graph_without_sequences(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *a = rnnc_input_static(graph, "a", 5, 3);
    rnnc_node *b = rnnc_input_static(graph, "b", 3, 17);
    rnnc_node *z = rnnc_matmul(a, b);
    rnnc_node *loss = rnnc_total(rnnc_mul(z, z));
    rnnc_node *wanted[2] = {a, b};
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_TRAIN,
                                 .outputs = &z,
                                 .n_outputs = 1,
                                 .loss = loss,
                                 .gradients = wanted,
                                 .n_gradients = 2};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    float x[5 * 3], y[3 * 17], found[5 * 17], da[5 * 3], sum = 0, total;
    for (int k = 0; k < 15; k++)
        x[k] = (float)(k % 4 - 1);
    for (int k = 0; k < 51; k++)
        y[k] = (float)(k % 5 - 2);
    assert_int_equal(rnnc_run_input_static(run, a, x), RNNC_OK);
    assert_int_equal(rnnc_run_input_static(run, b, y), RNNC_OK);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(run), RNNC_OK);
    rnnc_run_get_static(run, z, found);
    rnnc_run_gradient_static(run, a, da);
    rnnc_run_loss(run, &total);
    float expected[5][17], gradient[5][3] = {{0}};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 17; j++) {
            expected[i][j] = 0;
            for (int k = 0; k < 3; k++)
                expected[i][j] += x[i * 3 + k] * y[k * 17 + j];
            sum += expected[i][j] * expected[i][j];
            for (int k = 0; k < 3; k++)
                gradient[i][k] += 2 * expected[i][j] * y[k * 17 + j];
        }
    // Small whole numbers: every sum is exact.
    assert_memory_equal(found, expected, sizeof found);
    assert_memory_equal(da, gradient, sizeof da);
    assert_memory_equal(&total, &sum, sizeof sum);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

static void batches_are_in_the_callers_order(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 1);
    rnnc_node *b = rnnc_input_batch(graph, "b", 1);
    rnnc_node *ids = rnnc_input_batch_ids(graph, "ids", 4);
    rnnc_node *sum = rnnc_pool(rnnc_mul(x, rnnc_repeat(b, x)), RNNC_POOL_SUM);
    rnnc_node *table =
        rnnc_constant(graph, 4, 1, (const float[]){1000, 2000, 3000, 4000});
    rnnc_node *y = rnnc_add(sum, rnnc_lookup(ids, table));
    rnnc_plan_options options = {
        .struct_size = sizeof options, .outputs = &y, .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_sequence *s = rnnc_sequence_create(NULL);
    const float data[3][4] = {{1, 2}, {10, 20, 30, 40}, {5, 5, 5}};
    const float *const at[3] = {data[0], data[1], data[2]};
    const float factors[3] = {1, 2, 3}, more[4] = {0};
    const int32_t which[3] = {3, 0, 1}, wrong[3] = {0, 4, 0};
    const int64_t lengths[3] = {2, 4, 3};
    float found[3];
    rnnc_sequence_set_rows(s, at, lengths, 3, 1);
    rnnc_run_input(run, x, s);
    rnnc_run_input_batch(run, b, factors, 3);
    rnnc_run_input_batch_ids(run, ids, which, 3);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    rnnc_run_get_batch(run, y, found);
    const float expected[3] = {4003, 1200, 2045};
    assert_memory_equal(found, expected, sizeof found);
    rnnc_run_input_batch_ids(run, ids, wrong, 3);
    expect_error(run, rnnc_run_forward(run), RNNC_E_VALUE,
                 "\"ids\", row 1: id 4");
    rnnc_run_input_batch_ids(run, ids, which, 3);
    rnnc_run_input_batch(run, b, more, 4);
    expect_error(run, rnnc_run_forward(run), RNNC_E_SHAPE, "sequences");
    expect_error(run, rnnc_run_input_batch(run, b, NULL, 2), RNNC_E_ARGUMENT,
                 "NULL");
    rnnc_sequence_destroy(s);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// ---- Memory and bindings ---------------------------------------------------

static void memory_grows_only_for_larger_runs(void **state)
{
    (void)state;
    net_run s = net_run_make(1, HIDDEN, RNNC_TRAIN);
    const int64_t small[BATCH] = {1, 2, 0, 1}, large[BATCH] = {60, 2, 9, 5};
    net_run_feed(&s, rows, small, NULL, BATCH);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    int64_t little = rnnc_run_memory(s.run), more;
    net_run_feed(&s, rows, large, NULL, BATCH);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    more = rnnc_run_memory(s.run);
    assert_true(more > little && little > 0);
    net_run_feed(&s, rows, small, NULL, BATCH);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    assert_int_equal(rnnc_run_memory(s.run), more);
    expect_error(s.run, rnnc_run_reserve(s.run, -1, 0, 0), RNNC_E_ARGUMENT,
                 "-1");
    int64_t most = INT64_MAX / 2;
    expect_error(s.run, rnnc_run_reserve(s.run, most, most, most),
                 RNNC_E_MEMORY, "memory");
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    assert_int_equal(rnnc_run_memory(s.run), more);
    assert_string_equal(rnnc_run_isa(s.run), rnnc_isa());
    net_run_destroy(&s);
}

// Room was found for inputs, then not for the rest: where the forward pass
// found its input there is none now.
static void no_backward_pass_reads_inputs_that_moved(void **state)
{
    (void)state;
    net_run s = net_run_make(0, HIDDEN, RNNC_TRAIN);
    rnnc_node *b = rnnc_input_batch(s.n.graph, "b", 1);
    rnnc_node *loss = rnnc_add(rnnc_total(rnnc_linear(b, "of b", 2)), s.n.loss);
    rnnc_plan_options options = {
        .struct_size = sizeof options, .use = RNNC_TRAIN, .loss = loss};
    rnnc_plan *plan = rnnc_plan_create(s.n.graph, &options);
    rnnc_weights *weights = rnnc_weights_create(s.n.graph, 1);
    rnnc_run *run = rnnc_run_create(plan, weights);
    const int64_t lengths[BATCH] = {3, 1, 2, 1};
    net_run_feed(&s, rows, lengths, NULL, BATCH);
    rnnc_run_input(run, s.n.x, s.x);
    rnnc_run_input(run, s.n.next, s.next);
    rnnc_run_input_batch(run, b, (const float[BATCH]){1, 2, 3, 4}, BATCH);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    int64_t most = INT64_MAX / 2;
    expect_error(run, rnnc_run_reserve(run, 1000, most, most), RNNC_E_MEMORY,
                 "memory"); // nothing has moved
    assert_int_equal(rnnc_run_backward(run), RNNC_OK);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_reserve(run, 1000, 3, 2000), RNNC_OK);
    expect_error(run, rnnc_run_backward(run), RNNC_E_STATE, "forward pass");
    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_plan_destroy(plan);
    net_run_destroy(&s);
}

#define BINDING_OF(run) (rni_run_program(run)->binding)

static void runs_of_one_plan_share_a_binding(void **state)
{
    (void)state;
    net_run s = net_run_make(1, HIDDEN, RNNC_INFER);
    rnnc_run *other = rnnc_run_create(s.plan, s.weights);
    const int64_t lengths[BATCH] = {3, 3, 3, 3};
    const float bias[NET_CLASSES] = {1};
    net_run_feed(&s, rows, lengths, NULL, BATCH);
    rnnc_run_input(other, s.n.x, s.x);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    assert_int_equal(rnnc_run_forward(other), RNNC_OK);
    assert_ptr_equal(BINDING_OF(s.run), BINDING_OF(other));
    rnnc_run_destroy(other);
    const rni_binding *own = BINDING_OF(s.run);
    rnnc_weights_set(s.weights, "out.bias", bias, NET_CLASSES);
    assert_int_equal(rnnc_run_forward(s.run), RNNC_OK);
    assert_ptr_equal(BINDING_OF(s.run), own);
    net_run_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_may_be_empty),
        cmocka_unit_test(a_batch_may_be_empty),
        cmocka_unit_test(states_go_on_from_run_to_run),
        cmocka_unit_test(states_can_only_go_on_in_the_same_batch),
        cmocka_unit_test(masks_follow_seed_and_counter),
        cmocka_unit_test(calls_out_of_order),
        cmocka_unit_test(results_that_are_not_there),
        cmocka_unit_test(runs_that_cannot_be),
        cmocka_unit_test(inputs_of_the_wrong_kind),
        cmocka_unit_test(ids_out_of_range),
        cmocka_unit_test(a_graph_without_sequences),
        cmocka_unit_test(batches_are_in_the_callers_order),
        cmocka_unit_test(memory_grows_only_for_larger_runs),
        cmocka_unit_test(no_backward_pass_reads_inputs_that_moved),
        cmocka_unit_test(runs_of_one_plan_share_a_binding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
