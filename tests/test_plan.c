// SPDX-License-Identifier: MIT
// Plans are looked at: what is hoisted, merged and fused, how much a training
// run keeps, and what is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "plan/plan.h"
#include "rnnc/rnnc.h"

enum { N_IN = 32, HIDDEN = 48 };

static rnnc_plan *plan_of(rnnc_graph *graph, int32_t use, rnnc_node *output,
                          rnnc_node *loss)
{
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .loss = loss,
                                 .outputs = &output,
                                 .n_outputs = output ? 1 : 0};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    assert_non_null(plan);
    return plan;
}

static const rni_section *loop_section(const rnnc_plan *plan, bool falling)
{
    for (int32_t k = 0; k < plan->n_stages; k++)
        for (int32_t s = 0; s < plan->stages[k].n_sections; s++) {
            const rni_section *section =
                plan->sections + plan->stages[k].first_section + s;
            if (section->loop >= 0 && plan->stages[k].falling == falling)
                return section;
        }
    fail_msg("no loop");
    return NULL;
}

static int32_t count_op(const rnnc_plan *plan, const rni_section *section,
                        int32_t op)
{
    int32_t n = 0;
    for (int32_t i = 0; i < section->n_instructions; i++)
        n += plan->instructions[section->first_instruction + i].op == op;
    return n;
}

static int64_t class_cols(const rnnc_plan *plan, int32_t extent)
{
    for (int32_t c = 0; c < plan->n_classes; c++)
        if (plan->classes[c].extent == extent)
            return plan->classes[c].cols;
    return 0;
}

// ---- An LSTM ----------------------------------------------------------------

typedef struct model {
    rnnc_graph *graph;
    rnnc_node *x, *y, *loss;
} model;

static model recurrent(int32_t which)
{
    model m = {.graph = rnnc_graph_create(NULL)};
    m.x = rnnc_input_rows(m.graph, "x", N_IN);
    rnnc_cell *cell =
        rnnc_cell_make(m.graph, "cell", which, N_IN, HIDDEN, NULL);
    m.y = rnnc_unroll(cell, m.x);
    m.loss = rnnc_total(m.y);
    assert_int_equal(rnnc_graph_status(m.graph), RNNC_OK);
    return m;
}

static void test_lstm_loop_is_one_product_and_one_tape(void **state)
{
    (void)state;
    model m = recurrent(RNNC_CELL_LSTM);
    rnnc_plan *plan = plan_of(m.graph, RNNC_INFER, m.y, NULL);
    assert_int_equal(rnnc_plan_status(plan), RNNC_OK);
    const rni_section *loop = loop_section(plan, false);
    assert_int_equal(loop->n_instructions, 2);
    assert_int_equal(count_op(plan, loop, RNI_RUN_PRODUCT), 1);
    assert_int_equal(count_op(plan, loop, RNI_RUN_TAPE), 1);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(m.graph);
}

static void test_lstm_keeps_six_floats_a_unit(void **state)
{
    (void)state;
    model m = recurrent(RNNC_CELL_LSTM);
    rnnc_plan *plan = plan_of(m.graph, RNNC_TRAIN, NULL, m.loss);
    assert_int_equal(rnnc_plan_status(plan), RNNC_OK);
    assert_int_equal(class_cols(plan, RNI_EXTENT_SEGMENT), 6 * HIDDEN);
    const rni_section *back = loop_section(plan, true);
    assert_int_equal(count_op(plan, back, RNI_RUN_PRODUCT), 1);
    assert_int_equal(count_op(plan, back, RNI_RUN_TAPE), 1);
    assert_int_equal(count_op(plan, back, RNI_RUN_OUTER), 0);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(m.graph);
}

// States alone, where products may be repeated.
static void test_lstm_can_keep_two_floats_a_unit(void **state)
{
    (void)state;
    model m = recurrent(RNNC_CELL_LSTM);
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_TRAIN,
                                 .loss = m.loss,
                                 .keep = RNNC_KEEP_STATES};
    rnnc_plan *plan = rnnc_plan_create(m.graph, &options);
    assert_string_equal(rnnc_plan_message(plan), "");
    assert_int_equal(class_cols(plan, RNI_EXTENT_SEGMENT), 2 * HIDDEN);
    const rni_section *back = loop_section(plan, true);
    assert_int_equal(count_op(plan, back, RNI_RUN_PRODUCT), 1);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(m.graph);
}

static void test_every_cell_plans_for_every_use(void **state)
{
    (void)state;
    for (int32_t which = RNNC_CELL_RNN; which <= RNNC_CELL_CTRNN; which++) {
        model m = recurrent(which);
        for (int32_t use = RNNC_INFER; use <= RNNC_STREAM; use++) {
            rnnc_plan *plan =
                plan_of(m.graph, use, m.y, use == RNNC_TRAIN ? m.loss : NULL);
            assert_string_equal(rnnc_plan_message(plan), "");
            assert_true(plan->n_forward <= plan->n_stages);
            rnnc_plan_destroy(plan);
        }
        rnnc_graph_destroy(m.graph);
    }
}

// ---- A user's gates, each with weights of its own
// ------------------------------

static rnnc_node *own_gate(rnnc_cell *cell, const char *name, rnnc_node *x,
                           rnnc_node *h)
{
    char w[8] = "w_?", u[8] = "u_?";
    w[2] = u[2] = name[0];
    rnnc_node *a =
        rnnc_cell_parameter(cell, w, HIDDEN, N_IN, RNNC_INIT_GLOROT, 1);
    rnnc_node *b =
        rnnc_cell_parameter(cell, u, HIDDEN, HIDDEN, RNNC_INIT_GLOROT, 1);
    return rnnc_add(rnnc_project_unbiased(x, a), rnnc_project_unbiased(h, b));
}

static void test_gates_of_a_user_merge(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *in = rnnc_input_rows(graph, "x", N_IN);
    rnnc_cell *cell = rnnc_cell_create(graph, "own");
    rnnc_node *x = rnnc_cell_input(cell, N_IN);
    rnnc_node *h = rnnc_cell_state(cell, "h", HIDDEN);
    rnnc_node *z = rnnc_sigmoid(own_gate(cell, "z", x, h));
    rnnc_node *n = rnnc_tanh(own_gate(cell, "n", x, h));
    rnnc_node *o = rnnc_relu(own_gate(cell, "o", x, h));
    rnnc_node *next = rnnc_mul(o, rnnc_add(rnnc_mul(z, h), n));
    rnnc_cell_next(cell, h, next);
    rnnc_cell_output(cell, next);
    rnnc_node *y = rnnc_unroll(cell, in);
    rnnc_plan *plan = plan_of(graph, RNNC_INFER, y, NULL);
    assert_string_equal(rnnc_plan_message(plan), "");
    const rni_section *loop = loop_section(plan, false);
    assert_int_equal(count_op(plan, loop, RNI_RUN_PRODUCT), 1);
    assert_int_equal(count_op(plan, loop, RNI_RUN_TAPE), 1);
    const rni_instruction *first = plan->instructions + loop->first_instruction;
    assert_int_equal(first->op, RNI_RUN_PRODUCT);
    assert_int_equal(plan->products[first->detail].n_results, 3);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
}

// ---- What is hoisted and what sinks
// ------------------------------------------

static void test_head_leaves_the_loop(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *in = rnnc_input_rows(graph, "x", N_IN);
    rnnc_cell *cell = rnnc_cell_create(graph, "own");
    rnnc_node *x = rnnc_cell_input(cell, N_IN);
    rnnc_node *h = rnnc_cell_state(cell, "h", HIDDEN);
    rnnc_node *w =
        rnnc_cell_parameter(cell, "w", HIDDEN, N_IN, RNNC_INIT_GLOROT, 1);
    rnnc_node *u =
        rnnc_cell_parameter(cell, "u", HIDDEN, HIDDEN, RNNC_INIT_GLOROT, 1);
    rnnc_node *v =
        rnnc_cell_parameter(cell, "v", 10, HIDDEN, RNNC_INIT_GLOROT, 1);
    rnnc_node *next = rnnc_tanh(rnnc_add(rnnc_project_unbiased(rnnc_exp(x), w),
                                         rnnc_project_unbiased(h, u)));
    rnnc_cell_next(cell, h, next);
    rnnc_cell_output(cell, rnnc_softmax(rnnc_project_unbiased(next, v)));
    rnnc_node *y = rnnc_unroll(cell, in);
    rnnc_plan *plan = plan_of(graph, RNNC_INFER, y, NULL);
    assert_string_equal(rnnc_plan_message(plan), "");
    const rni_section *loop = loop_section(plan, false);
    assert_int_equal(loop->n_instructions, 2);
    assert_int_equal(count_op(plan, loop, RNI_RUN_SOFTMAX), 0);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
}

static void test_static_graph_uses_blas(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_static(graph, "x", 7, 5);
    rnnc_node *y = rnnc_linear(x, "out", 3);
    rnnc_plan *plan = plan_of(graph, RNNC_TRAIN, y, rnnc_total(y));
    assert_string_equal(rnnc_plan_message(plan), "");
    assert_true(plan->blas);
    assert_false(plan->uses_batch);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
}

// ---- Refusals
// -------------------------------------------------------------------

static void expect(rnnc_plan *plan, rnnc_status status, const char *word)
{
    assert_int_equal(rnnc_plan_status(plan), status);
    if (strstr(rnnc_plan_message(plan), word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", rnnc_plan_message(plan), word);
    rnnc_plan_destroy(plan);
}

static void test_stream_of_both_directions_is_refused(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", N_IN);
    rnnc_node *y = rnnc_bidirectional(rnnc_cell_lstm(graph, "a", N_IN, HIDDEN),
                                      rnnc_cell_lstm(graph, "b", N_IN, HIDDEN),
                                      x, RNNC_MERGE_CONCAT);
    expect(plan_of(graph, RNNC_STREAM, y, NULL), RNNC_E_UNSUPPORTED, "reverse");
    rnnc_graph_destroy(graph);
}

static void test_options_are_checked(void **state)
{
    (void)state;
    model m = recurrent(RNNC_CELL_RNN);
    model other = recurrent(RNNC_CELL_RNN);
    expect(plan_of(m.graph, RNNC_TRAIN, m.y, NULL), RNNC_E_ARGUMENT, "loss");
    expect(plan_of(m.graph, RNNC_TRAIN, NULL, m.y), RNNC_E_SHAPE, "[1, 1]");
    expect(plan_of(m.graph, RNNC_INFER, NULL, NULL), RNNC_E_ARGUMENT, "output");
    expect(plan_of(m.graph, RNNC_INFER, other.y, NULL), RNNC_E_ARGUMENT,
           "another graph");
    expect(plan_of(m.graph, 17, m.y, NULL), RNNC_E_ARGUMENT, "17");
    expect(rnnc_plan_create(m.graph, NULL), RNNC_E_ARGUMENT, "options");
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_STREAM,
                                 .outputs = &m.y,
                                 .n_outputs = 1,
                                 .axis = "space"};
    expect(rnnc_plan_create(m.graph, &options), RNNC_E_NAME, "space");
    options.axis = NULL;
    options.use = RNNC_TRAIN;
    options.loss = m.loss;
    options.gradients = &m.y;
    options.n_gradients = 1;
    expect(rnnc_plan_create(m.graph, &options), RNNC_E_ARGUMENT, "float input");
    assert_null(rnnc_plan_create(NULL, &options));
    assert_int_equal(rnnc_plan_status(NULL), RNNC_E_MEMORY);
    rnnc_plan_destroy(NULL);
    rnnc_graph_destroy(m.graph);
    rnnc_graph_destroy(other.graph);
}

static void test_text_is_cut_where_room_ends(void **state)
{
    (void)state;
    model m = recurrent(RNNC_CELL_GRU);
    rnnc_plan *plan = plan_of(m.graph, RNNC_TRAIN, m.y, m.loss);
    size_t need = rnnc_plan_print(plan, NULL, 0);
    char *whole = test_malloc(need + 1), part[20];
    assert_int_equal(rnnc_plan_print(plan, whole, need + 1), need);
    assert_int_equal(strlen(whole), need);
    assert_int_equal(rnnc_plan_print(plan, part, sizeof part), need);
    assert_memory_equal(part, whole, sizeof part - 1);
    assert_int_equal(part[sizeof part - 1], '\0');
    assert_non_null(strstr(whole, "step by step"));
    test_free(whole);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(m.graph);
}

static void *take_little(void *user, size_t bytes)
{
    size_t *most = user;
    return bytes <= *most ? malloc(bytes) : NULL;
}

static void give_back(void *user, void *block)
{
    (void)user;
    free(block);
}

// Room to plan grows with a graph, not with its values times its axes.
static void test_many_axes_are_planned_in_little_room(void **state)
{
    (void)state;
    size_t most = 4 << 20;
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .allocate = take_little,
                                    .release = give_back,
                                    .user = &most};
    rnnc_context *context = rnnc_context_create(&options);
    rnnc_graph *graph = rnnc_graph_create(context);
    rnnc_node *sum = rnnc_input_batch(graph, "b", 1);
    for (int i = 0; i < 700; i++) {
        char name[16];
        snprintf(name, sizeof name, "axis %d", i);
        rnnc_node *x = rnnc_input_rows_on(graph, name, name, 1);
        rnnc_node *y = rnnc_mul(x, rnnc_repeat(sum, x));
        sum = rnnc_add(sum, rnnc_pool(y, RNNC_POOL_LAST));
    }
    rnnc_plan *plan = plan_of(graph, RNNC_INFER, sum, NULL);
    assert_string_equal(rnnc_plan_message(plan), "");
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
    rnnc_context_destroy(context);
}

// Time to plan may grow with the square of a graph, as it did with the cube of
// its loops: minutes for this one, which takes a second.
static void test_many_loops_are_planned_in_time(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 1);
    clock_t start = clock();
    rnnc_plan *plan = plan_of(graph, RNNC_INFER, rnnc_shift(x, 3000), NULL);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    assert_int_equal(rnnc_plan_status(plan), RNNC_OK);
    assert_int_equal(plan->n_states, 3000);
    assert_true(seconds < 30);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lstm_loop_is_one_product_and_one_tape),
        cmocka_unit_test(test_lstm_keeps_six_floats_a_unit),
        cmocka_unit_test(test_lstm_can_keep_two_floats_a_unit),
        cmocka_unit_test(test_every_cell_plans_for_every_use),
        cmocka_unit_test(test_gates_of_a_user_merge),
        cmocka_unit_test(test_head_leaves_the_loop),
        cmocka_unit_test(test_static_graph_uses_blas),
        cmocka_unit_test(test_stream_of_both_directions_is_refused),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_text_is_cut_where_room_ends),
        cmocka_unit_test(test_many_axes_are_planned_in_little_room),
        cmocka_unit_test(test_many_loops_are_planned_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
