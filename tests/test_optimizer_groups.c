// SPDX-License-Identifier: MIT
// Groups of parameters, scaling of gradients, NT-ASGD's switch, and what an
// optimizer writes into a record and takes back.
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

enum { N = 4, KINDS = 10 };

static const char *const names[] = {"cell.weight", "cell.bias", "out.weight",
                                    "out.bias"};

static rnnc_weights *make_weights(rnnc_context *context)
{
    rnnc_graph *graph = rnnc_graph_create(context);
    for (int i = 0; i < 4; i++)
        rnnc_parameter_vector(graph, names[i], N, RNNC_INIT_CONSTANT, 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    assert_int_equal(rnnc_weights_status(weights), RNNC_OK);
    assert_int_equal(rni_weights_need_gradients(weights), RNNC_OK);
    rnnc_graph_destroy(graph);
    return weights;
}

static void set_gradients(rnnc_weights *weights, int step)
{
    for (int p = 0; p < 4; p++)
        for (int i = 0; i < N; i++)
            rni_weights_gradients(weights, p)[i] =
                (float)((step * 5 + p * 3 + i) % 7 - 2) / 4;
}

static float first_of(const rnnc_weights *weights, int p)
{
    return rni_weights_values(weights, p)[0];
}

static double option(const rnnc_optimizer *optimizer, int32_t group,
                     int32_t which)
{
    double value = -1;
    assert_int_equal(
        rnnc_optimizer_get_in_group(optimizer, group, which, &value), RNNC_OK);
    return value;
}

static void assert_near(double value, double expected)
{
    assert_true(fabs(value - expected) <= 1e-6);
}

// ---- Groups -----------------------------------------------------------------

static void test_a_group_overrides(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL);
    rnnc_optimizer *sgd = rnnc_optimizer_create(weights, RNNC_SGD);
    int32_t biases = 0;
    assert_int_equal(rnnc_optimizer_set(sgd, RNNC_OPT_WEIGHT_DECAY, 0.5),
                     RNNC_OK);
    assert_int_equal(rnnc_optimizer_add_group(sgd, "*.bias", &biases), RNNC_OK);
    assert_int_equal(biases, 1);
    assert_int_equal(rnnc_optimizer_groups(sgd), 2);
    assert_int_equal(rnnc_optimizer_group_of(sgd, "out.bias"), 1);
    assert_int_equal(rnnc_optimizer_group_of(sgd, "out.weight"), 0);
    assert_int_equal(rnnc_optimizer_group_of(sgd, "nothing"), -1);
    assert_int_equal(
        rnnc_optimizer_set_in_group(sgd, biases, RNNC_OPT_WEIGHT_DECAY, 0),
        RNNC_OK);
    // What the group has not set follows.
    assert_int_equal(rnnc_optimizer_set(sgd, RNNC_OPT_LEARNING_RATE, 0.1),
                     RNNC_OK);
    assert_int_equal(rnnc_optimizer_set(sgd, RNNC_OPT_WEIGHT_DECAY, 1),
                     RNNC_OK);
    assert_true(option(sgd, 1, RNNC_OPT_LEARNING_RATE) == 0.1);
    assert_true(option(sgd, 1, RNNC_OPT_WEIGHT_DECAY) == 0);
    for (int p = 0; p < 4; p++)
        rni_weights_gradients(weights, p)[0] = 2;
    assert_int_equal(rnnc_optimizer_step(sgd), RNNC_OK);
    assert_near(first_of(weights, 0), 1 - 0.1 * (2 + 1));
    assert_near(first_of(weights, 1), 1 - 0.1 * 2);
    assert_near(first_of(weights, 2), 1 - 0.1 * (2 + 1));
    assert_near(first_of(weights, 3), 1 - 0.1 * 2);
    rnnc_optimizer_destroy(sgd);
    rnnc_weights_destroy(weights);
}

static void test_patterns(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    int32_t group = 77;
    assert_int_equal(rnnc_optimizer_add_group(adam, "*.gain", &group),
                     RNNC_E_NAME);
    assert_string_equal(rnnc_optimizer_message(adam),
                        "Adam: no parameter fits \"*.gain\"");
    assert_int_equal(rnnc_optimizer_add_group(adam, NULL, &group),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_optimizer_add_group(adam, "*", NULL),
                     RNNC_E_ARGUMENT);
    assert_true(group == 77 && rnnc_optimizer_groups(adam) == 1);
    assert_int_equal(rnnc_optimizer_add_group(adam, "c*l.b?as", &group),
                     RNNC_OK);
    assert_int_equal(rnnc_optimizer_group_of(adam, "cell.bias"), 1);
    assert_int_equal(rnnc_optimizer_group_of(adam, "cell.weight"), 0);
    assert_int_equal(rnnc_optimizer_add_group(adam, "*bias", &group),
                     RNNC_E_ARGUMENT);
    assert_string_equal(
        rnnc_optimizer_message(adam),
        "Adam: \"*bias\" fits \"cell.bias\", which is in group 1 already");
    assert_int_equal(rnnc_optimizer_group_of(adam, "out.bias"), 0);
    assert_int_equal(rnnc_optimizer_add_to_group(adam, 1, "out.*s"), RNNC_OK);
    assert_int_equal(rnnc_optimizer_group_of(adam, "out.bias"), 1);
    assert_int_equal(rnnc_optimizer_add_to_group(adam, 0, "out.weight"),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_optimizer_add_to_group(adam, 2, "out.weight"),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_optimizer_set_in_group(adam, 2, RNNC_OPT_BETA1, 0.5),
                     RNNC_E_ARGUMENT);
    rnnc_optimizer_destroy(adam);
    rnnc_weights_destroy(weights);
}

// Nesterov's condition holds for each group by itself.
static void test_a_group_that_cannot_step(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL);
    rnnc_optimizer *sgd = rnnc_optimizer_create(weights, RNNC_SGD);
    int32_t group = 0;
    rnnc_optimizer_add_group(sgd, "cell.*", &group);
    rnnc_optimizer_set_in_group(sgd, group, RNNC_OPT_NESTEROV, 1);
    assert_int_equal(rnnc_optimizer_step(sgd), RNNC_E_ARGUMENT);
    rnnc_optimizer_set(sgd, RNNC_OPT_MOMENTUM, 0.9);
    assert_int_equal(rnnc_optimizer_step(sgd), RNNC_OK);
    rnnc_optimizer_destroy(sgd);
    rnnc_weights_destroy(weights);
}

static void test_scaled_gradients(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter_vector(graph, "p", 2, RNNC_INIT_ZEROS, 0);
    rnnc_freeze(rnnc_parameter_vector(graph, "q", 1, RNNC_INIT_ZEROS, 0), 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    assert_int_equal(rnnc_scale_gradients(weights, 0.25f), RNNC_E_STATE);
    rni_weights_need_gradients(weights);
    rni_weights_gradients(weights, 0)[0] = 12;
    rni_weights_gradients(weights, 0)[1] = -2;
    rni_weights_gradients(weights, 1)[0] = 5;
    assert_int_equal(rnnc_scale_gradients(weights, NAN), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_scale_gradients(weights, INFINITY), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_scale_gradients(weights, 0.25f), RNNC_OK);
    float p[2], q[1];
    assert_int_equal(rnnc_weights_gradient(weights, "p", p, 2), RNNC_OK);
    assert_int_equal(rnnc_weights_gradient(weights, "q", q, 1), RNNC_OK);
    assert_true(p[0] == 3 && p[1] == -0.5f && q[0] == 5);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// ---- NT-ASGD ----------------------------------------------------------------

// Algorithm 1 of Merity, Keskar and Socher, word for word.
static int first_worse(const double *losses, int count, int n)
{
    for (int t = 0; t < count; t++) {
        double least = INFINITY;
        for (int l = 0; l <= t - n - 1; l++)
            least = fmin(least, losses[l]);
        if (t > n && losses[t] > least)
            return t;
    }
    return count;
}

static double loss_at(int run, int t)
{
    double noise = (double)((run * 31 + t * 17) % 13) / 13;
    return 10.0 / (1 + t) + noise * (0.2 + run % 5);
}

static int when_switched(rnnc_optimizer *asgd, const double *losses, int count)
{
    for (int t = 0; t < count; t++) {
        int32_t averaging = 7;
        assert_int_equal(rnnc_optimizer_observe(asgd, losses[t], &averaging),
                         RNNC_OK);
        if (averaging)
            return t;
    }
    return count;
}

static void test_the_switch(void **state)
{
    (void)state;
    enum { COUNT = 150 };
    static const int intervals[] = {0, 1, 5, 17, 64};
    rnnc_weights *weights = make_weights(NULL);
    for (int run = 0; run < 40; run++) {
        rnnc_optimizer *asgd = rnnc_optimizer_create(weights, RNNC_ASGD);
        int n = intervals[run % 5];
        rnnc_optimizer_set(asgd, RNNC_OPT_NONMONOTONE, n);
        double losses[COUNT];
        for (int t = 0; t < COUNT; t++)
            losses[t] = run % 3 == 0 && t < 90 ? 100 - t : loss_at(run, t);
        assert_int_equal(when_switched(asgd, losses, COUNT),
                         first_worse(losses, COUNT, n));
        rnnc_optimizer_destroy(asgd);
    }
    rnnc_weights_destroy(weights);
}

// From the switch on the model is the mean of the weights.
static void test_the_mean_after_the_switch(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL);
    rnnc_optimizer *asgd = rnnc_optimizer_create(weights, RNNC_ASGD);
    int32_t averaging = 0;
    double sum = 0;
    rnnc_optimizer_set(asgd, RNNC_OPT_LAMBDA, 0);
    rnnc_optimizer_set(asgd, RNNC_OPT_NONMONOTONE, 0);
    rnnc_optimizer_observe(asgd, 1, &averaging);
    for (int step = 0; step < 12; step++) {
        set_gradients(weights, step);
        assert_int_equal(rnnc_optimizer_step(asgd), RNNC_OK);
        if (step == 4)
            rnnc_optimizer_observe(asgd, 2, &averaging);
        assert_int_equal(averaging, step >= 4);
        // PyTorch's average begins anew with the first two.
        if (step >= 6)
            sum += (double)first_of(weights, 0);
    }
    float last = first_of(weights, 0);
    assert_int_equal(rnnc_optimizer_swap_average(asgd), RNNC_OK);
    assert_near(first_of(weights, 0), sum / 6);
    assert_int_equal(rnnc_optimizer_swap_average(asgd), RNNC_OK);
    assert_true(first_of(weights, 0) == last);
    assert_int_equal(rnnc_optimizer_observe(asgd, NAN, NULL), RNNC_E_VALUE);
    rnnc_optimizer_destroy(asgd);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    assert_int_equal(rnnc_optimizer_swap_average(adam), RNNC_E_UNSUPPORTED);
    assert_int_equal(rnnc_optimizer_observe(adam, 1, NULL), RNNC_E_UNSUPPORTED);
    rnnc_optimizer_destroy(adam);
    rnnc_weights_destroy(weights);
}

// ---- Records ----------------------------------------------------------------

// An optimizer with all that it can keep, and a group.
static rnnc_optimizer *make_rich(rnnc_weights *weights, int32_t kind)
{
    static const int32_t extras[] = {RNNC_OPT_MOMENTUM, RNNC_OPT_CENTERED,
                                     RNNC_OPT_AMSGRAD};
    rnnc_optimizer *optimizer = rnnc_optimizer_create(weights, kind);
    int32_t group = 0;
    assert_int_equal(rnnc_optimizer_add_group(optimizer, "*bias", &group),
                     RNNC_OK);
    for (int i = 0; i < 3; i++)
        rnnc_optimizer_set(optimizer, extras[i], 1); // where there is one
    rnnc_optimizer_set(optimizer, RNNC_OPT_T0, 2);
    rnnc_optimizer_set_in_group(optimizer, group, RNNC_OPT_LEARNING_RATE, 0.03);
    return optimizer;
}

static void steps(rnnc_optimizer *optimizer, rnnc_weights *weights, int first,
                  int last)
{
    for (int step = first; step < last; step++) {
        set_gradients(weights, step);
        assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_OK);
    }
}

// Goes on in a fresh optimizer, through entries read and written one by one.
static void test_a_restored_optimizer_goes_on(void **state)
{
    (void)state;
    for (int32_t kind = 0; kind < KINDS; kind++) {
        rnnc_weights *weights = make_weights(NULL);
        rnnc_optimizer *whole = make_rich(weights, kind);
        steps(whole, weights, 0, 5);
        rnnc_optimizer_set(whole, RNNC_OPT_WEIGHT_DECAY, 0.2);
        rnnc_record *record = rnnc_record_create(NULL);
        assert_int_equal(rnnc_optimizer_save(whole, record), RNNC_OK);
        rnnc_weights *copy = rnnc_weights_copy(weights);
        rni_weights_need_gradients(copy);
        rnnc_optimizer *fresh = rnnc_optimizer_create(copy, kind);
        int32_t group;
        rnnc_optimizer_add_group(fresh, "*bias", &group);
        assert_int_equal(rnnc_optimizer_restore(fresh, record), RNNC_OK);
        assert_true(option(fresh, 1, RNNC_OPT_LEARNING_RATE) == 0.03);
        steps(whole, weights, 5, 12);
        steps(fresh, copy, 5, 12);
        for (int p = 0; p < 4; p++)
            assert_memory_equal(rni_weights_values(weights, p),
                                rni_weights_values(copy, p), N * sizeof(float));
        // The group still owns its rate, and nothing else.
        rnnc_optimizer_set(fresh, RNNC_OPT_LEARNING_RATE, 0.5);
        rnnc_optimizer_set(fresh, RNNC_OPT_MAXIMIZE, 1);
        assert_true(option(fresh, 1, RNNC_OPT_LEARNING_RATE) == 0.03);
        assert_true(option(fresh, 1, RNNC_OPT_MAXIMIZE) == 1);
        rnnc_record_destroy(record);
        rnnc_optimizer_destroy(fresh);
        rnnc_optimizer_destroy(whole);
        rnnc_weights_destroy(copy);
        rnnc_weights_destroy(weights);
    }
}

static void refused(rnnc_optimizer *optimizer, rnnc_record *record,
                    rnnc_status expected, const char *message)
{
    assert_int_equal(rnnc_optimizer_restore(optimizer, record), expected);
    assert_string_equal(rnnc_optimizer_message(optimizer), message);
    assert_true(option(optimizer, 0, RNNC_OPT_LEARNING_RATE) == 1e-3);
}

static void test_records_that_do_not_fit(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    rnnc_optimizer *sgd = rnnc_optimizer_create(weights, RNNC_SGD);
    rnnc_record *record = rnnc_record_create(NULL);
    assert_int_equal(rnnc_optimizer_restore(adam, NULL), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_optimizer_save(adam, NULL), RNNC_E_ARGUMENT);
    refused(adam, record, RNNC_E_NAME,
            "record: there is no \"optimizer/kind\"");
    assert_int_equal(rnnc_optimizer_save(sgd, record), RNNC_OK);
    refused(adam, record, RNNC_E_VALUE,
            "record: \"optimizer/kind\" is 0, here it is 2");
    rnnc_record_destroy(record);

    record = rnnc_record_create(NULL);
    rnnc_optimizer_set(adam, RNNC_OPT_LEARNING_RATE, 0.5);
    rnnc_optimizer_set(adam, RNNC_OPT_AMSGRAD, 1);
    assert_int_equal(rnnc_optimizer_save(adam, record), RNNC_OK);
    rnnc_optimizer_destroy(adam);
    adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    double bad[] = {-3, 1, 0.9};
    rnnc_record_set_numbers(record, "optimizer.state/out.bias/step", bad, 1);
    refused(adam, record, RNNC_E_VALUE,
            "record: \"optimizer.state/out.bias/step\" is -3, expected 0 to "
            "9.0072e+15");
    bad[0] = 3;
    rnnc_record_set_numbers(record, "optimizer.state/out.bias/step", bad, 1);
    rnnc_record_set_numbers(record, "optimizer.groups/0/beta1", bad + 1, 1);
    refused(adam, record, RNNC_E_VALUE,
            "record: \"optimizer.groups/0/beta1\" is 1");
    rnnc_record_set_numbers(record, "optimizer.groups/0/beta1", bad + 2, 1);
    assert_int_equal(rnnc_optimizer_restore(adam, record), RNNC_OK);
    assert_true(option(adam, 0, RNNC_OPT_AMSGRAD) == 1);
    steps(adam, weights, 0, 2);
    // Another group than in the record.
    int32_t group;
    rnnc_optimizer_add_group(adam, "out.bias", &group);
    assert_int_equal(rnnc_optimizer_restore(adam, record), RNNC_E_VALUE);
    assert_int_equal(rnnc_optimizer_save(adam, record), RNNC_OK);
    rnnc_record_destroy(record);
    rnnc_optimizer_destroy(adam);
    rnnc_optimizer_destroy(sgd);
    rnnc_weights_destroy(weights);
}

// Saves and restores with so many allocations; true where none was missing.
static bool save_within(fault *f, rnnc_weights *weights, int64_t left)
{
    rnnc_optimizer *from = make_rich(weights, RNNC_RMSPROP);
    rnnc_optimizer *to = rnnc_optimizer_create(weights, RNNC_RMSPROP);
    rnnc_record *record = rnnc_record_create(weights->graph->context);
    int32_t group;
    rnnc_optimizer_add_group(to, "*bias", &group);
    fault_arm(f, left, true);
    rnnc_status saved = rnnc_optimizer_save(from, record);
    assert_true(saved == RNNC_OK || saved == RNNC_E_MEMORY);
    if (saved != RNNC_OK)
        assert_int_equal(rnnc_record_count(record), 0);
    rnnc_status status =
        saved == RNNC_OK ? rnnc_optimizer_restore(to, record) : saved;
    fault_arm(f, -1, true);
    assert_true(status == RNNC_OK || status == RNNC_E_MEMORY);
    assert_true(option(to, 0, RNNC_OPT_MOMENTUM) == (status == RNNC_OK));
    steps(to, weights, 0, 1);
    rnnc_record_destroy(record);
    rnnc_optimizer_destroy(from);
    rnnc_optimizer_destroy(to);
    return status == RNNC_OK;
}

static void test_allocations_that_fail(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    rnnc_weights *weights = make_weights(context);
    int64_t left = 0;
    while (!save_within(&f, weights, left))
        left++;
    assert_true(left > 10);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    rnnc_record *record = rnnc_record_create(context);
    // A second save into the same record needs nothing.
    fault_arm(&f, -1, true);
    rnnc_optimizer_save(adam, record);
    fault_arm(&f, 0, true);
    assert_int_equal(rnnc_optimizer_save(adam, record), RNNC_OK);
    rnnc_optimizer_destroy(adam);
    rnnc_record_destroy(record);
    rnnc_weights_destroy(weights);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_group_overrides),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_a_group_that_cannot_step),
        cmocka_unit_test(test_scaled_gradients),
        cmocka_unit_test(test_the_switch),
        cmocka_unit_test(test_the_mean_after_the_switch),
        cmocka_unit_test(test_a_restored_optimizer_goes_on),
        cmocka_unit_test(test_records_that_do_not_fit),
        cmocka_unit_test(test_allocations_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
