/* SPDX-License-Identifier: MIT */
/* The program of docs/tutorial.md: sequences of numbers, two of them marked,
 * and a network that learns to say the sum of the marked ones (the adding
 * problem of Hochreiter and Schmidhuber 1997). */
#include <math.h>
#include <stdio.h>

/* [include] */
#include <rnnc/rnnc.h>
/* [include] */

enum { BATCH = 32, SHORTEST = 6, LONGEST = 12, UNITS = 24, STEPS = 1000 };

static uint32_t noise = 1;

/* 0 or more, below 1. */
static float draw(void)
{
    noise = noise * 1664525u + 1013904223u;
    return (float)(noise >> 8) / 16777216.0f;
}

/* [data] */
/* Steps are [number, mark]; rows beyond a length are never looked at. */
static float steps[BATCH][LONGEST][2], sums[BATCH];
static int64_t lengths[BATCH];

static void draw_batch(void)
{
    for (int b = 0; b < BATCH; b++) {
        int length = SHORTEST + (int)(draw() * (LONGEST - SHORTEST + 1));
        int first = (int)(draw() * (float)(length / 2));
        int second = length / 2 + (int)(draw() * (float)(length / 2));
        for (int t = 0; t < length; t++) {
            steps[b][t][0] = draw();
            steps[b][t][1] = t == first || t == second;
        }
        lengths[b] = length;
        sums[b] = steps[b][first][0] + steps[b][second][0];
    }
}
/* [data] */

int main(void)
{
    /* [describe] */
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x = rnnc_input_rows(graph, "x", 2);      /* a row a step */
    rnnc_node *sum = rnnc_input_batch(graph, "sum", 1); /* one a sequence */
    rnnc_cell *cell = rnnc_cell_lstm(graph, "lstm", 2, UNITS);
    rnnc_node *last = rnnc_pool(rnnc_unroll(cell, x), RNNC_POOL_LAST);
    rnnc_node *guess = rnnc_name(rnnc_linear(last, "out", 1), "guess");
    rnnc_node *loss = rnnc_mse(guess, sum, RNNC_REDUCE_MEAN);
    if (rnnc_graph_status(graph)) {
        fprintf(stderr, "%s\n", rnnc_graph_message(graph));
        return 1;
    }
    /* [describe] */
    /* [plan] */
    rnnc_plan_options options = {
        .struct_size = sizeof options, .use = RNNC_TRAIN, .loss = loss};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_weights *weights = rnnc_weights_create(graph, 1); /* seed */
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    rnnc_optimizer_set(adam, RNNC_OPT_LEARNING_RATE, 0.01);
    /* [plan] */
    /* [train] */
    rnnc_sequence *batch = rnnc_sequence_create(NULL);
    rnnc_run_input(run, x, batch);
    float error = 1, lately = 1;
    for (int step = 1; step <= STEPS; step++) {
        draw_batch();
        rnnc_sequence_set_padded(batch, &steps[0][0][0], lengths, BATCH,
                                 LONGEST, 2, RNNC_BATCH_MAJOR);
        rnnc_run_input_batch(run, sum, sums, BATCH);
        rnnc_weights_zero_gradients(weights);
        if (rnnc_run_forward(run) || rnnc_run_backward(run)) {
            fprintf(stderr, "%s\n", rnnc_run_message(run));
            return 1;
        }
        rnnc_run_loss(run, &error);
        lately = 0.98f * lately + 0.02f * error;
        rnnc_clip_norm(weights, 1.0f, NULL);
        rnnc_optimizer_step(adam);
        if (step % 250 == 0)
            printf("step %4d: off by %.3f\n", step, (double)sqrtf(lately));
    }
    /* [train] */
    /* [save] */
    char why[256];
    if (rnnc_model_save(weights, "adding.safetensors", why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    /* [save] */
    /* [load] */
    rnnc_model *model = rnnc_model_load(NULL, "adding.safetensors");
    if (rnnc_model_status(model)) {
        fprintf(stderr, "%s\n", rnnc_model_message(model));
        return 1;
    }
    rnnc_graph *loaded = rnnc_model_graph(model);
    rnnc_node *in = rnnc_graph_node(loaded, "x");
    rnnc_node *out = rnnc_graph_node(loaded, "guess");
    /* [load] */
    /* [stream] */
    rnnc_plan_options live = {.struct_size = sizeof live,
                              .use = RNNC_STREAM,
                              .outputs = &out,
                              .n_outputs = 1};
    rnnc_plan *live_plan = rnnc_plan_create(loaded, &live);
    rnnc_stream *stream =
        rnnc_stream_create(live_plan, rnnc_model_weights(model), 1);
    float *to = rnnc_stream_in(stream, in);
    const float *from = rnnc_stream_out(stream, out);
    const float heard[][2] = {{0.3f, 0}, {0.5f, 1},  {0.9f, 0},
                              {0.1f, 0}, {0.25f, 1}, {0.7f, 0}};
    for (int t = 0; t < 6; t++) {
        to[0] = heard[t][0];
        to[1] = heard[t][1];
        if (rnnc_stream_step(stream))
            break;
        printf("after %.2f%s: %.2f\n", (double)to[0],
               to[1] > 0 ? " (marked)" : "", (double)*from);
    }
    /* [stream] */

    float off = fabsf(*from - 0.75f);
    /* [destroy] */
    rnnc_stream_destroy(stream);
    rnnc_plan_destroy(live_plan);
    rnnc_model_destroy(model);
    rnnc_sequence_destroy(batch);
    rnnc_optimizer_destroy(adam);
    rnnc_run_destroy(run);
    rnnc_weights_destroy(weights);
    rnnc_plan_destroy(plan);
    rnnc_graph_destroy(graph);
    /* [destroy] */
    return remove("adding.safetensors") != 0 || lately > 0.01f || off > 0.2f;
}
