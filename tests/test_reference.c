// SPDX-License-Identifier: MIT
// The textbook against closed forms: values of every function, losses, time,
// kinks, cells written out, windows, dropout, and what it refuses.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "graph/node.h"
#include "reference/reference.h"
#include "rnnc/cell.h"
#include "rnnc/reference.h"

typedef struct setting {
    rnnc_graph *graph;
    rnnc_weights *weights;
    rnnc_reference *reference;
} setting;

static setting begin(void)
{
    return (setting){.graph = rnnc_graph_create(NULL)};
}

// The description is complete: weights and a reference of it.
static void ready(setting *s)
{
    assert_string_equal(rnnc_graph_message(s->graph), "");
    s->weights = rnnc_weights_create(s->graph, 7);
    s->reference = rnnc_reference_create(s->weights);
    assert_string_equal(rnnc_reference_message(s->reference), "");
}

static void end(setting *s)
{
    rnnc_reference_destroy(s->reference);
    rnnc_weights_destroy(s->weights);
    rnnc_graph_destroy(s->graph);
}

static void expect_near(double found, double wanted, double bound)
{
    if (!(fabs(found - wanted) <= bound))
        fail_msg("%.17g, expected %.17g", found, wanted);
}

static double scalar_of(const setting *s, rnnc_node *node)
{
    double value = NAN;
    assert_int_equal(rnnc_reference_value(s->reference, node, &value, 1),
                     RNNC_OK);
    return value;
}

static void set_sequence(const setting *s, rnnc_node *input,
                         const float *padded, const int64_t *lengths,
                         int64_t batch, int64_t time, int64_t features)
{
    rnnc_sequence *sequence = rnnc_sequence_create(NULL);
    assert_int_equal(rnnc_sequence_set_padded(sequence, padded, lengths, batch,
                                              time, features, RNNC_BATCH_MAJOR),
                     RNNC_OK);
    assert_int_equal(rnnc_reference_input(s->reference, input, sequence),
                     RNNC_OK);
    rnnc_sequence_destroy(sequence);
}

// ---- Functions of one or two values ---------------------------------------

static rnnc_node *elu2(rnnc_node *x)
{
    return rnnc_elu(x, 2);
}

static rnnc_node *hard(rnnc_node *x)
{
    return rnnc_hard_sigmoid(x, 0.25f, 0.5f);
}

static rnnc_node *leaky(rnnc_node *x)
{
    return rnnc_leaky_relu(x, 0.125f);
}

static rnnc_node *thresholded(rnnc_node *x)
{
    return rnnc_thresholded_relu(x, 0.5f);
}

static rnnc_node *line(rnnc_node *x)
{
    return rnnc_affine(x, 3, -1);
}

static rnnc_node *scaled(rnnc_node *x)
{
    return rnnc_scaled_tanh(x, 2, 0.5f);
}

static rnnc_node *clipped(rnnc_node *x)
{
    return rnnc_clip(x, -0.5f, 0.75f);
}

typedef struct unary {
    rnnc_node *(*make)(rnnc_node *);
    double x, value, slope; // slope: the derivative, also at a kink
} unary;

static const unary unaries[] = {
    {rnnc_neg, 2, -2, -1},
    {rnnc_abs, -2, 2, -1},
    {rnnc_abs, 0, 0, 0},
    {rnnc_exp, 1, 2.718281828459045, 2.718281828459045},
    {rnnc_log, 4, 1.3862943611198906, 0.25},
    {rnnc_sqrt, 4, 2, 0.25},
    {rnnc_sigmoid, 0, 0.5, 0.25},
    {rnnc_sigmoid, 2, 0.8807970779778823, 0.10499358540350662},
    {rnnc_tanh, 0.5, 0.46211715726000973, 0.7864477329659274},
    {rnnc_relu, 3, 3, 1},
    {rnnc_relu, -3, 0, 0},
    {rnnc_relu, 0, 0, 0},
    {rnnc_softplus, 0, 0.6931471805599453, 0.5},
    {rnnc_softplus, 800, 800, 1},
    {rnnc_softplus, -800, 0, 0},
    {rnnc_softsign, -1, -0.5, 0.25},
    {elu2, 1.5, 1.5, 1},
    {elu2, -1, -1.2642411176571153, 0.7357588823428847},
    {elu2, 0, 0, 2},
    {hard, 1, 0.75, 0.25},
    {hard, 2, 1, 0},
    {hard, -2, 0, 0},
    {hard, -5, 0, 0},
    {leaky, 2, 2, 1},
    {leaky, -2, -0.25, 0.125},
    {leaky, 0, 0, 0.125},
    {thresholded, 0.5, 0, 0},
    {thresholded, 0.75, 0.75, 1},
    {line, 2, 5, 3},
    {scaled, 1, 0.9242343145200195, 0.7864477329659274},
    {clipped, 0.25, 0.25, 1},
    {clipped, 0.75, 0.75, 1},
    {clipped, -0.5, -0.5, 1},
    {clipped, 1, 0.75, 0},
    {clipped, -1, -0.5, 0},
};

static void functions_have_their_closed_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unaries / sizeof unaries[0]; i++) {
        setting s = begin();
        rnnc_node *x = rnnc_input_static(s.graph, "x", 1, 1);
        rnnc_node *y = unaries[i].make(x);
        ready(&s);
        float value = (float)unaries[i].x;
        double slope;
        rnnc_reference_input_static(s.reference, x, &value);
        expect_near(scalar_of(&s, y), unaries[i].value, 1e-15 * (1 + 800));
        assert_int_equal(rnnc_reference_gradient(s.reference, y, x, &slope, 1),
                         RNNC_OK);
        expect_near(slope, unaries[i].slope, 1e-14);
        end(&s);
    }
}

typedef struct binary {
    rnnc_node *(*make)(rnnc_node *, rnnc_node *);
    double a, b, value, by_a, by_b;
} binary;

static const binary binaries[] = {
    {rnnc_add, 2, 3, 5, 1, 1},        {rnnc_sub, 2, 3, -1, 1, -1},
    {rnnc_mul, 2, 3, 6, 3, 2},        {rnnc_div, 2, 4, 0.5, 0.25, -0.125},
    {rnnc_min, 2, 3, 2, 1, 0},        {rnnc_min, 3, 2, 2, 0, 1},
    {rnnc_min, 2, 2, 2, 1, 0},        {rnnc_max, 2, 3, 3, 0, 1},
    {rnnc_max, 3, 2, 3, 1, 0},        {rnnc_max, 2, 2, 2, 1, 0},
    {rnnc_less, 2, 3, 1, 0, 0},       {rnnc_less, 2, 2, 0, 0, 0},
    {rnnc_less_equal, 2, 2, 1, 0, 0}, {rnnc_less_equal, 3, 2, 0, 0, 0},
    {rnnc_equal, 2, 2, 1, 0, 0},      {rnnc_equal, 2, 3, 0, 0, 0},
};

static void pairs_have_their_closed_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof binaries / sizeof binaries[0]; i++) {
        const binary *row = binaries + i;
        setting s = begin();
        rnnc_node *a = rnnc_input_static(s.graph, "a", 1, 1);
        rnnc_node *b = rnnc_input_static(s.graph, "b", 1, 1);
        rnnc_node *y = row->make(a, b);
        ready(&s);
        float va = (float)row->a, vb = (float)row->b;
        double slope;
        rnnc_reference_input_static(s.reference, a, &va);
        rnnc_reference_input_static(s.reference, b, &vb);
        expect_near(scalar_of(&s, y), row->value, 0);
        rnnc_reference_gradient(s.reference, y, a, &slope, 1);
        expect_near(slope, row->by_a, 0);
        rnnc_reference_gradient(s.reference, y, b, &slope, 1);
        expect_near(slope, row->by_b, 0);
        end(&s);
    }
}

// ---- Time -----------------------------------------------------------------

static const int64_t ragged[3] = {3, 0, 2};
static const float ragged_x[9] = {1, 5, 5, 0, 0, 0, -4, -2, 0};

static void time_crosses_rows_as_defined(void **state)
{
    (void)state;
    static const double pooled[5][3] = {
        [RNNC_POOL_LAST] = {5, 0, -2},       [RNNC_POOL_FIRST] = {1, 0, -4},
        [RNNC_POOL_MEAN] = {11. / 3, 0, -3}, [RNNC_POOL_MAX] = {5, 0, -2},
        [RNNC_POOL_SUM] = {11, 0, -6},
    };
    static const double shifted[9] = {0, 1, 5, 0, 0, 0, 0, -4, 0};
    static const double reversed[9] = {5, 5, 1, 0, 0, 0, -2, -4, 0};
    static const double repeated[9] = {11, 11, 11, 0, 0, 0, -6, -6, 0};
    setting s = begin();
    rnnc_node *x = rnnc_input_rows(s.graph, "x", 1), *pools[5];
    for (int32_t mode = 0; mode < 5; mode++)
        pools[mode] = rnnc_pool(x, mode);
    rnnc_node *shift = rnnc_shift(x, 1), *reverse = rnnc_reverse(x);
    rnnc_node *repeat = rnnc_repeat(pools[RNNC_POOL_SUM], x);
    rnnc_node *loss = rnnc_total(pools[RNNC_POOL_MAX]);
    ready(&s);
    set_sequence(&s, x, ragged_x, ragged, 3, 3, 1);
    double value[9];
    for (int32_t mode = 0; mode < 5; mode++) {
        rnnc_reference_value(s.reference, pools[mode], value, 3);
        for (int b = 0; b < 3; b++)
            expect_near(value[b], pooled[mode][b], 1e-15);
    }
    rnnc_node *nodes[3] = {shift, reverse, repeat};
    const double *wanted[3] = {shifted, reversed, repeated};
    for (int n = 0; n < 3; n++) {
        rnnc_reference_value(s.reference, nodes[n], value, 9);
        for (int i = 0; i < 9; i++)
            expect_near(value[i], wanted[n][i], 0);
    }
    // of two equal greatest rows the earliest has the gradient
    static const double max_gradient[9] = {0, 1, 0, 0, 0, 0, 0, 1, 0};
    rnnc_reference_gradient(s.reference, loss, x, value, 9);
    for (int i = 0; i < 9; i++)
        expect_near(value[i], max_gradient[i], 0);
    end(&s);
}

// ---- Losses ---------------------------------------------------------------

// Logits are all equal, so every class costs log 4.
static void cross_entropy_is_that_of_pytorch(void **state)
{
    (void)state;
    static const float flat[12] = {0}, uneven[4] = {1, 2, 4, 0.5f};
    static const int32_t ids[3] = {0, -100, 2}, none[3] = {-100, -100, -100};
    double log4 = log(4);
    setting s = begin();
    rnnc_node *x = rnnc_input_batch(s.graph, "x", 4);
    rnnc_node *id = rnnc_input_batch_ids(s.graph, "id", 4);
    rnnc_cross_entropy_options o = {.struct_size = sizeof o,
                                    .reduction = RNNC_REDUCE_SUM,
                                    .has_ignore = 1,
                                    .ignore_index = -100,
                                    .smoothing = 0.5f};
    rnnc_node *mean = rnnc_cross_entropy(x, id);
    o.class_weights = rnnc_constant(s.graph, 1, 4, uneven);
    rnnc_node *sum = rnnc_cross_entropy_with(x, id, &o);
    o.reduction = RNNC_REDUCE_MEAN;
    rnnc_node *weighted = rnnc_cross_entropy_with(x, id, &o);
    ready(&s);
    rnnc_reference_input_batch(s.reference, x, flat, 3);
    rnnc_reference_input_batch_ids(s.reference, id, ids, 3);
    expect_near(scalar_of(&s, mean), log4, 1e-14);
    // (1 - s) (w[0] + w[2]) log 4 + s / 4 * 2 rows * (1 + 2 + 4 + 1/2) log 4
    double wanted = (0.5 * 5 + 0.125 * 2 * 7.5) * log4;
    expect_near(scalar_of(&s, sum), wanted, 1e-14);
    expect_near(scalar_of(&s, weighted), wanted / 5, 1e-14);
    double gradient[12];
    rnnc_reference_gradient(s.reference, mean, x, gradient, 12);
    expect_near(gradient[0], (0.25 - 1) / 2, 1e-15);
    expect_near(gradient[1], 0.25 / 2, 1e-15);
    expect_near(gradient[4], 0, 0);
    rnnc_reference_input_batch_ids(s.reference, id, none, 3);
    expect_near(scalar_of(&s, mean), 0, 0);
    rnnc_reference_gradient(s.reference, mean, x, gradient, 12);
    expect_near(gradient[0], 0, 0);
    end(&s);
}

static void losses_of_pairs_have_their_closed_forms(void **state)
{
    (void)state;
    static const float a[4] = {1, 2, 0, -1}, b[4] = {1, 0, 1, 0.5f};
    setting s = begin();
    rnnc_node *x = rnnc_input_batch(s.graph, "x", 2);
    rnnc_node *y = rnnc_input_batch(s.graph, "y", 2);
    rnnc_node *mse = rnnc_mse(x, y, RNNC_REDUCE_MEAN);
    rnnc_node *rows = rnnc_mse(x, y, RNNC_REDUCE_NONE);
    rnnc_node *huber = rnnc_huber(x, y, 1, RNNC_REDUCE_SUM);
    rnnc_node *binary_loss = rnnc_binary_cross_entropy(x, y, RNNC_REDUCE_SUM);
    rnnc_node *penalty = rnnc_l2_penalty(rnnc_constant(s.graph, 2, 2, a), 0.5f);
    ready(&s);
    rnnc_reference_input_batch(s.reference, x, a, 2);
    rnnc_reference_input_batch(s.reference, y, b, 2);
    expect_near(scalar_of(&s, mse), (0 + 4 + 1 + 2.25) / 4, 1e-15);
    double each[2];
    rnnc_reference_value(s.reference, rows, each, 2);
    expect_near(each[0], 2, 1e-15);
    expect_near(each[1], 1.625, 1e-15);
    expect_near(scalar_of(&s, huber), 0 + 1.5 + 0.5 + 1, 1e-15);
    double wanted = 0;
    for (int i = 0; i < 4; i++) {
        double p = 1 / (1 + exp(-(double)a[i]));
        wanted -= (double)b[i] * log(p) + (1 - (double)b[i]) * log(1 - p);
    }
    expect_near(scalar_of(&s, binary_loss), wanted, 1e-14);
    expect_near(scalar_of(&s, penalty), 3, 1e-15);
    // of nothing the mean is 0
    rnnc_reference_input_batch(s.reference, x, NULL, 0);
    rnnc_reference_input_batch(s.reference, y, NULL, 0);
    expect_near(scalar_of(&s, mse), 0, 0);
    end(&s);
}

// ---- Kinks ----------------------------------------------------------------

static void the_distance_from_a_kink_is_reported(void **state)
{
    (void)state;
    setting s = begin();
    rnnc_node *x = rnnc_input_static(s.graph, "x", 1, 3);
    rnnc_node *smooth = rnnc_tanh(x), *kinked = rnnc_relu(x);
    rnnc_node *ends = rnnc_clip(x, -0.25f, 2);
    ready(&s);
    assert_true(isinf(rnnc_reference_kink(s.reference)));
    static const float values[3] = {0.5f, -0.125f, 3};
    double found[3];
    rnnc_reference_input_static(s.reference, x, values);
    rnnc_reference_value(s.reference, smooth, found, 3);
    assert_true(isinf(rnnc_reference_kink(s.reference)));
    rnnc_reference_value(s.reference, kinked, found, 3);
    expect_near(rnnc_reference_kink(s.reference), 0.125, 0);
    static const float at_kink[3] = {0, 1, -2};
    rnnc_reference_input_static(s.reference, x, at_kink);
    rnnc_reference_value(s.reference, kinked, found, 3);
    expect_near(rnnc_reference_kink(s.reference), 0, 0);
    expect_near(s.reference->near, 1, 0);
    rnnc_reference_value(s.reference, ends, found, 3);
    expect_near(rnnc_reference_kink(s.reference), 0.25, 1e-15);
    end(&s);
}

// ---- A cell written out ---------------------------------------------------

static double sigmoid(double a)
{
    return 1 / (1 + exp(-a));
}

// h(t) = h(t-1) z + tanh(w x + u h(t-1)) (1 - z), z = sigmoid(v x), one unit
static void a_cell_of_ones_own_is_its_recurrence(void **state)
{
    (void)state;
    setting s = begin();
    rnnc_node *x = rnnc_input_rows(s.graph, "x", 1);
    rnnc_cell *cell = rnnc_cell_create(s.graph, "own");
    rnnc_node *in = rnnc_cell_input(cell, 1);
    rnnc_node *h = rnnc_cell_state(cell, "h", 1);
    rnnc_node *part[4];
    const char *names[4] = {"w", "u", "v", "first"};
    for (int i = 0; i < 4; i++)
        part[i] = rnnc_cell_parameter_vector(cell, names[i], 1,
                                             RNNC_INIT_CONSTANT, 0);
    rnnc_node *z = rnnc_sigmoid(rnnc_mul(in, part[2]));
    rnnc_node *n =
        rnnc_tanh(rnnc_add(rnnc_mul(in, part[0]), rnnc_mul(h, part[1])));
    rnnc_node *new_h = rnnc_add(n, rnnc_mul(z, rnnc_sub(h, n)));
    rnnc_cell_first(cell, h, part[3]);
    rnnc_cell_next(cell, h, new_h);
    rnnc_cell_output(cell, new_h);
    rnnc_node *y = rnnc_unroll(cell, x);
    rnnc_node *final = rnnc_unroll_final(y, "h");
    assert_string_equal(rnnc_graph_message(s.graph), "");
    s.weights = rnnc_weights_create(s.graph, 7);
    static const float set[4] = {0.5f, -1.5f, 0.75f, 0.25f};
    static const char *full[4] = {"own.w", "own.u", "own.v", "own.first"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(rnnc_weights_set(s.weights, full[i], set + i, 1),
                         RNNC_OK);
    s.reference = rnnc_reference_create(s.weights);
    set_sequence(&s, x, ragged_x, ragged, 3, 3, 1);
    double found[9], finals[3];
    assert_int_equal(rnnc_reference_value(s.reference, y, found, 9), RNNC_OK);
    assert_int_equal(rnnc_reference_value(s.reference, final, finals, 3),
                     RNNC_OK);
    for (int b = 0; b < 3; b++) {
        double state_h = 0.25;
        for (int64_t t = 0; t < ragged[b]; t++) {
            double v = (double)ragged_x[b * 3 + t], gate = sigmoid(0.75 * v);
            state_h =
                state_h * gate + tanh(0.5 * v - 1.5 * state_h) * (1 - gate);
            expect_near(found[b * 3 + t], state_h, 1e-15);
        }
        expect_near(finals[b], state_h, 1e-15);
    }
    end(&s);
}

// ---- Windows --------------------------------------------------------------

typedef struct windowed {
    setting s;
    rnnc_node *x, *nodes[9];
    int32_t n;
} windowed;

static windowed make_windowed(void)
{
    windowed w = {.s = begin()};
    w.x = rnnc_input_rows(w.s.graph, "x", 2);
    rnnc_cell_options options = {.struct_size = sizeof options,
                                 .learned_first = 1,
                                 .init = RNNC_CELL_INIT_TORCH};
    rnnc_cell *cell =
        rnnc_cell_make(w.s.graph, "lstm", RNNC_CELL_LSTM, 2, 2, &options);
    rnnc_node *y = rnnc_unroll(cell, w.x);
    w.nodes[w.n++] = rnnc_unroll_final(y, "c");
    for (int32_t mode = 0; mode < 5; mode++)
        w.nodes[w.n++] = rnnc_pool(y, mode);
    w.nodes[w.n++] = rnnc_pool(rnnc_shift(y, 2), RNNC_POOL_LAST);
    w.nodes[w.n++] = rnnc_pool(rnnc_shift(w.x, 4), RNNC_POOL_LAST);
    ready(&w.s);
    return w;
}

// Every state after a whole sequence is that after its parts; a row that
// begins fresh is as if alone.
static void windows_go_on_where_the_last_one_ended(void **state)
{
    (void)state;
    float x[10], padded[2][2][3][2] = {{{{0}}}};
    for (int i = 0; i < 10; i++)
        x[i] = (float)(i * 7 % 5) / 4 - 0.5f;
    for (int t = 0; t < 5; t++)
        for (int c = 0; c < 2; c++)
            padded[t / 3][0][t % 3][c] = padded[t / 3][1][t % 3][c] =
                x[t * 2 + c];
    static const int64_t whole[1] = {5}, first[2] = {3, 3}, second[2] = {2, 2};
    static const uint8_t carried[2] = {1, 0};
    windowed all = make_windowed(), parts = make_windowed(),
             alone = make_windowed();
    set_sequence(&all.s, all.x, x, whole, 1, 5, 2);
    set_sequence(&parts.s, parts.x, &padded[0][0][0][0], first, 2, 3, 2);
    assert_int_equal(rnnc_reference_carry(parts.s.reference, carried, 2),
                     RNNC_OK);
    set_sequence(&parts.s, parts.x, &padded[1][0][0][0], second, 2, 3, 2);
    set_sequence(&alone.s, alone.x, &padded[1][0][0][0], second, 1, 3, 2);
    for (int n = 0; n < all.n; n++) {
        double a[2], p[4], o[2];
        assert_int_equal(
            rnnc_reference_value(all.s.reference, all.nodes[n], a, 2), RNNC_OK);
        assert_int_equal(
            rnnc_reference_value(parts.s.reference, parts.nodes[n], p, 4),
            RNNC_OK);
        assert_int_equal(
            rnnc_reference_value(alone.s.reference, alone.nodes[n], o, 2),
            RNNC_OK);
        for (int c = 0; c < 2; c++) {
            expect_near(p[c], a[c], 1e-15);
            expect_near(p[2 + c], o[c], 0);
        }
    }
    end(&all.s);
    end(&parts.s);
    end(&alone.s);
}

// ---- Dropout --------------------------------------------------------------

// The same mask made from its definition alone.
static int kept(uint64_t key, uint32_t row, uint32_t time, uint32_t c)
{
    const uint32_t counter[4] = {row, time, 0, c / 4};
    uint32_t words[4];
    rni_random_block(key, counter, words);
    return words[c % 4] >= 0x40000000u;
}

static void dropout_makes_its_mask_from_keys(void **state)
{
    (void)state;
    setting s = begin();
    rnnc_node *x = rnnc_input_rows(s.graph, "x", 9);
    rnnc_node *y = rnnc_dropout(x, 0.25f);
    ready(&s);
    static const int64_t lengths[2] = {2, 4};
    float ones[2 * 4 * 9];
    double found[2 * 4 * 9];
    for (int i = 0; i < 72; i++)
        ones[i] = 3;
    set_sequence(&s, x, ones, lengths, 2, 4, 9);
    rnnc_reference_value(s.reference, y, found, 72);
    expect_near(found[0], 3, 0);
    rnnc_reference_train(s.reference, 1, 99, 5);
    rnnc_reference_value(s.reference, y, found, 72);
    uint64_t key =
        rni_random_mix(rni_random_key(99, "dropout"), (uint64_t)y->id);
    key = rni_random_mix(rni_random_mix(key, UINT64_MAX), 5);
    int dropped = 0;
    for (uint32_t b = 0; b < 2; b++)
        for (uint32_t t = 0; t < lengths[b]; t++)
            for (uint32_t c = 0; c < 9; c++) {
                int keep = kept(key, b, t, c);
                dropped += !keep;
                expect_near(found[(b * 4 + t) * 9 + c], keep ? 4 : 0, 1e-15);
            }
    assert_in_range(dropped, 4, 26); // of 54, a quarter expected
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_have_their_closed_forms),
        cmocka_unit_test(pairs_have_their_closed_forms),
        cmocka_unit_test(time_crosses_rows_as_defined),
        cmocka_unit_test(cross_entropy_is_that_of_pytorch),
        cmocka_unit_test(losses_of_pairs_have_their_closed_forms),
        cmocka_unit_test(the_distance_from_a_kink_is_reported),
        cmocka_unit_test(a_cell_of_ones_own_is_its_recurrence),
        cmocka_unit_test(windows_go_on_where_the_last_one_ended),
        cmocka_unit_test(dropout_makes_its_mask_from_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
