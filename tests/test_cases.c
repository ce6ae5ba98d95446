// SPDX-License-Identifier: MIT
// Cells against equations and gradients that were written out by hand in
// NumPy (cases/make_cases.py): the textbook, and a planned training run.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/cell.h"
#include "rnnc/plan.h"
#include "rnnc/reference.h"
#include "rnnc/run.h"

typedef struct case_parameter {
    const char *name; // without the cell's
    int64_t count;
    const double *value, *gradient;
} case_parameter;

// Sequence values are padded, [batch, longest, features].
typedef struct case_data {
    int32_t n_parameters;
    int64_t width; // features of the output
    const double *x, *weights, *y, *dx;
    const case_parameter *parameters;
} case_data;

#include "cases/ctrnn_beer.h"
#include "cases/ctrnn_rate.h"
#include "cases/gru_average.h"
#include "cases/gru_concat.h"
#include "cases/gru_mul.h"
#include "cases/gru_sum.h"
#include "cases/lstm_average.h"
#include "cases/lstm_concat.h"
#include "cases/lstm_mul.h"
#include "cases/lstm_sum.h"
#include "cases/peephole.h"

enum { BATCH = 4, LONGEST = 4, INPUTS = 3, HIDDEN = 4, MOST = 256 };
static const int64_t lengths[BATCH] = {4, 1, 0, 3};

typedef struct case_row {
    const char *name;
    const case_data *data;
    int32_t which, variant;
    int32_t merge; // -1: one direction
} case_row;

static const case_row cases[] = {
    {"peephole", &peephole_data, RNNC_CELL_PEEPHOLE, 0, -1},
    {"ctrnn beer", &ctrnn_beer_data, RNNC_CELL_CTRNN, RNNC_CTRNN_BEER, -1},
    {"ctrnn rate", &ctrnn_rate_data, RNNC_CELL_CTRNN, RNNC_CTRNN_RATE, -1},
    {"lstm concat", &lstm_concat_data, RNNC_CELL_LSTM, 0, RNNC_MERGE_CONCAT},
    {"lstm sum", &lstm_sum_data, RNNC_CELL_LSTM, 0, RNNC_MERGE_SUM},
    {"lstm mul", &lstm_mul_data, RNNC_CELL_LSTM, 0, RNNC_MERGE_MUL},
    {"lstm average", &lstm_average_data, RNNC_CELL_LSTM, 0, RNNC_MERGE_AVERAGE},
    {"gru concat", &gru_concat_data, RNNC_CELL_GRU, 0, RNNC_MERGE_CONCAT},
    {"gru sum", &gru_sum_data, RNNC_CELL_GRU, 0, RNNC_MERGE_SUM},
    {"gru mul", &gru_mul_data, RNNC_CELL_GRU, 0, RNNC_MERGE_MUL},
    {"gru average", &gru_average_data, RNNC_CELL_GRU, 0, RNNC_MERGE_AVERAGE},
};
enum { CASES = sizeof cases / sizeof cases[0] };

// ---- A case as a graph ----------------------------------------------------

typedef struct setting {
    const case_row *row;
    rnnc_graph *graph;
    rnnc_node *x, *w, *y, *loss;
    rnnc_weights *weights;
    rnnc_sequence *xs, *ws;
} setting;

static rnnc_cell *make_cell(const setting *s, int32_t reverse)
{
    rnnc_cell_options options = {.struct_size = sizeof options,
                                 .variant = s->row->variant,
                                 .reverse = reverse,
                                 .step = 0.5f,
                                 .tau_min = 0.25f};
    return rnnc_cell_make(s->graph, "cell", s->row->which, INPUTS, HIDDEN,
                          &options);
}

static rnnc_sequence *pack(const double *padded, int64_t features)
{
    float data[BATCH * LONGEST * 2 * HIDDEN];
    for (int64_t i = 0; i < BATCH * LONGEST * features; i++)
        data[i] = (float)padded[i];
    rnnc_sequence *sequence = rnnc_sequence_create(NULL);
    assert_int_equal(rnnc_sequence_set_padded(sequence, data, lengths, BATCH,
                                              LONGEST, features,
                                              RNNC_BATCH_MAJOR),
                     RNNC_OK);
    return sequence;
}

static void set_weights(setting *s)
{
    s->weights = rnnc_weights_create(s->graph, 1);
    for (int32_t p = 0; p < s->row->data->n_parameters; p++) {
        const case_parameter *parameter = s->row->data->parameters + p;
        float values[MOST];
        char name[64];
        snprintf(name, sizeof name, "cell.%s", parameter->name);
        for (int64_t i = 0; i < parameter->count; i++)
            values[i] = (float)parameter->value[i];
        assert_int_equal(
            rnnc_weights_set(s->weights, name, values, parameter->count),
            RNNC_OK);
    }
}

static setting set_up(const case_row *row)
{
    setting s = {.row = row};
    s.graph = rnnc_graph_create(NULL);
    s.x = rnnc_input_rows(s.graph, "x", INPUTS);
    s.w = rnnc_input_rows(s.graph, "w", row->data->width);
    if (row->merge < 0)
        s.y = rnnc_unroll(make_cell(&s, 0), s.x);
    else
        s.y = rnnc_bidirectional(make_cell(&s, 0), make_cell(&s, 1), s.x,
                                 row->merge);
    s.loss = rnnc_total(rnnc_mul(s.y, s.w));
    assert_string_equal(rnnc_graph_message(s.graph), "");
    assert_int_equal(rnnc_graph_parameter_count(s.graph),
                     row->data->n_parameters);
    set_weights(&s);
    s.xs = pack(row->data->x, INPUTS);
    s.ws = pack(row->data->weights, row->data->width);
    return s;
}

static void tear_down(setting *s)
{
    rnnc_sequence_destroy(s->xs);
    rnnc_sequence_destroy(s->ws);
    rnnc_weights_destroy(s->weights);
    rnnc_graph_destroy(s->graph);
}

// Largest |found - wanted| must stay within `bound`, relative above 1.
static void compare(const setting *s, const char *what, const double *found,
                    const double *wanted, int64_t count, double bound)
{
    for (int64_t i = 0; i < count; i++) {
        double scale = wanted[i] < 0 ? 1 - wanted[i] : 1 + wanted[i];
        double off = found[i] - wanted[i];
        if (!(off <= bound * scale && -off <= bound * scale))
            fail_msg("%s: %s[%ld] is %.12g, expected %.12g", s->row->name, what,
                     (long)i, found[i], wanted[i]);
    }
}

// ---- The textbook ---------------------------------------------------------

static void check_reference(const setting *s)
{
    const case_data *data = s->row->data;
    double found[MOST];
    int64_t rows = BATCH * LONGEST;
    rnnc_reference *reference = rnnc_reference_create(s->weights);
    assert_int_equal(rnnc_reference_input(reference, s->x, s->xs), RNNC_OK);
    assert_int_equal(rnnc_reference_input(reference, s->w, s->ws), RNNC_OK);
    assert_int_equal(
        rnnc_reference_value(reference, s->y, found, rows * data->width),
        RNNC_OK);
    // options hold floats: 0.5 and 0.25 are exact, so nothing is lost
    compare(s, "y", found, data->y, rows * data->width, 1e-12);
    assert_int_equal(
        rnnc_reference_gradient(reference, s->loss, s->x, found, rows * INPUTS),
        RNNC_OK);
    compare(s, "dx", found, data->dx, rows * INPUTS, 1e-12);
    for (int32_t p = 0; p < data->n_parameters; p++) {
        const case_parameter *parameter = data->parameters + p;
        char name[64];
        snprintf(name, sizeof name, "cell.%s", parameter->name);
        assert_int_equal(
            rnnc_reference_gradient(reference, s->loss,
                                    rnnc_graph_node(s->graph, name), found,
                                    parameter->count),
            RNNC_OK);
        compare(s, name, found, parameter->gradient, parameter->count, 1e-12);
    }
    rnnc_reference_destroy(reference);
}

static void the_textbook_agrees(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        setting s = set_up(cases + i);
        check_reference(&s);
        tear_down(&s);
    }
}

// ---- A planned run --------------------------------------------------------

static void widen(const float *from, double *to, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = (double)from[i];
}

static rnnc_plan *plan_training(const setting *s)
{
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_TRAIN,
                                 .outputs = &s->y,
                                 .n_outputs = 1,
                                 .loss = s->loss,
                                 .gradients = &s->x,
                                 .n_gradients = 1};
    rnnc_plan *plan = rnnc_plan_create(s->graph, &options);
    assert_string_equal(rnnc_plan_message(plan), "");
    return plan;
}

static void check_run(const setting *s, const rnnc_run *run)
{
    const case_data *data = s->row->data;
    int64_t rows = BATCH * LONGEST;
    float found[MOST];
    double wide[MOST];
    assert_int_equal(
        rnnc_run_get_padded(run, s->y, found, LONGEST, RNNC_BATCH_MAJOR, 0),
        RNNC_OK);
    widen(found, wide, rows * data->width);
    compare(s, "y of a run", wide, data->y, rows * data->width, 1e-5);
    assert_int_equal(rnnc_run_gradient_padded(run, s->x, found, LONGEST,
                                              RNNC_BATCH_MAJOR, 0),
                     RNNC_OK);
    widen(found, wide, rows * INPUTS);
    compare(s, "dx of a run", wide, data->dx, rows * INPUTS, 1e-5);
    for (int32_t p = 0; p < data->n_parameters; p++) {
        const case_parameter *parameter = data->parameters + p;
        char name[64];
        snprintf(name, sizeof name, "cell.%s", parameter->name);
        assert_int_equal(
            rnnc_weights_gradient(s->weights, name, found, parameter->count),
            RNNC_OK);
        widen(found, wide, parameter->count);
        compare(s, name, wide, parameter->gradient, parameter->count, 1e-5);
    }
}

static void a_planned_run_agrees(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        setting s = set_up(cases + i);
        rnnc_plan *plan = plan_training(&s);
        rnnc_run *run = rnnc_run_create(plan, s.weights);
        assert_int_equal(rnnc_run_input(run, s.x, s.xs), RNNC_OK);
        assert_int_equal(rnnc_run_input(run, s.w, s.ws), RNNC_OK);
        assert_int_equal(rnnc_run_forward(run), RNNC_OK);
        assert_int_equal(rnnc_run_backward(run), RNNC_OK);
        check_run(&s, run);
        rnnc_run_destroy(run);
        rnnc_plan_destroy(plan);
        tear_down(&s);
    }
}

// ---- A stream does not know the future ------------------------------------

static void a_stream_of_both_directions_is_refused(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", INPUTS);
    rnnc_node *backward = rnnc_name(rnnc_reverse(x), "backwards");
    rnnc_node *y = rnnc_reverse(
        rnnc_unroll(rnnc_cell_gru(graph, "cell", INPUTS, HIDDEN), backward));
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_STREAM,
                                 .outputs = &y,
                                 .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    assert_int_equal(rnnc_plan_status(plan), RNNC_E_UNSUPPORTED);
    assert_non_null(strstr(rnnc_plan_message(plan), "backwards"));
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
}

// The reverse that rnnc_bidirectional makes has no name; its kind is named.
static void a_stream_of_a_bidirectional_cell_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        if (cases[i].merge < 0)
            continue;
        setting s = set_up(cases + i);
        rnnc_plan_options options = {.struct_size = sizeof options,
                                     .use = RNNC_STREAM,
                                     .outputs = &s.y,
                                     .n_outputs = 1};
        rnnc_plan *plan = rnnc_plan_create(s.graph, &options);
        assert_int_equal(rnnc_plan_status(plan), RNNC_E_UNSUPPORTED);
        assert_non_null(strstr(rnnc_plan_message(plan), "reverse"));
        rnnc_plan_destroy(plan);
        tear_down(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_textbook_agrees),
        cmocka_unit_test(a_planned_run_agrees),
        cmocka_unit_test(a_stream_of_both_directions_is_refused),
        cmocka_unit_test(a_stream_of_a_bidirectional_cell_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
