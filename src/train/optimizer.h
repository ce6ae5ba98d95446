// SPDX-License-Identifier: MIT
// An optimizer: a table of tape instructions, the scalars they take, and the
// moving averages they keep.
#ifndef RNI_OPTIMIZER_H
#define RNI_OPTIMIZER_H

#include "kernel/kernel.h"
#include "rnnc/optimizer.h"
#include "record/record.h"
#include "weights/weights.h"

enum {
    RNI_OPTIMIZERS = 10,
    RNI_OPTIONS = 20,
    RNI_AVERAGES = 3,
    RNI_UPDATE_NUMBERS = 2,
    RNI_TRAIL = 64 // losses that are remembered: NT-ASGD
};

// Slots of the tape: the parameter, its gradient, the averages, a temporary,
// and scalars that are the same for all elements of a parameter.
enum {
    RNI_SLOT_P,
    RNI_SLOT_G,
    RNI_SLOT_AVERAGE,
    RNI_SLOT_T = RNI_SLOT_AVERAGE + RNI_AVERAGES,
    RNI_SLOT_SCALAR,
    RNI_UPDATE_SCALARS = 12,
    RNI_UPDATE_SLOTS = RNI_SLOT_SCALAR + RNI_UPDATE_SCALARS,
    RNI_UPDATE_CODE = 20 // instructions at most
};

// What an instruction or an average is needed for.
enum {
    RNI_WHEN_DECAY = 1 << 0,       // weight decay in the gradient
    RNI_WHEN_DECAY_APART = 1 << 1, // decoupled
    RNI_WHEN_MOMENTUM = 1 << 2,
    RNI_WHEN_NO_MOMENTUM = 1 << 3,
    RNI_WHEN_NESTEROV = 1 << 4,
    RNI_WHEN_PLAIN = 1 << 5, // momentum without nesterov
    RNI_WHEN_CENTERED = 1 << 6,
    RNI_WHEN_NOT_CENTERED = 1 << 7,
    RNI_WHEN_AMSGRAD = 1 << 8,
    RNI_WHEN_NOT_AMSGRAD = 1 << 9,
    RNI_WHEN_MAXIMIZE = 1 << 10
};

typedef struct rni_update_code {
    int32_t op, to, a, b, c; // as in rni_tape_code
    uint32_t when;           // all of these must hold
} rni_update_code;

// What an algorithm knows of one parameter, beside its averages.
typedef struct rni_update_state {
    int32_t group;
    int64_t step; // so many have been made, the one under way included
    double numbers[RNI_UPDATE_NUMBERS];
    float scalars[RNI_UPDATE_SCALARS]; // of the step under way
} rni_update_state;

// A moving average, laid out as the weights.
typedef struct rni_update_average {
    const char *name; // PyTorch's; NULL: there is none
    uint32_t when;
    bool filled; // begins at RNNC_OPT_INITIAL_ACCUMULATOR, not at zero
} rni_update_average;

typedef struct rni_update_row {
    const char *name;
    double defaults[RNI_OPTIONS];
    uint32_t options; // bit o: option o is one of its own
    rni_update_average averages[RNI_AVERAGES];
    const char *numbers[RNI_UPDATE_NUMBERS]; // names; NULL: there is none
    bool averaged; // averages[0] is the model to use: ASGD
    const rni_update_code *code;
    int32_t n_code;
    // The scalars of a step beyond the common ones; moves the numbers on.
    void (*scalars)(const double options[RNI_OPTIONS], rni_update_state *state);
} rni_update_row;

extern const rni_update_row rni_update_table[RNI_OPTIMIZERS];

// Code of all algorithms, before their own.
enum { RNI_UPDATE_COMMON = 4 };
extern const rni_update_code rni_update_common[RNI_UPDATE_COMMON];

// Parameters with options of their own. Options that it does not own are equal
// to those of group 0.
typedef struct rni_update_group {
    double options[RNI_OPTIONS];
    uint32_t own;   // bit o: option o was set for this group
    double initial; // learning rate that schedules start from; < 0: none yet
    rni_tape_code code[RNI_UPDATE_CODE];
    int32_t n_code;
} rni_update_group;

// Losses on held-out data, for NT-ASGD's switch.
typedef struct rni_update_trail {
    double losses[RNI_TRAIL]; // loss number i is at i % RNI_TRAIL
    double least;             // of those that are no longer there or too old
    int64_t seen;
} rni_update_trail;

struct rnnc_optimizer {
    atomic_int references;
    rnnc_weights *weights; // held
    rni_error error;
    bool whole;   // create came to its end
    bool swapped; // the averages stand in the weights' place
    const rni_kernels *kernels;
    const rni_update_row *row;
    int32_t n_groups, groups_capacity;
    rni_update_group *groups;
    rni_update_state *states;      // [n_parameters]
    float *averages[RNI_AVERAGES]; // laid out as the weights; NULL: unused
    float *scratch;                // a tape's for each member of the team
    rni_update_trail trail;
};

void rni_optimizer_hold(rnnc_optimizer *optimizer);

static inline const rni_memory *
rni_optimizer_memory(const rnnc_optimizer *optimizer)
{
    return &optimizer->weights->graph->context->memory;
}

// RNNC_OK where the handle is whole; its error is cleared, for the errors of
// single calls do not last.
rnnc_status rni_optimizer_begin(rnnc_optimizer *optimizer);

// Name and bounds of an option.
const char *rni_optimizer_option_name(int32_t option);
void rni_optimizer_bounds(int32_t option, double *low, double *high);
bool rni_optimizer_has(const rnnc_optimizer *optimizer, int32_t option);
bool rni_optimizer_allows(int32_t option, double value);

// Sets an allowed option of one group alone, owned or not. False where memory
// for an average runs out; then nothing has changed. An average that has been
// needed once stays, so the same condition never asks again.
bool rni_optimizer_put(rnnc_optimizer *optimizer, int32_t group, int32_t option,
                       double value);

// Owns what differs from group 0: after rni_optimizer_put.
void rni_optimizer_own(rnnc_optimizer *optimizer, int32_t option);

// Makes the averages that `holds` needs and that are not there; fresh[i] tells
// which are new. On failure none is.
bool rni_optimizer_make_averages(rnnc_optimizer *optimizer, uint32_t holds,
                                 bool fresh[RNI_AVERAGES]);
uint32_t rni_optimizer_conditions(const double options[RNI_OPTIONS]);
void rni_optimizer_build_code(rnnc_optimizer *optimizer, int32_t group);

// All that later steps depend on: see record/record.h.
bool rni_optimizer_items(void *optimizer, rni_item_visit *visit, void *user);

#endif
