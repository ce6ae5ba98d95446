// SPDX-License-Identifier: MIT
// Weights: how each initialiser's numbers are distributed, values by name,
// snapshots, versions, and what is refused.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnc/cell.h"
#include "rnnc/weights.h"
#include "support/fault.h"
#include "weights/weights.h"

enum { MOST = 300 * 200 };
static float values[MOST];

static void get(const rnnc_weights *w, const char *name)
{
    int64_t count = rnnc_weights_count(w, name);
    assert_true(count > 0 && count <= MOST);
    assert_int_equal(rnnc_weights_get(w, name, values, count), RNNC_OK);
}

// The weights of one parameter "p" [rows, cols]; its values are in `values`.
static void draw(int64_t rows, int64_t cols, int32_t init, float value)
{
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_parameter(g, "p", rows, cols, init, value);
    rnnc_weights *w = rnnc_weights_create(g, 5);
    assert_string_equal(rnnc_weights_message(w), "");
    get(w, "p");
    rnnc_weights_destroy(w);
    rnnc_graph_destroy(g);
}

// Mean, variance and largest size of the first `count` values.
static void measure(int64_t count, double *mean, double *variance, double *most)
{
    *mean = *variance = *most = 0;
    for (int64_t i = 0; i < count; i++) {
        double x = (double)values[i];
        *mean += x / (double)count;
        *variance += x * x / (double)count;
        *most = fabs(x) > *most ? fabs(x) : *most;
    }
    *variance -= *mean * *mean;
}

// Five deviations of the estimates are allowed.
static void expect_uniform(int64_t count, double bound)
{
    double mean, variance, most, n = (double)count;
    measure(count, &mean, &variance, &most);
    assert_true(most <= bound * (1 + 1e-6) && most > bound * (1 - 20 / n));
    assert_true(fabs(mean) < 5 * bound / sqrt(3 * n));
    assert_true(fabs(variance - bound * bound / 3) <
                5 * bound * bound * sqrt(4.0 / 45 / n));
}

static void draws_uniform(void **state)
{
    (void)state;
    draw(300, 200, RNNC_INIT_UNIFORM, 0.25f);
    expect_uniform(300 * 200, 0.25);
    draw(300, 200, RNNC_INIT_GLOROT, 0);
    expect_uniform(300 * 200, sqrt(6.0 / 500));
    draw(100, 20, RNNC_INIT_GLOROT, 3);
    expect_uniform(100 * 20, 3 * sqrt(6.0 / 120));
}

static void draws_normal(void **state)
{
    (void)state;
    draw(300, 200, RNNC_INIT_NORMAL, 2);
    double mean, variance, most, n = 300 * 200, fourth = 0;
    measure(300 * 200, &mean, &variance, &most);
    for (int64_t i = 0; i < 300 * 200; i++)
        fourth += pow((double)values[i] / 2, 4) / n;
    assert_true(fabs(mean) < 5 * 2 / sqrt(n));
    assert_true(fabs(variance - 4) < 5 * 4 * sqrt(2 / n));
    assert_true(fabs(fourth - 3) < 5 * sqrt(96 / n));
}

static void draws_constants(void **state)
{
    (void)state;
    draw(3, 2, RNNC_INIT_CONSTANT, 1.5f);
    for (int i = 0; i < 6; i++)
        assert_true(values[i] == 1.5f);
    draw(3, 2, RNNC_INIT_ZEROS, 7);
    for (int i = 0; i < 6; i++)
        assert_true(values[i] == 0);
    draw(2, 3, RNNC_INIT_IDENTITY, 0);
    assert_memory_equal(values, ((float[]){1, 0, 0, 0, 1, 0}), 24);
    draw(3, 2, RNNC_INIT_IDENTITY, -0.5f);
    assert_memory_equal(values, ((float[]){-0.5f, 0, 0, -0.5f, 0, 0}), 24);
}

// The greatest distance of the shorter side's Gram matrix from gain^2 I.
static double gram_error(int64_t rows, int64_t cols, double gain)
{
    bool wide = rows <= cols;
    int64_t count = wide ? rows : cols, size = wide ? cols : rows;
    double worst = 0;
    for (int64_t a = 0; a < count; a++)
        for (int64_t b = 0; b < count; b++) {
            double sum = a == b ? -gain * gain : 0;
            for (int64_t i = 0; i < size; i++)
                sum += (double)values[wide ? a * cols + i : i * cols + a] *
                       (double)values[wide ? b * cols + i : i * cols + b];
            worst = fabs(sum) > worst ? fabs(sum) : worst;
        }
    return worst;
}

static void draws_orthogonal(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{1, 1},   {1, 7},    {7, 1},
                                       {64, 64}, {40, 130}, {130, 40}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int64_t rows = sizes[i][0], cols = sizes[i][1];
        draw(rows, cols, RNNC_INIT_ORTHOGONAL, 0);
        assert_true(gram_error(rows, cols, 1) < 1e-6);
        draw(rows, cols, RNNC_INIT_ORTHOGONAL, 3);
        assert_true(gram_error(rows, cols, 3) < 1e-5);
    }
}

static void fills_blocks(void **state)
{
    (void)state;
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *m = rnnc_parameter(g, "m", 4, 2, RNNC_INIT_CONSTANT, 1);
    rnnc_init_rows(m, 1, 2, RNNC_INIT_CONSTANT, 2);
    rnnc_init_rows(m, 2, 2, RNNC_INIT_IDENTITY, 3);
    rnnc_node *v = rnnc_parameter_vector(g, "v", 4, RNNC_INIT_ZEROS, 0);
    rnnc_init_rows(v, 1, 2, RNNC_INIT_CONSTANT, 9);
    rnnc_weights *w = rnnc_weights_create(g, 0);
    get(w, "m");
    assert_memory_equal(values, ((float[]){1, 1, 2, 2, 3, 0, 0, 3}), 32);
    get(w, "v");
    assert_memory_equal(values, ((float[]){0, 9, 9, 0}), 16);
    rnnc_weights_destroy(w);
    rnnc_graph_destroy(g);
}

enum { UNITS = 32, INPUTS = 16 };

static void begins_cells(void **state)
{
    (void)state;
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_cell_options torch = {.struct_size = sizeof torch,
                               .init = RNNC_CELL_INIT_TORCH};
    rnnc_cell_peephole(g, "a", INPUTS, UNITS);
    rnnc_cell_make(g, "b", RNNC_CELL_LSTM, INPUTS, UNITS, &torch);
    rnnc_weights *w = rnnc_weights_create(g, 3);
    get(w, "a.weight_ih_l0");
    expect_uniform(4 * UNITS * INPUTS, sqrt(6.0 / (UNITS + INPUTS)));
    get(w, "a.weight_hh_l0");
    for (int gate = 0; gate < 4; gate++) {
        assert_true(gram_error(UNITS, UNITS, 1) < 1e-6);
        memmove(values, values + UNITS * UNITS,
                (size_t)(3 - gate) * UNITS * UNITS * sizeof *values);
    }
    get(w, "a.bias_ih_l0");
    for (int i = 0; i < 4 * UNITS; i++)
        assert_true(values[i] == (float)(i / UNITS == 1));
    get(w, "a.bias_hh_l0");
    for (int i = 0; i < 4 * UNITS; i++)
        assert_true(values[i] == 0);
    get(w, "a.weight_ph_l0");
    for (int i = 0; i < 3 * UNITS; i++)
        assert_true(values[i] == 0);
    get(w, "b.weight_hh_l0");
    expect_uniform(4 * UNITS * UNITS, 1 / sqrt(UNITS));
    get(w, "b.bias_ih_l0");
    expect_uniform(4 * UNITS, 1 / sqrt(UNITS));
    rnnc_weights_destroy(w);
    rnnc_graph_destroy(g);
}

// A CTRNN's time constants begin at tau_min + 1.
static void begins_time_constants(void **state)
{
    (void)state;
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_cell_ctrnn(g, "c", 2, 3);
    rnnc_weights *w = rnnc_weights_create(g, 3);
    get(w, "c.tau_raw_l0");
    for (int i = 0; i < 3; i++)
        assert_true(fabs(log1p(exp((double)values[i])) - 1) < 1e-7);
    rnnc_weights_destroy(w);
    rnnc_graph_destroy(g);
}

static rnnc_graph *two_parameters(bool before)
{
    rnnc_graph *g = rnnc_graph_create(NULL);
    if (before)
        rnnc_parameter(g, "other", 7, 7, RNNC_INIT_NORMAL, 1);
    rnnc_parameter(g, "a", 5, 3, RNNC_INIT_NORMAL, 1);
    rnnc_parameter(g, "b", 5, 3, RNNC_INIT_NORMAL, 1);
    return g;
}

// A parameter's values depend on seed and name alone.
static void draws_by_seed_and_name(void **state)
{
    (void)state;
    rnnc_graph *g = two_parameters(false), *h = two_parameters(true);
    rnnc_weights *w = rnnc_weights_create(g, 1);
    rnnc_weights *same = rnnc_weights_create(h, 1);
    rnnc_weights *other = rnnc_weights_create(g, 2);
    float a[15], b[15];
    rnnc_weights_get(w, "a", a, 15);
    rnnc_weights_get(same, "a", b, 15);
    assert_memory_equal(a, b, sizeof a);
    rnnc_weights_get(w, "b", b, 15);
    assert_memory_not_equal(a, b, sizeof a);
    rnnc_weights_get(other, "a", b, 15);
    assert_memory_not_equal(a, b, sizeof a);
    rnnc_weights_destroy(w);
    rnnc_weights_destroy(same);
    rnnc_weights_destroy(other);
    rnnc_graph_destroy(g);
    rnnc_graph_destroy(h);
}

static void keeps_values(void **state)
{
    (void)state;
    rnnc_graph *g = two_parameters(false);
    rnnc_weights *w = rnnc_weights_create(g, 1);
    rnnc_graph_destroy(g);
    assert_ptr_equal(rnnc_weights_graph(w), g);
    assert_int_equal(rnnc_weights_count(w, "a"), 15);
    assert_int_equal(rnnc_weights_count(w, "c"), -1);
    assert_int_equal(rnnc_weights_count(w, NULL), -1);
    float a[15], b[15];
    for (int i = 0; i < 15; i++)
        a[i] = (float)i;
    uint64_t version = rnnc_weights_version(w);
    assert_int_equal(rnnc_weights_set(w, "a", a, 15), RNNC_OK);
    assert_true(rnnc_weights_version(w) > version);
    rnnc_weights *copy = rnnc_weights_copy(w);
    a[0] = 99;
    rnnc_weights_set(w, "a", a, 15);
    rnnc_weights_get(w, "a", b, 15);
    assert_memory_equal(a, b, sizeof a);
    rnnc_weights_get(copy, "a", b, 15);
    assert_true(b[0] == 0 && b[14] == 14);
    rnnc_weights_destroy(w);
    rnnc_weights_get(copy, "a", b, 15);
    assert_true(b[0] == 0 && b[14] == 14);
    rnnc_weights_destroy(copy);
}

static void keeps_gradients(void **state)
{
    (void)state;
    rnnc_graph *g = two_parameters(false);
    rnnc_weights *w = rnnc_weights_create(g, 1);
    float a[15];
    memset(a, 1, sizeof a);
    assert_int_equal(rnnc_weights_gradient(w, "b", a, 15), RNNC_OK);
    for (int i = 0; i < 15; i++)
        assert_true(a[i] == 0);
    assert_int_equal(rni_weights_need_gradients(w), RNNC_OK);
    float *home = rni_weights_gradients(w, 1);
    for (int i = 0; i < 15; i++)
        home[i] = (float)i;
    assert_int_equal(rni_weights_need_gradients(w), RNNC_OK);
    assert_ptr_equal(rni_weights_gradients(w, 1), home);
    rnnc_weights_gradient(w, "b", a, 15);
    assert_true(a[1] == 1 && a[14] == 14);
    assert_int_equal(rnnc_weights_zero_gradients(w), RNNC_OK);
    rnnc_weights_gradient(w, "b", a, 15);
    assert_true(a[1] == 0 && a[14] == 0);
    // Parameters begin at cache lines.
    assert_int_equal(w->offsets[1] % 16, 0);
    assert_int_equal((uintptr_t)w->values % 64, 0);
    rnnc_weights_destroy(w);
    rnnc_graph_destroy(g);
}

static void refuses(void **state)
{
    (void)state;
    rnnc_graph *g = two_parameters(false);
    rnnc_weights *w = rnnc_weights_create(g, 1);
    float a[15] = {0};
    assert_int_equal(rnnc_weights_set(w, "c", a, 15), RNNC_E_NAME);
    assert_non_null(strstr(rnnc_weights_message(w), "\"c\""));
    assert_int_equal(rnnc_weights_set(w, "a", a, 14), RNNC_E_SHAPE);
    assert_non_null(strstr(rnnc_weights_message(w), "the 15 floats of \"a\""));
    assert_int_equal(rnnc_weights_set(w, "a", NULL, 15), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_weights_set(w, NULL, a, 15), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_weights_get(w, "a", a, 16), RNNC_E_SHAPE);
    assert_int_equal(rnnc_weights_gradient(w, "x", a, 1), RNNC_E_NAME);
    assert_int_equal(rnnc_weights_set(w, "a", a, 15), RNNC_OK);
    assert_string_equal(rnnc_weights_message(w), "");
    // Parameters that came later are not in these weights.
    rnnc_parameter(g, "late", 1, 1, RNNC_INIT_ZEROS, 0);
    assert_int_equal(rnnc_weights_count(w, "late"), -1);
    rnnc_weights_destroy(w);
    // An error of the graph is handed on.
    rnnc_parameter(g, "a", 1, 1, RNNC_INIT_ZEROS, 0);
    w = rnnc_weights_create(g, 1);
    assert_int_equal(rnnc_weights_status(w), RNNC_E_NAME);
    assert_string_equal(rnnc_weights_message(w), rnnc_graph_message(g));
    assert_int_equal(rnnc_weights_set(w, "a", a, 15), RNNC_E_NAME);
    assert_int_equal(rnnc_weights_zero_gradients(w), RNNC_E_NAME);
    assert_int_equal(rnnc_weights_count(w, "a"), -1);
    rnnc_weights *copy = rnnc_weights_copy(w);
    assert_int_equal(rnnc_weights_status(copy), RNNC_E_NAME);
    rnnc_weights_destroy(copy);
    rnnc_weights_destroy(w);
    rnnc_graph_destroy(g);
    assert_null(rnnc_weights_create(NULL, 1));
    assert_null(rnnc_weights_copy(NULL));
    assert_int_equal(rnnc_weights_status(NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_weights_get(NULL, "a", a, 1), RNNC_E_MEMORY);
    rnnc_weights_destroy(NULL);
}

static void survives_without_memory(void **state)
{
    (void)state;
    fault f = {.at = -1};
    rnnc_context *context = fault_context(&f, 1);
    rnnc_graph *g = rnnc_graph_create(context);
    rnnc_context_destroy(context);
    rnnc_cell_lstm(g, "lstm", 3, 4);
    bool whole = false;
    for (int64_t blocks = 0; !whole; blocks++) {
        int64_t live = f.live;
        fault_arm(&f, blocks, true);
        rnnc_weights *w = rnnc_weights_create(g, 1);
        rnnc_weights *copy = rnnc_weights_copy(w);
        whole = rnnc_weights_status(w) == RNNC_OK &&
                rnnc_weights_status(copy) == RNNC_OK &&
                rni_weights_need_gradients(w) == RNNC_OK;
        if (!whole)
            assert_true(rnnc_weights_status(w) == RNNC_E_MEMORY ||
                        rnnc_weights_status(copy) == RNNC_E_MEMORY);
        rnnc_weights_destroy(copy);
        rnnc_weights_destroy(w);
        assert_int_equal(f.live, live);
        assert_true(blocks < 100);
    }
    rnnc_graph_destroy(g);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_uniform),
        cmocka_unit_test(draws_normal),
        cmocka_unit_test(draws_constants),
        cmocka_unit_test(draws_orthogonal),
        cmocka_unit_test(fills_blocks),
        cmocka_unit_test(begins_cells),
        cmocka_unit_test(begins_time_constants),
        cmocka_unit_test(draws_by_seed_and_name),
        cmocka_unit_test(keeps_values),
        cmocka_unit_test(keeps_gradients),
        cmocka_unit_test(refuses),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
