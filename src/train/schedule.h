// SPDX-License-Identifier: MIT
// A schedule: a row of the table of kinds, its options for each group, and a
// few numbers that say where it is.
#ifndef RNI_SCHEDULE_H
#define RNI_SCHEDULE_H

#include "rnnc/schedule.h"
#include "train/optimizer.h"

enum {
    RNI_SCHED_OPTIONS = 29,
    RNI_SCHED_NUMBERS = 3,
    RNI_SCHEDULE_DEPTH = 8, // levels of parts
    // Kinds that calls of their own make.
    RNI_SCHEDULE_LAMBDA = 11,
    RNI_SCHEDULE_CHAIN,
    RNI_SCHEDULE_SEQUENCE,
    RNI_SCHEDULES
};

typedef struct rni_schedule_group {
    double options[RNI_SCHED_OPTIONS];
    double base;                   // rate that it starts from
    double rate, momentum;         // what the step under way wants
    double old_rate, old_momentum; // of the optimizer before a step
} rni_schedule_group;

typedef struct rni_schedule_row {
    const char *name;
    double defaults[RNI_SCHED_OPTIONS];
    uint32_t options, needed;               // bit o: option o
    const char *numbers[RNI_SCHED_NUMBERS]; // names; NULL: there is none
    bool resets; // its base rates are those of later schedules too
    // Sets base rates other than the optimizer's, or first numbers; NULL: none.
    void (*prepare)(rnnc_schedule *schedule);
    // Moves the numbers on to t; NULL: there is nothing to move.
    void (*advance)(rnnc_schedule *schedule);
    // The rate of a group at t, from its rate before; NULL: there are parts, or
    // it changes with what is observed.
    double (*rate)(const rnnc_schedule *schedule, int32_t group);
    // Its momentum; NULL: not moved.
    double (*momentum)(const rnnc_schedule *schedule, int32_t group);
} rni_schedule_row;

extern const rni_schedule_row rni_schedule_table[RNI_SCHEDULES];

struct rnnc_schedule {
    atomic_int references;
    rnnc_optimizer *optimizer; // held
    rni_error error;
    bool whole; // it was made to its end
    const rni_schedule_row *row;
    int64_t t, old_t;
    double numbers[RNI_SCHED_NUMBERS], old_numbers[RNI_SCHED_NUMBERS];
    bool first;       // the step under way is the one it begins with
    int32_t momentum; // option of the optimizer that it moves, or -1
    int32_t n_groups;
    rni_schedule_group *groups;
    int32_t n_milestones;
    int64_t *milestones;         // rising; of a multi-step and of a sequence
    rnnc_schedule_factor factor; // of a lambda
    void *user;
    double scale;  // factor(t)
    int32_t depth; // 1: no parts
    int32_t n_parts;
    rnnc_schedule **parts; // held; of a chain and of a sequence
};

// An empty handle for a whole optimizer, or one with an error; NULL where
// memory ran out. `kind` is within the table.
rnnc_schedule *rni_schedule_make(rnnc_optimizer *optimizer, int32_t kind);

rnnc_schedule *rni_schedule_hold(rnnc_schedule *schedule); // NULL is allowed

// Sets the rates that it begins with and makes it whole, or sets its error and
// leaves the optimizer as it was.
void rni_schedule_start(rnnc_schedule *schedule);

// The option of the optimizer that is its momentum, or -1.
int32_t rni_schedule_momentum_of(const rnnc_optimizer *optimizer);

// How many milestones are at t or before it.
int32_t rni_schedule_passed(const rnnc_schedule *schedule, int64_t t);

// One step of a schedule and of its parts from the present rates: t = 0 where
// it begins, else the next t. False with `error` set where a rate would be out
// of bounds; between these two calls the caller can go back.
bool rni_schedule_move(rnnc_schedule *schedule, bool begins, rni_error *error);
void rni_schedule_remember(rnnc_schedule *schedule);
void rni_schedule_go_back(rnnc_schedule *schedule);

static inline const rni_memory *
rni_schedule_memory(const rnnc_schedule *schedule)
{
    return rni_optimizer_memory(schedule->optimizer);
}

#endif
