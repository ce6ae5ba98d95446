// SPDX-License-Identifier: MIT
// Steps of schedules: new rates are found, checked, and put into the optimizer.
#include <string.h>

#include "train/schedule.h"

int32_t rni_schedule_passed(const rnnc_schedule *schedule, int64_t t)
{
    int32_t passed = 0;
    while (passed < schedule->n_milestones && schedule->milestones[passed] <= t)
        passed++;
    return passed;
}

int32_t rni_schedule_momentum_of(const rnnc_optimizer *optimizer)
{
    if (rni_optimizer_has(optimizer, RNNC_OPT_BETA1))
        return RNNC_OPT_BETA1;
    if (rni_optimizer_has(optimizer, RNNC_OPT_MOMENTUM))
        return RNNC_OPT_MOMENTUM;
    return -1;
}

// ---- The optimizer's side ---------------------------------------------------

static double get(const rnnc_schedule *schedule, int32_t group, int32_t option)
{
    return schedule->optimizer->groups[group].options[option];
}

static void own(const rnnc_schedule *schedule)
{
    int32_t momentum = rni_schedule_momentum_of(schedule->optimizer);
    rni_optimizer_own(schedule->optimizer, RNNC_OPT_LEARNING_RATE);
    if (momentum >= 0)
        rni_optimizer_own(schedule->optimizer, momentum);
}

void rni_schedule_remember(rnnc_schedule *schedule)
{
    int32_t momentum = rni_schedule_momentum_of(schedule->optimizer);
    for (int32_t g = 0; g < schedule->n_groups; g++) {
        rni_schedule_group *group = &schedule->groups[g];
        group->old_rate = get(schedule, g, RNNC_OPT_LEARNING_RATE);
        if (momentum >= 0)
            group->old_momentum = get(schedule, g, momentum);
    }
    schedule->old_t = schedule->t;
    memcpy(schedule->old_numbers, schedule->numbers, sizeof schedule->numbers);
    for (int32_t i = 0; i < schedule->n_parts; i++)
        rni_schedule_remember(schedule->parts[i]);
}

void rni_schedule_go_back(rnnc_schedule *schedule)
{
    int32_t momentum = rni_schedule_momentum_of(schedule->optimizer);
    for (int32_t g = 0; g < schedule->n_groups; g++) {
        rni_schedule_group *group = &schedule->groups[g];
        rni_optimizer_put(schedule->optimizer, g, RNNC_OPT_LEARNING_RATE,
                          group->old_rate);
        if (momentum >= 0)
            rni_optimizer_put(schedule->optimizer, g, momentum,
                              group->old_momentum);
    }
    schedule->t = schedule->old_t;
    memcpy(schedule->numbers, schedule->old_numbers, sizeof schedule->numbers);
    for (int32_t i = 0; i < schedule->n_parts; i++)
        rni_schedule_go_back(schedule->parts[i]);
}

static bool check(const rnnc_schedule *schedule, int32_t group, int32_t option,
                  double value, rni_error *error)
{
    if (rni_optimizer_allows(option, value))
        return true;
    rni_error_set(error, RNNC_E_VALUE,
                  "schedule %s: at step %lld the %s of group %ld would be %g",
                  schedule->row->name, (long long)schedule->t,
                  rni_optimizer_option_name(option), (long)group, value);
    return false;
}

// ---- One step ---------------------------------------------------------------

static bool past_the_end(const rnnc_schedule *schedule, rni_error *error)
{
    double last = schedule->groups[0].options[RNNC_SCHED_ITERATIONS];
    if (!schedule->row->resets || (double)schedule->t <= last)
        return false;
    rni_error_set(error, RNNC_E_STATE,
                  "schedule %s: it ends at step %.0f, this would be step %lld",
                  schedule->row->name, last, (long long)schedule->t);
    return true;
}

// A schedule without parts.
static bool move_leaf(rnnc_schedule *schedule, bool begins, rni_error *error)
{
    const rni_schedule_row *row = schedule->row;
    schedule->t = begins ? 0 : schedule->t + 1;
    schedule->first = begins;
    if (past_the_end(schedule, error))
        return false;
    if (row->advance != NULL)
        row->advance(schedule);
    for (int32_t g = 0; g < schedule->n_groups; g++) {
        rni_schedule_group *group = &schedule->groups[g];
        group->rate = row->rate(schedule, g);
        if (!check(schedule, g, RNNC_OPT_LEARNING_RATE, group->rate, error))
            return false;
        if (schedule->momentum < 0)
            continue;
        group->momentum = row->momentum(schedule, g);
        if (!check(schedule, g, schedule->momentum, group->momentum, error))
            return false;
    }
    for (int32_t g = 0; g < schedule->n_groups; g++) {
        rni_optimizer_put(schedule->optimizer, g, RNNC_OPT_LEARNING_RATE,
                          schedule->groups[g].rate);
        if (schedule->momentum >= 0)
            rni_optimizer_put(schedule->optimizer, g, schedule->momentum,
                              schedule->groups[g].momentum);
    }
    return true;
}

static bool move_chain(rnnc_schedule *schedule, bool begins, rni_error *error)
{
    for (int32_t i = 0; i < schedule->n_parts; i++)
        if (!rni_schedule_move(schedule->parts[i], begins, error))
            return false;
    return true;
}

// A part begins anew from its own base rates.
static bool begin_part(rnnc_schedule *part, rni_error *error)
{
    for (int32_t g = 0; g < part->n_groups; g++)
        rni_optimizer_put(part->optimizer, g, RNNC_OPT_LEARNING_RATE,
                          part->groups[g].base);
    return rni_schedule_move(part, true, error);
}

static bool move_sequence(rnnc_schedule *schedule, bool begins,
                          rni_error *error)
{
    int32_t now = rni_schedule_passed(schedule, schedule->t);
    rnnc_schedule *part = schedule->parts[now];
    if (begins)
        return rni_schedule_move(part, true, error);
    if (now > rni_schedule_passed(schedule, schedule->t - 1))
        return begin_part(part, error);
    return rni_schedule_move(part, false, error);
}

bool rni_schedule_move(rnnc_schedule *schedule, bool begins, rni_error *error)
{
    if (schedule->n_parts == 0)
        return move_leaf(schedule, begins, error);
    schedule->t = begins ? 0 : schedule->t + 1;
    if (schedule->row == &rni_schedule_table[RNI_SCHEDULE_CHAIN])
        return move_chain(schedule, begins, error);
    return move_sequence(schedule, begins, error);
}

// Averages that a moved momentum will need are made now: a step allocates
// nothing.
static bool make_room(rnnc_schedule *schedule)
{
    for (int32_t g = 0; g < schedule->n_groups && schedule->momentum >= 0;
         g++) {
        const double *options = schedule->groups[g].options;
        double most = options[RNNC_SCHED_MAX_MOMENTUM];
        double base = options[RNNC_SCHED_BASE_MOMENTUM];
        if (!rni_optimizer_put(schedule->optimizer, g, schedule->momentum,
                               base > most ? base : most)) {
            rni_error_memory(&schedule->error);
            return false;
        }
    }
    return true;
}

void rni_schedule_start(rnnc_schedule *schedule)
{
    const rni_schedule_row *row = schedule->row;
    rni_update_group *groups = schedule->optimizer->groups;
    bool observes = row->rate == NULL;
    rni_schedule_remember(schedule);
    if (row->prepare != NULL)
        row->prepare(schedule);
    if (!observes && (!make_room(schedule) ||
                      !rni_schedule_move(schedule, true, &schedule->error))) {
        rni_schedule_go_back(schedule);
        return;
    }
    for (int32_t g = 0; g < schedule->n_groups && !observes; g++)
        if (row->resets || groups[g].initial < 0)
            groups[g].initial = schedule->groups[g].base;
    own(schedule);
    schedule->whole = true;
}

// ---- The public calls -------------------------------------------------------

static rnnc_status begin_call(rnnc_schedule *schedule, bool observes)
{
    if (schedule == NULL)
        return RNNC_E_MEMORY;
    if (!schedule->whole)
        return schedule->error.status;
    rni_error_clear(&schedule->error);
    bool plateau = schedule->row->rate == NULL && schedule->n_parts == 0;
    if (plateau != observes)
        return rni_error_set(&schedule->error, RNNC_E_STATE,
                             "schedule %s is moved by rnnc_schedule_%s()",
                             schedule->row->name, plateau ? "observe" : "step");
    if (schedule->n_groups != schedule->optimizer->n_groups)
        return rni_error_set(&schedule->error, RNNC_E_STATE,
                             "schedule %s was made for %ld groups, the "
                             "optimizer has %ld",
                             schedule->row->name, (long)schedule->n_groups,
                             (long)schedule->optimizer->n_groups);
    return RNNC_OK;
}

rnnc_status rnnc_schedule_step(rnnc_schedule *schedule)
{
    if (begin_call(schedule, false) != RNNC_OK)
        return rnnc_schedule_status(schedule);
    rni_schedule_remember(schedule);
    if (rni_schedule_move(schedule, false, &schedule->error))
        own(schedule);
    else
        rni_schedule_go_back(schedule);
    return schedule->error.status;
}

enum { BEST, BAD, COOLDOWN };

static bool is_better(const double *options, double value, double best)
{
    double threshold = options[RNNC_SCHED_THRESHOLD];
    bool absolute = options[RNNC_SCHED_ABSOLUTE] > 0;
    if (options[RNNC_SCHED_MAXIMIZE] > 0)
        return value > (absolute ? best + threshold : best * (1 + threshold));
    return value < (absolute ? best - threshold : best * (1 - threshold));
}

static void lower_rates(rnnc_schedule *schedule)
{
    for (int32_t g = 0; g < schedule->n_groups; g++) {
        const double *options = schedule->groups[g].options;
        double old = get(schedule, g, RNNC_OPT_LEARNING_RATE);
        double rate = old * options[RNNC_SCHED_FACTOR];
        if (rate < options[RNNC_SCHED_MIN_RATE])
            rate = options[RNNC_SCHED_MIN_RATE];
        if (old - rate > options[RNNC_SCHED_EPSILON])
            rni_optimizer_put(schedule->optimizer, g, RNNC_OPT_LEARNING_RATE,
                              rate);
    }
    own(schedule);
}

rnnc_status rnnc_schedule_observe(rnnc_schedule *schedule, double value)
{
    if (begin_call(schedule, true) != RNNC_OK)
        return rnnc_schedule_status(schedule);
    const double *options = schedule->groups[0].options;
    double *numbers = schedule->numbers;
    schedule->t++;
    numbers[BAD] += 1;
    if (is_better(options, value, numbers[BEST])) {
        numbers[BEST] = value;
        numbers[BAD] = 0;
    }
    if (numbers[COOLDOWN] > 0) {
        numbers[COOLDOWN] -= 1;
        numbers[BAD] = 0;
    }
    if (numbers[BAD] > options[RNNC_SCHED_PATIENCE]) {
        lower_rates(schedule);
        numbers[COOLDOWN] = options[RNNC_SCHED_COOLDOWN];
        numbers[BAD] = 0;
    }
    return RNNC_OK;
}
