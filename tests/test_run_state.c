// SPDX-License-Identifier: MIT
// The states of a run, read from one and set in another, carry a text on as if
// the first had gone on with it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/nets.h"

enum { BATCH = 5, HIDDEN = 20, STEPS = 4, MOST_STATES = 512 };

// Steps [first, first + STEPS) of all rows; y of the last one.
static void pass(const net *n, rnnc_run *run, int64_t first, bool carry,
                 float y[BATCH][STEPS * NET_CLASSES])
{
    int64_t rows[BATCH], lengths[BATCH], from[BATCH];
    uint8_t carried[BATCH];
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    rnnc_sequence *next = rnnc_sequence_create(NULL);
    for (int64_t k = 0; k < BATCH; k++) {
        rows[k] = k;
        lengths[k] = 1 + k % STEPS;
        from[k] = first;
    }
    memset(carried, carry, sizeof carried);
    memset(y, 0, sizeof(float[BATCH][STEPS * NET_CLASSES]));
    assert_true(net_fill(x, next, rows, lengths, from, BATCH));
    assert_int_equal(rnnc_run_input(run, n->x, x), RNNC_OK);
    assert_int_equal(rnnc_run_input(run, n->next, next), RNNC_OK);
    assert_int_equal(rnnc_run_carry(run, carried, BATCH), RNNC_OK);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    for (int64_t k = 0; k < BATCH; k++)
        assert_int_equal(rnnc_run_get_rows(run, n->y, k, y[k]), RNNC_OK);
    rnnc_sequence_destroy(x);
    rnnc_sequence_destroy(next);
}

static void states_go_from_run_to_run(void **state)
{
    (void)state;
    for (size_t k = 0; k < net_count; k++) {
        if (!net_table[k].streams)
            continue;
        static float states[BATCH * MOST_STATES], again[BATCH * MOST_STATES];
        static float y[BATCH][STEPS * NET_CLASSES];
        static float z[BATCH][STEPS * NET_CLASSES];
        net n = net_make(NULL, net_table + k, HIDDEN);
        rnnc_weights *weights = rnnc_weights_create(n.graph, 1);
        rnnc_plan *plan = net_plan(&n, RNNC_INFER, 0);
        rnnc_run *first = rnnc_run_create(plan, weights);
        rnnc_run *second = rnnc_run_create(plan, weights);
        int64_t count = rnnc_run_state_count(first);
        assert_in_range(count, 1, MOST_STATES);
        pass(&n, first, 0, false, y);
        assert_int_equal(rnnc_run_state_get(first, states), RNNC_OK);
        assert_int_equal(rnnc_run_state_set(second, states, BATCH), RNNC_OK);
        assert_int_equal(rnnc_run_state_get(second, again), RNNC_OK);
        assert_memory_equal(states, again,
                            (size_t)(BATCH * count) * sizeof *states);
        pass(&n, first, STEPS, true, y);
        pass(&n, second, STEPS, true, z);
        assert_memory_equal(y, z, sizeof y);
        pass(&n, second, STEPS, false, z); // they do matter
        assert_memory_not_equal(y, z, sizeof y);
        rnnc_run_destroy(first);
        rnnc_run_destroy(second);
        rnnc_plan_destroy(plan);
        rnnc_weights_destroy(weights);
        net_destroy(&n);
    }
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static float states[BATCH * MOST_STATES];
    net n = net_make(NULL, net_table, HIDDEN);
    rnnc_weights *weights = rnnc_weights_create(n.graph, 1);
    rnnc_plan *plan = net_plan(&n, RNNC_INFER, 0);
    rnnc_run *run = rnnc_run_create(plan, weights);
    assert_int_equal(rnnc_run_state_count(NULL), 0);
    assert_int_equal(rnnc_run_state_get(NULL, states), RNNC_E_MEMORY);
    assert_int_equal(rnnc_run_state_get(run, states), RNNC_E_STATE);
    assert_int_equal(rnnc_run_state_get(run, NULL), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_run_state_set(run, NULL, 1), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_run_state_set(run, states, -1), RNNC_E_ARGUMENT);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    net_destroy(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_go_from_run_to_run),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
