// SPDX-License-Identifier: MIT
// Weights stored as bf16 and int8: how they are rounded, that runs and streams
// give the bits of a float32 model with the rounded values, and files.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "support/floats.h"
#include "support/nets.h"

enum { BATCH = 9, LONGEST = 7, HIDDEN = 37, ROWS = 40, COLS = 33 };

static const int32_t fewer[] = {RNNC_STORE_BF16, RNNC_STORE_INT8};
enum { FEWER = 2 };

static void expect_same(const char *what, const float *a, const float *b,
                        int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0)
            fail_msg("%s: [%lld] is %a, expected %a", what, (long long)i,
                     (double)a[i], (double)b[i]);
}

// ---- Rounding --------------------------------------------------------------

// A graph with one parameter "w" that a product reads, and its weights.
typedef struct single {
    rnnc_graph *graph;
    rnnc_weights *weights;
} single;

static single single_make(void)
{
    single s = {.graph = rnnc_graph_create(NULL)};
    rnnc_node *x = rnnc_input_rows(s.graph, "x", COLS);
    rnnc_node *w =
        rnnc_parameter(s.graph, "w", ROWS, COLS, RNNC_INIT_NORMAL, 1);
    rnnc_name(rnnc_project_unbiased(x, w), "y");
    s.weights = rnnc_weights_create(s.graph, 5);
    assert_string_equal(rnnc_weights_message(s.weights), "");
    return s;
}

static void single_destroy(single *s)
{
    rnnc_weights_destroy(s->weights);
    rnnc_graph_destroy(s->graph);
}

static void set_w(const single *s, const float w[ROWS * COLS])
{
    assert_int_equal(rnnc_weights_set(s->weights, "w", w, ROWS * COLS),
                     RNNC_OK);
}

static void get_w(const single *s, float w[ROWS * COLS])
{
    assert_int_equal(rnnc_weights_get(s->weights, "w", w, ROWS * COLS),
                     RNNC_OK);
}

static void draw_w(float w[ROWS * COLS])
{
    for (int64_t i = 0; i < ROWS * COLS; i++)
        w[i] = ldexpf(floats_draw(1.0f), (int)floats_draw_up_to(40) - 20);
}

// The nearer of the two numbers of eight bits round a finite one.
static void expect_bf16(float found, float from)
{
    double step = ldexp(1, ilogb((double)from) - 7);
    double below = floor((double)from / step) * step;
    double above = below + step, middle = below + step / 2;
    bool even = fmod(below / step, 2) == 0;
    double want = (double)from < middle || ((double)from == middle && even)
                      ? below
                      : above;
    if ((double)found != want)
        fail_msg("%a is rounded to %a, expected %a", (double)from,
                 (double)found, want);
}

static void bf16_is_the_nearest(void **unused)
{
    (void)unused;
    static const float ties[] = {0x1.01p0f, 0x1.03p0f, -0x1.01p3f,
                                 0x1.fffffep9f};
    single s = single_make();
    float w[ROWS * COLS], found[ROWS * COLS];
    draw_w(w);
    memcpy(w, ties, sizeof ties);
    set_w(&s, w);
    assert_int_equal(rnnc_weights_store(s.weights, "w", RNNC_STORE_BF16),
                     RNNC_OK);
    get_w(&s, found);
    for (int64_t i = 0; i < ROWS * COLS; i++)
        expect_bf16(found[i], w[i]);
    single_destroy(&s);
}

static void bf16_keeps_what_is_no_number(void **unused)
{
    (void)unused;
    single s = single_make();
    float w[ROWS * COLS] = {NAN, INFINITY, -INFINITY, -0.0f, 3.4e38f, 1e-45f};
    float found[ROWS * COLS];
    w[6] = floats_from_bits(0x7f800001u); // a NaN of low bits alone
    set_w(&s, w);
    assert_int_equal(rnnc_weights_store(s.weights, "w", RNNC_STORE_BF16),
                     RNNC_OK);
    get_w(&s, found);
    assert_true(isnan(found[0]) && isnan(found[6]));
    assert_true(found[1] > 0 && isinf(found[1]) && found[2] == -found[1]);
    assert_true(found[3] == 0 && signbit(found[3]) != 0);
    assert_true(isinf(found[4]) && found[5] == 0);
    single_destroy(&s);
}

// q s with |q| <= 127, nearer to w than to any other such number.
static void expect_int8_row(const float *found, const float *from)
{
    double most = 0;
    for (int64_t c = 0; c < COLS; c++)
        most = fmax(most, fabs((double)from[c]));
    double scale = most / 127;
    scale = fmax(
        ldexp(nearbyint(ldexp(scale, 15 - ilogb(scale))), ilogb(scale) - 15),
        0x1p-100);
    for (int64_t c = 0; c < COLS; c++) {
        double byte = (double)found[c] / scale;
        assert_true(byte == nearbyint(byte) && fabs(byte) <= 127);
        assert_true(byte == nearbyint((double)from[c] / scale));
    }
}

static void int8_is_the_nearest(void **unused)
{
    (void)unused;
    single s = single_make();
    float w[ROWS * COLS], found[ROWS * COLS];
    draw_w(w);
    for (int64_t c = 0; c < COLS; c++) {
        w[c] = (float)c - 127 + (c % 2 == 0 ? 0.5f : 0); // ties, scale 1
        w[COLS + c] = 1e-40f;                         // below the least scale
        w[2 * COLS + c] = (float)(c - 16) * 0x1p122f; // as large as may be
    }
    w[0] = -127;
    set_w(&s, w);
    assert_int_equal(rnnc_weights_store(s.weights, "w", RNNC_STORE_INT8),
                     RNNC_OK);
    get_w(&s, found);
    for (int64_t r = 0; r < ROWS; r++)
        expect_int8_row(found + r * COLS, w + r * COLS);
    single_destroy(&s);
}

static void int8_of_zeros(void **unused)
{
    (void)unused;
    single s = single_make();
    float w[ROWS * COLS] = {-0.0f}, zeros[ROWS * COLS] = {0};
    set_w(&s, w);
    assert_int_equal(rnnc_weights_store(s.weights, "w", RNNC_STORE_INT8),
                     RNNC_OK);
    get_w(&s, w);
    expect_same("zero", w, zeros, ROWS * COLS);
    single_destroy(&s);
}

static void what_is_stored_stays_so(void **unused)
{
    (void)unused;
    single s = single_make();
    float w[ROWS * COLS], once[ROWS * COLS], again[ROWS * COLS];
    for (int k = 0; k < 200; k++) {
        int32_t storage = fewer[k % FEWER];
        draw_w(w);
        rnnc_weights_store(s.weights, "w", RNNC_STORE_FLOAT32);
        set_w(&s, w);
        uint64_t version = rnnc_weights_version(s.weights);
        assert_int_equal(rnnc_weights_store(s.weights, NULL, storage), RNNC_OK);
        assert_int_equal(rnnc_weights_storage(s.weights, "w"), storage);
        assert_true(rnnc_weights_version(s.weights) > version);
        get_w(&s, once);
        set_w(&s, w); // rounds
        get_w(&s, again);
        expect_same("set", again, once, ROWS * COLS);
        set_w(&s, once);
        rnnc_weights *copy = rnnc_weights_copy(s.weights);
        assert_int_equal(rnnc_weights_storage(copy, "w"), storage);
        rnnc_weights_get(copy, "w", again, ROWS * COLS);
        expect_same("twice", again, once, ROWS * COLS);
        rnnc_weights_destroy(copy);
        rnnc_weights_store(s.weights, "w", RNNC_STORE_FLOAT32);
        get_w(&s, again);
        expect_same("float32", again, once, ROWS * COLS);
    }
    single_destroy(&s);
}

// ---- Errors ----------------------------------------------------------------

static void refuse(const single *s, const char *name, int32_t storage,
                   rnnc_status status, const char *word)
{
    assert_int_equal(rnnc_weights_store(s->weights, name, storage), status);
    if (strstr(rnnc_weights_message(s->weights), word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", rnnc_weights_message(s->weights),
                 word);
}

static void wrong_calls_change_nothing(void **unused)
{
    (void)unused;
    single s = single_make();
    float w[ROWS * COLS], found[ROWS * COLS];
    get_w(&s, w);
    w[COLS] = NAN;
    set_w(&s, w);
    refuse(&s, "w", RNNC_STORE_INT8, RNNC_E_ARGUMENT, "row 1 of \"w\"");
    refuse(&s, NULL, RNNC_STORE_INT8, RNNC_E_ARGUMENT, "int8");
    refuse(&s, "v", RNNC_STORE_BF16, RNNC_E_NAME, "\"v\"");
    refuse(&s, "w", 3, RNNC_E_ARGUMENT, "3");
    refuse(&s, "w", -1, RNNC_E_ARGUMENT, "-1");
    assert_int_equal(rnnc_weights_storage(s.weights, "w"), RNNC_STORE_FLOAT32);
    assert_int_equal(rnnc_weights_storage(s.weights, "v"), -1);
    assert_int_equal(rnnc_weights_storage(NULL, "w"), -1);
    assert_int_equal(rnnc_weights_store(NULL, "w", 1), RNNC_E_MEMORY);
    get_w(&s, found);
    expect_same("values", found, w, ROWS * COLS);
    w[COLS] = 0x1p127f;
    set_w(&s, w);
    refuse(&s, "w", RNNC_STORE_INT8, RNNC_E_ARGUMENT, "2^127");
    w[COLS] = 1;
    set_w(&s, w);
    refuse(&s, "w", RNNC_STORE_INT8, RNNC_OK, "");
    get_w(&s, found);
    w[7] = INFINITY;
    assert_int_equal(rnnc_weights_set(s.weights, "w", w, ROWS * COLS),
                     RNNC_E_ARGUMENT);
    get_w(&s, w);
    expect_same("values", w, found, ROWS * COLS);
    single_destroy(&s);
}

static void what_is_stored_is_not_trained(void **unused)
{
    (void)unused;
    net n = net_make(NULL, &net_table[0], 5);
    rnnc_weights *weights = rnnc_weights_create(n.graph, 1);
    rnnc_plan *plan = net_plan(&n, RNNC_TRAIN, 0);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_optimizer *optimizer = rnnc_optimizer_create(weights, RNNC_SGD);
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    rnnc_sequence *next = rnnc_sequence_create(NULL);
    const int64_t rows[] = {0}, lengths[] = {3};
    net_fill(x, next, rows, lengths, NULL, 1);
    rnnc_run_input(run, n.x, x);
    rnnc_run_input(run, n.next, next);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(run), RNNC_OK);
    rnnc_weights_store(weights, "out.weight", RNNC_STORE_BF16);
    assert_int_equal(rnnc_run_forward(run), RNNC_E_UNSUPPORTED);
    assert_non_null(strstr(rnnc_run_message(run), "\"out.weight\" is stored as "
                                                  "bf16"));
    assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_E_UNSUPPORTED);
    rnnc_weights_store(weights, "out.weight", RNNC_STORE_FLOAT32);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(run), RNNC_OK);
    assert_int_equal(rnnc_optimizer_step(optimizer), RNNC_OK);
    rnnc_sequence_destroy(x);
    rnnc_sequence_destroy(next);
    rnnc_optimizer_destroy(optimizer);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    net_destroy(&n);
}

// ---- Which parameters ------------------------------------------------------

// A table that is also the weight of a product, a part of a parameter, one
// that is read the other way round, and what products do not read.
static rnnc_graph *parts_graph(void)
{
    rnnc_graph *g = rnnc_graph_create(NULL);
    rnnc_node *ids = rnnc_input_ids(g, "ids", 20);
    rnnc_node *table = rnnc_parameter(g, "table", 20, 12, RNNC_INIT_NORMAL, 1);
    rnnc_node *x = rnnc_lookup(ids, table);
    rnnc_node *w = rnnc_parameter(g, "w", 30, 12, RNNC_INIT_NORMAL, 1);
    rnnc_node *v = rnnc_parameter(g, "v", 12, 9, RNNC_INIT_NORMAL, 1);
    rnnc_node *b = rnnc_parameter_vector(g, "b", 20, RNNC_INIT_NORMAL, 1);
    rnnc_node *other = rnnc_parameter(g, "other", 20, 3, RNNC_INIT_NORMAL, 1);
    rnnc_node *parts[] = {
        rnnc_project(x, table, b),
        rnnc_project_unbiased(x, rnnc_rows(w, 7, 18)),
        rnnc_project_unbiased(rnnc_slice(x, 2, 5), rnnc_slice(w, 4, 5)),
        rnnc_matmul(x, v),
        rnnc_lookup(ids, other),
    };
    rnnc_name(rnnc_concat(parts, 5), "y");
    assert_string_equal(rnnc_graph_message(g), "");
    return g;
}

static void all_right_sides_are_stored(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        int32_t storage;
    } wanted[] = {{"table", RNNC_STORE_INT8},
                  {"w", RNNC_STORE_INT8},
                  {"v", RNNC_STORE_INT8},
                  {"b", RNNC_STORE_FLOAT32},
                  {"other", RNNC_STORE_FLOAT32}};
    rnnc_graph *g = parts_graph();
    rnnc_weights *weights = rnnc_weights_create(g, 1);
    assert_int_equal(rnnc_weights_store(weights, NULL, RNNC_STORE_INT8),
                     RNNC_OK);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_int_equal(rnnc_weights_storage(weights, wanted[i].name),
                         wanted[i].storage);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(g);
}

// ---- Bits ------------------------------------------------------------------

// float32 weights with the values of others.
static rnnc_weights *as_float32(const rnnc_weights *stored)
{
    rnnc_weights *plain = rnnc_weights_copy(stored);
    rnnc_graph *graph = rnnc_weights_graph(stored);
    for (int32_t p = 0; p < rnnc_graph_parameter_count(graph); p++)
        assert_int_equal(
            rnnc_weights_store(plain,
                               rnnc_node_name(rnnc_graph_parameter(graph, p)),
                               RNNC_STORE_FLOAT32),
            RNNC_OK);
    return plain;
}

typedef struct outputs {
    float y[BATCH * LONGEST * 80];
} outputs;

// The node "y" of every row.
static void infer(rnnc_plan *plan, rnnc_weights *weights, rnnc_node *in,
                  rnnc_node *y, rnnc_sequence *x, outputs *to)
{
    rnnc_run *run = rnnc_run_create(plan, weights);
    memset(to, 0, sizeof *to);
    rnnc_run_input(run, in, x);
    assert_int_equal(rnnc_run_forward(run), RNNC_OK);
    rnnc_run_get_padded(run, y, to->y, LONGEST, RNNC_BATCH_MAJOR, 0);
    assert_string_equal(rnnc_run_message(run), "");
    rnnc_run_destroy(run);
}

// Rows 0 .. BATCH - 1, one by one.
static void stream_rows(rnnc_plan *plan, rnnc_weights *weights,
                        const int64_t *lengths, const net *n, outputs *to)
{
    rnnc_stream *stream = rnnc_stream_create(plan, weights, 1);
    memset(to, 0, sizeof *to);
    for (int64_t row = 0; row < BATCH; row++) {
        assert_int_equal(rnnc_stream_begin(stream), RNNC_OK);
        for (int64_t t = 0; t < lengths[row]; t++) {
            float *in = rnnc_stream_in(stream, n->x);
            for (int64_t f = 0; f < NET_INPUTS; f++)
                in[f] = net_float(row, t, f);
            assert_int_equal(rnnc_stream_step(stream), RNNC_OK);
            memcpy(to->y + (row * LONGEST + t) * NET_CLASSES,
                   rnnc_stream_out(stream, n->y), NET_CLASSES * sizeof(float));
        }
    }
    rnnc_stream_destroy(stream);
}

static rnnc_plan *plan_y(const net *n, int32_t use)
{
    rnnc_node *wanted[] = {n->y};
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = use,
                                 .outputs = wanted,
                                 .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(n->graph, &options);
    assert_string_equal(rnnc_plan_message(plan), "");
    return plan;
}

static void fill_rows(rnnc_sequence *x, int64_t lengths[BATCH])
{
    int64_t rows[BATCH];
    for (int64_t k = 0; k < BATCH; k++) {
        rows[k] = k;
        lengths[k] = LONGEST - k % 4;
    }
    assert_true(net_fill(x, NULL, rows, lengths, NULL, BATCH));
}

static void check_net(const net_row *row, int32_t storage, int32_t threads,
                      outputs *found)
{
    static outputs wanted;
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    rnnc_context *context = rnnc_context_create(&options);
    net n = net_make(context, row, HIDDEN);
    rnnc_weights *stored = rnnc_weights_create(n.graph, 2);
    assert_int_equal(rnnc_weights_store(stored, NULL, storage), RNNC_OK);
    rnnc_weights *plain = as_float32(stored);
    rnnc_plan *plan = plan_y(&n, RNNC_INFER);
    rnnc_sequence *x = rnnc_sequence_create(context);
    int64_t lengths[BATCH];
    fill_rows(x, lengths);
    infer(plan, plain, n.x, n.y, x, &wanted);
    infer(plan, stored, n.x, n.y, x, found);
    expect_same(row->name, found->y, wanted.y, BATCH * LONGEST * NET_CLASSES);
    if (row->streams) {
        rnnc_plan *steps = plan_y(&n, RNNC_STREAM);
        stream_rows(steps, stored, lengths, &n, found);
        expect_same(row->name, found->y, wanted.y,
                    BATCH * LONGEST * NET_CLASSES);
        rnnc_plan_destroy(steps);
    }
    rnnc_sequence_destroy(x);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(plain);
    rnnc_weights_destroy(stored);
    net_destroy(&n);
    rnnc_context_destroy(context);
}

static void runs_give_the_bits_of_rounded_values(void **unused)
{
    (void)unused;
    static outputs found, first;
    for (size_t k = 0; k < net_count * FEWER; k++) {
        bool known = false;
        for (int isa = 0; isa < RNI_ISA_COUNT; isa++) {
            setenv("RNNC_ISA", rni_isa_name((rni_isa)isa), 1);
            if (!rni_isa_available((rni_isa)isa))
                continue;
            check_net(net_table + k / FEWER, fewer[k % FEWER], 1 + isa % 3,
                      &found);
            if (isa == RNI_ISA_SSE2) // rounds products
                continue;
            if (known)
                expect_same("instruction set", found.y, first.y,
                            BATCH * LONGEST * NET_CLASSES);
            first = found;
            known = true;
        }
        unsetenv("RNNC_ISA");
    }
}

static void parts_give_the_bits_of_rounded_values(void **unused)
{
    (void)unused;
    static outputs found, wanted;
    rnnc_graph *g = parts_graph();
    net n = {.graph = g, .y = rnnc_graph_node(g, "y")};
    rnnc_plan *plan = plan_y(&n, RNNC_INFER);
    rnnc_sequence *ids = rnnc_sequence_create(NULL);
    const int32_t row[LONGEST] = {3, 19, 0, 7, 7, 12, 1};
    const int32_t *rows[BATCH];
    int64_t lengths[BATCH];
    for (int64_t k = 0; k < BATCH; k++) {
        rows[k] = row;
        lengths[k] = LONGEST - k % 3;
    }
    rnnc_sequence_set_ids(ids, rows, lengths, BATCH);
    for (int k = 0; k < FEWER; k++) {
        rnnc_weights *stored = rnnc_weights_create(g, 1);
        rnnc_weights_store(stored, NULL, fewer[k]);
        rnnc_weights_store(stored, "w", RNNC_STORE_BF16); // mixed
        rnnc_weights *plain = as_float32(stored);
        infer(plan, plain, rnnc_graph_node(g, "ids"), n.y, ids, &wanted);
        infer(plan, stored, rnnc_graph_node(g, "ids"), n.y, ids, &found);
        expect_same("parts", found.y, wanted.y, BATCH * LONGEST * 55);
        rnnc_weights_destroy(plain);
        rnnc_weights_destroy(stored);
    }
    rnnc_sequence_destroy(ids);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(g);
}

// A run and a stream go on with whatever the weights are stored as.
static void storage_may_change_at_any_time(void **unused)
{
    (void)unused;
    static outputs found, wanted;
    static const int32_t order[] = {RNNC_STORE_FLOAT32, RNNC_STORE_INT8,
                                    RNNC_STORE_BF16,    RNNC_STORE_INT8,
                                    RNNC_STORE_BF16,    RNNC_STORE_FLOAT32};
    net n = net_make(NULL, &net_table[1], HIDDEN);
    rnnc_weights *weights = rnnc_weights_create(n.graph, 2);
    rnnc_plan *plan = plan_y(&n, RNNC_INFER);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_sequence *x = rnnc_sequence_create(NULL);
    int64_t lengths[BATCH];
    fill_rows(x, lengths);
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        rnnc_weights_store(weights, NULL, order[k]);
        rnnc_weights *plain = as_float32(weights);
        infer(plan, plain, n.x, n.y, x, &wanted);
        memset(&found, 0, sizeof found);
        rnnc_run_input(run, n.x, x);
        assert_int_equal(rnnc_run_forward(run), RNNC_OK);
        rnnc_run_get_padded(run, n.y, found.y, LONGEST, RNNC_BATCH_MAJOR, 0);
        expect_same("storage", found.y, wanted.y,
                    BATCH * LONGEST * NET_CLASSES);
        rnnc_weights_destroy(plain);
    }
    rnnc_sequence_destroy(x);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    net_destroy(&n);
}

// ---- What docs/storage.md shows --------------------------------------------

static void the_page_shows_what_works(void **unused)
{
    (void)unused;
    net n = net_make(NULL, &net_table[0], 5);
    rnnc_weights *weights = rnnc_weights_create(n.graph, 1);
    // [store]
    // All that products read, or a parameter by its name.
    rnnc_weights_store(weights, NULL, RNNC_STORE_BF16);
    rnnc_weights_store(weights, "out.weight", RNNC_STORE_INT8);
    rnnc_model_save(weights, "small.safetensors", NULL, 0);
    // [store]
    assert_int_equal(rnnc_weights_storage(weights, "out.weight"),
                     RNNC_STORE_INT8);
    rnnc_model *model = rnnc_model_load(NULL, "small.safetensors");
    assert_int_equal(rnnc_model_status(model), RNNC_OK);
    rnnc_model_destroy(model);
    assert_int_equal(remove("small.safetensors"), 0);
    rnnc_weights_destroy(weights);
    net_destroy(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bf16_is_the_nearest),
        cmocka_unit_test(bf16_keeps_what_is_no_number),
        cmocka_unit_test(int8_is_the_nearest),
        cmocka_unit_test(int8_of_zeros),
        cmocka_unit_test(what_is_stored_stays_so),
        cmocka_unit_test(wrong_calls_change_nothing),
        cmocka_unit_test(what_is_stored_is_not_trained),
        cmocka_unit_test(all_right_sides_are_stored),
        cmocka_unit_test(runs_give_the_bits_of_rounded_values),
        cmocka_unit_test(parts_give_the_bits_of_rounded_values),
        cmocka_unit_test(storage_may_change_at_any_time),
        cmocka_unit_test(the_page_shows_what_works),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
