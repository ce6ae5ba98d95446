/* SPDX-License-Identifier: MIT */
#include "forecast.h"

/* The last number of the window, plus a change that an LSTM reads from all of
 * it: "as today" is then where learning begins. */
static void describe(forecast *f, int64_t units)
{
    f->graph = rnnc_graph_create(NULL);
    f->window = rnnc_input_rows(f->graph, "window", 1);
    f->next = rnnc_input_batch(f->graph, "next", 1);
    rnnc_node *h =
        rnnc_unroll(rnnc_cell_lstm(f->graph, "lstm", 1, units), f->window);
    rnnc_node *change = rnnc_linear(rnnc_pool(h, RNNC_POOL_LAST), "change", 1);
    f->guess = rnnc_add(rnnc_pool(f->window, RNNC_POOL_LAST), change);
}

static rnnc_run *make_run(const forecast *f, const rnnc_plan_options *options)
{
    rnnc_plan *plan = rnnc_plan_create(f->graph, options);
    rnnc_run *run = rnnc_run_create(plan, f->weights);
    rnnc_plan_destroy(plan); /* the run keeps it */
    return run;
}

bool forecast_make(forecast *to, int64_t units)
{
    describe(to, units);
    rnnc_plan_options train = {
        sizeof train, RNNC_TRAIN,
        .loss = rnnc_mse(to->guess, to->next, RNNC_REDUCE_MEAN)};
    rnnc_plan_options infer = {sizeof infer, RNNC_INFER, .outputs = &to->guess,
                               .n_outputs = 1};
    to->weights = rnnc_weights_create(to->graph, 1);
    to->train = make_run(to, &train);
    to->infer = make_run(to, &infer);
    to->adam = rnnc_optimizer_create(to->weights, RNNC_ADAM);
    rnnc_optimizer_set(to->adam, RNNC_OPT_LEARNING_RATE, 5e-3);
    to->windows = rnnc_sequence_create(NULL);
    return !rnnc_run_status(to->train) && !rnnc_run_status(to->infer) &&
           !rnnc_optimizer_status(to->adam) &&
           !rnnc_sequence_status(to->windows);
}

void forecast_free(forecast *of)
{
    rnnc_sequence_destroy(of->windows);
    rnnc_optimizer_destroy(of->adam);
    rnnc_run_destroy(of->infer);
    rnnc_run_destroy(of->train);
    rnnc_weights_destroy(of->weights);
    rnnc_graph_destroy(of->graph);
    *of = (forecast){0};
}

bool forecast_learn(forecast *with, const float *windows, const float *next,
                    int64_t count, float *loss)
{
    rnnc_run *run = with->train;
    return !rnnc_sequence_set_padded(with->windows, windows, NULL, count,
                                     WINDOW, 1, RNNC_BATCH_MAJOR) &&
           !rnnc_run_input(run, with->window, with->windows) &&
           !rnnc_run_input_batch(run, with->next, next, count) &&
           !rnnc_weights_zero_gradients(with->weights) &&
           !rnnc_run_forward(run) && !rnnc_run_backward(run) &&
           !rnnc_run_loss(run, loss) &&
           !rnnc_clip_norm(with->weights, 1.0f, NULL) &&
           !rnnc_optimizer_step(with->adam);
}

bool forecast_guess(forecast *with, const float *windows, int64_t count,
                    float *guesses)
{
    rnnc_run *run = with->infer;
    return !rnnc_sequence_set_padded(with->windows, windows, NULL, count,
                                     WINDOW, 1, RNNC_BATCH_MAJOR) &&
           !rnnc_run_input(run, with->window, with->windows) &&
           !rnnc_run_forward(run) &&
           !rnnc_run_get_batch(run, with->guess, guesses);
}

const char *forecast_why(const forecast *of)
{
    const char *words[] = {
        rnnc_graph_message(of->graph), rnnc_sequence_message(of->windows),
        rnnc_run_message(of->train), rnnc_run_message(of->infer),
        rnnc_optimizer_message(of->adam)};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i][0] != '\0')
            return words[i];
    return "";
}
