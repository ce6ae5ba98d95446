// SPDX-License-Identifier: MIT
// A loss or gradient that is not finite: training stops before the weights
// change, says where it arose, and can go on.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "support/learning.h"

enum { FEATURES = 3, WIDE = 5, SEQUENCES = 6 };

// log(y) of rows that go through a cell and a few nodes.
typedef struct bad {
    rnnc_graph *graph;
    rnnc_node *x, *label, *loss;
    rnnc_weights *weights;
    rnnc_optimizer *sgd;
    rnnc_dataset *data;
    float values[SEQUENCES][20][FEATURES];
    float labels[SEQUENCES];
    rnnc_trainer *trainer;
} bad;

typedef rnnc_node *bad_build(rnnc_graph *graph, rnnc_node *h);

static void bad_make(bad *b, bad_build *build, int64_t window)
{
    const float *rows[SEQUENCES];
    int64_t lengths[SEQUENCES];
    *b = (bad){.graph = rnnc_graph_create(NULL)};
    b->x = rnnc_input_rows(b->graph, "x", FEATURES);
    b->label = rnnc_input_batch(b->graph, "label", 1);
    rnnc_node *h =
        rnnc_unroll(rnnc_cell_rnn(b->graph, "cell", FEATURES, WIDE), b->x);
    rnnc_node *y = rnnc_pool(build(b->graph, h), RNNC_POOL_LAST);
    b->loss = rnnc_mse(rnnc_linear(y, "out", 1), b->label, RNNC_REDUCE_MEAN);
    for (int k = 0; k < SEQUENCES; k++) {
        rows[k] = &b->values[k][0][0];
        lengths[k] = window > 0 ? 20 : 20 - k;
        b->labels[k] = (float)k;
        for (int t = 0; t < 20; t++)
            for (int f = 0; f < FEATURES; f++)
                b->values[k][t][f] = 0.01f * (float)(k * t + f + 1);
    }
    b->data = rnnc_dataset_create(b->graph);
    rnnc_dataset_rows(b->data, b->x, rows, lengths, SEQUENCES);
    rnnc_dataset_batch(b->data, b->label, b->labels, SEQUENCES);
    b->weights = rnnc_weights_create(b->graph, 1);
    b->sgd = rnnc_optimizer_create(b->weights, RNNC_SGD);
    rnnc_trainer_options options = {.struct_size = sizeof options,
                                    .data = b->data,
                                    .order = RNNC_ORDER_GIVEN,
                                    .window = window,
                                    .epochs = 3};
    b->trainer = rnnc_trainer_create(b->sgd, b->loss, &options);
    assert_int_equal(rnnc_trainer_status(b->trainer), RNNC_OK);
}

static void bad_free(bad *b)
{
    rnnc_trainer_destroy(b->trainer);
    rnnc_dataset_destroy(b->data);
    rnnc_optimizer_destroy(b->sgd);
    rnnc_weights_destroy(b->weights);
    rnnc_graph_destroy(b->graph);
}

// Training stops, says all these words, and has changed no weight.
static void assert_stops(bad *b, const char *const *words)
{
    rnnc_weights *before = rnnc_weights_copy(b->weights);
    int64_t step = rnnc_trainer_steps(b->trainer);
    assert_int_equal(rnnc_trainer_train(b->trainer), RNNC_E_VALUE);
    const char *message = rnnc_trainer_message(b->trainer);
    for (; *words != NULL; words++)
        if (strstr(message, *words) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", *words, message);
    assert_true(learning_same_weights(before, b->weights));
    assert_int_equal(rnnc_trainer_steps(b->trainer), step);
    assert_int_equal(rnnc_trainer_ended(b->trainer), RNNC_ENDED_NOT);
    rnnc_weights_destroy(before);
}

static rnnc_node *as_it_is(rnnc_graph *graph, rnnc_node *h)
{
    (void)graph;
    return h;
}

// exp(200 (x + 1)): too large for a float, not for a double.
static rnnc_node *explode(rnnc_graph *graph, rnnc_node *h)
{
    rnnc_node *large =
        rnnc_mul(rnnc_add(h, rnnc_scalar(graph, 1)), rnnc_scalar(graph, 200));
    return rnnc_name(rnnc_exp(large), "too large");
}

// The root of 0 has a value, and no finite derivative.
static rnnc_node *root(rnnc_graph *graph, rnnc_node *h)
{
    return rnnc_sqrt(rnnc_mul(h, rnnc_scalar(graph, 0)));
}

static void an_input_that_is_not_finite_is_named(void **state)
{
    (void)state;
    bad b;
    bad_make(&b, as_it_is, 0);
    b.values[3][12][1] = NAN;
    b.values[5][14][0] = INFINITY;
    assert_stops(&b, (const char *const[]){"loss is nan", "\"x\" (input)",
                                           "sequence 3, step 12", NULL});
    b.values[3][12][1] = 0;
    assert_stops(&b,
                 (const char *const[]){"\"x\" (input)", "sequence 5, step 14",
                                       "(inf)", NULL});
    b.values[5][14][0] = 0;
    b.labels[2] = -INFINITY;
    assert_stops(&b, (const char *const[]){"\"label\" (input)", "sequence 2",
                                           "(-inf)", NULL});
    b.labels[2] = 0;
    assert_int_equal(rnnc_trainer_train(b.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_ended(b.trainer), RNNC_ENDED_EPOCHS);
    bad_free(&b);
}

static void a_node_that_is_not_finite_is_named(void **state)
{
    (void)state;
    bad b;
    bad_make(&b, explode, 0);
    assert_stops(&b, (const char *const[]){"loss is ", "\"too large\" (exp)",
                                           "sequence ", "step ", NULL});
    float value[1] = {NAN};
    assert_int_equal(rnnc_weights_set(b.weights, "out.bias", value, 1), 0);
    assert_stops(&b, (const char *const[]){"loss is nan",
                                           "\"out.bias\" (parameter)", NULL});
    bad_free(&b);
}

static void a_gradient_that_is_not_finite_is_named(void **state)
{
    (void)state;
    bad b;
    bad_make(&b, root, 0);
    assert_stops(&b, (const char *const[]){"gradient is ", "gradient of node",
                                           "(mul), sequence 0, step ", "(sqrt)",
                                           NULL});
    bad_free(&b);
}

// ---- Cells of one's own -----------------------------------------------------

// What the first step over two sequences says last; all is freed. `spoilt`, if
// any, is a parameter that is NaN.
static void assert_ends(rnnc_node *x, rnnc_node *loss, rnnc_graph *graph,
                        const float second[4], const char *spoilt,
                        const char *words)
{
    const float first[] = {1, 2, 3, 4}, nan = NAN, *rows[] = {first, second};
    const int64_t lengths[] = {4, 4};
    assert_int_equal(rnnc_graph_status(graph), RNNC_OK);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_optimizer *sgd = rnnc_optimizer_create(weights, RNNC_SGD);
    rnnc_dataset *data = rnnc_dataset_create(graph);
    rnnc_dataset_rows(data, x, rows, lengths, 2);
    if (spoilt != NULL)
        assert_int_equal(rnnc_weights_set(weights, spoilt, &nan, 1), RNNC_OK);
    rnnc_trainer_options options = {.struct_size = sizeof options,
                                    .order = RNNC_ORDER_GIVEN,
                                    .data = data,
                                    .epochs = 1};
    rnnc_trainer *t = rnnc_trainer_create(sgd, loss, &options);
    assert_int_equal(rnnc_trainer_train(t), RNNC_E_VALUE);
    const char *message = rnnc_trainer_message(t);
    const char *end = strstr(message, words);
    if (end == NULL || strcmp(end, words) != 0)
        fail_msg("\"%s\" is not the end of \"%s\"", words, message);
    rnnc_trainer_destroy(t);
    rnnc_dataset_destroy(data);
    rnnc_optimizer_destroy(sgd);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// With a pole where its state is 0 at the first step.
static void a_node_within_a_cell_is_named(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 1);
    rnnc_cell *cell = rnnc_cell_create(graph, "pole");
    rnnc_node *in = rnnc_cell_input(cell, 1);
    rnnc_node *h = rnnc_cell_state(cell, "h", 1);
    rnnc_node *next = rnnc_add(rnnc_sub(h, in), rnnc_scalar(graph, 3));
    rnnc_cell_next(cell, h, next);
    rnnc_cell_output(cell, rnnc_tanh(rnnc_name(rnnc_log(next), "logarithm")));
    rnnc_node *y = rnnc_linear(rnnc_unroll(cell, x), "out", 1);
    assert_ends(x, rnnc_mse(y, x, RNNC_REDUCE_MEAN), graph,
                (const float[]){1, 2, 9, 1}, NULL,
                "node \"logarithm\" (log) in cell \"pole\", sequence 1, step 2 "
                "(nan)");
}

// The logarithm of a sum over time, and a parameter q beside it.
typedef struct twin {
    rnnc_graph *graph;
    rnnc_cell *cell;
    rnnc_node *x, *in, *other, *sum, *logarithm, *q;
} twin;

typedef rnnc_node *twin_build(twin *w);

static twin twin_begin(void)
{
    twin w = {.graph = rnnc_graph_create(NULL)};
    w.x = rnnc_input_rows(w.graph, "x", 1);
    w.cell = rnnc_cell_create(w.graph, "twin");
    w.in = rnnc_cell_input(w.cell, 1);
    w.other = rnnc_cell_input(w.cell, 1);
    rnnc_node *h = rnnc_cell_state(w.cell, "h", 1);
    w.sum = rnnc_add(h, w.in);
    rnnc_cell_next(w.cell, h, w.sum);
    w.logarithm = rnnc_name(rnnc_log(w.sum), "logarithm");
    w.q = rnnc_cell_parameter_vector(w.cell, "q", 1, RNNC_INIT_CONSTANT, 0);
    return w;
}

static rnnc_node *twin_unroll(const twin *w, rnnc_node *other)
{
    return rnnc_unroll_with(w->cell, (rnnc_node *[]){w->x, other}, 2, NULL, 0);
}

static rnnc_node *first_output(twin *w)
{
    rnnc_cell_output(w->cell, w->logarithm);
    rnnc_cell_output(w->cell, rnnc_mul(w->sum, w->q));
    return twin_unroll(w, w->x);
}

static rnnc_node *second_output(twin *w)
{
    rnnc_cell_output(w->cell, rnnc_mul(w->sum, w->q));
    rnnc_cell_output(w->cell, w->logarithm);
    return rnnc_unroll_output(twin_unroll(w, w->x), 1);
}

// The other one is bad in the first step of the first sequence, q is not used.
static rnnc_node *output_beside_a_bad_one(twin *w)
{
    rnnc_node *low = rnnc_sub(w->sum, rnnc_scalar(w->graph, 100));
    rnnc_cell_output(w->cell, w->logarithm);
    rnnc_cell_output(w->cell, rnnc_log(low));
    return twin_unroll(w, w->x);
}

static rnnc_node *output_beside_a_state(twin *w)
{
    rnnc_node *g = rnnc_cell_state(w->cell, "g", 1);
    rnnc_cell_first(w->cell, g, w->q);
    rnnc_cell_next(w->cell, g, rnnc_mul(g, w->in));
    rnnc_cell_output(w->cell, w->logarithm);
    rnnc_cell_output(w->cell, g);
    return twin_unroll(w, w->x);
}

static rnnc_node *output_beside_an_input(twin *w)
{
    rnnc_cell_output(w->cell, w->logarithm);
    rnnc_cell_output(w->cell, w->other);
    return twin_unroll(w, rnnc_mul(w->x, w->q));
}

static rnnc_node *last_state(twin *w)
{
    rnnc_node *l = rnnc_cell_state(w->cell, "l", 1);
    rnnc_cell_next(w->cell, l, w->logarithm);
    rnnc_cell_output(w->cell, rnnc_mul(w->sum, w->q));
    return rnnc_unroll_final(twin_unroll(w, w->x), "l");
}

// What the loss reads of the cell is at fault, not what it does not.
static void what_is_not_read_of_a_cell_is_not_named(void **state)
{
    (void)state;
    twin_build *const all[] = {
        first_output,          second_output,          output_beside_a_bad_one,
        output_beside_a_state, output_beside_an_input, last_state};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        twin w = twin_begin();
        rnnc_node *y = all[k](&w);
        assert_ends(w.x, rnnc_total(rnnc_linear(y, "out", 1)), w.graph,
                    (const float[]){1, 2, -9, 1}, "twin.q",
                    "the first value that is not finite is node \"logarithm\" "
                    "(log) in cell \"twin\", sequence 1, step 2 (nan)");
    }
}

// The root of 0 has no finite derivative, by what learns and is not read, and
// by what is read and does not learn. What is not finite is the norm.
static void a_gradient_that_training_does_not_have_is_not_named(void **state)
{
    (void)state;
    for (int read = 0; read < 2; read++) {
        twin w = twin_begin();
        const float large[] = {3e38f, 3e38f};
        rnnc_node *p =
            rnnc_parameter(w.graph, "p", 1, 2, RNNC_INIT_CONSTANT, 0);
        rnnc_node *spread = rnnc_mul(p, rnnc_constant(w.graph, 1, 2, large));
        rnnc_node *learns = rnnc_add(w.sum, w.q);
        rnnc_cell_output(w.cell, rnnc_sqrt(read ? w.sum : learns));
        rnnc_cell_output(w.cell, learns);
        rnnc_node *y = twin_unroll(&w, w.x);
        if (!read)
            y = rnnc_unroll_output(y, 1);
        assert_ends(w.x, rnnc_add(rnnc_total(y), rnnc_total(spread)), w.graph,
                    (const float[]){0, 1, 1, 1}, NULL,
                    "the gradient is inf in step 0");
    }
}

// One site reads of the cell what the other does not.
static void of_two_sites_the_one_at_fault_is_named(void **state)
{
    (void)state;
    twin w = twin_begin();
    rnnc_cell_output(w.cell, w.logarithm);
    rnnc_cell_output(w.cell, w.other);
    rnnc_node *z = rnnc_input_rows(w.graph, "z", 1);
    rnnc_node *y = rnnc_name(twin_unroll(&w, rnnc_tanh(z)), "y");
    rnnc_node *also = rnnc_unroll_output(twin_unroll(&w, w.x), 1);
    rnnc_node *sum = rnnc_linear(rnnc_add(y, also), "out", 1);
    assert_ends(w.x, rnnc_total(sum), w.graph, (const float[]){1, 2, -9, 1},
                NULL,
                "node \"y\" (unroll of \"twin\"), sequence 1, step 2 (nan)");
}

// In the third window of a batch: what was learnt up to it stays, and with the
// value mended training goes on as if it had never been there.
static void a_window_that_is_not_finite_changes_nothing(void **state)
{
    (void)state;
    bad b, clean;
    bad_make(&b, as_it_is, 6);
    bad_make(&clean, as_it_is, 6);
    float mended = b.values[4][15][2];
    b.values[4][15][2] = NAN;
    assert_int_equal(rnnc_trainer_train(b.trainer), RNNC_E_VALUE);
    assert_int_equal(rnnc_trainer_steps(b.trainer), 2);
    assert_stops(&b, (const char *const[]){"in step 2", "\"x\" (input)",
                                           "sequence 4, step 3", NULL});
    b.values[4][15][2] = mended;
    assert_int_equal(rnnc_trainer_train(b.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_train(clean.trainer), RNNC_OK);
    assert_int_equal(rnnc_trainer_steps(clean.trainer), 12);
    assert_true(learning_same_weights(b.weights, clean.weights));
    bad_free(&b);
    bad_free(&clean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_input_that_is_not_finite_is_named),
        cmocka_unit_test(a_node_that_is_not_finite_is_named),
        cmocka_unit_test(a_gradient_that_is_not_finite_is_named),
        cmocka_unit_test(a_node_within_a_cell_is_named),
        cmocka_unit_test(what_is_not_read_of_a_cell_is_not_named),
        cmocka_unit_test(a_gradient_that_training_does_not_have_is_not_named),
        cmocka_unit_test(of_two_sites_the_one_at_fault_is_named),
        cmocka_unit_test(a_window_that_is_not_finite_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
