/* SPDX-License-Identifier: MIT */
/* The program of docs/optimizers.md: all that belongs to the updates of
 * weights. A GRU learns the next value of a wave with AdamW, no weight decay
 * for biases, a warm-up, batches done in parts, and an average of weights; then
 * training is stopped, and a fresh optimizer goes on with the same bits. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rnnc/rnnc.h>

enum { PARTS = 2, BATCH = 4, LENGTH = 24, UNITS = 16, STEPS = 300, STOP = 200 };

typedef struct training {
    rnnc_graph *graph;
    rnnc_plan *plan;
    rnnc_weights *weights;
    rnnc_run *run;
    rnnc_node *x, *next;
    rnnc_sequence *now, *later;
    rnnc_optimizer *adam;
    rnnc_schedule *schedule;
    rnnc_average *average;
} training;

/* Batch number `batch`: waves of several lengths. */
static void fill(training *t, int batch)
{
    static float now[BATCH][LENGTH], later[BATCH][LENGTH];
    int64_t lengths[BATCH];
    for (int b = 0; b < BATCH; b++) {
        float speed = 0.2f + 0.05f * (float)((batch * 5 + b * 3) % 9);
        lengths[b] = LENGTH - b * 3;
        for (int i = 0; i < LENGTH; i++) {
            now[b][i] = sinf(speed * (float)i);
            later[b][i] = sinf(speed * (float)(i + 1));
        }
    }
    rnnc_sequence_set_padded(t->now, &now[0][0], lengths, BATCH, LENGTH, 1,
                             RNNC_BATCH_MAJOR);
    rnnc_sequence_set_padded(t->later, &later[0][0], lengths, BATCH, LENGTH, 1,
                             RNNC_BATCH_MAJOR);
}

/* [group] */
static void make_optimizer(training *t)
{
    int32_t biases;
    t->adam = rnnc_optimizer_create(t->weights, RNNC_ADAMW);
    rnnc_optimizer_set(t->adam, RNNC_OPT_LEARNING_RATE, 0.01);
    rnnc_optimizer_add_group(t->adam, "*bias*", &biases);
    rnnc_optimizer_set_in_group(t->adam, biases, RNNC_OPT_WEIGHT_DECAY, 0);
}
/* [group] */

/* [schedule] */
static void make_schedule(training *t)
{
    rnnc_schedule_setting warm[] = {{RNNC_SCHED_START_FACTOR, 0, 0.1},
                                    {RNNC_SCHED_ITERATIONS, 0, 20}};
    rnnc_schedule_setting fall[] = {{RNNC_SCHED_PERIOD, 0, STEPS - 20}};
    rnnc_schedule *parts[] = {
        rnnc_schedule_create(t->adam, RNNC_SCHEDULE_LINEAR, warm, 2),
        rnnc_schedule_create(t->adam, RNNC_SCHEDULE_COSINE, fall, 1)};
    int64_t change[] = {20};
    t->schedule = rnnc_schedule_sequence(parts, 2, change);
    rnnc_schedule_destroy(parts[0]);
    rnnc_schedule_destroy(parts[1]);
}
/* [schedule] */

/* [step] */
static float train_step(training *t, int step)
{
    float loss, sum = 0, norm;
    rnnc_weights_zero_gradients(t->weights);
    for (int part = 0; part < PARTS; part++) { /* gradients add up */
        fill(t, step * PARTS + part);
        rnnc_run_forward(t->run);
        rnnc_run_backward(t->run);
        rnnc_run_loss(t->run, &loss);
        sum += loss / PARTS;
    }
    rnnc_scale_gradients(t->weights, 1.0f / PARTS);
    rnnc_clip_norm(t->weights, 1.0f, &norm);
    rnnc_optimizer_step(t->adam);
    rnnc_schedule_step(t->schedule);
    rnnc_average_update(t->average);
    return sum;
}
/* [step] */

/* Everything but the weights, which are given. */
static void begin(training *t)
{
    make_optimizer(t);
    make_schedule(t);
    t->average =
        rnnc_average_create(t->weights, RNNC_AVERAGE_EXPONENTIAL, 0.95);
}

static void end(training *t)
{
    rnnc_average_destroy(t->average);
    rnnc_schedule_destroy(t->schedule);
    rnnc_optimizer_destroy(t->adam);
}

/* [record] */
static int save(training *t, rnnc_record *record)
{
    return rnnc_optimizer_save(t->adam, record) ||
           rnnc_schedule_save(t->schedule, record) ||
           rnnc_average_save(t->average, record);
}

static int restore(training *t, rnnc_record *record)
{
    return rnnc_optimizer_restore(t->adam, record) ||
           rnnc_schedule_restore(t->schedule, record) ||
           rnnc_average_restore(t->average, record);
}
/* [record] */

static void read_out(const rnnc_weights *weights, float out[UNITS])
{
    rnnc_weights_get(weights, "out.weight", out, UNITS);
}

/* A network whose loss is the mean square of what it predicts wrongly. */
static int describe(training *t)
{
    rnnc_graph *graph = t->graph = rnnc_graph_create(NULL);
    t->x = rnnc_input_rows(graph, "x", 1);
    t->next = rnnc_input_rows(graph, "next", 1);
    rnnc_cell *cell = rnnc_cell_gru(graph, "gru", 1, UNITS);
    rnnc_node *y = rnnc_linear(rnnc_unroll(cell, t->x), "out", 1);
    rnnc_node *loss = rnnc_mse(y, t->next, RNNC_REDUCE_MEAN);
    rnnc_plan_options options = {
        .struct_size = sizeof options, .use = RNNC_TRAIN, .loss = loss};
    t->plan = rnnc_plan_create(graph, &options);
    t->weights = rnnc_weights_create(graph, 1);
    t->run = rnnc_run_create(t->plan, t->weights);
    t->now = rnnc_sequence_create(NULL);
    t->later = rnnc_sequence_create(NULL);
    rnnc_run_input(t->run, t->x, t->now);
    rnnc_run_input(t->run, t->next, t->later);
    if (rnnc_run_status(t->run))
        fprintf(stderr, "%s\n", rnnc_run_message(t->run));
    return rnnc_run_status(t->run);
}

static void forget(training *t)
{
    rnnc_run_destroy(t->run);
    rnnc_sequence_destroy(t->later);
    rnnc_sequence_destroy(t->now);
    rnnc_weights_destroy(t->weights);
    rnnc_plan_destroy(t->plan);
    rnnc_graph_destroy(t->graph);
}

/* From the step it is at on. */
static void train(training *t, int last)
{
    for (int step = (int)rnnc_schedule_count(t->schedule); step < last;
         step++) {
        double rate;
        rnnc_optimizer_get(t->adam, RNNC_OPT_LEARNING_RATE, &rate);
        float loss = train_step(t, step);
        if (step % 50 == 0)
            printf("step %3d, rate %.4f: off by %.4f\n", step, rate,
                   (double)sqrtf(loss));
    }
}

/* Trains STEPS steps; with a record, stops on the way and resumes from it in
 * another optimizer. Reads the averaged weights out. */
static int learn(rnnc_record *record, float out[UNITS])
{
    training t = {0};
    int status = describe(&t);
    if (status == RNNC_OK)
        begin(&t);
    if (status == RNNC_OK && record != NULL) {
        train(&t, STOP);
        save(&t, record);
        end(&t);
        begin(&t); /* as in another program */
        status = restore(&t, record);
    }
    if (status == RNNC_OK) {
        train(&t, STEPS);
        read_out(rnnc_average_weights(t.average), out);
    }
    end(&t);
    forget(&t);
    return status;
}

int main(void)
{
    rnnc_record *record = rnnc_record_create(NULL);
    float one[UNITS], other[UNITS];
    int failed = learn(NULL, one) || learn(record, other);
    rnnc_record_destroy(record);
    if (failed)
        return 1;
    bool same = memcmp(one, other, sizeof one) == 0;
    printf("stopped after %d steps and resumed: %s bits\n", STOP,
           same ? "the same" : "other");
    return !same;
}
