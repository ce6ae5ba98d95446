// SPDX-License-Identifier: MIT
// Streams on several threads: the same bits as on one, for steps that are
// shared by columns, with meetings and without, with chunks between them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/stream.h"
#include "support/nets.h"

enum { ROWS_MOST = 6, STEPS = 12 };

typedef struct side {
    rnnc_context *context;
    net n;
    rnnc_weights *weights;
    rnnc_plan *plan;
    rnnc_stream *stream;
    rnnc_sequence *chunk;
} side;

static side make_side(const net_row *row, int64_t hidden, int64_t rows,
                      int32_t threads)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    side s = {.context = rnnc_context_create(&options)};
    s.n = net_make(s.context, row, hidden);
    s.weights = rnnc_weights_create(s.n.graph, 3);
    s.plan = net_plan(&s.n, RNNC_STREAM, 0);
    s.stream = rnnc_stream_create(s.plan, s.weights, rows);
    s.chunk = rnnc_sequence_create(s.context);
    assert_string_equal(rnnc_stream_message(s.stream), "");
    return s;
}

static void destroy_side(side *s)
{
    rnnc_sequence_destroy(s->chunk);
    rnnc_stream_destroy(s->stream);
    rnnc_plan_destroy(s->plan);
    rnnc_weights_destroy(s->weights);
    net_destroy(&s->n);
    rnnc_context_destroy(s->context);
}

static void step(side *s, int64_t t)
{
    float *in = rnnc_stream_in(s->stream, s->n.x);
    for (int64_t k = 0; k < s->stream->rows; k++)
        for (int64_t f = 0; f < NET_INPUTS; f++)
            in[k * NET_INPUTS + f] = net_float(k, t, f);
    // Members are woken, whatever the step is worth.
    if (s->stream->step.size > 1)
        s->stream->step.cost = 1e12;
    assert_int_equal(rnnc_stream_step(s->stream), RNNC_OK);
}

// Three steps of each row, fewer for some.
static void take_chunk(side *s, int64_t t, float *values)
{
    int64_t rows[ROWS_MOST], lengths[ROWS_MOST], first[ROWS_MOST];
    for (int64_t k = 0; k < s->stream->rows; k++) {
        rows[k] = k;
        lengths[k] = 1 + (k + 2) % 3;
        first[k] = t;
    }
    assert_true(
        net_fill(s->chunk, NULL, rows, lengths, first, s->stream->rows));
    rnnc_stream_chunk_input(s->stream, s->n.x, s->chunk);
    assert_int_equal(rnnc_stream_chunk(s->stream), RNNC_OK);
    assert_int_equal(rnnc_stream_chunk_padded(s->stream, s->n.y, values, 3,
                                              RNNC_BATCH_MAJOR, 0),
                     RNNC_OK);
}

static void expect_same_chunk(side *a, side *b, int64_t t)
{
    float x[ROWS_MOST * 3 * NET_CLASSES], y[ROWS_MOST * 3 * NET_CLASSES];
    take_chunk(a, t, x);
    take_chunk(b, t, y);
    assert_memory_equal(
        x, y, (size_t)(a->stream->rows * 3 * NET_CLASSES) * sizeof(float));
}

static void expect_same_outputs(const side *a, const side *b)
{
    size_t floats = (size_t)a->stream->rows * NET_CLASSES;
    assert_memory_equal(rnnc_stream_out(a->stream, a->n.y),
                        rnnc_stream_out(b->stream, b->n.y),
                        floats * sizeof(float));
    assert_memory_equal(rnnc_stream_out(a->stream, a->n.mean),
                        rnnc_stream_out(b->stream, b->n.mean),
                        floats * sizeof(float));
}

static void expect_same_states(const side *a, const side *b)
{
    size_t count = (size_t)rnnc_stream_state_count(a->stream);
    float *x = calloc(2 * count + 1, sizeof *x), *y = x + count;
    assert_non_null(x);
    for (int64_t row = 0; row < a->stream->rows; row++) {
        rnnc_stream_state_get(a->stream, row, x);
        rnnc_stream_state_get(b->stream, row, y);
        assert_memory_equal(x, y, count * sizeof *x);
    }
    free(x);
}

// One thread beside several, which change in the middle.
static void compare(const net_row *row, int64_t hidden, int64_t rows,
                    int32_t threads)
{
    side one = make_side(row, hidden, rows, 1);
    side many = make_side(row, hidden, rows, threads);
    assert_int_equal(rnnc_stream_threads(many.stream, 0), RNNC_OK);
    const float *out = rnnc_stream_out(many.stream, many.n.y);
    for (int64_t t = 0; t < STEPS; t++) {
        if (t == 7)
            rnnc_stream_threads(many.stream, 1);
        if (t == 9)
            rnnc_stream_threads(many.stream, 2);
        if (t == 4)
            expect_same_chunk(&one, &many, 100);
        if (t == 6) {
            rnnc_stream_reset(one.stream, rows - 1);
            rnnc_stream_reset(many.stream, rows - 1);
        }
        step(&one, t);
        step(&many, t);
        expect_same_outputs(&one, &many);
        expect_same_states(&one, &many);
    }
    assert_ptr_equal(rnnc_stream_out(many.stream, many.n.y), out);
    assert_true(many.stream->step.shared || hidden < 200);
    destroy_side(&one);
    destroy_side(&many);
}

static void threads_give_the_same_bits(void **state)
{
    (void)state;
    static const int64_t widths[] = {40, 128, 210};
    static const int64_t heights[] = {1, 3, ROWS_MOST};
    for (size_t k = 0; k < net_count; k++)
        for (int i = 0; net_table[k].streams && i < 9; i++)
            compare(net_table + k, widths[i % 3], heights[i / 3], 2 + i % 2);
}

static void change_weights(side *s)
{
    enum { COUNT = 4 * 128 * 128 };
    float *values = calloc(COUNT, sizeof *values);
    assert_non_null(values);
    for (int64_t k = 0; k < COUNT; k++)
        values[k] = net_float(k, 3, 5) / 8;
    assert_int_equal(
        rnnc_weights_set(s->weights, "cell.weight_hh_l0", values, COUNT),
        RNNC_OK);
    assert_int_equal(rnnc_stream_refresh(s->stream), RNNC_OK);
    free(values);
}

static void new_weights_are_shared_as_well(void **state)
{
    (void)state;
    side one = make_side(net_table + 1, 128, 1, 1);
    side many = make_side(net_table + 1, 128, 1, 2);
    assert_int_equal(rnnc_stream_threads(many.stream, 2), RNNC_OK);
    for (int64_t t = 0; t < STEPS; t++) {
        if (t == 5) {
            change_weights(&one);
            change_weights(&many);
        }
        step(&one, t);
        step(&many, t);
        expect_same_outputs(&one, &many);
    }
    destroy_side(&one);
    destroy_side(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_give_the_same_bits),
        cmocka_unit_test(new_weights_are_shared_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
