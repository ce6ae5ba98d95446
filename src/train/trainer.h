// SPDX-License-Identifier: MIT
// A trainer: where it stands, and what it calls on the way.
#ifndef RNI_TRAINER_H
#define RNI_TRAINER_H

#include "rnnc/checkpoint.h"
#include "rnnc/trainer.h"
#include "run/run.h"
#include "train/feed.h"
#include "train/optimizer.h"

// All that a checkpoint needs beside what others write, as numbers: whole ones
// up to 2^53, and losses.
typedef struct rni_position {
    rni_place place; // of the next batch or window
    int64_t step;
    double sum, mass; // of the losses of this epoch
    double held_out, best;
    int64_t measured; // how often
    int64_t waited;   // measurements since the best
    bool owed;        // the one after the last step did not come about
} rni_position;

// A copy of a run's states.
typedef struct rni_states {
    float *values; // [rows, states]
    int64_t room;  // floats
    int64_t rows;  // -1: the run had none
} rni_states;

struct rnnc_trainer {
    rnnc_context *context; // held
    rni_error error;
    bool whole;
    rnnc_trainer_options options;
    rnnc_optimizer *optimizer; // held, and with it the weights
    rnnc_node *loss;
    rnnc_run *run, *check; // check: NULL, there is nothing to measure on
    rni_feed feed, held_out;
    bool count_examples;
    rnnc_weights *best;            // NULL: nothing is measured
    rnnc_checkpoints *checkpoints; // NULL: none
    rni_position at;
    int32_t ended;
    bool dirty;        // there is something that no checkpoint has
    double saved_at;   // seconds of a clock
    double norm, mean; // of the last step, NaN and 0: it was not made here
    int64_t mass;
    // What a step that fails goes back to, and the states before its last part.
    rni_position before;
    uint64_t counter;
    rni_states states, part;
    const rni_states *last; // those before the last pass
};

static inline rnnc_weights *rni_trainer_weights(const rnnc_trainer *t)
{
    return t->optimizer->weights;
}

static inline const rni_memory *rni_trainer_memory(const rnnc_trainer *t)
{
    return &t->context->memory;
}

// Whether states go on from one pass to the next.
static inline bool rni_trainer_carries(const rnnc_trainer *t)
{
    return t->options.window > 0 || t->options.fill != NULL;
}

// False where the trainer could not be made; else its last error is forgotten.
bool rni_trainer_begin(rnnc_trainer *t);

// Takes over what a call of another handle says.
rnnc_status rni_trainer_take(rnnc_trainer *t, rnnc_status status,
                             const char *message);

// Not NaN and not infinite.
bool rni_trainer_is_finite(double value);

// One step. *made is false where the epoch is over. On failure all is as it
// was before the step.
rnnc_status rni_trainer_step(rnnc_trainer *t, bool *made);

// The mean loss of the held-out data. Where there are none it is NaN, and an
// error.
rnnc_status rni_trainer_measure(rnnc_trainer *t, double *loss);

// A checkpoint, now.
rnnc_status rni_trainer_checkpoint(rnnc_trainer *t);

// Names the first value of the last pass that is not finite, in the error that
// it sets; `what` is "loss" or "gradient", `value` what it is.
rnnc_status rni_trainer_fault(rnnc_trainer *t, const char *what, double value);

#endif
