// SPDX-License-Identifier: MIT
// One step: batches forward and backward, their gradients used; and the same
// road without gradients over held-out data.
#include <float.h>
#include <math.h>
#include <string.h>

#include "train/trainer.h"

// ---- States, kept to go back to ---------------------------------------------

static rnnc_status keep_states(rnnc_trainer *t, rni_states *to)
{
    int64_t rows = t->run->kept_batch;
    int64_t floats = rows * rnnc_run_state_count(t->run);
    to->rows = -1;
    if (!rni_trainer_carries(t) || floats <= 0)
        return RNNC_OK;
    if (to->room < floats) {
        float *more = rni_memory_zeroed(rni_trainer_memory(t), (size_t)floats,
                                        sizeof *more);
        if (more == NULL)
            return rni_error_memory(&t->error);
        rni_memory_release(rni_trainer_memory(t), to->values);
        to->values = more;
        to->room = floats;
    }
    to->rows = rows;
    return rni_trainer_take(t, rnnc_run_state_get(t->run, to->values),
                            rnnc_run_message(t->run));
}

static void go_back(rnnc_trainer *t)
{
    t->at = t->before;
    rnnc_run_seed(t->run, t->options.seed, t->counter);
    if (t->states.rows >= 0)
        rnnc_run_state_set(t->run, t->states.values, t->states.rows);
}

// ---- Batches ----------------------------------------------------------------

// Asks the caller's function. *has is false where the epoch is over.
static rnnc_status ask(rnnc_trainer *t, rnnc_fill fill, rnnc_run *run,
                       const rni_place *place, bool *has)
{
    rnnc_fill_request request = {.struct_size = sizeof request,
                                 .held_out = run == t->check,
                                 .epoch = place->epoch,
                                 .batch = place->batch,
                                 .run = run};
    int32_t answer = fill(t->options.user, &request);
    *has = answer > 0;
    if (answer < 0)
        return rni_error_set(&t->error, RNNC_E_STATE,
                             "trainer: fill gave %ld for batch %lld of epoch "
                             "%lld%s",
                             (long)answer, (long long)place->batch,
                             (long long)place->epoch,
                             run == t->check ? ", held-out data" : "");
    return RNNC_OK;
}

// Sets the inputs of the next batch or window of either kind of data. *mass is
// what its loss counts.
static rnnc_status load(rnnc_trainer *t, rnnc_run *run, rni_place *place,
                        bool *has, int64_t *mass)
{
    bool check = run == t->check;
    rni_feed *feed = check ? &t->held_out : &t->feed;
    rnnc_fill fill = check ? t->options.fill_held_out : t->options.fill;
    *mass = 1;
    if (fill != NULL)
        return ask(t, fill, run, place, has);
    *has = rni_feed_seek(feed, place);
    if (!*has)
        return RNNC_OK;
    rni_feed_load(feed, place, run, t->count_examples, mass, &t->error);
    if (t->options.count_by == RNNC_COUNT_BATCHES)
        *mass = 1;
    return t->error.status;
}

// Behind the batch or window that was loaded.
static void move_on(const rnnc_trainer *t, rni_place *place, bool by_fill)
{
    if (t->options.window > 0 && !by_fill)
        place->window++;
    else
        place->batch++;
}

// ---- A step -----------------------------------------------------------------

typedef struct parts {
    int32_t count;
    double sum; // of losses times masses
    int64_t mass;
} parts;

static rnnc_status learn(rnnc_trainer *t, parts *p, int64_t mass)
{
    rnnc_run *run = t->run;
    float loss = 0;
    t->last = p->count == 0 ? &t->states : &t->part;
    if (p->count > 0 && keep_states(t, &t->part) != RNNC_OK)
        return t->error.status;
    rnnc_status status = rnnc_run_forward(run);
    if (status != RNNC_OK)
        return rni_trainer_take(t, status, rnnc_run_message(run));
    rnnc_run_loss(run, &loss);
    if (!rni_trainer_is_finite((double)loss))
        return rni_trainer_fault(t, "loss", (double)loss);
    p->count++;
    p->mass += mass;
    p->sum += (double)loss * (double)mass;
    return rni_trainer_take(t, rnnc_run_backward(run), rnnc_run_message(run));
}

static rnnc_status learn_parts(rnnc_trainer *t, parts *p)
{
    while (p->count < t->options.accumulate) {
        bool has = false;
        int64_t mass = 0;
        if (load(t, t->run, &t->at.place, &has, &mass) != RNNC_OK)
            return t->error.status;
        if (!has)
            return RNNC_OK;
        if (learn(t, p, mass) != RNNC_OK)
            return t->error.status;
        move_on(t, &t->at.place, t->options.fill != NULL);
    }
    return RNNC_OK;
}

// The mean of the parts, measured and clipped. The backward pass has left
// gradients and the options are within their bounds, so the calls go well.
static rnnc_status clip(rnnc_trainer *t, int32_t count)
{
    const rnnc_trainer_options *o = &t->options;
    rnnc_weights *weights = rni_trainer_weights(t);
    float norm = 0;
    if (count > 1)
        rnnc_scale_gradients(weights, 1 / (float)count);
    rnnc_clip_norm(weights, o->clip_norm > 0 ? (float)o->clip_norm : FLT_MAX,
                   &norm);
    t->norm = (double)norm;
    if (!rni_trainer_is_finite(t->norm))
        return rni_trainer_fault(t, "gradient", t->norm);
    if (o->clip_value > 0)
        rnnc_clip_value(weights, (float)o->clip_value);
    return RNNC_OK;
}

// What follows the optimizer.
static rnnc_status follow(rnnc_trainer *t)
{
    const rnnc_trainer_options *o = &t->options;
    rnnc_status status = RNNC_OK;
    if (o->average != NULL)
        status = rni_trainer_take(t, rnnc_average_update(o->average),
                                  rnnc_average_message(o->average));
    if (status == RNNC_OK && o->schedule != NULL &&
        o->schedule_every == RNNC_EVERY_STEP)
        status = rni_trainer_take(t, rnnc_schedule_step(o->schedule),
                                  rnnc_schedule_message(o->schedule));
    return status;
}

static rnnc_status use_gradients(rnnc_trainer *t, const parts *p)
{
    if (clip(t, p->count) != RNNC_OK)
        return t->error.status;
    return rni_trainer_take(t, rnnc_optimizer_step(t->optimizer),
                            rnnc_optimizer_message(t->optimizer));
}

static rnnc_status try_step(rnnc_trainer *t, parts *p)
{
    t->before = t->at;
    t->counter = t->run->counter;
    if (keep_states(t, &t->states) != RNNC_OK)
        return t->error.status;
    rnnc_weights_zero_gradients(rni_trainer_weights(t));
    if (learn_parts(t, p) == RNNC_OK && p->count > 0)
        use_gradients(t, p);
    if (t->error.status != RNNC_OK)
        go_back(t);
    return t->error.status;
}

// Whether the loss on held-out data is to be measured after this step.
static bool is_measured(const rnnc_trainer *t)
{
    int64_t every = t->options.validate_every;
    return t->check != NULL && every > 0 && t->at.step % every == 0;
}

rnnc_status rni_trainer_step(rnnc_trainer *t, bool *made)
{
    parts p = {0, 0, 0};
    if (try_step(t, &p) != RNNC_OK)
        return t->error.status;
    *made = p.count > 0;
    if (!*made)
        return RNNC_OK;
    t->at.step++;
    t->at.owed = is_measured(t);
    t->at.sum += p.sum;
    t->at.mass += (double)p.mass;
    t->mean = p.mass > 0 ? p.sum / (double)p.mass : 0;
    t->mass = p.mass;
    t->dirty = true;
    return follow(t);
}

// ---- Held-out data ----------------------------------------------------------

rnnc_status rni_trainer_measure(rnnc_trainer *t, double *loss)
{
    rni_place place = {0, 0, 0};
    double sum = 0, total = 0;
    bool has = true;
    for (;;) {
        int64_t mass = 0;
        float value = 0;
        if (load(t, t->check, &place, &has, &mass) != RNNC_OK)
            return t->error.status;
        if (!has)
            break;
        rnnc_status status = rnnc_run_forward(t->check);
        if (status == RNNC_OK)
            status = rnnc_run_get_static(t->check, t->loss, &value);
        if (rni_trainer_take(t, status, rnnc_run_message(t->check)) != RNNC_OK)
            return status;
        sum += (double)value * (double)mass;
        total += (double)mass;
        move_on(t, &place, t->options.fill_held_out != NULL);
    }
    *loss = total > 0 ? sum / total : (double)NAN;
    if (!(total > 0))
        return rni_error_set(&t->error, RNNC_E_STATE,
                             "trainer: the held-out data are empty");
    return RNNC_OK;
}
