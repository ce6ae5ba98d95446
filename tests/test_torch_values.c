// SPDX-License-Identifier: MIT
// The numbers that PyTorch's own C++ tests expect of nn::LSTM(2, 2)
// (test/cpp/api/rnn.cpp, CheckOutputValuesMatchPyTorch), under its names.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rnnc/cell.h"
#include "rnnc/reference.h"

enum { TIME = 3, BATCH = 4, UNITS = 2 };

static const double y_wanted[TIME][BATCH][UNITS] = {
    {{.4391, .5402}, {.4330, .5324}, {.4261, .5239}, {.4183, .5147}},
    {{.6822, .8064}, {.6726, .7968}, {.6620, .7860}, {.6501, .7741}},
    {{.7889, .9003}, {.7769, .8905}, {.7635, .8794}, {.7484, .8666}},
};

static const double c_wanted[BATCH][UNITS] = {
    {1.1647, 1.6106}, {1.1425, 1.5726}, {1.1187, 1.5329}, {1.0931, 1.4911}};

static void ramp(rnnc_weights *weights, const char *name)
{
    float values[16];
    int64_t count = rnnc_weights_count(weights, name);
    for (int64_t i = 0; i < count; i++)
        values[i] = (float)i / (float)count;
    assert_int_equal(rnnc_weights_set(weights, name, values, count), RNNC_OK);
}

static rnnc_sequence *inputs(void)
{
    float x[TIME * BATCH * UNITS];
    for (int i = 0; i < 24; i++)
        x[i] = (float)(24 - i) / 24;
    rnnc_sequence *sequence = rnnc_sequence_create(NULL);
    assert_int_equal(rnnc_sequence_set_padded(sequence, x, NULL, BATCH, TIME,
                                              UNITS, RNNC_TIME_MAJOR),
                     RNNC_OK);
    return sequence;
}

static void lstm_gives_the_known_numbers(void **state)
{
    (void)state;
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(g, "x", UNITS);
    rnnc_node *y = rnnc_unroll(rnnc_cell_lstm(g, "", UNITS, UNITS), x);
    rnnc_node *c = rnnc_unroll_final(y, "c");
    rnnc_weights *weights = rnnc_weights_create(g, 0);
    ramp(weights, "weight_ih_l0");
    ramp(weights, "weight_hh_l0");
    ramp(weights, "bias_ih_l0");
    ramp(weights, "bias_hh_l0");
    rnnc_reference *reference = rnnc_reference_create(weights);
    rnnc_sequence *sequence = inputs();
    double values[BATCH][TIME][UNITS], finals[BATCH][UNITS];
    assert_int_equal(rnnc_reference_input(reference, x, sequence), RNNC_OK);
    assert_int_equal(rnnc_reference_value(reference, y, &values[0][0][0],
                                          BATCH * TIME * UNITS),
                     RNNC_OK);
    assert_int_equal(
        rnnc_reference_value(reference, c, &finals[0][0], BATCH * UNITS),
        RNNC_OK);
    for (int b = 0; b < BATCH; b++)
        for (int u = 0; u < UNITS; u++) {
            for (int t = 0; t < TIME; t++)
                assert_true(fabs(values[b][t][u] - y_wanted[t][b][u]) < 1e-4);
            assert_true(fabs(finals[b][u] - c_wanted[b][u]) < 1e-4);
        }
    rnnc_reference_destroy(reference);
    rnnc_sequence_destroy(sequence);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lstm_gives_the_known_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
