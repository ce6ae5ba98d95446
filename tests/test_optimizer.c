// SPDX-License-Identifier: MIT
// Optimizers against PyTorch's formulas in double precision, and against
// numbers that PyTorch 2.13 gave in double precision after 50 steps.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cpu.h"
#include "rnnc/rnnc.h"
#include "support/fault.h"
#include "weights/weights.h"

enum { N = 5, STEPS = 50, SETTINGS = 5, LARGE = 100000 };

typedef struct setting {
    int32_t option;
    double value;
} setting;

typedef struct trial {
    int32_t kind;
    setting settings[SETTINGS]; // those with value 0 are left alone
    double torch[N];            // parameters after STEPS steps
} trial;

static const trial trials[] = {
    {RNNC_SGD, {{0, 0}}, {-0.506, -0.256875, -0.006375, 0.244125, 0.494625}},
    {RNNC_SGD,
     {{RNNC_OPT_LEARNING_RATE, 0.05}, {RNNC_OPT_WEIGHT_DECAY, 0.1}},
     {-0.655310831584484, -0.500188715062693, -0.284559270626169,
      -0.0621912971693293, 0.151606976779318}},
    {RNNC_SGD,
     {{RNNC_OPT_LEARNING_RATE, 0.01}, {RNNC_OPT_MOMENTUM, 0.9}},
     {-0.997491281870542, -0.792558150332489, -0.505767799621836,
      -0.275785321699471, 0.0312949995824757}},
    {RNNC_SGD,
     {{RNNC_OPT_LEARNING_RATE, 0.01},
      {RNNC_OPT_MOMENTUM, 0.9},
      {RNNC_OPT_DAMPENING, 0.3},
      {RNNC_OPT_WEIGHT_DECAY, 0.01}},
     {-0.815947881214467, -0.615021033869695, -0.357954079934555,
      -0.139722295783466, 0.171444443971788}},
    {RNNC_SGD,
     {{RNNC_OPT_LEARNING_RATE, 0.01},
      {RNNC_OPT_MOMENTUM, 0.9},
      {RNNC_OPT_NESTEROV, 1}},
     {-1.00774215368349, -0.80705233529924, -0.518941019659653,
      -0.281956789529524, 0.024415499624228}},
    {RNNC_RMSPROP,
     {{0, 0}},
     {-0.802043370601213, -0.58066059425141, -0.409572351498332,
      -0.128807627898274, 0.246077805184874}},
    {RNNC_RMSPROP,
     {{RNNC_OPT_ALPHA, 0.95},
      {RNNC_OPT_EPSILON, 1e-6},
      {RNNC_OPT_WEIGHT_DECAY, 0.01}},
     {-0.654957403641524, -0.424549594421296, -0.210319398192933,
      0.0545397384445746, 0.355846548999347}},
    {RNNC_RMSPROP,
     {{RNNC_OPT_MOMENTUM, 0.5}},
     {-1.10188162956995, -0.894079145401723, -0.802784545820349,
      -0.522696395195441, -0.00927296981912627}},
    {RNNC_RMSPROP,
     {{RNNC_OPT_LEARNING_RATE, 2e-3},
      {RNNC_OPT_CENTERED, 1},
      {RNNC_OPT_MOMENTUM, 0.9}},
     {-1.02425869335796, -0.801633723290417, -0.717512938298612,
      -0.460908749948085, 0.0477600412292769}},
    {RNNC_ADAM,
     {{0, 0}},
     {-0.512698882570303, -0.265174208607482, -0.0156580112434576,
      0.233814798546246, 0.488158592379174}},
    {RNNC_ADAM,
     {{RNNC_OPT_LEARNING_RATE, 0.02},
      {RNNC_OPT_BETA1, 0.8},
      {RNNC_OPT_BETA2, 0.99},
      {RNNC_OPT_EPSILON, 1e-3},
      {RNNC_OPT_WEIGHT_DECAY, 0.1}},
     {-0.637866601108986, -0.473777985734154, -0.284302906358955,
      -0.0817015673511016, 0.178391340627729}},
};

enum { TRIALS = sizeof trials / sizeof *trials };

// One parameter "p" of `count` values and a frozen one "q" of two.
static rnnc_weights *make_weights(rnnc_context *context, int64_t count)
{
    rnnc_graph *graph = rnnc_graph_create(context);
    rnnc_parameter_vector(graph, "p", count, RNNC_INIT_ZEROS, 0);
    rnnc_freeze(rnnc_parameter_vector(graph, "q", 2, RNNC_INIT_CONSTANT, 3), 1);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    assert_int_equal(rnnc_weights_status(weights), RNNC_OK);
    rnnc_graph_destroy(graph);
    return weights;
}

static void set_gradients(rnnc_weights *weights, int64_t step, int64_t count)
{
    assert_int_equal(rni_weights_need_gradients(weights), RNNC_OK);
    float *gradients = rni_weights_gradients(weights, 0);
    for (int64_t i = 0; i < count; i++)
        gradients[i] = (float)((step * 7 + i * 3) % 11 - 4) / 8;
    rni_weights_gradients(weights, 1)[0] = 1000;
}

// What a gradient stands for, as everybody sees it.
static float seen(const rnnc_weights *weights, const char *name, int64_t i)
{
    float values[4];
    int64_t count = name[0] == 'q' ? 2 : weights->graph->parameters[0]->cols;
    assert_true(count <= 4);
    assert_int_equal(rnnc_weights_gradient(weights, name, values, count),
                     RNNC_OK);
    return values[i];
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

static void assert_near(double value, double expected, double most)
{
    assert_true(fabs(value - expected) <= most);
}

static double option(const rnnc_optimizer *optimizer, int32_t which)
{
    double value = 0;
    rnnc_optimizer_get(optimizer, which, &value);
    return value;
}

// The formulas as PyTorch documents them, one element in double precision.
typedef struct element {
    double p, m, v, a;
} element;

static void sgd(element *e, double g, int t, const rnnc_optimizer *o)
{
    double momentum = option(o, RNNC_OPT_MOMENTUM);
    g += option(o, RNNC_OPT_WEIGHT_DECAY) * e->p;
    if (momentum > 0) {
        double dampening = option(o, RNNC_OPT_DAMPENING);
        e->m = t == 1 ? g : momentum * e->m + (1 - dampening) * g;
        g = option(o, RNNC_OPT_NESTEROV) > 0 ? g + momentum * e->m : e->m;
    }
    e->p -= option(o, RNNC_OPT_LEARNING_RATE) * g;
}

static void rmsprop(element *e, double g, const rnnc_optimizer *o)
{
    double alpha = option(o, RNNC_OPT_ALPHA);
    g += option(o, RNNC_OPT_WEIGHT_DECAY) * e->p;
    e->v = alpha * e->v + (1 - alpha) * g * g;
    double variance = e->v;
    if (option(o, RNNC_OPT_CENTERED) > 0) {
        e->a = e->a * alpha + (1 - alpha) * g;
        variance -= e->a * e->a;
    }
    double step = g / (sqrt(variance) + option(o, RNNC_OPT_EPSILON));
    e->m = option(o, RNNC_OPT_MOMENTUM) * e->m + step;
    e->p -= option(o, RNNC_OPT_LEARNING_RATE) * e->m;
}

static void adam(element *e, double g, int t, const rnnc_optimizer *o)
{
    double beta1 = option(o, RNNC_OPT_BETA1), beta2 = option(o, RNNC_OPT_BETA2);
    g += option(o, RNNC_OPT_WEIGHT_DECAY) * e->p;
    e->m = beta1 * e->m + (1 - beta1) * g;
    e->v = beta2 * e->v + (1 - beta2) * g * g;
    double m = e->m / (1 - pow(beta1, t)), v = e->v / (1 - pow(beta2, t));
    e->p -= option(o, RNNC_OPT_LEARNING_RATE) * m /
            (sqrt(v) + option(o, RNNC_OPT_EPSILON));
}

static void restate(element *e, double g, int t, int32_t kind,
                    const rnnc_optimizer *optimizer)
{
    if (kind == RNNC_SGD)
        sgd(e, g, t, optimizer);
    else if (kind == RNNC_RMSPROP)
        rmsprop(e, g, optimizer);
    else
        adam(e, g, t, optimizer);
}

static void check_trial(const trial *t)
{
    rnnc_weights *weights = make_weights(NULL, N);
    rnnc_optimizer *optimizer = make_optimizer(weights, t);
    float values[N];
    element elements[N] = {{0}};
    for (int i = 0; i < N; i++) {
        values[i] = (float)(i - 2) / 4;
        elements[i].p = values[i];
    }
    assert_int_equal(rnnc_weights_set(weights, "p", values, N), RNNC_OK);
    for (int step = 0; step < STEPS; step++) {
        set_gradients(weights, step, N);
        for (int i = 0; i < N; i++)
            restate(&elements[i], rni_weights_gradients(weights, 0)[i],
                    step + 1, t->kind, optimizer);
        uint64_t version = rnnc_weights_version(weights);
        assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_OK);
        assert_true(rnnc_weights_version(weights) > version);
        rnnc_weights_get(weights, "p", values, N);
        for (int i = 0; i < N; i++)
            assert_near(values[i], elements[i].p, 4e-6);
    }
    for (int i = 0; i < N; i++) {
        assert_near(elements[i].p, t->torch[i], 1e-6);
        assert_near(values[i], t->torch[i], 4e-6);
    }
    float frozen[2];
    rnnc_weights_get(weights, "q", frozen, 2);
    assert_true(frozen[0] == 3 && frozen[1] == 3);
    rnnc_optimizer_destroy(optimizer);
    rnnc_weights_destroy(weights);
}

static void test_formulas(void **state)
{
    (void)state;
    for (int i = 0; i < TRIALS; i++)
        check_trial(&trials[i]);
}

// Three steps over many values; the caller frees nothing but the weights.
static rnnc_weights *large_run(const trial *t, int32_t threads)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    rnnc_context *context = rnnc_context_create(&options);
    rnnc_weights *weights = make_weights(context, LARGE);
    if (threads > 1)
        rni_team_start(context->team);
    rnnc_optimizer *optimizer = make_optimizer(weights, t);
    for (int step = 0; step < 3; step++) {
        set_gradients(weights, step, LARGE);
        assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_OK);
    }
    rnnc_optimizer_destroy(optimizer);
    rnnc_context_destroy(context);
    return weights;
}

static void test_threads_give_the_same_bits(void **state)
{
    (void)state;
    for (int i = 0; i < TRIALS; i++) {
        rnnc_weights *one = large_run(&trials[i], 1);
        rnnc_weights *four = large_run(&trials[i], 4);
        assert_memory_equal(rni_weights_values(one, 0),
                            rni_weights_values(four, 0), LARGE * sizeof(float));
        rnnc_weights_destroy(one);
        rnnc_weights_destroy(four);
    }
}

// Every instruction set with a fused multiply-add.
static void test_instruction_sets_give_the_same_bits(void **state)
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
            rnnc_weights *wide = large_run(&trials[i], 1);
            assert_memory_equal(rni_weights_values(plain, 0),
                                rni_weights_values(wide, 0),
                                LARGE * sizeof(float));
            rnnc_weights_destroy(wide);
        }
        unsetenv("RNNC_ISA");
        rnnc_weights_destroy(plain);
    }
}

// A momentum that is set late begins with the gradient, as in PyTorch.
static void test_late_momentum(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL, N);
    rnnc_optimizer *optimizer = rnnc_optimizer_create(weights, RNNC_SGD);
    rnnc_optimizer_set(optimizer, RNNC_OPT_LEARNING_RATE, 1);
    rnnc_optimizer_set(optimizer, RNNC_OPT_DAMPENING, 0.5);
    set_gradients(weights, 0, N);
    assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_OK);
    rnnc_optimizer_set(optimizer, RNNC_OPT_MOMENTUM, 0.5);
    assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_OK);
    assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_OK);
    float values[N];
    rnnc_weights_get(weights, "p", values, N);
    // g = -1/2: three steps of g, g and g / 2 + g / 2.
    assert_near(values[0], 1.5, 1e-6);
    rnnc_optimizer_destroy(optimizer);
    rnnc_weights_destroy(weights);
}

static void test_errors(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL, N);
    rnnc_optimizer *broken = rnnc_optimizer_create(weights, 17);
    assert_int_equal(rnnc_optimizer_status(broken), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_optimizer_step(broken), RNNC_E_ARGUMENT);
    rnnc_optimizer_destroy(broken);
    broken = rnnc_optimizer_create(NULL, RNNC_SGD);
    assert_int_equal(rnnc_optimizer_status(broken), RNNC_E_ARGUMENT);
    rnnc_optimizer_destroy(broken);

    rnnc_optimizer *sgd_one = rnnc_optimizer_create(weights, RNNC_SGD);
    assert_int_equal(rnnc_optimizer_step(sgd_one), RNNC_E_STATE);
    assert_int_equal(rnnc_optimizer_set(sgd_one, RNNC_OPT_BETA1, 0.5),
                     RNNC_E_ARGUMENT);
    assert_string_equal(rnnc_optimizer_message(sgd_one), "SGD has no beta1");
    assert_int_equal(
        rnnc_optimizer_set(sgd_one, RNNC_OPT_LEARNING_RATE, (double)NAN),
        RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_optimizer_set(sgd_one, RNNC_OPT_NESTEROV, 0.5),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_optimizer_set(sgd_one, 99, 0), RNNC_E_ARGUMENT);
    assert_true(option(sgd_one, RNNC_OPT_LEARNING_RATE) == 1e-3);
    assert_int_equal(rnnc_optimizer_set(sgd_one, RNNC_OPT_NESTEROV, 1),
                     RNNC_OK);
    set_gradients(weights, 0, N);
    assert_int_equal(rnnc_optimizer_step(sgd_one), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_optimizer_set(sgd_one, RNNC_OPT_MOMENTUM, 0.9),
                     RNNC_OK);
    assert_int_equal(rnnc_optimizer_step(sgd_one), RNNC_OK);
    assert_string_equal(rnnc_optimizer_message(sgd_one), "");
    rnnc_optimizer_destroy(sgd_one);
    rnnc_weights_destroy(weights);
}

// An option that needs memory and does not get it stays as it was; a step
// needs none.
static void test_allocations_that_fail(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    rnnc_weights *weights = make_weights(context, N);
    set_gradients(weights, 0, N);
    rnnc_status status = RNNC_E_MEMORY;
    for (int left = 0; status != RNNC_OK; left++) {
        fault_arm(&f, left, true);
        rnnc_optimizer *made = rnnc_optimizer_create(weights, RNNC_RMSPROP);
        status = rnnc_optimizer_status(made);
        assert_true(status == RNNC_OK || status == RNNC_E_MEMORY);
        if (status == RNNC_OK) {
            assert_false(f.hit);
            assert_int_equal(rnnc_optimizer_set(made, RNNC_OPT_CENTERED, 1),
                             RNNC_E_MEMORY);
            assert_true(option(made, RNNC_OPT_CENTERED) == 0);
            assert_int_equal(rnnc_optimizer_step(made), RNNC_OK);
            fault_arm(&f, 1, true);
            assert_int_equal(rnnc_optimizer_set(made, RNNC_OPT_CENTERED, 1),
                             RNNC_OK);
            assert_int_equal(rnnc_optimizer_step(made), RNNC_OK);
        }
        rnnc_optimizer_destroy(made);
    }
    rnnc_weights_destroy(weights);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

static void test_clip_norm(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL, 3);
    float norm = 0;
    assert_int_equal(rnnc_clip_norm(weights, 2, &norm), RNNC_E_STATE);
    assert_int_equal(rni_weights_need_gradients(weights), RNNC_OK);
    float *g = rni_weights_gradients(weights, 0);
    memcpy(g, (float[]){3, -4, 12}, 3 * sizeof(float));
    rni_weights_gradients(weights, 1)[0] = 1000; // frozen
    assert_int_equal(rnnc_clip_norm(weights, 20, &norm), RNNC_OK);
    assert_true(norm == 13 && g[0] == 3 && g[1] == -4 && g[2] == 12);
    assert_int_equal(rnnc_clip_norm(weights, 2, &norm), RNNC_OK);
    assert_true(norm == 13);
    for (int i = 0; i < 3; i++)
        assert_near(seen(weights, "p", i),
                    (double)((float[]){3, -4, 12}[i]) * 2 / (13 + 1e-6), 1e-6);
    assert_true(seen(weights, "q", 0) == 1000);
    assert_int_equal(rnnc_clip_norm(weights, -1, &norm), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_clip_norm(weights, 1, &norm), RNNC_OK);
    assert_near(norm, 2, 1e-6);
    assert_near(seen(weights, "p", 2), 12.0 / 13, 1e-6);
    g[1] = INFINITY;
    assert_int_equal(rnnc_clip_norm(weights, 2, &norm), RNNC_OK);
    assert_true(isinf(norm) && seen(weights, "p", 0) == 0 &&
                isnan(seen(weights, "p", 1)));
    rnnc_weights_destroy(weights);
}

static void test_norm_of_many(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL, LARGE);
    set_gradients(weights, 5, LARGE);
    float norm = 0;
    long double squares = 0;
    for (int64_t i = 0; i < LARGE; i++) {
        long double g = rni_weights_gradients(weights, 0)[i];
        squares += g * g;
    }
    assert_int_equal(rnnc_clip_norm(weights, 1e9f, &norm), RNNC_OK);
    assert_near(norm, (double)sqrtl(squares), 1e-5 * (double)norm);
    rnnc_weights_destroy(weights);
}

static void test_clip_value(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL, 4);
    assert_int_equal(rni_weights_need_gradients(weights), RNNC_OK);
    float *g = rni_weights_gradients(weights, 0);
    memcpy(g, (float[]){7, -7, 0.5f, NAN}, 4 * sizeof(float));
    assert_int_equal(rnnc_clip_value(weights, 5), RNNC_OK);
    assert_true(g[0] == 5 && g[1] == -5 && g[2] == 0.5f && isnan(g[3]));
    assert_int_equal(rnnc_clip_value(weights, NAN), RNNC_E_ARGUMENT);
    rnnc_weights_destroy(weights);
}

// Scaled, clipped by norm and by value, stepped with: {3, -4, 12} / 2 has the
// norm 6.5, a bound of 3.25 halves it once more, one of 2 cuts the last off.
static void test_what_is_owed(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL, 3);
    float norm = 0, values[3];
    assert_int_equal(rni_weights_need_gradients(weights), RNNC_OK);
    memcpy(rni_weights_gradients(weights, 0), (float[]){3, -4, 12},
           3 * sizeof(float));
    assert_int_equal(rnnc_scale_gradients(weights, -0.5f), RNNC_OK);
    assert_true(seen(weights, "p", 2) == -6);
    assert_int_equal(rnnc_clip_norm(weights, 3.25f, &norm), RNNC_OK);
    assert_near(norm, 6.5, 1e-6);
    assert_near(seen(weights, "p", 1), 1, 1e-6);

    rnnc_optimizer *sgd = rnnc_optimizer_create(weights, RNNC_SGD);
    rnnc_optimizer_set(sgd, RNNC_OPT_LEARNING_RATE, 1);
    assert_int_equal(rnnc_optimizer_step(sgd), RNNC_OK);
    assert_int_equal(rnnc_weights_get(weights, "p", values, 3), RNNC_OK);
    for (int i = 0; i < 3; i++)
        assert_near(values[i], ((double[]){0.75, -1, 3})[i], 1e-6);
    assert_near(seen(weights, "p", 0), -0.75, 1e-6);

    rni_weights_settle(weights);
    assert_near(rni_weights_gradients(weights, 0)[0], -0.75, 1e-6);
    assert_int_equal(rnnc_scale_gradients(weights, 0.5f), RNNC_OK);
    assert_int_equal(rnnc_clip_value(weights, 1), RNNC_OK);
    assert_near(seen(weights, "p", 0), -0.375, 1e-6);
    assert_true(seen(weights, "p", 2) == -1);

    rnnc_scale_gradients(weights, 0.5f);
    assert_int_equal(rnnc_weights_zero_gradients(weights), RNNC_OK);
    rni_weights_gradients(weights, 0)[0] = 8;
    assert_true(seen(weights, "p", 0) == 8);
    rnnc_optimizer_destroy(sgd);
    rnnc_weights_destroy(weights);
}

// Two factors whose product is no float are two multiplications of a gradient.
static void test_factors_beyond_a_float(void **state)
{
    (void)state;
    rnnc_weights *weights = make_weights(NULL, 2);
    assert_int_equal(rni_weights_need_gradients(weights), RNNC_OK);
    float *g = rni_weights_gradients(weights, 0);
    memcpy(g, (float[]){0, 1e-30f}, 2 * sizeof(float));
    assert_int_equal(rnnc_scale_gradients(weights, 1e30f), RNNC_OK);
    assert_int_equal(rnnc_scale_gradients(weights, 1e30f), RNNC_OK);
    assert_true(seen(weights, "p", 0) == 0);
    assert_near(seen(weights, "p", 1), 1e30, 1e24);
    assert_int_equal(rnnc_scale_gradients(weights, 1e-30f), RNNC_OK);
    assert_int_equal(rnnc_scale_gradients(weights, 1e-30f), RNNC_OK);
    assert_near(seen(weights, "p", 1), 1e-30, 1e-36);
    rnnc_weights_destroy(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_threads_give_the_same_bits),
        cmocka_unit_test(test_instruction_sets_give_the_same_bits),
        cmocka_unit_test(test_late_momentum),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_allocations_that_fail),
        cmocka_unit_test(test_clip_norm),
        cmocka_unit_test(test_norm_of_many),
        cmocka_unit_test(test_clip_value),
        cmocka_unit_test(test_what_is_owed),
        cmocka_unit_test(test_factors_beyond_a_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
