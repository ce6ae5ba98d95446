// SPDX-License-Identifier: MIT
// Streams: states that are read, set, moved and reset; what is computed once
// at begin; chunks; new weights; and calls that must fail and change nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/nets.h"

enum { HIDDEN = 12, ROWS = 3, STEPS = 7 };

typedef struct setting {
    net n;
    rnnc_weights *weights;
    rnnc_plan *plan;
    rnnc_stream *stream;
    float *in;
    const float *out;
} setting;

static setting set_up(int which, int64_t rows)
{
    setting s = {.n = net_make(NULL, net_table + which, HIDDEN)};
    s.weights = rnnc_weights_create(s.n.graph, 5);
    s.plan = net_plan(&s.n, RNNC_STREAM, 0);
    s.stream = rnnc_stream_create(s.plan, s.weights, rows);
    assert_string_equal(rnnc_stream_message(s.stream), "");
    s.in = rnnc_stream_in(s.stream, s.n.x);
    s.out = rnnc_stream_out(s.stream, s.n.y);
    assert_non_null(s.in);
    assert_non_null(s.out);
    return s;
}

static void tear_down(setting *s)
{
    rnnc_stream_destroy(s->stream);
    rnnc_plan_destroy(s->plan);
    rnnc_weights_destroy(s->weights);
    net_destroy(&s->n);
}

// A step of row k of the data in row k of the stream.
static void step(const setting *s, int64_t rows, const int64_t *data, int64_t t)
{
    for (int64_t k = 0; k < rows; k++)
        for (int64_t f = 0; f < NET_INPUTS; f++)
            s->in[k * NET_INPUTS + f] = net_float(data[k], t, f);
    assert_int_equal(rnnc_stream_step(s->stream), RNNC_OK);
}

// The logits of one row of the data after each of STEPS steps, alone.
static void alone(int which, int64_t data, float y[STEPS][NET_CLASSES])
{
    setting s = set_up(which, 1);
    for (int64_t t = 0; t < STEPS; t++) {
        step(&s, 1, &data, t);
        memcpy(y[t], s.out, sizeof y[t]);
    }
    tear_down(&s);
}

static void expect_row(const setting *s, int64_t row, const float *wanted)
{
    assert_memory_equal(s->out + row * NET_CLASSES, wanted,
                        NET_CLASSES * sizeof(float));
}

static const int64_t data[ROWS] = {4, 7, 9};

static void rows_are_streams_of_their_own(void **state)
{
    (void)state;
    float y[ROWS][STEPS][NET_CLASSES];
    for (size_t which = 0; which < net_count; which++) {
        if (!net_table[which].streams)
            continue;
        for (int k = 0; k < ROWS; k++)
            alone((int)which, data[k], y[k]);
        setting s = set_up((int)which, ROWS);
        for (int64_t t = 0; t < STEPS; t++) {
            step(&s, ROWS, data, t);
            for (int k = 0; k < ROWS; k++)
                expect_row(&s, k, y[k][t]);
        }
        tear_down(&s);
    }
}

static void a_reset_row_begins_anew(void **state)
{
    (void)state;
    float y[ROWS][STEPS][NET_CLASSES];
    for (int k = 0; k < ROWS; k++)
        alone(7, data[k], y[k]);
    setting s = set_up(7, ROWS);
    for (int64_t t = 0; t < 3; t++)
        step(&s, ROWS, data, t);
    assert_int_equal(rnnc_stream_reset(s.stream, 1), RNNC_OK);
    for (int64_t f = 0; f < NET_INPUTS; f++)
        for (int k = 0; k < ROWS; k++)
            s.in[k * NET_INPUTS + f] = net_float(data[k], k == 1 ? 0 : 3, f);
    assert_int_equal(rnnc_stream_step(s.stream), RNNC_OK);
    expect_row(&s, 0, y[0][3]);
    expect_row(&s, 1, y[1][0]);
    expect_row(&s, 2, y[2][3]);
    assert_int_equal(rnnc_stream_reset(s.stream, -1), RNNC_OK);
    step(&s, ROWS, data, 0);
    for (int k = 0; k < ROWS; k++)
        expect_row(&s, k, y[k][0]);
    tear_down(&s);
}

static void states_can_be_read_set_and_moved(void **state)
{
    (void)state;
    float y[ROWS][STEPS][NET_CLASSES];
    for (int k = 0; k < ROWS; k++)
        alone(4, data[k], y[k]);
    setting s = set_up(4, ROWS), other = set_up(4, 1);
    rnnc_stream *sibling = rnnc_stream_create(s.plan, s.weights, 2);
    int64_t count = rnnc_stream_state_count(s.stream);
    assert_true(count >= 2 * HIDDEN);
    float *saved = calloc((size_t)count, sizeof *saved);
    assert_int_equal(rnnc_stream_state_get(s.stream, 0, saved), RNNC_E_STATE);
    for (int64_t t = 0; t < 3; t++)
        step(&s, ROWS, data, t);

    // Into a stream of another plan of the same kind, and on from there.
    assert_int_equal(rnnc_stream_state_get(s.stream, 2, saved), RNNC_OK);
    assert_int_equal(rnnc_stream_state_set(other.stream, 0, saved), RNNC_OK);
    step(&other, 1, data + 2, 3);
    expect_row(&other, 0, y[2][3]);

    // Rows change places; one is in two of them.
    const int64_t from[ROWS] = {1, 1, 0}, moved[ROWS] = {7, 7, 4};
    assert_int_equal(rnnc_stream_reorder(s.stream, from), RNNC_OK);
    assert_int_equal(rnnc_stream_copy_row(sibling, 1, s.stream, 2), RNNC_OK);
    step(&s, ROWS, moved, 3);
    expect_row(&s, 0, y[1][3]);
    expect_row(&s, 1, y[1][3]);
    expect_row(&s, 2, y[0][3]);

    float *in = rnnc_stream_in(sibling, s.n.x);
    for (int64_t f = 0; f < NET_INPUTS; f++)
        in[NET_INPUTS + f] = net_float(data[0], 3, f);
    assert_int_equal(rnnc_stream_step(sibling), RNNC_OK);
    assert_memory_equal(rnnc_stream_out(sibling, s.n.y) + NET_CLASSES, y[0][3],
                        sizeof y[0][3]);

    assert_int_equal(rnnc_stream_copy_row(other.stream, 0, s.stream, 0),
                     RNNC_E_ARGUMENT);
    free(saved);
    rnnc_stream_destroy(sibling);
    tear_down(&s);
    tear_down(&other);
}

static void a_chunk_leaves_rows_without_steps_where_they_are(void **state)
{
    (void)state;
    float y[ROWS][STEPS][NET_CLASSES], z[ROWS * 4 * NET_CLASSES];
    for (int k = 0; k < ROWS; k++)
        alone(1, data[k], y[k]);
    setting s = set_up(1, ROWS);
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    const int64_t lengths[ROWS] = {2, 0, 4}, first[ROWS] = {1, 1, 1};
    assert_true(net_fill(x, NULL, data, lengths, first, ROWS));
    assert_int_equal(rnnc_stream_chunk_padded(s.stream, s.n.y, z, 4, 0, 0),
                     RNNC_E_STATE);
    step(&s, ROWS, data, 0);
    assert_int_equal(rnnc_stream_chunk_input(s.stream, s.n.x, x), RNNC_OK);
    assert_int_equal(rnnc_stream_chunk(s.stream), RNNC_OK);
    assert_int_equal(rnnc_stream_chunk_padded(s.stream, s.n.y, z, 4,
                                              RNNC_BATCH_MAJOR, -3.0f),
                     RNNC_OK);
    for (int k = 0; k < ROWS; k++)
        for (int64_t t = 0; t < 4; t++) {
            const float *found = z + (k * 4 + t) * NET_CLASSES;
            if (t < lengths[k])
                assert_memory_equal(found, y[k][t + 1], sizeof y[k][0]);
            else
                assert_true(found[0] > -3.5f && found[0] < -2.5f);
        }
    // The pointers of a step are what they were.
    assert_ptr_equal(rnnc_stream_in(s.stream, s.n.x), s.in);
    assert_ptr_equal(rnnc_stream_out(s.stream, s.n.y), s.out);
    for (int64_t f = 0; f < NET_INPUTS; f++)
        for (int k = 0; k < ROWS; k++)
            s.in[k * NET_INPUTS + f] = net_float(data[k], 1 + lengths[k], f);
    assert_int_equal(rnnc_stream_step(s.stream), RNNC_OK);
    for (int k = 0; k < ROWS; k++)
        expect_row(&s, k, y[k][1 + lengths[k]]);
    rnnc_sequence_destroy(x);
    tear_down(&s);
}

static void new_weights_come_with_refresh(void **state)
{
    (void)state;
    setting s = set_up(2, 1);
    const float bias[NET_CLASSES] = {100, 200};
    float before[NET_CLASSES];
    step(&s, 1, data, 0);
    memcpy(before, s.out, sizeof before);
    rnnc_weights_set(s.weights, "out.bias", bias, NET_CLASSES);
    assert_int_equal(rnnc_stream_begin(s.stream), RNNC_OK);
    step(&s, 1, data, 0);
    expect_row(&s, 0, before);
    assert_int_equal(rnnc_stream_refresh(s.stream), RNNC_OK);
    rnnc_stream_reset(s.stream, -1);
    step(&s, 1, data, 0);
    assert_true(s.out[1] > 150);
    assert_ptr_equal(rnnc_stream_out(s.stream, s.n.y), s.out);
    tear_down(&s);
}

// ---- A decoder with an encoder on an axis of its own -----------------------

typedef struct translator {
    rnnc_graph *graph;
    rnnc_node *source, *mood, *x, *y, *last;
    rnnc_weights *weights;
} translator;

// The decoder sees the encoder's summary and a batch input at every step, and
// begins with the encoder's final state.
static translator make_translator(void)
{
    translator m = {.graph = rnnc_graph_create(NULL)};
    m.source = rnnc_input_rows_on(m.graph, "source", "source", NET_INPUTS);
    m.mood = rnnc_input_batch(m.graph, "mood", 4);
    m.x = rnnc_input_rows(m.graph, "x", NET_INPUTS);
    rnnc_node *encoded = rnnc_unroll(
        rnnc_cell_gru(m.graph, "encoder", NET_INPUTS, HIDDEN), m.source);
    rnnc_node *summary = rnnc_pool(encoded, RNNC_POOL_MAX);
    rnnc_node *both[2] = {summary, rnnc_tanh(m.mood)};
    rnnc_node *told = rnnc_linear(rnnc_concat(both, 2), "told", HIDDEN);

    rnnc_cell *cell = rnnc_cell_create(m.graph, "decoder");
    rnnc_node *in = rnnc_cell_input(cell, NET_INPUTS);
    rnnc_node *context = rnnc_cell_input_batch(cell, HIDDEN);
    rnnc_node *h = rnnc_cell_state(cell, "h", HIDDEN);
    rnnc_node *parts[3] = {in, context, h};
    rnnc_node *w = rnnc_cell_parameter(
        cell, "w", HIDDEN, NET_INPUTS + 2 * HIDDEN, RNNC_INIT_GLOROT, 0);
    rnnc_node *next =
        rnnc_tanh(rnnc_project_unbiased(rnnc_concat(parts, 3), w));
    rnnc_cell_next(cell, h, next);
    rnnc_cell_output(cell, next);
    rnnc_node *inputs[2] = {m.x, told};
    rnnc_node *first[1] = {rnnc_unroll_final(encoded, "h")};
    rnnc_node *decoded = rnnc_unroll_with(cell, inputs, 2, first, 1);
    m.y = rnnc_linear(rnnc_add(decoded, rnnc_repeat(told, decoded)), "out",
                      NET_CLASSES);
    m.last = rnnc_unroll_final(decoded, "h");
    assert_string_equal(rnnc_graph_message(m.graph), "");
    m.weights = rnnc_weights_create(m.graph, 4);
    return m;
}

static rnnc_plan *translator_plan(const translator *m, int32_t use)
{
    rnnc_node *outputs[] = {m->y, m->last};
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .outputs = outputs,
                                 .n_outputs = 2};
    rnnc_plan *plan = rnnc_plan_create(m->graph, &options);
    assert_string_equal(rnnc_plan_message(plan), "");
    return plan;
}

static const int64_t source_lengths[ROWS] = {3, 8, 5};

static void translate_whole(const translator *m, const rnnc_sequence *source,
                            const float *mood, float *y, float *last)
{
    const int64_t lengths[ROWS] = {STEPS, STEPS, STEPS};
    rnnc_plan *plan = translator_plan(m, RNNC_INFER);
    rnnc_run *run = rnnc_run_create(plan, m->weights);
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    assert_true(net_fill(x, NULL, data, lengths, NULL, ROWS));
    rnnc_run_input(run, m->source, source);
    rnnc_run_input(run, m->x, x);
    rnnc_run_input_batch(run, m->mood, mood, ROWS);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    rnnc_run_get_padded(run, m->y, y, STEPS, RNNC_TIME_MAJOR, 0);
    rnnc_run_get_batch(run, m->last, last);
    assert_string_equal(rnnc_run_message(run), "");
    rnnc_sequence_destroy(x);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
}

static void translate_steps(const translator *m, rnnc_stream *stream,
                            const float *y, const float *last)
{
    float *in = rnnc_stream_in(stream, m->x);
    const float *out = rnnc_stream_out(stream, m->y);
    for (int64_t t = 0; t < STEPS; t++) {
        for (int64_t k = 0; k < ROWS; k++)
            for (int64_t f = 0; f < NET_INPUTS; f++)
                in[k * NET_INPUTS + f] = net_float(data[k], t, f);
        assert_int_equal(rnnc_stream_step(stream), RNNC_OK);
        assert_memory_equal(out, y + t * ROWS * NET_CLASSES,
                            ROWS * NET_CLASSES * sizeof(float));
    }
    assert_memory_equal(rnnc_stream_out(stream, m->last), last,
                        ROWS * HIDDEN * sizeof(float));
}

static void what_does_not_move_is_computed_once(void **state)
{
    (void)state;
    static float y[STEPS * ROWS * NET_CLASSES], z[STEPS * ROWS * NET_CLASSES];
    float mood[ROWS * 4], last[ROWS * HIDDEN];
    translator m = make_translator();
    rnnc_plan *plan = translator_plan(&m, RNNC_STREAM);
    rnnc_stream *stream = rnnc_stream_create(plan, m.weights, ROWS);
    rnnc_sequence *source = rnnc_sequence_create(NULL);
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    const int64_t lengths[ROWS] = {STEPS, STEPS, STEPS};
    for (int k = 0; k < ROWS * 4; k++)
        mood[k] = net_float(20, k, 0);
    assert_true(net_fill(source, NULL, data, source_lengths, NULL, ROWS));
    assert_true(net_fill(x, NULL, data, lengths, NULL, ROWS));
    translate_whole(&m, source, mood, y, last);

    assert_int_equal(rnnc_stream_step(stream), RNNC_E_STATE);
    assert_int_equal(rnnc_stream_input_batch(stream, m.mood, mood), RNNC_OK);
    assert_int_equal(rnnc_stream_step(stream), RNNC_E_STATE);
    assert_int_equal(rnnc_stream_chunk_input(stream, m.source, source),
                     RNNC_OK);
    assert_int_equal(rnnc_stream_begin(stream), RNNC_OK);
    translate_steps(&m, stream, y, last);
    assert_int_equal(rnnc_stream_begin(stream), RNNC_OK);
    rnnc_stream_chunk_input(stream, m.x, x);
    assert_int_equal(rnnc_stream_chunk(stream), RNNC_OK);
    rnnc_stream_chunk_padded(stream, m.y, z, STEPS, RNNC_TIME_MAJOR, 0);
    assert_memory_equal(z, y, sizeof y);
    assert_memory_equal(rnnc_stream_out(stream, m.last), last, sizeof last);
    assert_int_equal(rnnc_stream_reset(stream, -1), RNNC_OK);
    translate_steps(&m, stream, y, last);

    // Another mood begins another stream.
    for (int k = 0; k < ROWS * 4; k++)
        mood[k] = -mood[k];
    translate_whole(&m, source, mood, y, last);
    rnnc_stream_input_batch(stream, m.mood, mood);
    translate_steps(&m, stream, y, last);

    rnnc_sequence_destroy(source);
    rnnc_sequence_destroy(x);
    rnnc_stream_destroy(stream);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(m.weights);
    rnnc_graph_destroy(m.graph);
}

// ---- What must fail --------------------------------------------------------

static void streams_that_cannot_be(void **state)
{
    (void)state;
    setting s = set_up(1, 1);
    rnnc_plan *infer = net_plan(&s.n, RNNC_INFER, 0);
    rnnc_stream *bad = rnnc_stream_create(infer, s.weights, 1);
    assert_int_equal(rnnc_stream_status(bad), RNNC_E_STATE);
    assert_int_equal(rnnc_stream_step(bad), RNNC_E_STATE);
    assert_null(rnnc_stream_in(bad, s.n.x));
    assert_null(rnnc_stream_out(bad, s.n.y));
    rnnc_stream_destroy(bad);
    bad = rnnc_stream_create(s.plan, s.weights, -1);
    assert_int_equal(rnnc_stream_status(bad), RNNC_E_ARGUMENT);
    rnnc_stream_destroy(bad);
    bad = rnnc_stream_create(s.plan, NULL, 1);
    assert_int_equal(rnnc_stream_status(bad), RNNC_E_ARGUMENT);
    rnnc_stream_destroy(bad);
    bad = rnnc_stream_create(NULL, NULL, 1);
    assert_int_equal(rnnc_stream_status(bad), RNNC_E_ARGUMENT);
    rnnc_stream_destroy(bad);
    rnnc_run *run = rnnc_run_create(s.plan, s.weights);
    assert_int_equal(rnnc_run_forward(run), RNNC_E_STATE);
    rnnc_run_destroy(run);
    assert_int_equal(rnnc_stream_status(NULL), RNNC_E_MEMORY);
    assert_int_equal(rnnc_stream_step(NULL), RNNC_E_MEMORY);
    rnnc_stream_destroy(NULL);
    rnnc_plan_destroy(infer);
    tear_down(&s);
}

static void calls_that_make_no_sense(void **state)
{
    (void)state;
    setting s = set_up(1, 2);
    const int64_t beyond[2] = {0, 2};
    float values[64 * NET_CLASSES] = {0};
    assert_null(rnnc_stream_in(s.stream, s.n.y));
    assert_int_equal(rnnc_stream_status(s.stream), RNNC_E_ARGUMENT);
    assert_null(rnnc_stream_in_ids(s.stream, s.n.x));
    assert_int_equal(rnnc_stream_status(s.stream), RNNC_E_SHAPE);
    assert_null(rnnc_stream_in_ids(s.stream, s.n.next)); // not read
    assert_int_equal(rnnc_stream_status(s.stream), RNNC_E_NAME);
    assert_null(rnnc_stream_out(s.stream, s.n.loss));
    assert_int_equal(rnnc_stream_status(s.stream), RNNC_E_NAME);
    assert_null(rnnc_stream_out(s.stream, NULL));
    assert_int_equal(rnnc_stream_reset(s.stream, 2), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_stream_reset(s.stream, -2), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_stream_reorder(s.stream, beyond), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_stream_reorder(s.stream, NULL), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_stream_state_set(s.stream, 0, NULL), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_stream_state_set(s.stream, 9, values),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_stream_chunk(s.stream), RNNC_E_STATE);
    assert_int_equal(rnnc_stream_chunk_reserve(s.stream, -1), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_stream_chunk_reserve(s.stream, INT64_MAX / 2),
                     RNNC_E_MEMORY);
    assert_int_equal(rnnc_stream_input_batch(s.stream, s.n.x, values),
                     RNNC_E_SHAPE);
    // None of this has done any harm.
    float y[STEPS][NET_CLASSES];
    alone(1, data[0], y);
    const int64_t both[2] = {data[0], data[0]};
    step(&s, 2, both, 0);
    expect_row(&s, 1, y[0]);
    tear_down(&s);
}

static void a_chunk_of_the_wrong_size_changes_nothing(void **state)
{
    (void)state;
    float y[STEPS][NET_CLASSES];
    alone(1, data[0], y);
    setting s = set_up(1, 1);
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    const int64_t lengths[2] = {3, 3};
    assert_true(net_fill(x, NULL, data, lengths, NULL, 2));
    step(&s, 1, data, 0);
    rnnc_stream_chunk_input(s.stream, s.n.x, x);
    assert_int_equal(rnnc_stream_chunk(s.stream), RNNC_E_SHAPE);
    step(&s, 1, data, 1);
    expect_row(&s, 0, y[1]);
    rnnc_sequence_destroy(x);
    tear_down(&s);
}

// An input that is taken begins the stream anew; one that is refused does not.
static void a_refused_input_changes_nothing(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 1);
    rnnc_node *b = rnnc_input_batch(graph, "b", 1);
    rnnc_node *y = rnnc_add(rnnc_pool(x, RNNC_POOL_SUM), b);
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_STREAM,
                                 .outputs = &y,
                                 .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_stream *stream = rnnc_stream_create(plan, weights, 1);
    const float expected[4] = {101, 102, 201, 202};
    for (int t = 0; t < 4; t++) {
        const float given = t < 2 ? 100 : 200;
        const float *taken = t % 2 == 0 ? &given : NULL;
        assert_int_equal(rnnc_stream_input_batch(stream, b, taken),
                         taken != NULL ? RNNC_OK : RNNC_E_ARGUMENT);
        *rnnc_stream_in(stream, x) = 1;
        assert_int_equal(rnnc_stream_step(stream), RNNC_OK);
        assert_float_equal(*rnnc_stream_out(stream, y), expected[t], 0);
    }
    rnnc_stream_destroy(stream);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

// The state of shifted ids is ids: what is none is refused.
static void a_state_of_ids_is_checked(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *ids = rnnc_input_ids(graph, "ids", 3);
    rnnc_node *table = rnnc_constant(graph, 3, 1, (const float[]){10, 20, 30});
    rnnc_node *y = rnnc_lookup(rnnc_shift(ids, 2), table);
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_STREAM,
                                 .outputs = &y,
                                 .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_stream *stream = rnnc_stream_create(plan, weights, 1);
    float kept[2], wrong[2] = {1, -1};
    assert_int_equal(rnnc_stream_state_count(stream), 2);
    for (int t = 0; t < 2; t++) {
        *rnnc_stream_in_ids(stream, ids) = 1 + t;
        assert_int_equal(rnnc_stream_step(stream), RNNC_OK);
    }
    assert_int_equal(rnnc_stream_state_get(stream, 0, kept), RNNC_OK);
    assert_int_equal(rnnc_stream_state_set(stream, 0, wrong), RNNC_E_VALUE);
    assert_non_null(strstr(rnnc_stream_message(stream), "out of its range"));
    assert_int_equal(rnnc_stream_step(stream), RNNC_OK);
    assert_float_equal(*rnnc_stream_out(stream, y), 20, 0);
    assert_int_equal(rnnc_stream_state_set(stream, 0, kept), RNNC_OK);
    assert_int_equal(rnnc_stream_step(stream), RNNC_OK);
    assert_float_equal(*rnnc_stream_out(stream, y), 20, 0);
    rnnc_stream_destroy(stream);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

static void a_wrong_id_changes_nothing(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *ids = rnnc_input_ids(graph, "ids", 10);
    rnnc_node *h = rnnc_unroll(rnnc_cell_rnn(graph, "cell", 4, 5),
                               rnnc_embedding(ids, "embed", 4));
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_STREAM,
                                 .outputs = &h,
                                 .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_stream *a = rnnc_stream_create(plan, weights, 2);
    rnnc_stream *b = rnnc_stream_create(plan, weights, 2);
    static const int32_t told[4][2] = {{3, 9}, {10, 1}, {1, -1}, {0, 5}};
    for (int t = 0; t < 4; t++) {
        int32_t *in = rnnc_stream_in_ids(a, ids);
        memcpy(in, told[t], sizeof told[t]);
        bool wrong = t == 1 || t == 2;
        assert_int_equal(rnnc_stream_step(a), wrong ? RNNC_E_VALUE : RNNC_OK);
        if (wrong)
            continue;
        memcpy(rnnc_stream_in_ids(b, ids), told[t], sizeof told[t]);
        assert_int_equal(rnnc_stream_step(b), RNNC_OK);
    }
    assert_memory_equal(rnnc_stream_out(a, h), rnnc_stream_out(b, h),
                        2 * 5 * sizeof(float));
    rnnc_stream_destroy(a);
    rnnc_stream_destroy(b);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

static void a_stream_may_have_no_rows(void **state)
{
    (void)state;
    setting s = set_up(7, 0);
    assert_int_equal(rnnc_stream_step(s.stream), RNNC_OK);
    assert_int_equal(rnnc_stream_reset(s.stream, -1), RNNC_OK);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_streams_of_their_own),
        cmocka_unit_test(a_reset_row_begins_anew),
        cmocka_unit_test(states_can_be_read_set_and_moved),
        cmocka_unit_test(a_chunk_leaves_rows_without_steps_where_they_are),
        cmocka_unit_test(new_weights_come_with_refresh),
        cmocka_unit_test(what_does_not_move_is_computed_once),
        cmocka_unit_test(streams_that_cannot_be),
        cmocka_unit_test(calls_that_make_no_sense),
        cmocka_unit_test(a_chunk_of_the_wrong_size_changes_nothing),
        cmocka_unit_test(a_refused_input_changes_nothing),
        cmocka_unit_test(a_state_of_ids_is_checked),
        cmocka_unit_test(a_wrong_id_changes_nothing),
        cmocka_unit_test(a_stream_may_have_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
