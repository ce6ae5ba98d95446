/* SPDX-License-Identifier: MIT */
/* Teaches a small network what circuit.h does, and writes it as a C array:
 *   make_model > model.h */
#include <math.h>
#include <rnnc/rnnc.h>
#include <stdio.h>

#include "circuit.h"

enum {
    UNITS = 8,
    BATCH = 16,
    TIME = 64,
    STEPS = 2000,
    BYTES = 1 << 14,
    COLUMNS = 79
};

static rnnc_node *describe(rnnc_graph *graph, rnnc_node **x)
{
    *x = rnnc_input_rows(graph, "x", 1);
    rnnc_node *h = rnnc_unroll(rnnc_cell_gru(graph, "gru", 1, UNITS), *x);
    return rnnc_name(rnnc_linear(h, "out", 1), "y");
}

/* Waves of random pitch and height, and what the circuit makes of them. */
static void draw(float *x, float *y, uint32_t *noise)
{
    for (int b = 0; b < BATCH; b++) {
        float state = 0, draws[2];
        for (int i = 0; i < 2; i++) {
            *noise = *noise * 1664525u + 1013904223u;
            draws[i] = (float)(*noise >> 8) / 16777216.0f;
        }
        for (int t = 0; t < TIME; t++, x++, y++) {
            *x = draws[0] * sinf((0.02f + draws[1]) * (float)t);
            *y = circuit(*x, &state);
        }
    }
}

static rnnc_status learn(rnnc_graph *graph, rnnc_node *x, rnnc_node *y,
                         rnnc_weights *weights)
{
    float heard[BATCH * TIME], wanted[BATCH * TIME], loss = 0;
    uint32_t noise = 1;
    rnnc_node *target = rnnc_input_rows(graph, "target", 1);
    rnnc_plan_options options = {sizeof options, RNNC_TRAIN,
                                 .loss = rnnc_mse(y, target, RNNC_REDUCE_MEAN)};
    rnnc_plan *plan = rnnc_plan_create(graph, &options);
    rnnc_run *run = rnnc_run_create(plan, weights);
    rnnc_optimizer *adam = rnnc_optimizer_create(weights, RNNC_ADAM);
    rnnc_sequence *in = rnnc_sequence_create(NULL);
    rnnc_sequence *out = rnnc_sequence_create(NULL);
    rnnc_run_input(run, x, in);
    rnnc_run_input(run, target, out);
    for (int step = 0; step < STEPS; step++) {
        draw(heard, wanted, &noise);
        rnnc_sequence_set_padded(in, heard, NULL, BATCH, TIME, 1, 0);
        rnnc_sequence_set_padded(out, wanted, NULL, BATCH, TIME, 1, 0);
        rnnc_optimizer_set(adam, RNNC_OPT_LEARNING_RATE,
                           0.01 * (1 - (double)step / STEPS));
        rnnc_weights_zero_gradients(weights);
        if (rnnc_run_forward(run) || rnnc_run_backward(run) ||
            rnnc_run_loss(run, &loss) || rnnc_optimizer_step(adam))
            break;
    }
    rnnc_status status = rnnc_run_status(run);
    fprintf(stderr, "off by %.4f %s\n", sqrt((double)loss),
            rnnc_run_message(run));
    rnnc_sequence_destroy(out);
    rnnc_sequence_destroy(in);
    rnnc_optimizer_destroy(adam);
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    return status;
}

/* The network alone, without what it was taught by. */
static rnnc_status save(const rnnc_weights *learnt, unsigned char *bytes,
                        size_t *size)
{
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x;
    describe(graph, &x);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_status status = rnnc_weights_save_memory(learnt, bytes, BYTES, size);
    if (status == RNNC_OK)
        status = rnnc_weights_load_memory(weights, bytes, *size);
    if (status == RNNC_OK)
        status = rnnc_model_save_memory(weights, bytes, BYTES, size);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return status;
}

static void write_array(const unsigned char *bytes, size_t size)
{
    int column = COLUMNS;
    printf("/* SPDX-License-Identifier: MIT */\n"
           "/* Written by make_model.c. */\n"
           "/* clang-format off */\n"
           "static const unsigned char model[] = {");
    for (size_t i = 0; i < size; i++) {
        if (column + 4 > COLUMNS)
            column = printf("\n") - 1;
        column += printf("%d,", bytes[i]);
    }
    printf("\n};\n");
}

int main(void)
{
    static unsigned char bytes[BYTES];
    size_t size = 0;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_node *x, *y = describe(graph, &x);
    rnnc_weights *weights = rnnc_weights_create(graph, 1);
    rnnc_status status = learn(graph, x, y, weights);
    if (status == RNNC_OK)
        status = save(weights, bytes, &size);
    if (status == RNNC_OK)
        write_array(bytes, size);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
    return status != RNNC_OK;
}
