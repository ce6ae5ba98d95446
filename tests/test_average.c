// SPDX-License-Identifier: MIT
// Moving averages of weights against their sums in double precision.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"
#include "support/fault.h"
#include "weights/weights.h"

enum { N = 70000, UPDATES = 40 };

static rnnc_weights *make_weights(rnnc_context *context)
{
    rnnc_graph *graph = rnnc_graph_create(context);
    rnnc_parameter_vector(graph, "p", N, RNNC_INIT_UNIFORM, 1);
    rnnc_freeze(rnnc_parameter_vector(graph, "q", 3, RNNC_INIT_CONSTANT, 7), 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    assert_int_equal(rnnc_weights_status(weights), RNNC_OK);
    rnnc_graph_destroy(graph);
    return weights;
}

static void change(rnnc_weights *weights, int update)
{
    float *values = rni_weights_values(weights, 0);
    for (int i = 0; i < N; i++)
        values[i] = (float)((update * 37 + i * 11) % 101 - 40) / 64;
}

static void check_average(int32_t kind, double decay, int32_t threads)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    rnnc_context *context = rnnc_context_create(&options);
    rnnc_weights *weights = make_weights(context);
    if (threads > 1)
        rni_team_start(weights->graph->context->team);
    rnnc_average *average = rnnc_average_create(weights, kind, decay);
    assert_string_equal(rnnc_average_message(average), "");
    double *truth = calloc(N, sizeof *truth);
    for (int update = 0; update < UPDATES; update++) {
        change(weights, update);
        assert_int_equal(rnnc_average_count(average), update);
        assert_int_equal(rnnc_average_update(average), RNNC_OK);
        const float *values = rni_weights_values(weights, 0);
        for (int i = 0; i < N; i++) {
            double w = (double)values[i];
            if (update == 0)
                truth[i] = w;
            else if (kind == RNNC_AVERAGE_EQUAL)
                truth[i] = (truth[i] * update + w) / (update + 1);
            else
                truth[i] = decay * truth[i] + (1 - decay) * w;
        }
    }
    rnnc_weights *mean = rnnc_average_weights(average);
    for (int i = 0; i < N; i++)
        assert_true(fabs((double)rni_weights_values(mean, 0)[i] - truth[i]) <=
                    1e-6);
    assert_true(rni_weights_values(mean, 1)[2] == 7);
    free(truth);
    rnnc_average_destroy(average);
    rnnc_weights_destroy(weights);
    rnnc_context_destroy(context);
}

static void test_sums(void **state)
{
    (void)state;
    check_average(RNNC_AVERAGE_EQUAL, 0, 1);
    check_average(RNNC_AVERAGE_EXPONENTIAL, 0.9, 3);
    check_average(RNNC_AVERAGE_EXPONENTIAL, 0.999, 1);
    check_average(RNNC_AVERAGE_EXPONENTIAL, 1, 1);
}

static void test_swap(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL);
    rnnc_average *average = rnnc_average_create(weights, RNNC_AVERAGE_EQUAL, 0);
    rnnc_weights *mean = rnnc_average_weights(average);
    float first = rni_weights_values(weights, 0)[5];
    assert_true(rni_weights_values(mean, 0)[5] == first);
    assert_int_equal(rnnc_average_update(average), RNNC_OK);
    change(weights, 3);
    float second = rni_weights_values(weights, 0)[5];
    uint64_t version = rnnc_weights_version(weights);
    assert_int_equal(rnnc_average_swap(average), RNNC_OK);
    assert_true(rnnc_weights_version(weights) > version);
    assert_true(rni_weights_values(weights, 0)[5] == first);
    assert_true(rni_weights_values(mean, 0)[5] == second);
    rnnc_record *record = rnnc_record_create(NULL);
    assert_int_equal(rnnc_average_update(average), RNNC_E_STATE);
    assert_int_equal(rnnc_average_save(average, record), RNNC_E_STATE);
    assert_int_equal(rnnc_average_swap(average), RNNC_OK);
    assert_true(rni_weights_values(weights, 0)[5] == second);
    assert_int_equal(rnnc_average_update(average), RNNC_OK);
    rnnc_record_destroy(record);
    rnnc_average_destroy(average);
    rnnc_weights_destroy(weights);
}

// What is stored in fewer bits stays as it is stored.
static void test_stored_parameters(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL);
    rnnc_average *average =
        rnnc_average_create(weights, RNNC_AVERAGE_EXPONENTIAL, 0.5);
    rnnc_average_update(average);
    assert_int_equal(rnnc_weights_store(weights, "p", RNNC_STORE_BF16),
                     RNNC_OK);
    float stored = rni_weights_values(weights, 0)[9];
    assert_int_equal(rnnc_average_swap(average), RNNC_OK);
    assert_true(rni_weights_values(weights, 0)[9] == stored);
    assert_int_equal(rnnc_average_swap(average), RNNC_OK);
    assert_int_equal(rnnc_average_update(average), RNNC_OK);
    assert_true(rni_weights_values(rnnc_average_weights(average), 0)[9] ==
                stored);
    rnnc_average_destroy(average);
    rnnc_weights_destroy(weights);
}

static void test_a_restored_average_goes_on(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL);
    rnnc_average *whole = rnnc_average_create(weights, RNNC_AVERAGE_EQUAL, 0);
    for (int update = 0; update < 5; update++) {
        change(weights, update);
        rnnc_average_update(whole);
    }
    rnnc_record *record = rnnc_record_create(NULL);
    assert_int_equal(rnnc_average_save(whole, record), RNNC_OK);
    rnnc_average *other =
        rnnc_average_create(weights, RNNC_AVERAGE_EXPONENTIAL, 0.5);
    assert_int_equal(rnnc_average_restore(other, record), RNNC_E_VALUE);
    rnnc_average_destroy(other);
    other = rnnc_average_create(weights, RNNC_AVERAGE_EQUAL, 0);
    assert_int_equal(rnnc_average_restore(other, record), RNNC_OK);
    assert_int_equal(rnnc_average_count(other), 5);
    change(weights, 9);
    rnnc_average_update(whole);
    rnnc_average_update(other);
    assert_memory_equal(rni_weights_values(rnnc_average_weights(whole), 0),
                        rni_weights_values(rnnc_average_weights(other), 0),
                        N * sizeof(float));
    rnnc_record_destroy(record);
    rnnc_average_destroy(other);
    rnnc_average_destroy(whole);
    rnnc_weights_destroy(weights);
}

static void test_errors(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL);
    rnnc_average *bad = rnnc_average_create(weights, 7, 0);
    assert_string_equal(rnnc_average_message(bad),
                        "average: kind is 7, expected 0 to 1");
    assert_int_equal(rnnc_average_update(bad), RNNC_E_ARGUMENT);
    rnnc_average_destroy(bad);
    bad = rnnc_average_create(weights, RNNC_AVERAGE_EXPONENTIAL, 1.5);
    assert_string_equal(rnnc_average_message(bad),
                        "average exponential: decay is 1.5, expected 0 to 1");
    rnnc_average_destroy(bad);
    bad = rnnc_average_create(NULL, RNNC_AVERAGE_EQUAL, 0);
    assert_int_equal(rnnc_average_status(bad), RNNC_E_ARGUMENT);
    rnnc_average_destroy(bad);
    assert_int_equal(rnnc_average_status(NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_average_update(NULL), RNNC_E_MEMORY);
    assert_null(rnnc_average_weights(NULL));
    rnnc_average_destroy(NULL);
    rnnc_weights_destroy(weights);
}

static void test_allocations_that_fail(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    rnnc_weights *weights = make_weights(context);
    rnnc_status status = RNNC_E_MEMORY;
    for (int64_t left = 0; status != RNNC_OK; left++) {
        fault_arm(&f, left, true);
        rnnc_average *average =
            rnnc_average_create(weights, RNNC_AVERAGE_EQUAL, 0);
        status = rnnc_average_status(average);
        assert_true(status == RNNC_OK || status == RNNC_E_MEMORY);
        fault_arm(&f, 0, true);
        if (status == RNNC_OK)
            assert_int_equal(rnnc_average_update(average), RNNC_OK);
        rnnc_average_destroy(average);
    }
    rnnc_weights_destroy(weights);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_swap),
        cmocka_unit_test(test_stored_parameters),
        cmocka_unit_test(test_a_restored_average_goes_on),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_allocations_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
