// SPDX-License-Identifier: MIT
// The loop: steps, the ends of epochs, measurements, and when to stop.
#include <math.h>
#include <time.h>

#include "file/checkpoint.h"
#include "train/trainer.h"

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// ---- Telling ----------------------------------------------------------------

static void describe(const rnnc_trainer *t, int32_t event, double loss,
                     rnnc_progress *to)
{
    const rni_position *at = &t->at;
    bool measured = at->measured > 0;
    *to = (rnnc_progress){.struct_size = sizeof *to,
                          .event = event,
                          .epoch = at->place.epoch,
                          .epochs = t->options.epochs,
                          .step = at->step,
                          .batch = at->place.batch,
                          .batches = t->feed.batches,
                          .window = at->place.window,
                          .loss = loss,
                          .norm = t->norm,
                          .held_out = measured ? at->held_out : (double)NAN,
                          .best = measured ? at->best : (double)NAN,
                          .mass = t->mass,
                          .improved = measured && at->waited == 0};
    rnnc_optimizer_get(t->optimizer, RNNC_OPT_LEARNING_RATE, &to->rate);
}

static void tell(rnnc_trainer *t, const rnnc_progress *progress)
{
    rni_error why = t->error; // callbacks may ask, which begins a new one
    if (t->options.progress != NULL &&
        t->options.progress(t->options.user, progress) != 0)
        t->ended = RNNC_ENDED_CALLER;
    t->error = why;
}

static void tell_now(rnnc_trainer *t, int32_t event)
{
    rnnc_progress progress;
    describe(t, event, t->mean, &progress);
    tell(t, &progress);
}

// ---- Measuring --------------------------------------------------------------

// Averaged descent is judged, and kept, by its averages.
static rnnc_status swap(rnnc_trainer *t)
{
    if (!t->optimizer->row->averaged)
        return RNNC_OK;
    return rni_trainer_take(t, rnnc_optimizer_swap_average(t->optimizer),
                            rnnc_optimizer_message(t->optimizer));
}

// A loss that is not finite is no better than others, and an error.
static void judge(rnnc_trainer *t, double loss)
{
    rni_position *at = &t->at;
    bool finite = rni_trainer_is_finite(loss);
    bool better = finite && (at->measured == 0 ||
                             loss < at->best - t->options.least_gain);
    t->dirty = true;
    at->owed = false;
    at->waited = better ? 0 : at->waited + 1;
    if (!finite) {
        rni_error_set(&t->error, RNNC_E_VALUE,
                      "trainer: the loss on held-out data is %g after step "
                      "%lld",
                      loss, (long long)at->step);
        return;
    }
    at->measured++;
    at->held_out = loss;
    if (better) {
        at->best = loss;
        rni_weights_take(t->best, t->check->weights);
    }
}

static rnnc_status tell_others(rnnc_trainer *t, double loss)
{
    rnnc_schedule *plateau = t->options.plateau;
    if (plateau != NULL &&
        rni_trainer_take(t, rnnc_schedule_observe(plateau, loss),
                         rnnc_schedule_message(plateau)) != RNNC_OK)
        return t->error.status;
    if (!t->optimizer->row->averaged)
        return RNNC_OK;
    return rni_trainer_take(t, rnnc_optimizer_observe(t->optimizer, loss, NULL),
                            rnnc_optimizer_message(t->optimizer));
}

// False: it is to be done again. A loss that is not finite is an error and yet
// done: these weights have no other.
static bool validate(rnnc_trainer *t)
{
    double loss = 0;
    if (swap(t) != RNNC_OK)
        return false;
    bool came = rni_trainer_measure(t, &loss) == RNNC_OK || isnan(loss);
    if (came)
        judge(t, loss);
    swap(t); // its own error does not hide an earlier one
    if (t->error.status != RNNC_OK)
        return came;
    if (tell_others(t, loss) != RNNC_OK)
        return false;
    tell_now(t, RNNC_PROGRESS_VALIDATION);
    return true;
}

rnnc_status rnnc_trainer_measure(rnnc_trainer *t, double *loss)
{
    if (!rni_trainer_begin(t))
        return rnnc_trainer_status(t);
    if (loss == NULL)
        return rni_error_set(&t->error, RNNC_E_ARGUMENT,
                             "trainer: loss is NULL");
    if (t->check == NULL)
        return rni_error_set(&t->error, RNNC_E_STATE,
                             "trainer: there are no held-out data");
    if (swap(t) != RNNC_OK)
        return t->error.status;
    rni_trainer_measure(t, loss);
    swap(t);
    return t->error.status;
}

// ---- Steps and epochs -------------------------------------------------------

// A step was made now, or one that was made earlier has not been measured.
static rnnc_status after_step(rnnc_trainer *t, bool made)
{
    if (t->at.owed)
        validate(t);
    if (made)
        tell_now(t, RNNC_PROGRESS_STEP);
    return t->error.status;
}

// What is done with the mean of an epoch. False: it is to be done again.
static bool after_epoch(rnnc_trainer *t, double mean)
{
    const rnnc_trainer_options *o = &t->options;
    bool done = true;
    if (t->check != NULL && o->validate_every == 0)
        done = validate(t);
    else if (t->check == NULL && o->plateau != NULL)
        done = rni_trainer_take(t, rnnc_schedule_observe(o->plateau, mean),
                                rnnc_schedule_message(o->plateau)) == RNNC_OK;
    if (done && o->schedule != NULL && o->schedule_every == RNNC_EVERY_EPOCH)
        done = rni_trainer_take(t, rnnc_schedule_step(o->schedule),
                                rnnc_schedule_message(o->schedule)) == RNNC_OK;
    return done;
}

static rnnc_status end_epoch(rnnc_trainer *t)
{
    if (!(t->at.mass > 0))
        return rni_error_set(&t->error, RNNC_E_STATE,
                             "trainer: epoch %lld has no data",
                             (long long)t->at.place.epoch);
    double mean = t->at.sum / t->at.mass;
    if (!after_epoch(t, mean))
        return t->error.status;
    rnnc_progress progress;
    describe(t, RNNC_PROGRESS_EPOCH, mean, &progress);
    progress.mass = (int64_t)t->at.mass;
    t->at.place = (rni_place){t->at.place.epoch + 1, 0, 0};
    t->at.sum = t->at.mass = 0;
    t->dirty = true;
    tell(t, &progress);
    return t->error.status;
}

static int32_t end_of(const rnnc_trainer *t)
{
    const rnnc_trainer_options *o = &t->options;
    const rni_position *at = &t->at;
    if (at->owed)
        return RNNC_ENDED_NOT;
    if (o->patience > 0 && at->waited >= o->patience)
        return RNNC_ENDED_PATIENCE;
    if (o->epochs > 0 && at->place.epoch >= o->epochs)
        return RNNC_ENDED_EPOCHS;
    if (o->steps > 0 && at->step >= o->steps)
        return RNNC_ENDED_STEPS;
    return RNNC_ENDED_NOT;
}

// ---- Checkpoints ------------------------------------------------------------

rnnc_status rni_trainer_checkpoint(rnnc_trainer *t)
{
    rnnc_record *record = rnnc_record_create(t->context);
    if (record == NULL)
        return rni_error_memory(&t->error);
    if (rnnc_trainer_save(t, record) == RNNC_OK &&
        rni_trainer_take(t,
                         rnnc_checkpoints_save(t->checkpoints, t->at.step,
                                               rni_trainer_weights(t), record),
                         rnnc_checkpoints_message(t->checkpoints)) == RNNC_OK) {
        t->dirty = false;
        t->saved_at = seconds();
    }
    rnnc_record_destroy(record);
    return t->error.status;
}

static bool is_due(const rnnc_trainer *t, bool stepped)
{
    const rnnc_trainer_options *o = &t->options;
    int64_t every = stepped ? o->checkpoint_steps : o->checkpoint_epochs;
    int64_t done = stepped ? t->at.step : t->at.place.epoch;
    return (every > 0 && done % every == 0) ||
           (o->checkpoint_seconds > 0 &&
            seconds() - t->saved_at >= o->checkpoint_seconds);
}

// ---- The loop ---------------------------------------------------------------

static rnnc_status advance(rnnc_trainer *t)
{
    bool made = false, owed = t->at.owed;
    if (!owed && rni_trainer_step(t, &made) != RNNC_OK)
        return t->error.status;
    bool stepped = made || owed;
    if ((stepped ? after_step(t, made) : end_epoch(t)) != RNNC_OK)
        return t->error.status;
    if (t->checkpoints != NULL && is_due(t, stepped))
        return rni_trainer_checkpoint(t);
    return RNNC_OK;
}

rnnc_status rnnc_trainer_train(rnnc_trainer *t)
{
    if (!rni_trainer_begin(t))
        return rnnc_trainer_status(t);
    if (t->checkpoints != NULL &&
        rni_trainer_take(t, rni_checkpoints_claim(t->checkpoints),
                         rnnc_checkpoints_message(t->checkpoints)) != RNNC_OK)
        return t->error.status;
    t->saved_at = seconds();
    t->ended = end_of(t);
    while (t->ended == RNNC_ENDED_NOT && advance(t) == RNNC_OK)
        if (t->ended == RNNC_ENDED_NOT)
            t->ended = end_of(t);
        else
            break;
    if (t->error.status != RNNC_OK)
        t->ended = RNNC_ENDED_NOT;
    else if (t->checkpoints != NULL && t->dirty)
        rni_trainer_checkpoint(t);
    return t->error.status;
}
