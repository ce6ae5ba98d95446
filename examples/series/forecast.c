/* SPDX-License-Identifier: MIT */
#include "forecast.h"

#include <stdlib.h>

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

bool forecast_make(forecast *to, int64_t units)
{
    describe(to, units);
    to->loss = rnnc_mse(to->guess, to->next, RNNC_REDUCE_MEAN);
    to->weights = rnnc_weights_create(to->graph, 1);
    to->adam = rnnc_optimizer_create(to->weights, RNNC_ADAM);
    rnnc_optimizer_set(to->adam, RNNC_OPT_LEARNING_RATE, 5e-3);
    rnnc_plan_options options = {sizeof options, RNNC_INFER,
                                 .outputs = &to->guess, .n_outputs = 1};
    rnnc_plan *plan = rnnc_plan_create(to->graph, &options);
    to->infer = rnnc_run_create(plan, to->weights);
    rnnc_plan_destroy(plan); /* the run keeps it */
    to->windows = rnnc_sequence_create(NULL);
    return !rnnc_run_status(to->infer) && !rnnc_optimizer_status(to->adam) &&
           !rnnc_sequence_status(to->windows);
}

void forecast_free(forecast *of)
{
    rnnc_sequence_destroy(of->windows);
    rnnc_trainer_destroy(of->trainer);
    rnnc_optimizer_destroy(of->adam);
    rnnc_run_destroy(of->infer);
    rnnc_weights_destroy(of->weights);
    rnnc_graph_destroy(of->graph);
    *of = (forecast){0};
}

/* All windows are of one length; the caller frees what is given. */
static int64_t *lengths_of(int64_t count)
{
    int64_t *lengths = malloc((size_t)(count + 1) * sizeof *lengths);
    for (int64_t i = 0; lengths && i < count; i++)
        lengths[i] = WINDOW;
    return lengths;
}

bool forecast_learn(forecast *with, const float *const *windows,
                    const float *next, int64_t count, int64_t epochs,
                    rnnc_progress_callback progress, void *user)
{
    if (epochs < 1)
        return true;
    rnnc_dataset *data = rnnc_dataset_create(with->graph);
    rnnc_trainer_options options = {
        sizeof options, .data = data, .epochs = epochs,    .batch = 64,
        .clip_norm = 1, .user = user, .progress = progress};
    int64_t *lengths = lengths_of(count);
    bool done =
        lengths &&
        !rnnc_dataset_rows(data, with->window, windows, lengths, count) &&
        !rnnc_dataset_batch(data, with->next, next, count);
    free(lengths);
    if (done)
        with->trainer = rnnc_trainer_create(with->adam, with->loss, &options);
    rnnc_dataset_destroy(data); /* the trainer keeps it */
    return done && !rnnc_trainer_train(with->trainer);
}

bool forecast_guess(forecast *with, const float *const *windows, int64_t count,
                    float *guesses)
{
    rnnc_run *run = with->infer;
    int64_t *lengths = lengths_of(count);
    bool done =
        lengths &&
        !rnnc_sequence_set_rows(with->windows, windows, lengths, count, 1) &&
        !rnnc_run_input(run, with->window, with->windows) &&
        !rnnc_run_forward(run) &&
        !rnnc_run_get_batch(run, with->guess, guesses);
    free(lengths);
    return done;
}

const char *forecast_why(const forecast *of)
{
    const char *words[] = {
        rnnc_graph_message(of->graph), rnnc_sequence_message(of->windows),
        rnnc_run_message(of->infer), rnnc_optimizer_message(of->adam),
        rnnc_trainer_message(of->trainer)};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i][0] != '\0')
            return words[i];
    return "";
}
