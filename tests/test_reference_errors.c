// SPDX-License-Identifier: MIT
// What the textbook refuses, and memory that runs out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/reference.h"
#include "support/fault.h"
#include "support/op_stage.h"

enum { BATCH = STAGE_BATCH, COLS = STAGE_COLS };

static rnnc_status set_inputs(const op_stage *s, rnnc_reference *reference)
{
    op_inputs inputs = op_inputs_make();
    rnnc_status status = rnnc_reference_input(reference, s->x, inputs.x);
    if (status == RNNC_OK)
        status = rnnc_reference_input(reference, s->y, inputs.y);
    if (status == RNNC_OK)
        status = rnnc_reference_input(reference, s->ids, inputs.ids);
    if (status == RNNC_OK)
        status = rnnc_reference_input_batch(reference, s->batch, inputs.batch,
                                            BATCH);
    op_inputs_destroy(&inputs);
    return status;
}

// ---- What is refused ------------------------------------------------------

static void calls_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    op_stage s = op_stage_make(NULL);
    rnnc_node *loss = rnnc_total(op_stage_unroll(&s));
    rnnc_node *found = rnnc_lookup(s.ids, s.square);
    rnnc_node *inside = rnnc_cell_input(rnnc_cell_create(s.graph, "other"), 1);
    rnnc_node *single = rnnc_input_batch(s.graph, "single", 1);
    rnnc_node *fixed = rnnc_input_static(s.graph, "fixed", 1, 1);
    rnnc_weights *weights = rnnc_weights_create(s.graph, 11);
    rnnc_reference *r = rnnc_reference_create(weights);
    double values[BATCH * STAGE_LONGEST * COLS], value = 0;
    const float one = 1;

    assert_int_equal(rnnc_reference_value(r, loss, &value, 1), RNNC_E_STATE);
    assert_non_null(strstr(rnnc_reference_message(r), "\"x\""));
    assert_int_equal(rnnc_reference_gradient(r, loss, s.x, values, 60),
                     RNNC_E_STATE);
    assert_int_equal(set_inputs(&s, r), RNNC_OK);
    assert_int_equal(rnnc_reference_value(r, loss, &value, 1), RNNC_OK);
    assert_int_equal(rnnc_reference_value(r, loss, &value, 2), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_value(r, loss, NULL, 1), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_value(r, NULL, &value, 1), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_value(r, inside, &value, 1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_gradient(r, found, s.square, values, 25),
                     RNNC_E_SHAPE);
    assert_int_equal(rnnc_reference_gradient(r, loss, s.ids, values, 12),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_gradient(r, loss, loss, values, 1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_difference(r, loss, s.row, 0, values, COLS),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_input_batch(r, s.x, &one, 1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_input_static(r, single, &one),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_input_batch(r, single, &one, -1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_input_batch(r, single, NULL, 1),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_input_static(r, fixed, NULL),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_reference_carry(r, (const uint8_t[4]){0}, 4),
                     RNNC_E_SHAPE);
    assert_int_equal(rnnc_reference_status(NULL), RNNC_E_MEMORY);
    assert_null(rnnc_reference_create(NULL));
    rnnc_reference_destroy(r);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(s.graph);
}

static void inputs_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    op_stage s = op_stage_make(NULL);
    rnnc_node *both = rnnc_total(rnnc_mul(s.x, s.y));
    rnnc_node *found = rnnc_total(rnnc_lookup(s.ids, s.square));
    rnnc_node *mixed = rnnc_total(rnnc_mul(rnnc_pool(s.x, 0), s.batch));
    rnnc_weights *weights = rnnc_weights_create(s.graph, 11);
    rnnc_reference *r = rnnc_reference_create(weights);
    static const float data[2 * COLS] = {0};
    static const int32_t wrong[2] = {0, COLS};
    static const int64_t other[2] = {1, 1};
    double value;
    set_inputs(&s, r);
    rnnc_sequence *sequence = rnnc_sequence_create(NULL);

    rnnc_sequence_set_padded(sequence, data, other, 2, 1, COLS, 0);
    assert_int_equal(rnnc_reference_input(r, s.ids, sequence), RNNC_E_SHAPE);
    assert_int_equal(rnnc_reference_input(r, s.x, sequence), RNNC_OK);
    assert_int_equal(rnnc_reference_value(r, mixed, &value, 1), RNNC_E_SHAPE);
    rnnc_sequence_set_padded(sequence, data, NULL, BATCH, 1, 2, 0);
    assert_int_equal(rnnc_reference_input(r, s.x, sequence), RNNC_E_SHAPE);
    static const int64_t longer[BATCH] = {1, 1, 0};
    rnnc_sequence_set_padded(sequence, (const float[BATCH * COLS]){0}, longer,
                             BATCH, 1, COLS, 0);
    assert_int_equal(rnnc_reference_input(r, s.x, sequence), RNNC_OK);
    assert_int_equal(rnnc_reference_value(r, both, &value, 1), RNNC_E_SHAPE);
    assert_non_null(strstr(rnnc_reference_message(r), "time"));
    rnnc_sequence_set_padded_ids(sequence, wrong, other, 2, 1, 0);
    assert_int_equal(rnnc_reference_input(r, s.x, sequence), RNNC_E_SHAPE);
    assert_int_equal(rnnc_reference_input(r, s.ids, sequence), RNNC_OK);
    assert_int_equal(rnnc_reference_value(r, found, &value, 1), RNNC_E_VALUE);
    rnnc_sequence_destroy(sequence);
    rnnc_reference_destroy(r);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(s.graph);
}

// ---- Memory that runs out -------------------------------------------------

static rnnc_status use(const op_stage *s, rnnc_node *loss, rnnc_reference *r)
{
    static const uint8_t carried[BATCH] = {1, 1, 0};
    double values[COLS * COLS];
    rnnc_status status = set_inputs(s, r);
    if (status == RNNC_OK)
        status = rnnc_reference_carry(r, carried, BATCH);
    if (status == RNNC_OK)
        status =
            rnnc_reference_gradient(r, loss, s->square, values, COLS * COLS);
    if (status == RNNC_OK)
        status = rnnc_reference_difference(r, loss, s->row, 1e-5, values, COLS);
    return status;
}

static void memory_that_runs_out_is_an_error(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    op_stage s = op_stage_make(context);
    rnnc_node *loss = rnnc_total(rnnc_unroll_output(op_stage_unroll(&s), 1));
    rnnc_weights *weights = rnnc_weights_create(s.graph, 11);
    int64_t before = f.live;
    rnnc_status status = RNNC_E_MEMORY;
    int64_t enough = 0;
    for (; status != RNNC_OK && enough < 10000; enough++) {
        fault_arm(&f, enough, true);
        rnnc_reference *r = rnnc_reference_create(weights);
        status = rnnc_reference_status(r);
        if (status == RNNC_OK)
            status = use(&s, loss, r);
        assert_true(status == RNNC_OK || status == RNNC_E_MEMORY);
        rnnc_reference_destroy(r);
        assert_int_equal(f.live, before);
    }
    assert_int_equal(status, RNNC_OK);
    assert_in_range(enough, 20, 9999);
    fault_arm(&f, -1, true);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(s.graph);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_that_make_no_sense_are_refused),
        cmocka_unit_test(inputs_that_do_not_fit_are_refused),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
