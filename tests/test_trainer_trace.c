// SPDX-License-Identifier: MIT
// Which node a training names where a number first stops being finite: the
// graphs are so small that it is known beforehand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "support/fault.h"
#include "support/learning.h"

enum { ROWS = 3, MOST = 4 };

// A graph with a loss, and what trains it.
typedef struct tiny {
    rnnc_graph *graph;
    rnnc_node *loss;
    rnnc_weights *weights;
    rnnc_optimizer *sgd;
    rnnc_dataset *data;
    rnnc_trainer_options options;
    rnnc_trainer *trainer;
} tiny;

static void tiny_begin(tiny *t, rnnc_context *context)
{
    *t = (tiny){.graph = rnnc_graph_create(context)};
    t->data = rnnc_dataset_create(t->graph);
    t->options = (rnnc_trainer_options){.struct_size = sizeof t->options,
                                        .order = RNNC_ORDER_GIVEN,
                                        .epochs = 1};
}

static void tiny_make(tiny *t, rnnc_node *loss)
{
    assert_int_equal(rnnc_graph_status(t->graph), RNNC_OK);
    t->loss = loss;
    t->weights = rnnc_weights_create(t->graph, 1);
    t->sgd = rnnc_optimizer_create(t->weights, RNNC_SGD);
    t->options.data = t->options.fill == NULL ? t->data : NULL;
    t->trainer = rnnc_trainer_create(t->sgd, t->loss, &t->options);
    assert_string_equal(rnnc_trainer_message(t->trainer), "");
}

static void tiny_free(tiny *t)
{
    rnnc_trainer_destroy(t->trainer);
    rnnc_dataset_destroy(t->data);
    rnnc_optimizer_destroy(t->sgd);
    rnnc_weights_destroy(t->weights);
    rnnc_graph_destroy(t->graph);
}

static void set(tiny *t, const char *name, const float *values, int64_t count)
{
    assert_int_equal(rnnc_weights_set(t->weights, name, values, count),
                     RNNC_OK);
}

// Training stops, changes no weight, and says this after "step ".
static void assert_says(tiny *t, const char *words)
{
    rnnc_weights *before = rnnc_weights_copy(t->weights);
    assert_int_equal(rnnc_trainer_train(t->trainer), RNNC_E_VALUE);
    const char *message = rnnc_trainer_message(t->trainer);
    if (strstr(message, words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, message);
    assert_true(learning_same_weights(before, t->weights));
    rnnc_weights_destroy(before);
}

// The same after the steps that come before.
static void assert_says_after(tiny *t, int64_t steps, const char *words)
{
    assert_int_equal(rnnc_trainer_train(t->trainer), RNNC_E_VALUE);
    assert_int_equal(rnnc_trainer_steps(t->trainer), steps);
    assert_says(t, words);
    assert_int_equal(rnnc_trainer_steps(t->trainer), steps);
}

// ---- Parameters and static values -------------------------------------------

// A node that two others read has its gradient from both.
static void a_place_in_a_matrix_is_named(void **state)
{
    (void)state;
    tiny t;
    tiny_begin(&t, NULL);
    t.options.fill = learning_once;
    rnnc_node *p = rnnc_parameter(t.graph, "p", 2, 3, RNNC_INIT_CONSTANT, 1);
    rnnc_node *root = rnnc_name(rnnc_sqrt(p), "root");
    rnnc_node *power = rnnc_name(rnnc_exp(p), "power");
    tiny_make(&t, rnnc_total(rnnc_add(root, power)));
    set(&t, "p", (const float[]){1, 1, 1, 1, 1, 0}, 6);
    assert_says(&t, "trainer: the gradient is inf in step 0: the first value "
                    "that is not finite is the gradient of node \"p\" "
                    "(parameter), row 1, column 2 (inf)");
    set(&t, "p", (const float[]){1, 1, 1, 1, 200, 1}, 6);
    assert_says(&t, "trainer: the loss is inf in step 0: the first value that "
                    "is not finite is node \"power\" (exp), row 1, column 1 "
                    "(inf)");
    set(&t, "p", (const float[]){1, 1, 1, -INFINITY, 1, 1}, 6);
    assert_says(&t, "is node \"p\" (parameter), row 1, column 0 (-inf)");
    tiny_free(&t);
}

static void a_single_number_needs_no_place(void **state)
{
    (void)state;
    tiny t;
    tiny_begin(&t, NULL);
    t.options.fill = learning_once;
    rnnc_node *p = rnnc_parameter(t.graph, "p", 1, 1, RNNC_INIT_CONSTANT, 0);
    tiny_make(&t, rnnc_total(rnnc_log(rnnc_sqrt(p))));
    assert_says(&t, "trainer: the loss is -inf in step 0: the first value that "
                    "is not finite is node 2 (log) (-inf)");
    tiny_free(&t);
}

// Those made before the loss, and those made after it.
static void parameters_that_the_loss_does_not_need_are_not_named(void **state)
{
    (void)state;
    tiny t;
    tiny_begin(&t, NULL);
    t.options.fill = learning_once;
    const float nan = NAN;
    rnnc_parameter(t.graph, "spare", 1, 1, RNNC_INIT_CONSTANT, 0);
    rnnc_node *p = rnnc_parameter(t.graph, "p", 1, 1, RNNC_INIT_CONSTANT, -1);
    rnnc_node *loss = rnnc_total(rnnc_name(rnnc_log(p), "logarithm"));
    rnnc_parameter(t.graph, "late", 1, 1, RNNC_INIT_CONSTANT, 0);
    tiny_make(&t, loss);
    set(&t, "spare", &nan, 1);
    set(&t, "late", &nan, 1);
    assert_says(&t, "is node \"logarithm\" (log) (nan)");
    tiny_free(&t);
}

// All gradients are finite: one by a frozen parameter, by an input or by what
// is made from them would not be, but training has none.
static void a_norm_that_overflows_is_of_no_node(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        tiny t;
        tiny_begin(&t, NULL);
        t.options.fill = learning_once;
        const float large[] = {3e38f, 3e38f}, zero = 0;
        rnnc_node *p =
            rnnc_parameter(t.graph, "p", 1, 2, RNNC_INIT_CONSTANT, 0);
        rnnc_node *q =
            rnnc_parameter(t.graph, "q", 1, 1, RNNC_INIT_CONSTANT, 0);
        rnnc_node *x = rnnc_input_static(t.graph, "x", 1, 1);
        rnnc_node *ice[] = {q, x, rnnc_mul(q, x)};
        rnnc_freeze(q, 1);
        rnnc_node *sum = rnnc_mul(p, rnnc_constant(t.graph, 1, 2, large));
        tiny_make(&t, rnnc_total(rnnc_add(sum, rnnc_sqrt(ice[k]))));
        rnnc_run_input_static(rnnc_trainer_run(t.trainer), x, &zero);
        assert_int_equal(rnnc_trainer_train(t.trainer), RNNC_E_VALUE);
        assert_string_equal(rnnc_trainer_message(t.trainer),
                            "trainer: the gradient is inf in step 0");
        tiny_free(&t);
    }
}

// ---- Batches ----------------------------------------------------------------

static void a_value_of_a_batch_is_named_by_its_sequence(void **state)
{
    (void)state;
    tiny t;
    tiny_begin(&t, NULL);
    float rows[ROWS][2] = {{1, 2}, {3, 4}, {5, -1}};
    rnnc_node *x = rnnc_input_batch(t.graph, "x", 2);
    rnnc_node *ratio = rnnc_name(rnnc_log(x), "ratio");
    rnnc_dataset_batch(t.data, x, &rows[0][0], ROWS);
    tiny_make(&t, rnnc_total(rnnc_linear(ratio, "out", 1)));
    assert_says(&t, "is node \"ratio\" (log), sequence 2 (nan)");
    tiny_free(&t);
}

// A batch value along an axis of which nothing but the lengths is read.
static void an_axis_of_lengths_alone_is_gone_along(void **state)
{
    (void)state;
    tiny t;
    tiny_begin(&t, NULL);
    const float code[] = {1, -1, 1}, *rows[] = {code, code, code};
    const int64_t lengths[] = {1, 3, 2};
    rnnc_node *b = rnnc_input_batch(t.graph, "code", 1);
    rnnc_node *x = rnnc_input_rows(t.graph, "x", 1);
    rnnc_node *r = rnnc_name(rnnc_log(rnnc_repeat(b, x)), "all along");
    rnnc_dataset_batch(t.data, b, code, 3);
    rnnc_dataset_rows(t.data, x, rows, lengths, 3);
    tiny_make(&t, rnnc_total(rnnc_linear(r, "out", 1)));
    assert_says(&t, "is node \"all along\" (log), sequence 1, step 0 (nan)");
    tiny_free(&t);
}

// No steps, no values: there is nothing to look at, and more to look for.
static void an_axis_without_steps_hides_no_node(void **state)
{
    (void)state;
    tiny t;
    tiny_begin(&t, NULL);
    const float code[] = {1, -1}, *rows[] = {code};
    const int64_t none = 0, two = 2;
    rnnc_node *x = rnnc_input_rows_on(t.graph, "x", "source", 1);
    rnnc_node *y = rnnc_input_rows_on(t.graph, "y", "target", 1);
    rnnc_node *bad = rnnc_name(rnnc_log(y), "bad");
    rnnc_dataset_rows(t.data, x, rows, &none, 1);
    rnnc_dataset_rows(t.data, y, rows, &two, 1);
    tiny_make(&t, rnnc_add(rnnc_total(rnnc_linear(x, "in", 1)),
                           rnnc_total(rnnc_linear(bad, "out", 1))));
    assert_says(&t, "is node \"bad\" (log), sequence 0, step 1 (nan)");
    tiny_free(&t);
}

// A batch of no sequences, given by the caller.
typedef struct none {
    tiny t;
    rnnc_node *x;
    rnnc_sequence *empty;
} none;

static int32_t give_none(void *user, const rnnc_fill_request *request)
{
    none *n = user;
    rnnc_sequence_set_rows(n->empty, NULL, NULL, 0, 1);
    rnnc_run_input(request->run, n->x, n->empty);
    return request->batch == 0;
}

static void of_a_batch_of_none_a_parameter_is_named(void **state)
{
    (void)state;
    none n;
    tiny *t = &n.t;
    tiny_begin(t, NULL);
    n.empty = rnnc_sequence_create(NULL);
    n.x = rnnc_input_rows(t->graph, "x", 1);
    t->options.fill = give_none;
    t->options.user = &n;
    rnnc_node *p = rnnc_parameter(t->graph, "p", 1, 2, RNNC_INIT_CONSTANT, 0);
    tiny_make(t, rnnc_add(rnnc_total(rnnc_linear(n.x, "out", 1)),
                          rnnc_total(rnnc_sqrt(p))));
    assert_says(t, "is the gradient of node \"p\" (parameter), row 0, column 0 "
                   "(inf)");
    tiny_free(t);
    rnnc_sequence_destroy(n.empty);
}

// ---- Every kind of input ----------------------------------------------------

// Roots of a table's rows, where id 3 has a row of zeros; beside them a static
// input, a batch input and a label.
typedef struct kinds {
    tiny t;
    rnnc_node *scale;
    float side[ROWS][2];
    int32_t labels[ROWS], text[ROWS][MOST];
} kinds;

static void kinds_make(kinds *k, rnnc_context *context)
{
    tiny *t = &k->t;
    const float zeros[] = {1, 2, 3, 4, 5, 6, 0, 0}, ones[] = {1, 1};
    const int64_t lengths[ROWS] = {2, 0, 4};
    *k = (kinds){.labels = {0, 1, 1},
                 .side = {{1, 2}, {3, 4}, {5, 6}},
                 .text = {{0, 1}, {0}, {0, 2, 3, 1}}};
    tiny_begin(t, context);
    rnnc_node *text = rnnc_input_ids(t->graph, "text", 4);
    rnnc_node *side = rnnc_input_batch(t->graph, "side", 2);
    rnnc_node *label = rnnc_input_batch_ids(t->graph, "label", 2);
    k->scale = rnnc_input_static(t->graph, "scale", 1, 2);
    rnnc_node *table =
        rnnc_parameter(t->graph, "table", 4, 2, RNNC_INIT_CONSTANT, 1);
    rnnc_node *scaled =
        rnnc_name(rnnc_mul(rnnc_lookup(text, table), k->scale), "scaled");
    rnnc_node *root = rnnc_name(rnnc_sqrt(scaled), "root");
    rnnc_node *sum = rnnc_add(rnnc_pool(root, RNNC_POOL_SUM), side);
    rnnc_node *loss = rnnc_cross_entropy(rnnc_linear(sum, "out", 2), label);
    const int32_t *rows[] = {k->text[0], k->text[1], k->text[2]};
    rnnc_dataset_ids(t->data, text, rows, lengths, ROWS);
    rnnc_dataset_batch(t->data, side, &k->side[0][0], ROWS);
    rnnc_dataset_batch_ids(t->data, label, k->labels, ROWS);
    tiny_make(t, loss);
    set(t, "table", zeros, 8);
    assert_int_equal(
        rnnc_run_input_static(rnnc_trainer_run(t->trainer), k->scale, ones),
        RNNC_OK);
}

static void a_gradient_is_found_among_inputs_of_every_kind(void **state)
{
    (void)state;
    kinds k;
    kinds_make(&k, NULL);
    assert_says(&k.t, "the gradient of node \"scaled\" (mul), sequence 2, "
                      "step 2, from node \"root\" (sqrt)");
    k.text[2][2] = 1;
    k.text[0][1] = 3;
    assert_says(&k.t, "the gradient of node \"scaled\" (mul), sequence 0, "
                      "step 1, from node \"root\" (sqrt)");
    k.text[0][1] = 2;
    assert_int_equal(rnnc_trainer_train(k.t.trainer), RNNC_OK);
    tiny_free(&k.t);
}

static void a_value_is_found_among_inputs_of_every_kind(void **state)
{
    (void)state;
    kinds k;
    kinds_make(&k, NULL);
    rnnc_run *run = rnnc_trainer_run(k.t.trainer);
    rnnc_run_input_static(run, k.scale, (const float[]){1, -1});
    assert_says(&k.t, "is node \"root\" (sqrt), sequence 0, step 0 (nan)");
    rnnc_run_input_static(run, k.scale, (const float[]){1, INFINITY});
    assert_says(&k.t, "is node \"scale\" (input), row 0, column 1 (inf)");
    rnnc_run_input_static(run, k.scale, (const float[]){1, 1});
    k.side[1][0] = INFINITY;
    assert_says(&k.t, "is node \"side\" (input), sequence 1 (inf)");
    tiny_free(&k.t);
}

// Of two parts of a step the first is at fault, and not at hand any more.
static void a_gradient_of_an_earlier_part_is_found_in_a_parameter(void **state)
{
    (void)state;
    kinds k;
    kinds_make(&k, NULL);
    k.text[0][0] = 3;
    k.text[2][2] = 2;
    k.t.options.batch = 1;
    k.t.options.accumulate = 3;
    rnnc_trainer_destroy(k.t.trainer);
    k.t.trainer = rnnc_trainer_create(k.t.sgd, k.t.loss, &k.t.options);
    rnnc_run_input_static(rnnc_trainer_run(k.t.trainer), k.scale,
                          (const float[]){1, 1});
    assert_says(&k.t, "the gradient of node \"table\" (parameter), row 3, "
                      "column 0 (");
    tiny_free(&k.t);
}

// ---- Cells ------------------------------------------------------------------

// Made and unrolled by each test: h' = gain * h + x, with its logarithm as
// output.
typedef struct pole {
    tiny t;
    rnnc_node *x, *h, *y;
    float values[ROWS][MOST];
} pole;

static void pole_begin(pole *p, rnnc_context *context, bool first, bool gain)
{
    *p = (pole){.values = {{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}}};
    tiny_begin(&p->t, context);
    rnnc_graph *graph = p->t.graph;
    p->x = rnnc_input_rows(graph, "x", 1);
    rnnc_cell *cell = rnnc_cell_create(graph, "pole");
    rnnc_node *in = rnnc_cell_input(cell, 1);
    rnnc_node *h = rnnc_cell_state(cell, "h", 1), *next = rnnc_add(h, in);
    if (first)
        rnnc_cell_first(cell, h,
                        rnnc_cell_parameter_vector(cell, "first", 1,
                                                   RNNC_INIT_CONSTANT, 0));
    if (gain)
        next = rnnc_mul(next,
                        rnnc_name(rnnc_exp(rnnc_cell_parameter_vector(
                                      cell, "gain", 1, RNNC_INIT_CONSTANT, 0)),
                                  "gain"));
    rnnc_cell_next(cell, h, next);
    rnnc_cell_output(cell, rnnc_name(rnnc_log(next), "logarithm"));
    p->y = rnnc_unroll(cell, p->x);
}

static void pole_make(pole *p, rnnc_node *loss)
{
    const float *rows[] = {p->values[0], p->values[1], p->values[2]};
    const int64_t lengths[] = {MOST, MOST, MOST};
    rnnc_dataset_rows(p->t.data, p->x, rows, lengths, ROWS);
    tiny_make(&p->t, loss);
}

static rnnc_node *pole_loss(pole *p)
{
    return rnnc_total(rnnc_linear(p->y, "out", 1));
}

static void what_a_cell_begins_with_and_reads_is_named(void **state)
{
    (void)state;
    pole p;
    pole_begin(&p, NULL, true, true);
    pole_make(&p, pole_loss(&p));
    set(&p.t, "pole.gain", (const float[]){200}, 1);
    assert_says(&p.t, "is node \"gain\" (exp) (inf)");
    set(&p.t, "pole.first", (const float[]){NAN}, 1);
    assert_says(&p.t, "is node \"pole.first\" (parameter) (nan)");
    tiny_free(&p.t);
}

// The textbook reads a window from no state, so it cannot tell the node.
static void of_states_that_go_on_the_cell_is_named(void **state)
{
    (void)state;
    pole p;
    pole_begin(&p, NULL, false, false);
    p.t.options.window = 2;
    pole_make(&p, pole_loss(&p));
    p.values[1][3] = -9;
    assert_says_after(&p.t, 1,
                      "in step 1: the first value that is not finite is node ");
    assert_non_null(strstr(rnnc_trainer_message(p.t.trainer),
                           "(unroll of \"pole\"), sequence 1, step 1 (nan)"));
    p.values[1][3] = 1;
    p.values[1][1] = -9;
    rnnc_trainer_destroy(p.t.trainer);
    p.t.trainer = rnnc_trainer_create(p.t.sgd, p.t.loss, &p.t.options);
    assert_says(&p.t, "is node \"logarithm\" (log) in cell \"pole\", sequence "
                      "1, step 1 (nan)");
    tiny_free(&p.t);
}

// What nobody reads was not given to the run, so the cell's nodes are not told.
static void name_blind_cell(bool made)
{
    tiny t;
    tiny_begin(&t, NULL);
    const float values[MOST] = {1, 1, 1, 1}, *rows[] = {values, values};
    const int64_t lengths[] = {2, 4};
    rnnc_node *x = rnnc_input_rows(t.graph, "x", 1);
    rnnc_cell *cell = rnnc_cell_create(t.graph, "blind");
    rnnc_cell_input(cell, 1);
    rnnc_node *h = rnnc_cell_state(cell, "h", 1);
    rnnc_cell_next(cell, h, rnnc_sub(h, rnnc_scalar(t.graph, 1)));
    rnnc_cell_output(cell, rnnc_log(rnnc_add(h, rnnc_scalar(t.graph, 2.5f))));
    rnnc_node *y = rnnc_name(rnnc_unroll(cell, made ? rnnc_tanh(x) : x), "y");
    rnnc_dataset_rows(t.data, x, rows, lengths, 2);
    tiny_make(&t, rnnc_total(rnnc_linear(y, "out", 1)));
    assert_says(&t, "is node \"y\" (unroll of \"blind\"), sequence 1, step 3 "
                    "(nan)");
    tiny_free(&t);
}

static void a_cell_that_does_not_read_its_input_is_named(void **state)
{
    (void)state;
    name_blind_cell(false);
    name_blind_cell(true);
}

// A batch of fewer sequences than the one before it.
static void a_fresh_batch_does_not_go_on_from_the_last(void **state)
{
    (void)state;
    pole p;
    pole_begin(&p, NULL, false, false);
    p.t.options.window = 2;
    p.t.options.batch = 2;
    pole_make(&p, pole_loss(&p));
    p.values[2][1] = -9;
    assert_says_after(&p.t, 2,
                      "in step 2: the first value that is not finite is node "
                      "\"logarithm\" (log) in cell \"pole\", sequence 0, step "
                      "1 (nan)");
    tiny_free(&p.t);
}

// In the second window the logarithm is finite, and only by the textbook, that
// begins at 0, it is not; what is at fault is a root.
static void what_only_the_textbook_meets_is_not_named(void **state)
{
    (void)state;
    pole p;
    pole_begin(&p, NULL, false, false);
    p.t.options.window = 2;
    rnnc_node *w = rnnc_parameter(p.t.graph, "w", 1, 1, RNNC_INIT_CONSTANT, 1);
    rnnc_node *root = rnnc_name(rnnc_sqrt(rnnc_mul(p.x, w)), "root");
    pole_make(&p, rnnc_total(rnnc_linear(rnnc_add(root, p.y), "out", 1)));
    p.values[1][2] = 0;
    assert_says_after(&p.t, 1,
                      "in step 1: the first value that is not finite is the "
                      "gradient of node \"w\" (parameter) (");
    tiny_free(&p.t);
}

// ---- Without memory ---------------------------------------------------------

// The search does without what memory it does not get: the error is the same,
// and its message names the node, or tells less, but never another one. Less is
// no node, or where there is one that may stand for it, that.
static void search_with_less_memory(tiny *t, fault *f, const char *most,
                                    const char *less)
{
    bool whole = false;
    assert_int_equal(rnnc_trainer_train(t->trainer), RNNC_E_VALUE);
    const int64_t live = f->live;
    for (int64_t at = 0; !whole; at++)
        for (int onwards = 0; onwards < 2; onwards++) {
            fault_arm(f, at, onwards);
            rnnc_status status = rnnc_trainer_train(t->trainer);
            const char *message = rnnc_trainer_message(t->trainer);
            assert_int_equal(status, RNNC_E_VALUE);
            whole = !f->hit;
            fault_arm(f, -1, false);
            assert_int_equal(f->live, live);
            bool told = strstr(message, "first value") == NULL ||
                        (less != NULL && strstr(message, less) != NULL);
            if (strstr(message, most) == NULL && (whole || !told))
                fail_msg("allocation %lld: %s", (long long)at, message);
            assert_in_range(at, 0, 100000);
        }
}

static void a_search_without_memory_says_what_it_knows(void **state)
{
    (void)state;
    for (int gradient = 0; gradient < 2; gradient++) {
        fault f = {.at = -1};
        rnnc_context *context = fault_context(&f, 1);
        kinds k;
        kinds_make(&k, context);
        if (gradient == 0)
            k.side[1][0] = NAN;
        search_with_less_memory(
            &k.t, &f,
            gradient
                ? "\"scaled\" (mul), sequence 2, step 2, from node \"root\""
                : "\"side\" (input), sequence 1",
            gradient ? "\"table\" (parameter), row 3" : NULL);
        tiny_free(&k.t);
        rnnc_context_destroy(context);
        assert_int_equal(f.live, 0);
    }
}

static void search_pole(float value, const char *most, const char *less)
{
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    pole p;
    pole_begin(&p, context, false, false);
    pole_make(&p, pole_loss(&p));
    p.values[1][2] = value;
    search_with_less_memory(&p.t, &f, most, less);
    tiny_free(&p.t);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

static void a_cell_without_memory_for_its_nodes_is_named(void **state)
{
    (void)state;
    search_pole(-9,
                "node \"logarithm\" (log) in cell \"pole\", sequence 1, step 2 "
                "(nan)",
                "(unroll of \"pole\"), sequence 1, step 2 (nan)");
}

static void after_a_node_without_memory_none_is_named(void **state)
{
    (void)state;
    search_pole(NAN, "node \"x\" (input), sequence 1, step 2 (nan)", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_in_a_matrix_is_named),
        cmocka_unit_test(a_single_number_needs_no_place),
        cmocka_unit_test(parameters_that_the_loss_does_not_need_are_not_named),
        cmocka_unit_test(a_norm_that_overflows_is_of_no_node),
        cmocka_unit_test(a_value_of_a_batch_is_named_by_its_sequence),
        cmocka_unit_test(an_axis_of_lengths_alone_is_gone_along),
        cmocka_unit_test(an_axis_without_steps_hides_no_node),
        cmocka_unit_test(of_a_batch_of_none_a_parameter_is_named),
        cmocka_unit_test(a_gradient_is_found_among_inputs_of_every_kind),
        cmocka_unit_test(a_value_is_found_among_inputs_of_every_kind),
        cmocka_unit_test(a_gradient_of_an_earlier_part_is_found_in_a_parameter),
        cmocka_unit_test(what_a_cell_begins_with_and_reads_is_named),
        cmocka_unit_test(of_states_that_go_on_the_cell_is_named),
        cmocka_unit_test(a_cell_that_does_not_read_its_input_is_named),
        cmocka_unit_test(a_fresh_batch_does_not_go_on_from_the_last),
        cmocka_unit_test(what_only_the_textbook_meets_is_not_named),
        cmocka_unit_test(a_search_without_memory_says_what_it_knows),
        cmocka_unit_test(a_cell_without_memory_for_its_nodes_is_named),
        cmocka_unit_test(after_a_node_without_memory_none_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
