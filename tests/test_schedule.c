// SPDX-License-Identifier: MIT
// Schedules against their closed forms in double precision, with libm.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/rnnc.h"
#include "support/fault.h"

enum { STEPS = 60, MOST = 10 };

static const double pi = 3.14159265358979323846;

typedef struct stage {
    rnnc_weights *weights;
    rnnc_optimizer *optimizer;
} stage;

// A group 1 with a rate of its own.
static stage make_stage(rnnc_context *context, int32_t kind)
{
    rnnc_graph *graph = rnnc_graph_create(context);
    int32_t group;
    rnnc_parameter_vector(graph, "w", 3, RNNC_INIT_ZEROS, 0);
    rnnc_parameter_vector(graph, "b", 3, RNNC_INIT_ZEROS, 0);
    stage s = {rnnc_weights_create(graph, 1), NULL};
    rnnc_graph_destroy(graph);
    s.optimizer = rnnc_optimizer_create(s.weights, kind);
    assert_int_equal(
        rnnc_optimizer_set(s.optimizer, RNNC_OPT_LEARNING_RATE, 0.1), RNNC_OK);
    assert_int_equal(rnnc_optimizer_add_group(s.optimizer, "b", &group),
                     RNNC_OK);
    rnnc_optimizer_set_in_group(s.optimizer, 1, RNNC_OPT_LEARNING_RATE, 0.02);
    return s;
}

static void end_stage(stage *s)
{
    rnnc_optimizer_destroy(s->optimizer);
    rnnc_weights_destroy(s->weights);
}

static double option(const stage *s, int32_t group, int32_t which)
{
    double value = -1;
    assert_int_equal(
        rnnc_optimizer_get_in_group(s->optimizer, group, which, &value),
        RNNC_OK);
    return value;
}

static double rate(const stage *s, int32_t group)
{
    return option(s, group, RNNC_OPT_LEARNING_RATE);
}

static void assert_close(double value, double expected)
{
    assert_true(fabs(value - expected) <= 1e-11 * fabs(expected) + 1e-15);
}

// ---- Closed forms -----------------------------------------------------------

// The rate at t of a group that starts from `b`, with settings `v` in the
// order of the trial.
typedef double form(double b, int64_t t, const double *v);

static double step_form(double b, int64_t t, const double *v)
{
    return b * pow(v[1], (double)(t / (int64_t)v[0]));
}

static double milestone_form(double b, int64_t t, const double *v)
{
    double x = (double)t;
    return b * pow(v[3], (x >= v[0]) + (x >= v[1]) + (x >= v[2]));
}

static double exponential_form(double b, int64_t t, const double *v)
{
    return b * pow(v[0], (double)t);
}

static double constant_form(double b, int64_t t, const double *v)
{
    return (double)t < v[1] ? b * v[0] : b;
}

static double linear_form(double b, int64_t t, const double *v)
{
    return b * (v[0] + (v[1] - v[0]) * fmin((double)t, v[2]) / v[2]);
}

static double cosine_form(double b, int64_t t, const double *v)
{
    return v[1] + (b - v[1]) * (1 + cos(pi * (double)t / v[0])) / 2;
}

static double restarts_form(double b, int64_t t, const double *v)
{
    int64_t period = (int64_t)v[0];
    for (; t >= period; period *= (int64_t)v[1])
        t -= period;
    return v[2] + (b - v[2]) * (1 + cos(pi * (double)t / (double)period)) / 2;
}

static double polynomial_form(double b, int64_t t, const double *v)
{
    return b * pow(1 - fmin((double)t, v[0]) / v[0], v[1]);
}

typedef struct trial {
    int32_t kind;
    form *at;
    int32_t n;
    int32_t options[MOST];
    double values[MOST];
} trial;

static const trial trials[] = {
    {RNNC_SCHEDULE_STEP,
     step_form,
     2,
     {RNNC_SCHED_PERIOD, RNNC_SCHED_GAMMA},
     {7, 0.3}},
    {RNNC_SCHEDULE_MULTI_STEP,
     milestone_form,
     4,
     {RNNC_SCHED_MILESTONE, RNNC_SCHED_MILESTONE, RNNC_SCHED_MILESTONE,
      RNNC_SCHED_GAMMA},
     {40, 3, 40, 0.5}},
    {RNNC_SCHEDULE_EXPONENTIAL, exponential_form, 1, {RNNC_SCHED_GAMMA}, {0.9}},
    {RNNC_SCHEDULE_CONSTANT,
     constant_form,
     2,
     {RNNC_SCHED_FACTOR, RNNC_SCHED_ITERATIONS},
     {0.25, 9}},
    {RNNC_SCHEDULE_LINEAR,
     linear_form,
     3,
     {RNNC_SCHED_START_FACTOR, RNNC_SCHED_END_FACTOR, RNNC_SCHED_ITERATIONS},
     {0.1, 0.8, 23}},
    {RNNC_SCHEDULE_COSINE,
     cosine_form,
     2,
     {RNNC_SCHED_PERIOD, RNNC_SCHED_MIN_RATE},
     {22, 1e-3}},
    {RNNC_SCHEDULE_WARM_RESTARTS,
     restarts_form,
     3,
     {RNNC_SCHED_PERIOD, RNNC_SCHED_MULTIPLIER, RNNC_SCHED_MIN_RATE},
     {6, 2, 1e-3}},
    {RNNC_SCHEDULE_POLYNOMIAL,
     polynomial_form,
     2,
     {RNNC_SCHED_ITERATIONS, RNNC_SCHED_POWER},
     {50, 2.5}},
};

enum { TRIALS = sizeof trials / sizeof *trials };

static rnnc_schedule *make(const stage *s, const trial *t)
{
    rnnc_schedule_setting settings[MOST];
    for (int32_t i = 0; i < t->n; i++)
        settings[i] = (rnnc_schedule_setting){t->options[i], 0, t->values[i]};
    return rnnc_schedule_create(s->optimizer, t->kind, settings, t->n);
}

static void test_closed_forms(void **state)
{
    (void)state;
    for (int i = 0; i < TRIALS; i++) {
        stage s = make_stage(NULL, RNNC_ADAM);
        rnnc_schedule *schedule = make(&s, &trials[i]);
        assert_string_equal(rnnc_schedule_message(schedule), "");
        for (int64_t t = 0; t < STEPS; t++) {
            assert_int_equal(rnnc_schedule_count(schedule), t);
            assert_close(rate(&s, 0), trials[i].at(0.1, t, trials[i].values));
            assert_close(rate(&s, 1), trials[i].at(0.02, t, trials[i].values));
            assert_int_equal(rnnc_schedule_step(schedule), RNNC_OK);
        }
        rnnc_schedule_destroy(schedule);
        end_stage(&s);
    }
}

// ---- Cycles -----------------------------------------------------------------

static void check_cycle(int32_t kind, int32_t momentum, int32_t mode)
{
    stage s = make_stage(NULL, kind);
    rnnc_schedule_setting settings[] = {
        {RNNC_SCHED_MAX_RATE, 1, 0.5},    {RNNC_SCHED_BASE_RATE, 0, 0.01},
        {RNNC_SCHED_MAX_RATE, 0, 0.2},    {RNNC_SCHED_STEPS_UP, 0, 4},
        {RNNC_SCHED_STEPS_DOWN, 0, 6},    {RNNC_SCHED_MODE, 0, mode},
        {RNNC_SCHED_GAMMA, 0, 0.95},      {RNNC_SCHED_BASE_MOMENTUM, 0, 0.6},
        {RNNC_SCHED_MAX_MOMENTUM, 0, 0.9}};
    rnnc_schedule *schedule =
        rnnc_schedule_create(s.optimizer, RNNC_SCHEDULE_CYCLIC, settings, 9);
    assert_string_equal(rnnc_schedule_message(schedule), "");
    for (int64_t t = 0; t < STEPS; t++) {
        int64_t within = t % 10, cycle = t / 10;
        double height =
            within <= 4 ? (double)within / 4 : (double)(10 - within) / 6;
        if (mode == 1)
            height /= pow(2, (double)cycle);
        if (mode == 2)
            height *= pow(0.95, (double)t);
        assert_close(rate(&s, 0), 0.01 + 0.19 * height);
        assert_close(rate(&s, 1), 0.01 + 0.49 * height);
        assert_close(option(&s, 0, momentum), 0.9 - 0.3 * height);
        assert_int_equal(rnnc_schedule_step(schedule), RNNC_OK);
    }
    rnnc_schedule_destroy(schedule);
    end_stage(&s);
}

static void test_cyclic(void **state)
{
    (void)state;
    for (int32_t mode = 0; mode < 3; mode++) {
        check_cycle(RNNC_SGD, RNNC_OPT_MOMENTUM, mode);
        check_cycle(RNNC_ADAMW, RNNC_OPT_BETA1, mode);
    }
}

static double along(double start, double end, double share, bool line)
{
    return line ? start + (end - start) * share
                : end + (start - end) * (1 + cos(pi * share)) / 2;
}

static void check_one_cycle(bool line, bool three)
{
    stage s = make_stage(NULL, RNNC_ADAM);
    rnnc_schedule_setting settings[] = {
        {RNNC_SCHED_MAX_RATE, 0, 0.3},       {RNNC_SCHED_ITERATIONS, 0, 40},
        {RNNC_SCHED_RISE, 0, 0.4},           {RNNC_SCHED_LINEAR, 0, line},
        {RNNC_SCHED_THREE_PHASES, 0, three}, {RNNC_SCHED_DIVISOR, 0, 10},
        {RNNC_SCHED_FINAL_DIVISOR, 0, 100}};
    rnnc_schedule *schedule =
        rnnc_schedule_create(s.optimizer, RNNC_SCHEDULE_ONE_CYCLE, settings, 7);
    assert_string_equal(rnnc_schedule_message(schedule), "");
    for (int64_t t = 0; t < 40; t++) {
        double x = (double)t, r, m;
        if (t <= 15) { // up to step 0.4 * 40 - 1
            r = along(0.03, 0.3, x / 15, line);
            m = along(0.95, 0.85, x / 15, line);
        } else if (three && t <= 30) {
            r = along(0.3, 0.03, (x - 15) / 15, line);
            m = along(0.85, 0.95, (x - 15) / 15, line);
        } else {
            double begin = three ? 30 : 15;
            double share = (x - begin) / (39 - begin);
            r = along(three ? 0.03 : 0.3, 3e-4, share, line);
            m = three ? 0.95 : along(0.85, 0.95, share, line);
        }
        assert_close(rate(&s, 0), r);
        assert_close(rate(&s, 1), r);
        assert_close(option(&s, 1, RNNC_OPT_BETA1), m);
        assert_int_equal(rnnc_schedule_step(schedule), RNNC_OK);
    }
    double last = rate(&s, 0);
    assert_int_equal(rnnc_schedule_step(schedule), RNNC_E_STATE);
    assert_string_equal(rnnc_schedule_message(schedule),
                        "schedule one_cycle: it ends at step 40, this would "
                        "be step 41");
    assert_true(rate(&s, 0) == last && rnnc_schedule_count(schedule) == 40);
    rnnc_schedule_destroy(schedule);
    end_stage(&s);
}

static void test_one_cycle(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        check_one_cycle(i % 2 == 1, i / 2 == 1);
}

// ---- Plateau ----------------------------------------------------------------

static void test_plateau(void **state)
{
    (void)state;
    stage s = make_stage(NULL, RNNC_SGD);
    rnnc_schedule_setting settings[] = {{RNNC_SCHED_FACTOR, 0, 0.5},
                                        {RNNC_SCHED_PATIENCE, 0, 2},
                                        {RNNC_SCHED_COOLDOWN, 0, 2},
                                        {RNNC_SCHED_MIN_RATE, 0, 0.02},
                                        {RNNC_SCHED_MIN_RATE, 1, 0.001}};
    // 3 > patience 2 bad ones after the best; two values of cooldown.
    static const double values[] = {5, 4, 4,   4, 4, 9, 9, 9, 9, 3,
                                    4, 4, NAN, 4, 4, 4, 4, 4, 4};
    static const double rates[] = {
        0.1,  0.1,  0.1,   0.1,   0.05,  0.05,  0.05,  0.05, 0.05, 0.05,
        0.05, 0.05, 0.025, 0.025, 0.025, 0.025, 0.025, 0.02, 0.02};
    rnnc_schedule *schedule =
        rnnc_schedule_create(s.optimizer, RNNC_SCHEDULE_PLATEAU, settings, 5);
    assert_string_equal(rnnc_schedule_message(schedule), "");
    assert_int_equal(rnnc_schedule_step(schedule), RNNC_E_STATE);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_int_equal(rnnc_schedule_observe(schedule, values[i]), RNNC_OK);
        assert_close(rate(&s, 0), rates[i]);
    }
    assert_close(rate(&s, 1), 0.02 / 8);
    rnnc_schedule_destroy(schedule);
    end_stage(&s);
}

// ---- Lambdas, chains, sequences
// ----------------------------------------------

static double half_at_three(void *user, int64_t t)
{
    int64_t *calls = user;
    *calls += 1;
    return t >= 3 ? 0.5 : t == 2 ? *calls > 100 ? NAN : 2 : 1;
}

static void test_lambda(void **state)
{
    (void)state;
    stage s = make_stage(NULL, RNNC_SGD);
    int64_t calls = 0;
    static const double expected[] = {0.1, 0.1, 0.2, 0.05, 0.05};
    rnnc_schedule *schedule =
        rnnc_schedule_lambda(s.optimizer, half_at_three, &calls);
    for (int64_t t = 0; t < 5; t++) {
        assert_int_equal(calls, t + 1);
        assert_close(rate(&s, 0), expected[t]);
        assert_int_equal(rnnc_schedule_step(schedule), RNNC_OK);
    }
    rnnc_schedule_destroy(schedule);
    // A factor that is no number leaves everything as it is.
    schedule = rnnc_schedule_lambda(s.optimizer, half_at_three, &calls);
    assert_int_equal(rnnc_schedule_step(schedule), RNNC_OK);
    calls = 100;
    assert_int_equal(rnnc_schedule_step(schedule), RNNC_E_VALUE);
    assert_int_equal(rnnc_schedule_count(schedule), 1);
    assert_close(rate(&s, 0), 0.1);
    calls = 0;
    assert_int_equal(rnnc_schedule_step(schedule), RNNC_OK);
    assert_close(rate(&s, 0), 0.2);
    rnnc_schedule_destroy(schedule);
    end_stage(&s);
}

static void test_chain(void **state)
{
    (void)state;
    stage s = make_stage(NULL, RNNC_SGD);
    rnnc_schedule *parts[] = {make(&s, &trials[4]), make(&s, &trials[2])};
    rnnc_schedule *chain = rnnc_schedule_chain(parts, 2);
    assert_string_equal(rnnc_schedule_message(chain), "");
    rnnc_schedule_destroy(parts[0]);
    rnnc_schedule_destroy(parts[1]);
    for (int64_t t = 0; t < STEPS; t++) {
        double both = linear_form(1, t, trials[4].values) *
                      exponential_form(1, t, trials[2].values);
        assert_close(rate(&s, 0), 0.1 * both);
        assert_close(rate(&s, 1), 0.02 * both);
        assert_int_equal(rnnc_schedule_step(chain), RNNC_OK);
    }
    rnnc_schedule_destroy(chain);
    end_stage(&s);
}

static rnnc_schedule *make_sequence(const stage *s)
{
    static const int64_t milestones[] = {12, 30};
    rnnc_schedule *parts[] = {make(s, &trials[4]), make(s, &trials[6]),
                              make(s, &trials[7])};
    rnnc_schedule *sequence = rnnc_schedule_sequence(parts, 3, milestones);
    assert_string_equal(rnnc_schedule_message(sequence), "");
    for (int i = 0; i < 3; i++)
        rnnc_schedule_destroy(parts[i]);
    return sequence;
}

static void test_sequence(void **state)
{
    (void)state;
    stage s = make_stage(NULL, RNNC_SGD);
    rnnc_schedule *sequence = make_sequence(&s);
    for (int64_t t = 0; t < STEPS; t++) {
        double expected = linear_form(0.1, t, trials[4].values);
        if (t >= 12)
            expected = restarts_form(0.1, t - 12, trials[6].values);
        if (t >= 30)
            expected = polynomial_form(0.1, t - 30, trials[7].values);
        assert_close(rate(&s, 0), expected);
        assert_int_equal(rnnc_schedule_step(sequence), RNNC_OK);
    }
    rnnc_schedule_destroy(sequence);
    end_stage(&s);
}

// ---- Records, groups, errors ------------------------------------------------

static void test_a_restored_schedule_goes_on(void **state)
{
    (void)state;
    stage a = make_stage(NULL, RNNC_ADAM), b = make_stage(NULL, RNNC_ADAM);
    rnnc_schedule *whole = make_sequence(&a), *fresh = make_sequence(&b);
    rnnc_record *record = rnnc_record_create(NULL);
    for (int t = 0; t < 20; t++)
        rnnc_schedule_step(whole);
    assert_int_equal(rnnc_schedule_save(whole, record), RNNC_OK);
    assert_int_equal(rnnc_optimizer_save(a.optimizer, record), RNNC_OK);
    assert_int_equal(rnnc_schedule_restore(fresh, record), RNNC_OK);
    assert_int_equal(rnnc_optimizer_restore(b.optimizer, record), RNNC_OK);
    for (int t = 20; t < STEPS; t++) {
        assert_true(rate(&a, 0) == rate(&b, 0) && rate(&a, 1) == rate(&b, 1));
        rnnc_schedule_step(whole);
        rnnc_schedule_step(fresh);
    }
    assert_int_equal(rnnc_schedule_count(fresh), STEPS);
    double many = 4;
    rnnc_record_set_numbers(record, "schedule.1/since", &many, 1);
    rnnc_record_set_numbers(record, "schedule/parts", &many, 1);
    assert_int_equal(rnnc_schedule_restore(fresh, record), RNNC_E_VALUE);
    assert_string_equal(rnnc_schedule_message(fresh),
                        "record: \"schedule/parts\" is 4, here it is 3");
    assert_int_equal(rnnc_schedule_restore(fresh, NULL), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_schedule_save(fresh, NULL), RNNC_E_ARGUMENT);
    rnnc_record_destroy(record);
    rnnc_schedule_destroy(whole);
    rnnc_schedule_destroy(fresh);
    end_stage(&a);
    end_stage(&b);
}

static void test_new_groups(void **state)
{
    (void)state;
    stage s = make_stage(NULL, RNNC_SGD);
    rnnc_schedule *schedule = make(&s, &trials[2]);
    int32_t group;
    assert_int_equal(rnnc_optimizer_add_group(s.optimizer, "w", &group),
                     RNNC_OK);
    assert_int_equal(rnnc_schedule_step(schedule), RNNC_E_STATE);
    rnnc_schedule_destroy(schedule);
    end_stage(&s);
}

static void refused(const stage *s, int32_t kind, int32_t n,
                    const rnnc_schedule_setting *settings, const char *message)
{
    rnnc_schedule *bad = rnnc_schedule_create(s->optimizer, kind, settings, n);
    assert_int_equal(rnnc_schedule_status(bad), RNNC_E_ARGUMENT);
    assert_string_equal(rnnc_schedule_message(bad), message);
    assert_int_equal(rnnc_schedule_step(bad), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_schedule_observe(bad, 1), RNNC_E_ARGUMENT);
    assert_true(rate(s, 0) == 0.1 && rate(s, 1) == 0.02);
    rnnc_schedule_destroy(bad);
}

static void test_errors(void **state)
{
    (void)state;
    stage s = make_stage(NULL, RNNC_ADAGRAD);
    rnnc_schedule_setting one[1] = {{RNNC_SCHED_PERIOD, 0, 0}};
    refused(&s, 11, 0, NULL, "schedule: kind is 11, expected 0 to 10");
    refused(&s, 0, 0, NULL, "schedule step needs period");
    refused(&s, 0, 1, NULL, "schedule step: 1 settings, but NULL");
    refused(&s, 0, 1, one,
            "schedule step: period is 0, expected a whole number from 1 to "
            "9.0072e+15");
    one[0] = (rnnc_schedule_setting){RNNC_SCHED_PERIOD, 0, 2.5};
    refused(&s, 0, 1, one,
            "schedule step: period is 2.5, expected a whole number from 1 to "
            "9.0072e+15");
    one[0] = (rnnc_schedule_setting){RNNC_SCHED_PERIOD, 1, 2};
    refused(&s, 0, 1, one,
            "schedule step: period is the same for all groups, here it is set "
            "for group 1");
    one[0] = (rnnc_schedule_setting){RNNC_SCHED_MAX_RATE, 0, 2};
    refused(&s, 0, 1, one, "schedule step has no max_rate");
    refused(&s, RNNC_SCHEDULE_ONE_CYCLE, 1, one,
            "schedule one_cycle needs iterations");
    one[0] = (rnnc_schedule_setting){99, 0, 2};
    refused(&s, 0, 1, one, "schedule step: option 99, expected 0 to 28");
    rnnc_schedule_setting cycle[] = {{RNNC_SCHED_MAX_RATE, 0, 1},
                                     {RNNC_SCHED_BASE_RATE, 0, 0.5}};
    refused(&s, RNNC_SCHEDULE_CYCLIC, 2, cycle,
            "schedule cyclic: Adagrad has neither momentum nor beta1; set "
            "cycle_momentum to 0");
    rnnc_schedule *none = rnnc_schedule_create(NULL, 0, NULL, 0);
    assert_int_equal(rnnc_schedule_status(none), RNNC_E_ARGUMENT);
    rnnc_schedule_destroy(none);
    none = rnnc_schedule_lambda(s.optimizer, NULL, NULL);
    assert_int_equal(rnnc_schedule_status(none), RNNC_E_ARGUMENT);
    rnnc_schedule_destroy(none);
    assert_int_equal(rnnc_schedule_status(NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_schedule_count(NULL), -1);
    rnnc_schedule_destroy(NULL);
    end_stage(&s);
}

static void test_errors_of_parts(void **state)
{
    (void)state;
    stage s = make_stage(NULL, RNNC_SGD), other = make_stage(NULL, RNNC_SGD);
    rnnc_schedule *parts[] = {
        make(&s, &trials[2]),
        rnnc_schedule_create(s.optimizer, RNNC_SCHEDULE_PLATEAU, NULL, 0)};
    rnnc_schedule *bad = rnnc_schedule_chain(parts, 2);
    assert_string_equal(rnnc_schedule_message(bad),
                        "schedule chain: part 1 is a plateau, which is moved "
                        "by what it observes");
    rnnc_schedule_destroy(bad);
    rnnc_schedule_destroy(parts[1]);
    parts[1] = make(&other, &trials[2]);
    bad = rnnc_schedule_chain(parts, 2);
    assert_string_equal(rnnc_schedule_message(bad),
                        "schedule chain: part 1 is for another optimizer than "
                        "part 0");
    rnnc_schedule_destroy(bad);
    bad = rnnc_schedule_chain(parts, 0);
    assert_int_equal(rnnc_schedule_status(bad), RNNC_E_ARGUMENT);
    rnnc_schedule_destroy(bad);
    rnnc_schedule *twice[] = {parts[0], parts[0]};
    bad = rnnc_schedule_sequence(twice, 2, (const int64_t[]){-1});
    assert_int_equal(rnnc_schedule_status(bad), RNNC_E_ARGUMENT);
    rnnc_schedule_destroy(bad);
    bad = rnnc_schedule_sequence(twice, 2, NULL);
    assert_int_equal(rnnc_schedule_status(bad), RNNC_E_ARGUMENT);
    rnnc_schedule_destroy(bad);
    rnnc_schedule_destroy(parts[0]);
    rnnc_schedule_destroy(parts[1]);
    end_stage(&s);
    end_stage(&other);
}

// Makes a chain with a moved momentum with so many allocations.
static bool make_within(fault *f, const stage *s, int64_t left)
{
    rnnc_schedule_setting settings[] = {{RNNC_SCHED_MAX_RATE, 0, 0.3},
                                        {RNNC_SCHED_ITERATIONS, 0, 40}};
    fault_arm(f, left, true);
    rnnc_schedule *cycle = rnnc_schedule_create(
        s->optimizer, RNNC_SCHEDULE_ONE_CYCLE, settings, 2);
    rnnc_status status = rnnc_schedule_status(cycle);
    assert_true(status == RNNC_OK || status == RNNC_E_MEMORY);
    if (status != RNNC_OK)
        assert_true(rate(s, 0) == 0.1 && option(s, 0, RNNC_OPT_MOMENTUM) == 0);
    rnnc_schedule *chain =
        status == RNNC_OK ? rnnc_schedule_chain(&cycle, 1) : NULL;
    bool made = rnnc_schedule_status(chain) == RNNC_OK;
    fault_arm(f, 0, true); // steps need nothing
    for (int t = 0; made && t < 40; t++)
        assert_int_equal(rnnc_schedule_step(chain), RNNC_OK);
    fault_arm(f, -1, true);
    rnnc_schedule_destroy(chain);
    rnnc_schedule_destroy(cycle);
    return made;
}

static void test_allocations_that_fail(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    bool made = false;
    for (int64_t left = 0; !made; left++) {
        stage s = make_stage(context, RNNC_SGD);
        made = make_within(&f, &s, left);
        end_stage(&s);
    }
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_forms),
        cmocka_unit_test(test_cyclic),
        cmocka_unit_test(test_one_cycle),
        cmocka_unit_test(test_plateau),
        cmocka_unit_test(test_lambda),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_a_restored_schedule_goes_on),
        cmocka_unit_test(test_new_groups),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_errors_of_parts),
        cmocka_unit_test(test_allocations_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
