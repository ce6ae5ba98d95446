// SPDX-License-Identifier: MIT
// The kinds of work: how each is prepared, done once, and shown.
#include "work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "fill.h"
#include "network.h"
#include "plan/plan.h"

typedef struct bench_kind bench_kind;

struct bench_work {
    const bench_kind *kind;
    bench_row row;
    bench_network net;
    rnnc_sequence *x, *next;
    rnnc_run *run;
    rnnc_stream *stream;
    rnnc_optimizer *optimizer;
};

struct bench_kind {
    const char *name;
    void (*make)(bench_work *, int threads);
    void (*act)(bench_work *);
    void (*show)(bench_work *);
};

// Every message is asked for, since only one object can have failed.
static void check(const bench_work *work, rnnc_status status)
{
    if (!status)
        return;
    const char *message[] = {
        rnnc_run_message(work->run), rnnc_stream_message(work->stream),
        rnnc_sequence_message(work->x), rnnc_weights_message(work->net.weights),
        rnnc_optimizer_message(work->optimizer)};
    for (size_t i = 0; i < sizeof message / sizeof *message; i++)
        if (message[i][0])
            fprintf(stderr, "rows: %s\n", message[i]);
    bench_fail(work->kind->name, rnnc_status_string(status));
}

// Rows of floats, [batch, steps, inputs]. About half of a ragged batch is
// filled: lengths rise evenly up to all steps, in mixed order.
static void give_rows(bench_work *work)
{
    const bench_row *row = &work->row;
    int64_t count = row->batch * row->steps * row->inputs;
    float *rows = bench_take(count, sizeof *rows);
    int64_t *lengths = bench_take(row->batch, sizeof *lengths);
    bench_fill(rows, count, "x", 1);
    int ragged = strcmp(row->kind, "ragged") == 0;
    for (int64_t b = 0; b < row->batch; b++) {
        int64_t rank = b * 7 % row->batch + 1;
        lengths[b] = ragged ? (row->steps * rank + row->batch - 1) / row->batch
                            : row->steps;
    }
    work->x = rnnc_sequence_create(work->net.context);
    check(work,
          rnnc_sequence_set_padded(work->x, rows, lengths, row->batch,
                                   row->steps, row->inputs, RNNC_BATCH_MAJOR));
    free(rows);
    free(lengths);
}

static void make_run(bench_work *work)
{
    work->run = rnnc_run_create(work->net.plan, work->net.weights);
    check(work, rnnc_run_status(work->run));
    check(work, rnnc_run_input(work->run, work->net.x, work->x));
}

static void make_layer(bench_work *work, int threads)
{
    bench_layer_make(&work->net, &work->row, threads, RNNC_TRAIN);
    give_rows(work);
    make_run(work);
}

// In training every step meets new weights, and so it does here: a bias is
// written with what it was, which is enough to pack all weights anew.
static void touch_weights(bench_work *work)
{
    rnnc_weights *weights = work->net.weights;
    int32_t last = rnnc_graph_parameter_count(work->net.graph) - 1;
    const char *name =
        rnnc_node_name(rnnc_graph_parameter(work->net.graph, last));
    int64_t count = rnnc_weights_count(weights, name);
    float *values = bench_take(count, sizeof *values);
    check(work, rnnc_weights_get(weights, name, values, count));
    check(work, rnnc_weights_set(weights, name, values, count));
    free(values);
}

static void train_layer(bench_work *work)
{
    touch_weights(work);
    check(work, rnnc_weights_zero_gradients(work->net.weights));
    check(work, rnnc_run_forward(work->run));
    check(work, rnnc_run_backward(work->run));
}

static void show_gradients(bench_work *work)
{
    int32_t count = rnnc_graph_parameter_count(work->net.graph);
    for (int32_t p = 0; p < count; p++) {
        const char *name =
            rnnc_node_name(rnnc_graph_parameter(work->net.graph, p));
        int64_t size = rnnc_weights_count(work->net.weights, name);
        float *values = bench_take(size, sizeof *values);
        check(work,
              rnnc_weights_gradient(work->net.weights, name, values, size));
        bench_show(name, values, size);
        free(values);
    }
}

static void show_layer(bench_work *work)
{
    const bench_row *row = &work->row;
    int64_t count = row->batch * row->steps * row->hidden;
    float *values = bench_take(count, sizeof *values);
    train_layer(work);
    check(work, rnnc_run_get_padded(work->run, work->net.y, values, row->steps,
                                    RNNC_BATCH_MAJOR, 0));
    bench_show("y", values, count);
    free(values);
    count = row->batch * row->steps * row->inputs;
    values = bench_take(count, sizeof *values);
    check(work, rnnc_run_gradient_padded(work->run, work->net.x, values,
                                         row->steps, RNNC_BATCH_MAJOR, 0));
    bench_show("x", values, count);
    free(values);
    show_gradients(work);
}

static void make_sequence(bench_work *work, int threads)
{
    bench_layer_make(&work->net, &work->row, threads, RNNC_INFER);
    give_rows(work);
    make_run(work);
}

static void infer(bench_work *work)
{
    check(work, rnnc_run_forward(work->run));
}

static void show_sequence(bench_work *work)
{
    const bench_row *row = &work->row;
    int64_t count = row->batch * row->steps * row->hidden;
    float *values = bench_take(count, sizeof *values);
    infer(work);
    check(work, rnnc_run_get_padded(work->run, work->net.y, values, row->steps,
                                    RNNC_BATCH_MAJOR, 0));
    bench_show("y", values, count);
    free(values);
}

static void make_stream(bench_work *work, int threads)
{
    bench_layer_make(&work->net, &work->row, threads, RNNC_STREAM);
    work->stream =
        rnnc_stream_create(work->net.plan, work->net.weights, work->row.batch);
    check(work, rnnc_stream_status(work->stream));
    check(work, rnnc_stream_threads(work->stream, 0)); // all there are
    bench_fill(rnnc_stream_in(work->stream, work->net.x),
               work->row.batch * work->row.inputs, "x", 1);
}

static void step_stream(bench_work *work)
{
    check(work, rnnc_stream_step(work->stream));
}

static void show_stream(bench_work *work)
{
    int64_t width = work->row.batch * work->row.hidden;
    float *values = bench_take(BENCH_STREAM_SHOWN * width, sizeof *values);
    check(work, rnnc_stream_reset(work->stream, -1));
    for (int64_t t = 0; t < BENCH_STREAM_SHOWN; t++) {
        step_stream(work);
        memcpy(values + t * width, rnnc_stream_out(work->stream, work->net.y),
               (size_t)width * sizeof *values);
    }
    bench_show("y", values, BENCH_STREAM_SHOWN * width);
    free(values);
}

static rnnc_sequence *ids_of(bench_work *work, const char *name,
                             int32_t vocabulary)
{
    int64_t count = work->row.batch * work->row.steps;
    int32_t *ids = bench_take(count, sizeof *ids);
    bench_fill_ids(ids, count, name, vocabulary);
    rnnc_sequence *sequence = rnnc_sequence_create(work->net.context);
    check(work,
          rnnc_sequence_set_padded_ids(sequence, ids, NULL, work->row.batch,
                                       work->row.steps, RNNC_BATCH_MAJOR));
    free(ids);
    return sequence;
}

static void give_ids(bench_work *work, int32_t vocabulary)
{
    work->x = ids_of(work, "x", vocabulary);
    work->next = ids_of(work, "next", vocabulary);
    make_run(work);
    check(work, rnnc_run_input(work->run, work->net.next, work->next));
}

static void make_words(bench_work *work, int threads)
{
    bench_words_make(&work->net, &work->row, threads);
    give_ids(work, BENCH_WORDS);
    work->optimizer = rnnc_optimizer_create(work->net.weights, RNNC_SGD);
    check(work, rnnc_optimizer_set(work->optimizer, RNNC_OPT_LEARNING_RATE, 1));
}

// The bound is low enough to be met, so that gradients are scaled.
static void train_words(bench_work *work)
{
    check(work, rnnc_weights_zero_gradients(work->net.weights));
    check(work, rnnc_run_forward(work->run));
    check(work, rnnc_run_backward(work->run));
    check(work, rnnc_clip_norm(work->net.weights, 0.1f, NULL));
    check(work, rnnc_optimizer_step(work->optimizer));
}

// The loss before each of some updates: what a wrong update would change.
static void show_words(bench_work *work)
{
    float losses[BENCH_UPDATES_SHOWN];
    for (int i = 0; i < BENCH_UPDATES_SHOWN; i++) {
        train_words(work);
        check(work, rnnc_run_loss(work->run, &losses[i]));
    }
    bench_show("loss", losses, BENCH_UPDATES_SHOWN);
    show_gradients(work);
}

static void make_letters(bench_work *work, int threads)
{
    bench_letters_make(&work->net, &work->row, threads);
    give_ids(work, BENCH_LETTERS);
}

static void show_letters(bench_work *work)
{
    float loss = 0;
    train_layer(work);
    check(work, rnnc_run_loss(work->run, &loss));
    bench_show("loss", &loss, 1);
    show_gradients(work);
}

static const bench_kind kinds[] = {
    {"train", make_layer, train_layer, show_layer},
    {"ragged", make_layer, train_layer, show_layer},
    {"first", make_layer, train_layer, show_gradients},
    {"sequence", make_sequence, infer, show_sequence},
    {"stream", make_stream, step_stream, show_stream},
    {"words", make_words, train_words, show_words},
    {"letters", make_letters, train_layer, show_letters},
};

static const bench_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

// OpenBLAS alone has it.
extern char *openblas_get_corename(void) __attribute__((weak));

void bench_work_about(void)
{
    printf("librnnc %s, %s kernels; BLAS: %s", rnnc_version(), rnnc_isa(),
           openblas_get_corename ? openblas_get_corename() : "not OpenBLAS");
}

const char *bench_work_isa(void)
{
    return rnnc_isa();
}

bench_work *bench_work_make(const bench_row *row, int threads)
{
    const bench_kind *kind = find_kind(row->kind);
    if (!kind || !bench_knows(row))
        return NULL;
    bench_work *work = bench_take(1, sizeof *work);
    *work = (bench_work){.kind = kind, .row = *row};
    kind->make(work, threads);
    return work;
}

void bench_work_do(bench_work *work)
{
    work->kind->act(work);
}

void bench_work_show(bench_work *work)
{
    work->kind->show(work);
}

bench_memory bench_work_memory(const bench_work *work)
{
    return (bench_memory){rnnc_run_row_memory(work->run),
                          rnnc_run_memory(work->run), work->net.heap->most};
}

void bench_work_plan(const bench_work *work)
{
    const rnnc_plan *plan = work->net.plan;
    printf("stages %" PRId32 "\nsections %" PRId32 "\nproducts %" PRId32
           "\npackings %" PRId32 "\ntapes %" PRId32 "\nelement-wise %" PRId32
           "\n",
           plan->n_stages, plan->n_sections, plan->n_products, plan->n_packs,
           plan->n_tapes, plan->n_code);
}

void bench_work_free(bench_work *work)
{
    rnnc_optimizer_destroy(work->optimizer);
    rnnc_stream_destroy(work->stream);
    rnnc_run_destroy(work->run);
    rnnc_sequence_destroy(work->x);
    rnnc_sequence_destroy(work->next);
    bench_network_free(&work->net);
    free(work);
}
