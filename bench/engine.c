// SPDX-License-Identifier: MIT
// A first measure of the engine: the training step of an LSTM and of a
// peephole LSTM written with the public calls, and a stream's step, against the
// multiply-adds that the machine was seen to do in the same run. Prints medians
// with the range, interleaved, for one and two threads.
#include <stdio.h>
#include <stdlib.h>

#include "peak.h"
#include "peephole.h"
#include "rnnc/rnnc.h"

enum { BATCH = 20, STEPS = 35, HIDDEN = 650, STREAM_HIDDEN = 64, REPEATS = 9 };

static void fail(const char *what, const char *message)
{
    fprintf(stderr, "engine: %s: %s\n", what, message);
    exit(1);
}

typedef rnnc_cell *cell_maker(rnnc_graph *, const char *, int64_t, int64_t);

typedef struct bench {
    rnnc_context *context;
    rnnc_graph *graph;
    rnnc_node *x, *y;
    rnnc_plan *plan;
    rnnc_weights *weights;
    rnnc_run *run;
    rnnc_stream *stream;
    rnnc_sequence *sequence;
} bench;

static void describe(bench *b, cell_maker *make, int64_t hidden, int threads,
                     int use)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads};
    b->context = rnnc_context_create(&options);
    b->graph = rnnc_graph_create(b->context);
    b->x = rnnc_input_rows(b->graph, "x", hidden);
    b->y = rnnc_unroll(make(b->graph, "cell", hidden, hidden), b->x);
    rnnc_node *loss = rnnc_total(b->y);
    if (rnnc_graph_status(b->graph))
        fail("graph", rnnc_graph_message(b->graph));
    rnnc_plan_options plan = {.struct_size = sizeof plan, .use = use};
    if (use == RNNC_TRAIN) {
        plan.loss = loss;
    } else {
        plan.outputs = &b->y;
        plan.n_outputs = 1;
    }
    b->plan = rnnc_plan_create(b->graph, &plan);
    if (rnnc_plan_status(b->plan))
        fail("plan", rnnc_plan_message(b->plan));
    b->weights = rnnc_weights_create(b->graph, 1);
}

static float *random_rows(int64_t count)
{
    float *rows = malloc((size_t)count * sizeof *rows);
    for (int64_t i = 0; rows && i < count; i++)
        rows[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return rows;
}

static void prepare_training(bench *b)
{
    b->run = rnnc_run_create(b->plan, b->weights);
    b->sequence = rnnc_sequence_create(b->context);
    float *rows = random_rows((int64_t)BATCH * STEPS * HIDDEN);
    if (!rows || rnnc_sequence_set_padded(b->sequence, rows, NULL, BATCH, STEPS,
                                          HIDDEN, RNNC_BATCH_MAJOR))
        fail("sequence", rnnc_sequence_message(b->sequence));
    free(rows);
    if (rnnc_run_input(b->run, b->x, b->sequence))
        fail("run", rnnc_run_message(b->run));
}

static double time_training(bench *b)
{
    double start = bench_seconds();
    rnnc_weights_zero_gradients(b->weights);
    if (rnnc_run_forward(b->run) || rnnc_run_backward(b->run))
        fail("run", rnnc_run_message(b->run));
    return bench_seconds() - start;
}

static void prepare_stream(bench *b)
{
    b->stream = rnnc_stream_create(b->plan, b->weights, 1);
    float *in = rnnc_stream_in(b->stream, b->x);
    if (!in)
        fail("stream", rnnc_stream_message(b->stream));
    for (int64_t i = 0; i < STREAM_HIDDEN; i++)
        in[i] = (float)i / STREAM_HIDDEN - 0.5f;
}

static double time_stream(bench *b)
{
    enum { STEPS_TIMED = 2000 };
    double start = bench_seconds();
    for (int i = 0; i < STEPS_TIMED; i++)
        if (rnnc_stream_step(b->stream))
            fail("stream", rnnc_stream_message(b->stream));
    return (bench_seconds() - start) / STEPS_TIMED;
}

static void clean_up(bench *b)
{
    rnnc_stream_destroy(b->stream);
    rnnc_run_destroy(b->run);
    rnnc_sequence_destroy(b->sequence);
    rnnc_weights_destroy(b->weights);
    rnnc_plan_destroy(b->plan);
    rnnc_graph_destroy(b->graph);
    rnnc_context_destroy(b->context);
}

static void print_row(const char *name, double *times, double flops,
                      double peak)
{
    double middle = bench_median(times, REPEATS);
    printf("  %-34s %10.1f us  (%.1f to %.1f)  %6.1f GF/s  %5.1f %% of peak\n",
           name, 1e6 * middle, 1e6 * times[0], 1e6 * times[REPEATS - 1],
           1e-9 * flops / middle, 100 * flops / middle / peak);
}

// An LSTM: 8 (inputs + hidden) hidden operations a row forward, twice that
// backward, of which this program asks no gradient of the input.
static double training_flops(void)
{
    double rows = (double)BATCH * STEPS, h = HIDDEN;
    return rows * (24 * h * (h + h) - 8 * h * h);
}

static void measure_training(int threads, double peak)
{
    bench lstm = {0}, own = {0};
    double lstm_times[REPEATS], own_times[REPEATS];
    describe(&lstm, rnnc_cell_lstm, HIDDEN, threads, RNNC_TRAIN);
    describe(&own, bench_peephole, HIDDEN, threads, RNNC_TRAIN);
    prepare_training(&lstm);
    prepare_training(&own);
    time_training(&lstm);
    time_training(&own);
    for (int i = 0; i < REPEATS; i++) {
        lstm_times[i] = time_training(&lstm);
        own_times[i] = time_training(&own);
    }
    printf("training step, B %d T %d H %d, %d thread%s\n", BATCH, STEPS, HIDDEN,
           threads, threads > 1 ? "s" : "");
    print_row("LSTM", lstm_times, training_flops(), threads * peak);
    print_row("peephole LSTM of public calls", own_times, training_flops(),
              threads * peak);
    printf("  peephole / LSTM: %.3f of the time\n",
           bench_median(own_times, REPEATS) /
               bench_median(lstm_times, REPEATS));
    clean_up(&lstm);
    clean_up(&own);
}

static void measure_stream(double peak)
{
    bench lstm = {0};
    double times[REPEATS], h = STREAM_HIDDEN;
    describe(&lstm, rnnc_cell_lstm, STREAM_HIDDEN, 1, RNNC_STREAM);
    prepare_stream(&lstm);
    time_stream(&lstm);
    for (int i = 0; i < REPEATS; i++)
        times[i] = time_stream(&lstm);
    printf("stream step, batch 1, H %d\n", STREAM_HIDDEN);
    print_row("LSTM", times, 8 * h * (h + h), peak);
    clean_up(&lstm);
}

int main(void)
{
    double peak = bench_peak(rnnc_isa());
    printf("librnnc %s, %s kernels; one core's multiply-adds: %.1f GF/s\n",
           rnnc_version(), rnnc_isa(), 1e-9 * peak);
    for (int threads = 1; threads <= 2; threads++)
        measure_training(threads, peak);
    measure_stream(peak);
    printf("one core's multiply-adds at the end: %.1f GF/s\n",
           1e-9 * bench_peak(rnnc_isa()));
    return 0;
}
