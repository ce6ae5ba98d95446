// SPDX-License-Identifier: MIT
// Every optimizer against the equations of its paper, as PyTorch states them,
// in double precision; and the same bits on every thread count and instruction
// set.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/team.h"
#include "rnnc/rnnc.h"
#include "weights/weights.h"

enum { N = 7, STEPS = 50, SETTINGS = 6, LARGE = 70000 };

typedef struct setting {
    int32_t option;
    double value;
} setting;

typedef struct element {
    double p, a, b, c; // the parameter and what the algorithm keeps
    double mu, eta;
} element;

typedef struct options {
    double o[20];
} options;

typedef void rule(element *e, double g, int t, const double *o);

#define O(name) o[RNNC_OPT_##name]

// What all of them do first.
static double common(element *e, double g, const double *o)
{
    if (O(MAXIMIZE) > 0)
        g = -g;
    if (O(DECOUPLED) > 0)
        e->p -= O(LEARNING_RATE) * O(WEIGHT_DECAY) * e->p;
    else
        g += O(WEIGHT_DECAY) * e->p;
    return g;
}

static void sgd(element *e, double g, int t, const double *o)
{
    g = common(e, g, o);
    e->a = t == 1 ? g : O(MOMENTUM) * e->a + (1 - O(DAMPENING)) * g;
    double u = O(NESTEROV) > 0 ? g + O(MOMENTUM) * e->a : e->a;
    e->p -= O(LEARNING_RATE) * (O(MOMENTUM) > 0 ? u : g);
}

static void adagrad(element *e, double g, int t, const double *o)
{
    g = common(e, g, o);
    e->a = (t == 1 ? O(INITIAL_ACCUMULATOR) : e->a) + g * g;
    e->p -= O(LEARNING_RATE) / (1 + (t - 1) * O(LR_DECAY)) * g /
            (sqrt(e->a) + O(EPSILON));
}

static void adadelta(element *e, double g, int t, const double *o)
{
    (void)t;
    g = common(e, g, o);
    e->a = O(RHO) * e->a + (1 - O(RHO)) * g * g;
    double d = sqrt(e->b + O(EPSILON)) / sqrt(e->a + O(EPSILON)) * g;
    e->b = O(RHO) * e->b + (1 - O(RHO)) * d * d;
    e->p -= O(LEARNING_RATE) * d;
}

static void rmsprop(element *e, double g, int t, const double *o)
{
    (void)t;
    g = common(e, g, o);
    e->a = O(ALPHA) * e->a + (1 - O(ALPHA)) * g * g;
    e->b = O(ALPHA) * e->b + (1 - O(ALPHA)) * g;
    double v = O(CENTERED) > 0 ? e->a - e->b * e->b : e->a;
    e->c = O(MOMENTUM) * e->c + g / (sqrt(v) + O(EPSILON));
    e->p -= O(LEARNING_RATE) * e->c;
}

static double moments(element *e, double g, const double *o)
{
    g = common(e, g, o);
    e->a = O(BETA1) * e->a + (1 - O(BETA1)) * g;
    e->b = O(BETA2) * e->b + (1 - O(BETA2)) * g * g;
    return g;
}

static void adam(element *e, double g, int t, const double *o)
{
    moments(e, g, o);
    e->c = O(AMSGRAD) > 0 ? fmax(e->c, e->b) : e->b;
    double m = e->a / (1 - pow(O(BETA1), t)), v = e->c / (1 - pow(O(BETA2), t));
    e->p -= O(LEARNING_RATE) * m / (sqrt(v) + O(EPSILON));
}

static double nadam_mu(const double *o, int t)
{
    return O(BETA1) * (1 - 0.5 * pow(0.96, t * O(MOMENTUM_DECAY)));
}

static void nadam(element *e, double g, int t, const double *o)
{
    g = moments(e, g, o);
    double mu = nadam_mu(o, t), next = nadam_mu(o, t + 1);
    e->mu = (t == 1 ? 1 : e->mu) * mu;
    double m = next * e->a / (1 - e->mu * next) + (1 - mu) * g / (1 - e->mu);
    e->p -= O(LEARNING_RATE) * m /
            (sqrt(e->b / (1 - pow(O(BETA2), t))) + O(EPSILON));
}

static void radam(element *e, double g, int t, const double *o)
{
    moments(e, g, o);
    double m = e->a / (1 - pow(O(BETA1), t)), fall = pow(O(BETA2), t);
    double most = 2 / (1 - O(BETA2)) - 1;
    double length = most - 2 * t * fall / (1 - fall), f = 1;
    if (length > 5)
        f = sqrt((length - 4) * (length - 2) * most /
                 ((most - 4) * (most - 2) * length)) *
            sqrt(1 - fall) / (sqrt(e->b) + O(EPSILON));
    e->p -= O(LEARNING_RATE) * m * f;
}

static void adamax(element *e, double g, int t, const double *o)
{
    g = common(e, g, o);
    e->a = O(BETA1) * e->a + (1 - O(BETA1)) * g;
    e->b = fmax(O(BETA2) * e->b, fabs(g) + O(EPSILON));
    e->p -= O(LEARNING_RATE) / (1 - pow(O(BETA1), t)) * e->a / e->b;
}

// e->a is the average of the parameter.
static void asgd(element *e, double g, int t, const double *o)
{
    g = common(e, g, o);
    double eta = t == 1 ? O(LEARNING_RATE) : e->eta, u = t == 1 ? 1 : e->mu;
    e->p = (1 - O(LAMBDA) * eta) * e->p - eta * g;
    e->a += u * (e->p - e->a);
    e->eta =
        O(LEARNING_RATE) / pow(1 + O(LAMBDA) * O(LEARNING_RATE) * t, O(ALPHA));
    e->mu = 1 / fmax(1, t - O(T0));
}

typedef struct trial {
    int32_t kind;
    rule *follow;
    setting settings[SETTINGS]; // those with value 0 are left alone
} trial;

#define SET(name, value)                                                       \
    {                                                                          \
        RNNC_OPT_##name, value                                                 \
    }

static const trial trials[] = {
    {RNNC_SGD, sgd, {SET(MAXIMIZE, 1), SET(WEIGHT_DECAY, 0.1)}},
    {RNNC_SGD,
     sgd,
     {SET(LEARNING_RATE, 0.01), SET(MOMENTUM, 0.9), SET(NESTEROV, 1),
      SET(WEIGHT_DECAY, 0.05)}},
    {RNNC_ADAGRAD, adagrad, {{0, 0}}},
    {RNNC_ADAGRAD,
     adagrad,
     {SET(LEARNING_RATE, 0.1), SET(LR_DECAY, 0.05), SET(WEIGHT_DECAY, 0.01),
      SET(INITIAL_ACCUMULATOR, 0.5), SET(EPSILON, 1e-3)}},
    {RNNC_ADADELTA, adadelta, {{0, 0}}},
    {RNNC_ADADELTA,
     adadelta,
     {SET(LEARNING_RATE, 0.5), SET(RHO, 0.95), SET(EPSILON, 1e-4),
      SET(WEIGHT_DECAY, 0.1), SET(MAXIMIZE, 1)}},
    {RNNC_RMSPROP,
     rmsprop,
     {SET(CENTERED, 1), SET(MOMENTUM, 0.5), SET(EPSILON, 1e-3),
      SET(MAXIMIZE, 1)}},
    {RNNC_ADAM, adam, {SET(AMSGRAD, 1), SET(BETA2, 0.6), SET(BETA1, 0.5)}},
    {RNNC_ADAM,
     adam,
     {SET(DECOUPLED, 1), SET(WEIGHT_DECAY, 0.3), SET(LEARNING_RATE, 0.01),
      SET(EPSILON, 1e-3), SET(MAXIMIZE, 1)}},
    {RNNC_ADAMW, adam, {SET(EPSILON, 1e-3)}},
    {RNNC_ADAMW,
     adam,
     {SET(LEARNING_RATE, 0.01), SET(WEIGHT_DECAY, 0.5), SET(AMSGRAD, 1),
      SET(EPSILON, 1e-3)}},
    {RNNC_NADAM, nadam, {SET(EPSILON, 1e-3)}},
    {RNNC_NADAM,
     nadam,
     {SET(LEARNING_RATE, 0.01), SET(MOMENTUM_DECAY, 0.1), SET(EPSILON, 1e-3),
      SET(WEIGHT_DECAY, 0.1), SET(DECOUPLED, 1)}},
    {RNNC_RADAM, radam, {SET(EPSILON, 1e-3)}},
    {RNNC_RADAM,
     radam,
     {SET(LEARNING_RATE, 0.01), SET(BETA1, 0.8), SET(BETA2, 0.9),
      SET(EPSILON, 1e-3), SET(WEIGHT_DECAY, 0.1)}},
    {RNNC_ADAMAX, adamax, {SET(EPSILON, 1e-3)}},
    {RNNC_ADAMAX,
     adamax,
     {SET(LEARNING_RATE, 0.01), SET(BETA2, 0.9), SET(EPSILON, 0.01),
      SET(WEIGHT_DECAY, 0.1)}},
    {RNNC_ASGD, asgd, {{0, 0}}},
    {RNNC_ASGD,
     asgd,
     {SET(LEARNING_RATE, 0.05), SET(LAMBDA, 0.01), SET(ALPHA, 0.5), SET(T0, 10),
      SET(WEIGHT_DECAY, 0.01)}},
};

enum { TRIALS = sizeof trials / sizeof *trials };

// A parameter "p" of `count` values and a frozen one "q".
static rnnc_weights *make_weights(rnnc_context *context, int64_t count)
{
    rnnc_graph *graph = rnnc_graph_create(context);
    rnnc_parameter_vector(graph, "p", count, RNNC_INIT_UNIFORM, 1);
    rnnc_freeze(rnnc_parameter_vector(graph, "q", 2, RNNC_INIT_CONSTANT, 3), 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    assert_int_equal(rnnc_weights_status(weights), RNNC_OK);
    assert_int_equal(rni_weights_need_gradients(weights), RNNC_OK);
    rnnc_graph_destroy(graph);
    return weights;
}

static void set_gradients(rnnc_weights *weights, int64_t step, int64_t count)
{
    float *gradients = rni_weights_gradients(weights, 0);
    for (int64_t i = 0; i < count; i++)
        gradients[i] = (float)((step * 7 + i * 3) % 11 - 4) / 8 + 0.01f;
    rni_weights_gradients(weights, 1)[0] = 1000;
}

static rnnc_optimizer *make_optimizer(rnnc_weights *weights, const trial *t)
{
    rnnc_optimizer *optimizer = rnnc_optimizer_create(weights, t->kind);
    assert_int_equal(rnnc_optimizer_status(optimizer), RNNC_OK);
    for (int i = 0; i < SETTINGS; i++)
        if (t->settings[i].value > 0)
            assert_int_equal(rnnc_optimizer_set(optimizer,
                                                t->settings[i].option,
                                                t->settings[i].value),
                             RNNC_OK);
    return optimizer;
}

static options options_of(const rnnc_optimizer *optimizer, int32_t kind)
{
    options found = {{0}};
    for (int32_t i = 0; i < 20; i++)
        rnnc_optimizer_get(optimizer, i, &found.o[i]);
    if (kind == RNNC_ADAMW)
        found.o[RNNC_OPT_DECOUPLED] = 1;
    return found;
}

// ASGD's average is compared too.
static void check_average(rnnc_optimizer *optimizer, rnnc_weights *weights,
                          const element elements[N])
{
    float values[N];
    assert_int_equal(rnnc_optimizer_swap_average(optimizer), RNNC_OK);
    rnnc_weights_get(weights, "p", values, N);
    for (int i = 0; i < N; i++)
        assert_true(fabs(values[i] - elements[i].a) <= 2e-6);
    assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_E_STATE);
    assert_int_equal(rnnc_optimizer_swap_average(optimizer), RNNC_OK);
}

static void check_trial(const trial *t)
{
    rnnc_weights *weights = make_weights(NULL, N);
    rnnc_optimizer *optimizer = make_optimizer(weights, t);
    options o = options_of(optimizer, t->kind);
    float values[N];
    element elements[N] = {{0}};
    rnnc_weights_get(weights, "p", values, N);
    for (int i = 0; i < N; i++)
        elements[i].p = (double)values[i];
    for (int step = 0; step < STEPS; step++) {
        set_gradients(weights, step, N);
        for (int i = 0; i < N; i++)
            t->follow(&elements[i],
                      (double)rni_weights_gradients(weights, 0)[i], step + 1,
                      o.o);
        assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_OK);
        rnnc_weights_get(weights, "p", values, N);
        for (int i = 0; i < N; i++)
            assert_true(fabs((double)values[i] - elements[i].p) <= 4e-6);
    }
    if (t->kind == RNNC_ASGD)
        check_average(optimizer, weights, elements);
    float frozen[2];
    rnnc_weights_get(weights, "q", frozen, 2);
    assert_true(frozen[0] == 3 && frozen[1] == 3);
    rnnc_optimizer_destroy(optimizer);
    rnnc_weights_destroy(weights);
}

static void test_equations(void **state)
{
    (void)state;
    for (int i = 0; i < TRIALS; i++)
        check_trial(&trials[i]);
}

// Twelve steps over many values; the caller frees the weights.
static rnnc_weights *large_run(const trial *t, int32_t threads)
{
    rnnc_context_options given = {.struct_size = sizeof given,
                                  .threads = threads};
    rnnc_context *context = rnnc_context_create(&given);
    rnnc_weights *weights = make_weights(context, LARGE);
    if (threads > 1)
        rni_team_start(context->team);
    rnnc_optimizer *optimizer = make_optimizer(weights, t);
    for (int step = 0; step < 12; step++) {
        set_gradients(weights, step, LARGE);
        assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_OK);
    }
    rnnc_optimizer_destroy(optimizer);
    rnnc_context_destroy(context);
    return weights;
}

static void assert_same(const rnnc_weights *a, const rnnc_weights *b)
{
    assert_memory_equal(rni_weights_values(a, 0), rni_weights_values(b, 0),
                        LARGE * sizeof(float));
}

static void test_same_bits_everywhere(void **state)
{
    (void)state;
    static const rni_isa sets[] = {RNI_ISA_AVX2, RNI_ISA_AVX512, RNI_ISA_NEON};
    for (int i = 0; i < TRIALS; i++) {
        setenv("RNNC_ISA", "scalar", 1);
        rnnc_weights *plain = large_run(&trials[i], 1);
        for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
            if (!rni_isa_available(sets[s]))
                continue;
            setenv("RNNC_ISA", rni_isa_name(sets[s]), 1);
            rnnc_weights *wide = large_run(&trials[i], s == 0 ? 3 : 1);
            assert_same(plain, wide);
            rnnc_weights_destroy(wide);
        }
        unsetenv("RNNC_ISA");
        rnnc_weights_destroy(plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equations),
        cmocka_unit_test(test_same_bits_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
