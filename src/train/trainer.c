// SPDX-License-Identifier: MIT
// The handle of a trainer: its options are checked, its runs made.
#include "train/trainer.h"

#include <float.h>
#include <math.h>

#include "base/options.h"
#include "train/average.h"
#include "train/schedule.h"

enum { BATCH = 32 };

// ---- Options ----------------------------------------------------------------

static rnnc_status check_numbers(const rnnc_trainer_options *o,
                                 rni_error *error)
{
    const struct {
        const char *name;
        double value, least, most;
    } numbers[] = {
        {"order", o->order, 0, RNNC_ORDER_GIVEN},
        {"count_by", o->count_by, 0, RNNC_COUNT_BATCHES},
        {"schedule_every", o->schedule_every, 0, RNNC_EVERY_EPOCH},
        {"epochs", (double)o->epochs, 0, 0x1p53},
        {"steps", (double)o->steps, 0, 0x1p53},
        {"batch", (double)o->batch, 0, 0x1p31},
        {"window", (double)o->window, 0, 0x1p53},
        {"accumulate", o->accumulate, 0, 0x1p31},
        {"clip_norm", o->clip_norm, 0, (double)FLT_MAX},
        {"clip_value", o->clip_value, 0, (double)FLT_MAX},
        {"patience", o->patience, 0, 0x1p31},
        {"least_gain", o->least_gain, 0, DBL_MAX},
        {"validate_every", (double)o->validate_every, 0, 0x1p53},
        {"checkpoint_keep", o->checkpoint_keep, 0, 0x1p31},
        {"checkpoint_steps", (double)o->checkpoint_steps, 0, 0x1p53},
        {"checkpoint_seconds", o->checkpoint_seconds, 0, DBL_MAX},
        {"checkpoint_epochs", (double)o->checkpoint_epochs, 0, 0x1p53},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!(numbers[i].value >= numbers[i].least &&
              numbers[i].value <= numbers[i].most))
            return rni_error_set(error, RNNC_E_ARGUMENT,
                                 "trainer: %s is %g, expected %g to %g",
                                 numbers[i].name, numbers[i].value,
                                 numbers[i].least, numbers[i].most);
    return RNNC_OK;
}

static rnnc_status check_sources(const rnnc_trainer_options *o,
                                 rni_error *error)
{
    if ((o->data == NULL) == (o->fill == NULL))
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "trainer: data and fill are both %s, expected one "
                             "of them",
                             o->data == NULL ? "NULL" : "given");
    if (o->held_out != NULL && o->fill_held_out != NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "trainer: held_out and fill_held_out are both "
                             "given, expected one of them at most");
    if (o->patience > 0 && o->held_out == NULL && o->fill_held_out == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "trainer: patience needs held-out data");
    return RNNC_OK;
}

// It could be made, and moves the rates of the optimizer.
static bool is_of(const rnnc_schedule *schedule, const rnnc_trainer *t)
{
    return schedule->whole && schedule->optimizer == t->optimizer;
}

// All belong to the weights that are trained.
static rnnc_status check_handles(const rnnc_trainer *t, rni_error *error)
{
    const rnnc_trainer_options *o = &t->options;
    const rnnc_weights *weights = rni_trainer_weights(t);
    const rnnc_graph *graph = weights->graph;
    const char *stranger = NULL;
    if (t->loss == NULL || t->loss->graph != graph)
        stranger = "loss";
    else if (o->data != NULL && o->data->graph != graph)
        stranger = "data";
    else if (o->held_out != NULL && o->held_out->graph != graph)
        stranger = "held_out";
    else if (o->plan != NULL &&
             (o->plan->graph != graph || o->plan->use != RNNC_TRAIN))
        stranger = "plan";
    else if (o->schedule != NULL && !is_of(o->schedule, t))
        stranger = "schedule";
    else if (o->plateau != NULL && !is_of(o->plateau, t))
        stranger = "plateau";
    else if (o->average != NULL && rni_average_of(o->average) != weights)
        stranger = "average";
    if (stranger == NULL)
        return RNNC_OK;
    return rni_error_set(error, RNNC_E_ARGUMENT,
                         "trainer: %s is NULL, could not be made, or belongs "
                         "to others than the optimizer and its weights",
                         stranger);
}

// The windows of an example's sequences begin and end together.
static rnnc_status check_windows(const rnnc_dataset *data, int64_t window,
                                 rni_error *error)
{
    const rni_column *first = NULL;
    for (int32_t c = 0; data != NULL && window > 0 && c < data->n_columns;
         c++) {
        const rni_column *column = &data->columns[c];
        if (!rni_column_is_sequence(column))
            continue;
        first = first == NULL ? column : first;
        for (int64_t i = 0; i < data->count; i++)
            if (column->lengths[i] != first->lengths[i])
                return rni_error_set(
                    error, RNNC_E_SHAPE,
                    "trainer: window %lld: example %lld has %lld steps of "
                    "\"%.80s\" and %lld of \"%.80s\", expected as many",
                    (long long)window, (long long)i,
                    (long long)first->lengths[i], first->input->name,
                    (long long)column->lengths[i], column->input->name);
    }
    return RNNC_OK;
}

static rnnc_status read_options(rnnc_trainer *t,
                                const rnnc_trainer_options *options)
{
    rni_error *error = &t->error;
    rnnc_trainer_options *o = &t->options;
    if (options == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "trainer: options is NULL");
    if (rni_options_read(o, sizeof *o, sizeof *o, options, error) != RNNC_OK ||
        check_numbers(o, error) != RNNC_OK ||
        check_sources(o, error) != RNNC_OK ||
        check_handles(t, error) != RNNC_OK ||
        check_windows(o->data, o->window, error) != RNNC_OK ||
        check_windows(o->held_out, o->window, error) != RNNC_OK)
        return error->status;
    o->batch = o->batch == 0 ? BATCH : o->batch;
    o->accumulate = o->accumulate == 0 ? 1 : o->accumulate;
    if (o->checkpoint_steps == 0 && o->checkpoint_epochs == 0 &&
        !(o->checkpoint_seconds > 0))
        o->checkpoint_epochs = 1;
    return RNNC_OK;
}

// ---- Parts ------------------------------------------------------------------

static rnnc_run *make_run(rnnc_trainer *t, int32_t use, rnnc_weights *weights)
{
    rnnc_plan_options options = {.struct_size = sizeof options, .use = use};
    rnnc_plan *plan = t->options.plan;
    if (use == RNNC_TRAIN) {
        options.loss = t->loss;
    } else {
        options.outputs = &t->loss;
        options.n_outputs = 1;
    }
    if (use != RNNC_TRAIN || plan == NULL)
        plan = rnnc_plan_create(t->loss->graph, &options);
    rnnc_run *run = plan == NULL ? NULL : rnnc_run_create(plan, weights);
    if (plan != t->options.plan)
        rnnc_plan_destroy(plan);
    if (run == NULL)
        rni_error_memory(&t->error);
    else
        rni_error_copy(&t->error, &run->error);
    return run;
}

static bool measures(const rnnc_trainer *t)
{
    return t->options.held_out != NULL || t->options.fill_held_out != NULL;
}

static rnnc_status make_runs(rnnc_trainer *t)
{
    const rnnc_trainer_options *o = &t->options;
    rnnc_weights *weights = rni_trainer_weights(t);
    t->run = make_run(t, RNNC_TRAIN, weights);
    if (t->error.status != RNNC_OK)
        return t->error.status;
    rnnc_run_seed(t->run, o->seed, 0);
    if (!measures(t))
        return RNNC_OK;
    t->check = make_run(t, RNNC_INFER,
                        o->average == NULL ? weights
                                           : rnnc_average_weights(o->average));
    if (t->error.status != RNNC_OK)
        return t->error.status;
    t->best = rnnc_weights_copy(weights);
    return t->best == NULL || t->best->values == NULL
               ? rni_error_memory(&t->error)
               : RNNC_OK;
}

static rnnc_status make_feeds(rnnc_trainer *t)
{
    const rnnc_trainer_options *o = &t->options;
    if (o->data != NULL)
        rni_feed_init(&t->feed, o->data, o->batch, o->window, o->order, o->seed,
                      &t->error);
    if (t->error.status == RNNC_OK && o->held_out != NULL)
        rni_feed_init(&t->held_out, o->held_out, o->batch, o->window,
                      RNNC_ORDER_GIVEN, o->seed, &t->error);
    t->count_examples = o->count_by == RNNC_COUNT_EXAMPLES;
    for (int32_t c = 0; o->data != NULL && c < o->data->n_columns; c++)
        if (o->count_by == RNNC_COUNT_AUTO &&
            !rni_column_is_sequence(&o->data->columns[c]))
            t->count_examples = true;
    return t->error.status;
}

static rnnc_status make_checkpoints(rnnc_trainer *t)
{
    const rnnc_trainer_options *o = &t->options;
    if (o->checkpoints == NULL)
        return RNNC_OK;
    t->checkpoints =
        rnnc_checkpoints_create(t->context, o->checkpoints, o->checkpoint_keep);
    t->options.checkpoints = NULL; // the caller's
    return rni_trainer_take(t, rnnc_checkpoints_status(t->checkpoints),
                            rnnc_checkpoints_message(t->checkpoints));
}

// ---- Made and let go --------------------------------------------------------

static void hold_options(rnnc_trainer *t)
{
    const rnnc_trainer_options *o = &t->options;
    rni_schedule_hold(o->schedule);
    rni_schedule_hold(o->plateau);
    rni_average_hold(o->average);
    if (o->plan != NULL)
        rni_plan_hold(o->plan);
}

static void drop_options(rnnc_trainer *t)
{
    const rnnc_trainer_options *o = &t->options;
    rnnc_schedule_destroy(o->schedule);
    rnnc_schedule_destroy(o->plateau);
    rnnc_average_destroy(o->average);
    rnnc_plan_destroy(o->plan);
}

rnnc_trainer *rnnc_trainer_create(rnnc_optimizer *optimizer, rnnc_node *loss,
                                  const rnnc_trainer_options *options)
{
    bool there = optimizer != NULL && optimizer->weights != NULL;
    rnnc_context *context =
        rni_context_hold(there ? optimizer->weights->graph->context : NULL);
    if (context == NULL)
        return NULL;
    rnnc_trainer *t = rni_memory_zeroed(&context->memory, 1, sizeof *t);
    if (t == NULL) {
        rni_context_drop(context);
        return NULL;
    }
    t->context = context;
    t->loss = loss;
    t->states.rows = t->part.rows = -1;
    if (!there || rnnc_optimizer_status(optimizer) != RNNC_OK) {
        rni_error_set(&t->error, RNNC_E_ARGUMENT,
                      "trainer: the optimizer is NULL or in error: %.300s",
                      optimizer == NULL ? "" : optimizer->error.text);
        return t;
    }
    rni_optimizer_hold(optimizer);
    t->optimizer = optimizer;
    if (read_options(t, options) != RNNC_OK) {
        t->options = (rnnc_trainer_options){0};
        return t;
    }
    hold_options(t);
    t->whole = make_runs(t) == RNNC_OK && make_feeds(t) == RNNC_OK &&
               make_checkpoints(t) == RNNC_OK;
    return t;
}

void rnnc_trainer_destroy(rnnc_trainer *t)
{
    if (t == NULL)
        return;
    rnnc_context *context = t->context;
    rni_feed_fini(&t->feed);
    rni_feed_fini(&t->held_out);
    rnnc_run_destroy(t->run);
    rnnc_run_destroy(t->check);
    rnnc_weights_destroy(t->best);
    rnnc_checkpoints_destroy(t->checkpoints);
    drop_options(t);
    rni_memory_release(&context->memory, t->states.values);
    rni_memory_release(&context->memory, t->part.values);
    rnnc_optimizer_destroy(t->optimizer);
    rni_memory_release(&context->memory, t);
    rni_context_drop(context);
}

// ---- Asking -----------------------------------------------------------------

rnnc_status rnnc_trainer_status(const rnnc_trainer *t)
{
    return t == NULL ? RNNC_E_MEMORY : t->error.status;
}

const char *rnnc_trainer_message(const rnnc_trainer *t)
{
    return t == NULL ? "out of memory" : t->error.text;
}

bool rni_trainer_begin(rnnc_trainer *t)
{
    if (t == NULL || !t->whole)
        return false;
    rni_error_clear(&t->error);
    return true;
}

rnnc_status rni_trainer_take(rnnc_trainer *t, rnnc_status status,
                             const char *message)
{
    return status == RNNC_OK ? RNNC_OK
                             : rni_error_set(&t->error, status, "%s", message);
}

bool rni_trainer_is_finite(double value)
{
    return value >= -DBL_MAX && value <= DBL_MAX;
}

int32_t rnnc_trainer_ended(const rnnc_trainer *t)
{
    return t == NULL ? RNNC_ENDED_NOT : t->ended;
}

int64_t rnnc_trainer_steps(const rnnc_trainer *t)
{
    return t == NULL ? 0 : t->at.step;
}

int64_t rnnc_trainer_epochs(const rnnc_trainer *t)
{
    return t == NULL ? 0 : t->at.place.epoch;
}

rnnc_weights *rnnc_trainer_best(const rnnc_trainer *t)
{
    if (t == NULL || !t->whole)
        return NULL;
    return t->at.measured > 0 ? t->best : rni_trainer_weights(t);
}

double rnnc_trainer_best_loss(const rnnc_trainer *t)
{
    return t != NULL && t->at.measured > 0 ? t->at.best : (double)NAN;
}

rnnc_run *rnnc_trainer_run(const rnnc_trainer *t)
{
    return t == NULL || !t->whole ? NULL : t->run;
}

rnnc_run *rnnc_trainer_held_out_run(const rnnc_trainer *t)
{
    return t == NULL || !t->whole ? NULL : t->check;
}

const char *rnnc_trainer_notice(const rnnc_trainer *t)
{
    return t == NULL ? "" : rnnc_checkpoints_notice(t->checkpoints);
}
