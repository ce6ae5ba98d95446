// SPDX-License-Identifier: MIT
// The same bits: inference whatever the batch, the threads, the instruction
// set, the blocks and the chunks; training whatever the threads, the
// instruction set and the blocks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "support/nets.h"

enum { BATCH = 64, LONGEST = 23, TRAINED = 20, STEPS = 20 };

// How a machine is set up.
typedef struct setup {
    int32_t threads;
    rni_isa isa;
    int64_t block_rows;
} setup;

static bool choose(rni_isa isa)
{
    setenv("RNNC_ISA", rni_isa_name(isa), 1);
    return rni_isa_available(isa) && rni_isa_choose() == isa;
}

static rni_isa best(void)
{
    unsetenv("RNNC_ISA");
    return rni_isa_choose();
}

static rnnc_context *context_of(int32_t threads)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    return rnnc_context_create(&options);
}

static int64_t length_of(int64_t row)
{
    return (row * 7 + 5) % (LONGEST + 1);
}

static void lengths_of(int64_t *rows, int64_t *lengths, int64_t first,
                       int64_t batch)
{
    for (int64_t k = 0; k < batch; k++) {
        rows[k] = first + k;
        lengths[k] = length_of(first + k);
    }
}

static void expect_same(const char *what, const char *name, const float *a,
                        const float *b, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (memcmp(a + k, b + k, sizeof *a) != 0)
            fail_msg("%s, %s: [%zu] is %.9g, expected %.9g", name, what, k,
                     (double)a[k], (double)b[k]);
}

// ---- Inference -------------------------------------------------------------

// Logits [BATCH, LONGEST, NET_CLASSES] and their means, of all rows.
typedef struct answers {
    float y[BATCH * LONGEST * NET_CLASSES];
    float mean[BATCH * NET_CLASSES];
} answers;

static rnnc_run *make_run(const net *n, rnnc_weights *weights,
                          int64_t block_rows)
{
    rnnc_plan *plan = net_plan(n, RNNC_INFER, block_rows);
    assert_string_equal(rnnc_plan_message(plan), "");
    rnnc_run *run = rnnc_run_create(plan, weights);
    assert_string_equal(rnnc_run_message(run), "");
    rnnc_plan_destroy(plan);
    return run;
}

// All rows in batches of `batch`.
static void infer(const net_row *row, setup s, int64_t batch, int64_t hidden,
                  answers *a)
{
    assert_true(choose(s.isa));
    rnnc_context *context = context_of(s.threads);
    net n = net_make(context, row, hidden);
    assert_string_equal(rnnc_graph_message(n.graph), "");
    rnnc_weights *weights = rnnc_weights_create(n.graph, 3);
    rnnc_run *run = make_run(&n, weights, s.block_rows);
    rnnc_sequence *x = rnnc_sequence_create(context);
    assert_string_equal(rnnc_run_isa(run), rni_isa_name(s.isa));
    for (int64_t first = 0; first < BATCH; first += batch) {
        int64_t rows[BATCH], lengths[BATCH];
        lengths_of(rows, lengths, first, batch);
        assert_true(net_fill(x, NULL, rows, lengths, NULL, batch));
        rnnc_run_input(run, n.x, x);
        assert_int_equal(rnnc_run_forward(run), RNNC_OK);
        rnnc_run_get_padded(run, n.y, a->y + first * LONGEST * NET_CLASSES,
                            LONGEST, RNNC_BATCH_MAJOR, 0);
        rnnc_run_get_batch(run, n.mean, a->mean + first * NET_CLASSES);
        assert_string_equal(rnnc_run_message(run), "");
    }
    rnnc_sequence_destroy(x);
    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    net_destroy(&n);
    rnnc_context_destroy(context);
}

static void expect_answers(const char *what, const net_row *row,
                           const answers *a, const answers *b)
{
    expect_same(what, row->name, a->y, b->y, BATCH * LONGEST * NET_CLASSES);
    expect_same(what, row->name, a->mean, b->mean, BATCH * NET_CLASSES);
}

static answers *make_answers(void)
{
    answers *a = calloc(1, sizeof *a);
    assert_non_null(a);
    return a;
}

static void inference_gives_the_same_bits(void **state)
{
    (void)state;
    const rni_isa isa = best();
    const struct {
        const char *what;
        setup setup;
        int64_t batch;
    } trials[] = {
        {"rows one by one", {1, isa, 0}, 1},
        {"batches of four", {1, isa, 0}, 4},
        {"two threads", {2, isa, 0}, BATCH},
        {"two threads, batches of two", {2, isa, 0}, 2},
        {"three threads", {3, isa, 0}, BATCH},
        {"blocks of one step", {1, isa, 1}, BATCH},
        {"blocks of 100 rows, two threads", {2, isa, 100}, BATCH},
    };
    answers *wanted = make_answers(), *found = make_answers();
    for (size_t k = 0; k < net_count; k++) {
        const net_row *row = net_table + k;
        infer(row, (setup){1, isa, 0}, BATCH, 40, wanted);
        for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
            infer(row, trials[i].setup, trials[i].batch, 40, found);
            expect_answers(trials[i].what, row, found, wanted);
        }
    }
    free(wanted);
    free(found);
}

// Wide enough that two members share the columns of each step: of units that
// come again (208), of panels (210), of few rows and of more.
static void columns_are_shared_with_the_same_bits(void **state)
{
    (void)state;
    const rni_isa isa = best();
    static const int64_t shapes[][2] = {{4, 208}, {4, 210}, {8, 208}};
    answers *wanted = make_answers(), *found = make_answers();
    for (size_t k = 0; k < net_count; k++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            const int64_t *s = shapes[i];
            infer(net_table + k, (setup){1, isa, 0}, s[0], s[1], wanted);
            infer(net_table + k, (setup){2, isa, 0}, s[0], s[1], found);
            expect_answers("two threads", net_table + k, found, wanted);
            infer(net_table + k, (setup){3, isa, 0}, s[0], s[1], found);
            expect_answers("three threads", net_table + k, found, wanted);
        }
    free(wanted);
    free(found);
}

static void instruction_sets_give_the_same_bits(void **state)
{
    (void)state;
    static const rni_isa others[] = {RNI_ISA_SCALAR, RNI_ISA_AVX2,
                                     RNI_ISA_AVX512, RNI_ISA_NEON};
    const rni_isa isa = best();
    if (isa == RNI_ISA_SSE2)
        skip();
    answers *wanted = make_answers(), *found = make_answers();
    for (size_t k = 0; k < net_count; k++) {
        infer(net_table + k, (setup){1, isa, 0}, BATCH, 40, wanted);
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            if (!rni_isa_available(others[i]))
                continue;
            infer(net_table + k, (setup){1, others[i], 0}, BATCH, 40, found);
            expect_answers(rni_isa_name(others[i]), net_table + k, found,
                           wanted);
        }
    }
    free(wanted);
    free(found);
}

// ---- Streams ---------------------------------------------------------------

typedef struct streamed {
    net n;
    rnnc_stream *stream;
    rnnc_sequence *x;
    int64_t done[BATCH]; // steps that a row has taken
    int64_t chunks;
    answers *a;
} streamed;

// A chunk of up to `most` steps of each row, fewer for some.
static void take_chunk(streamed *s, int64_t most)
{
    static float values[BATCH * LONGEST * NET_CLASSES];
    int64_t rows[BATCH], lengths[BATCH];
    for (int64_t k = 0; k < BATCH; k++) {
        int64_t left = length_of(k) - s->done[k],
                own = (k + s->chunks) % (most + 1);
        rows[k] = k;
        lengths[k] = left < own ? left : own;
    }
    assert_true(net_fill(s->x, NULL, rows, lengths, s->done, BATCH));
    rnnc_stream_chunk_input(s->stream, s->n.x, s->x);
    assert_int_equal(rnnc_stream_chunk(s->stream), RNNC_OK);
    assert_int_equal(rnnc_stream_chunk_padded(s->stream, s->n.y, values,
                                              LONGEST, RNNC_BATCH_MAJOR, 0),
                     RNNC_OK);
    for (int64_t k = 0; k < BATCH; k++) {
        memcpy(s->a->y + (k * LONGEST + s->done[k]) * NET_CLASSES,
               values + k * LONGEST * NET_CLASSES,
               (size_t)(lengths[k] * NET_CLASSES) * sizeof(float));
        s->done[k] += lengths[k];
    }
    s->chunks++;
}

// One step of all rows, where all still have one.
static void take_step(streamed *s)
{
    float *in = rnnc_stream_in(s->stream, s->n.x);
    const float *out = rnnc_stream_out(s->stream, s->n.y);
    for (int64_t k = 0; k < BATCH; k++)
        for (int64_t f = 0; f < NET_INPUTS; f++)
            in[k * NET_INPUTS + f] = net_float(k, s->done[k], f);
    assert_int_equal(rnnc_stream_step(s->stream), RNNC_OK);
    for (int64_t k = 0; k < BATCH; k++)
        memcpy(s->a->y + (k * LONGEST + s->done[k]++) * NET_CLASSES,
               out + k * NET_CLASSES, NET_CLASSES * sizeof(float));
}

static int64_t least_left(const streamed *s)
{
    int64_t least = LONGEST;
    for (int64_t k = 0; k < BATCH; k++)
        if (length_of(k) - s->done[k] < least)
            least = length_of(k) - s->done[k];
    return least;
}

static bool some_left(const streamed *s)
{
    for (int64_t k = 0; k < BATCH; k++)
        if (s->done[k] < length_of(k))
            return true;
    return false;
}

static void run_streamed(const net_row *row, int64_t most, answers *a)
{
    best();
    streamed s = {.n = net_make(NULL, row, 40), .a = a};
    rnnc_weights *weights = rnnc_weights_create(s.n.graph, 3);
    rnnc_plan *plan = net_plan(&s.n, RNNC_STREAM, 50);
    assert_string_equal(rnnc_plan_message(plan), "");
    s.stream = rnnc_stream_create(plan, weights, BATCH);
    assert_string_equal(rnnc_stream_message(s.stream), "");
    s.x = rnnc_sequence_create(NULL);
    memset(a, 0, sizeof *a);
    while (some_left(&s)) {
        while (least_left(&s) > 0)
            take_step(&s);
        take_chunk(&s, most);
    }
    memcpy(a->mean, rnnc_stream_out(s.stream, s.n.mean), sizeof a->mean);
    rnnc_sequence_destroy(s.x);
    rnnc_stream_destroy(s.stream);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(weights);
    net_destroy(&s.n);
}

static void streams_give_the_same_bits(void **state)
{
    (void)state;
    answers *wanted = make_answers(), *found = make_answers();
    for (size_t k = 0; k < net_count; k++) {
        const net_row *row = net_table + k;
        if (!row->streams)
            continue;
        infer(row, (setup){1, best(), 0}, BATCH, 40, wanted);
        for (int64_t most = 1; most < 9; most += 3) {
            run_streamed(row, most, found);
            expect_answers("chunks", row, found, wanted);
        }
    }
    free(wanted);
    free(found);
}

// A single row, step by step.
static void a_stream_of_one_row_gives_the_same_bits(void **state)
{
    (void)state;
    enum { ROW = 12 };
    answers *wanted = make_answers();
    for (size_t k = 0; k < net_count; k++) {
        const net_row *row = net_table + k;
        if (!row->streams)
            continue;
        infer(row, (setup){1, best(), 0}, BATCH, 40, wanted);
        best();
        net n = net_make(NULL, row, 40);
        rnnc_weights *weights = rnnc_weights_create(n.graph, 3);
        rnnc_plan *plan = net_plan(&n, RNNC_STREAM, 0);
        rnnc_stream *stream = rnnc_stream_create(plan, weights, 1);
        float *in = rnnc_stream_in(stream, n.x);
        const float *out = rnnc_stream_out(stream, n.y);
        for (int64_t t = 0; t < length_of(ROW); t++) {
            for (int64_t f = 0; f < NET_INPUTS; f++)
                in[f] = net_float(ROW, t, f);
            assert_int_equal(rnnc_stream_step(stream), RNNC_OK);
            expect_same("one row", row->name, out,
                        wanted->y + (ROW * LONGEST + t) * NET_CLASSES,
                        NET_CLASSES);
        }
        rnnc_stream_destroy(stream);
        rnnc_plan_destroy(plan);
        rnnc_weights_destroy(weights);
        net_destroy(&n);
    }
    free(wanted);
}

// ---- Training --------------------------------------------------------------

typedef struct training {
    net n;
    rnnc_weights *weights;
    rnnc_run *run;
    rnnc_optimizer *adam;
    rnnc_sequence *x, *next;
} training;

static void one_update(const training *t, int64_t step)
{
    uint8_t carried[TRAINED];
    int64_t rows[TRAINED], lengths[TRAINED], first[TRAINED];
    for (int64_t k = 0; k < TRAINED; k++) {
        rows[k] = k;
        first[k] = step * LONGEST;
        lengths[k] = length_of(k + step);
        carried[k] = step > 0 && (k + step) % 5 != 0;
    }
    assert_true(net_fill(t->x, t->next, rows, lengths, first, TRAINED));
    rnnc_run_input(t->run, t->n.x, t->x);
    rnnc_run_input(t->run, t->n.next, t->next);
    rnnc_run_carry(t->run, carried, TRAINED);
    rnnc_weights_zero_gradients(t->weights);
    assert_int_equal(rnnc_run_forward(t->run), RNNC_OK);
    assert_int_equal(rnnc_run_backward(t->run), RNNC_OK);
    assert_int_equal(rnnc_optimizer_step(t->adam), RNNC_OK);
}

// The weights after training, [*count]; and the losses.
static float *train(const net_row *row, setup s, int64_t hidden,
                    float losses[STEPS], int64_t *count)
{
    assert_true(choose(s.isa));
    rnnc_context *context = context_of(s.threads);
    training t = {.n = net_make(context, row, hidden)};
    rnnc_plan *plan = net_plan(&t.n, RNNC_TRAIN, s.block_rows);
    t.weights = rnnc_weights_create(t.n.graph, 3);
    t.run = rnnc_run_create(plan, t.weights);
    t.adam = rnnc_optimizer_create(t.weights, RNNC_ADAM);
    t.x = rnnc_sequence_create(context);
    t.next = rnnc_sequence_create(context);
    rnnc_optimizer_set(t.adam, RNNC_OPT_LEARNING_RATE, 0.01);
    assert_string_equal(rnnc_run_message(t.run), "");
    rnnc_run_seed(t.run, 99, 0);
    for (int64_t step = 0; step < STEPS; step++) {
        one_update(&t, step);
        rnnc_run_loss(t.run, losses + step);
    }
    float *all = net_weights(t.weights, count);
    rnnc_sequence_destroy(t.x);
    rnnc_sequence_destroy(t.next);
    rnnc_optimizer_destroy(t.adam);
    rnnc_run_destroy(t.run);
    rnnc_plan_destroy(plan);
    rnnc_weights_destroy(t.weights);
    net_destroy(&t.n);
    rnnc_context_destroy(context);
    return all;
}

static void expect_training(const net_row *row, const char *what, setup a,
                            setup b, int64_t hidden)
{
    float wanted_losses[STEPS], losses[STEPS];
    int64_t count, again;
    float *wanted = train(row, a, hidden, wanted_losses, &count);
    float *found = train(row, b, hidden, losses, &again);
    assert_int_equal(again, count);
    expect_same(what, row->name, losses, wanted_losses, STEPS);
    expect_same(what, row->name, found, wanted, (size_t)count);
    assert_true(losses[STEPS - 1] > 0 && losses[STEPS - 1] < 100);
    free(wanted);
    free(found);
}

static void training_gives_the_same_bits_for_any_threads(void **state)
{
    (void)state;
    const rni_isa isa = best();
    for (size_t k = 0; k < net_count; k++) {
        expect_training(net_table + k, "two threads", (setup){1, isa, 0},
                        (setup){2, isa, 0}, 48);
        expect_training(net_table + k, "three threads", (setup){1, isa, 0},
                        (setup){3, isa, 0}, 30);
    }
    expect_training(net_table + 1, "two threads, wide", (setup){1, isa, 0},
                    (setup){2, isa, 0}, 270);
}

static void training_gives_the_same_bits_for_any_block(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 33, 150};
    const rni_isa isa = best();
    for (size_t k = 0; k < net_count; k++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            expect_training(net_table + k, "blocks", (setup){1, isa, 100000},
                            (setup){1 + (int32_t)(i % 2), isa, sizes[i]}, 33);
}

static void training_gives_the_same_bits_on_any_machine(void **state)
{
    (void)state;
    const rni_isa isa = best();
    const rni_isa other = isa == RNI_ISA_AVX512 ? RNI_ISA_AVX2 : RNI_ISA_SCALAR;
    if (isa == RNI_ISA_SSE2)
        skip();
    for (size_t k = 0; k < net_count; k++)
        expect_training(net_table + k, rni_isa_name(other), (setup){1, isa, 0},
                        (setup){1, other, 0}, 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inference_gives_the_same_bits),
        cmocka_unit_test(columns_are_shared_with_the_same_bits),
        cmocka_unit_test(instruction_sets_give_the_same_bits),
        cmocka_unit_test(streams_give_the_same_bits),
        cmocka_unit_test(a_stream_of_one_row_gives_the_same_bits),
        cmocka_unit_test(training_gives_the_same_bits_for_any_threads),
        cmocka_unit_test(training_gives_the_same_bits_for_any_block),
        cmocka_unit_test(training_gives_the_same_bits_on_any_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
