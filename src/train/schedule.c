// SPDX-License-Identifier: MIT
// The handle of a schedule, and its options.
#include "train/schedule.h"

typedef struct option_row {
    const char *name;
    double low, high;
    bool open_low, open_high; // the bound itself is out of bounds
    bool whole;
    bool each; // may differ from group to group
} option_row;

#define LARGEST 3.4028234663852886e38
#define COUNTS  9007199254740992.0 // 2^53

static const option_row option_table[RNI_SCHED_OPTIONS] = {
    [RNNC_SCHED_PERIOD] = {"period", 1, COUNTS, 0, 0, 1, 0},
    [RNNC_SCHED_GAMMA] = {"gamma", 0, LARGEST, 0, 0, 0, 0},
    [RNNC_SCHED_MILESTONE] = {"milestone", 0, COUNTS, 0, 0, 1, 0},
    [RNNC_SCHED_FACTOR] = {"factor", 0, 1, 1, 0, 0, 0},
    [RNNC_SCHED_START_FACTOR] = {"start_factor", 0, 1, 1, 0, 0, 0},
    [RNNC_SCHED_END_FACTOR] = {"end_factor", 0, 1, 0, 0, 0, 0},
    [RNNC_SCHED_ITERATIONS] = {"iterations", 1, COUNTS, 0, 0, 1, 0},
    [RNNC_SCHED_MIN_RATE] = {"min_rate", 0, LARGEST, 0, 0, 0, 1},
    [RNNC_SCHED_MULTIPLIER] = {"multiplier", 1, COUNTS, 0, 0, 1, 0},
    [RNNC_SCHED_POWER] = {"power", 0, LARGEST, 0, 0, 0, 0},
    [RNNC_SCHED_BASE_RATE] = {"base_rate", 0, LARGEST, 0, 0, 0, 1},
    [RNNC_SCHED_MAX_RATE] = {"max_rate", 0, LARGEST, 0, 0, 0, 1},
    [RNNC_SCHED_STEPS_UP] = {"steps_up", 1, COUNTS, 0, 0, 1, 0},
    [RNNC_SCHED_STEPS_DOWN] = {"steps_down", 0, COUNTS, 0, 0, 1, 0},
    [RNNC_SCHED_MODE] = {"mode", 0, 2, 0, 0, 1, 0},
    [RNNC_SCHED_CYCLE_MOMENTUM] = {"cycle_momentum", 0, 1, 0, 0, 1, 0},
    [RNNC_SCHED_BASE_MOMENTUM] = {"base_momentum", 0, 1, 0, 1, 0, 1},
    [RNNC_SCHED_MAX_MOMENTUM] = {"max_momentum", 0, 1, 0, 1, 0, 1},
    [RNNC_SCHED_RISE] = {"rise", 0, 1, 0, 0, 0, 0},
    [RNNC_SCHED_LINEAR] = {"linear", 0, 1, 0, 0, 1, 0},
    [RNNC_SCHED_DIVISOR] = {"divisor", 0, LARGEST, 1, 0, 0, 0},
    [RNNC_SCHED_FINAL_DIVISOR] = {"final_divisor", 0, LARGEST, 1, 0, 0, 0},
    [RNNC_SCHED_THREE_PHASES] = {"three_phases", 0, 1, 0, 0, 1, 0},
    [RNNC_SCHED_PATIENCE] = {"patience", 0, COUNTS, 0, 0, 1, 0},
    [RNNC_SCHED_THRESHOLD] = {"threshold", 0, LARGEST, 0, 0, 0, 0},
    [RNNC_SCHED_ABSOLUTE] = {"absolute", 0, 1, 0, 0, 1, 0},
    [RNNC_SCHED_COOLDOWN] = {"cooldown", 0, COUNTS, 0, 0, 1, 0},
    [RNNC_SCHED_EPSILON] = {"epsilon", 0, LARGEST, 0, 0, 0, 0},
    [RNNC_SCHED_MAXIMIZE] = {"maximize", 0, 1, 0, 0, 1, 0},
};

static bool allows(const option_row *known, double value)
{
    if (!(value >= known->low && value <= known->high))
        return false;
    if ((known->open_low && value <= known->low) ||
        (known->open_high && value >= known->high))
        return false;
    return !known->whole || (double)(int64_t)value >= value;
}

// ---- The handle -----------------------------------------------------------

// Says why there can be no schedule for the optimizer.
static void refuse(const rnnc_optimizer *optimizer, rni_error *error)
{
    if (optimizer == NULL)
        rni_error_set(error, RNNC_E_ARGUMENT, "schedule: optimizer is NULL");
    else if (!optimizer->whole)
        rni_error_copy(error, &optimizer->error);
}

static void fill_groups(rnnc_schedule *schedule)
{
    for (int32_t g = 0; g < schedule->n_groups; g++) {
        const rni_update_group *group = &schedule->optimizer->groups[g];
        for (int32_t i = 0; i < RNI_SCHED_OPTIONS; i++)
            schedule->groups[g].options[i] = schedule->row->defaults[i];
        schedule->groups[g].base = group->initial >= 0
                                       ? group->initial
                                       : group->options[RNNC_OPT_LEARNING_RATE];
    }
}

rnnc_schedule *rni_schedule_make(rnnc_optimizer *optimizer, int32_t kind)
{
    rni_memory usual = rni_memory_default();
    bool there = optimizer != NULL && optimizer->whole;
    const rni_memory *memory = there ? rni_optimizer_memory(optimizer) : &usual;
    rnnc_schedule *schedule = rni_memory_zeroed(memory, 1, sizeof *schedule);
    if (schedule == NULL)
        return NULL;
    atomic_init(&schedule->references, 1);
    schedule->row = &rni_schedule_table[kind];
    schedule->depth = 1;
    schedule->momentum = -1;
    refuse(optimizer, &schedule->error);
    if (!there)
        return schedule;
    schedule->optimizer = optimizer;
    rni_optimizer_hold(optimizer);
    schedule->groups = rni_memory_zeroed(memory, (size_t)optimizer->n_groups,
                                         sizeof *schedule->groups);
    if (schedule->groups == NULL) {
        rni_error_memory(&schedule->error);
        return schedule;
    }
    schedule->n_groups = optimizer->n_groups;
    fill_groups(schedule);
    return schedule;
}

rnnc_schedule *rni_schedule_hold(rnnc_schedule *schedule)
{
    if (schedule != NULL)
        atomic_fetch_add_explicit(&schedule->references, 1,
                                  memory_order_relaxed);
    return schedule;
}

void rnnc_schedule_destroy(rnnc_schedule *schedule)
{
    if (schedule == NULL ||
        atomic_fetch_sub_explicit(&schedule->references, 1,
                                  memory_order_acq_rel) != 1)
        return;
    rnnc_optimizer *optimizer = schedule->optimizer;
    rni_memory usual = rni_memory_default();
    const rni_memory *memory =
        optimizer != NULL ? rni_optimizer_memory(optimizer) : &usual;
    for (int32_t i = 0; i < schedule->n_parts; i++)
        rnnc_schedule_destroy(schedule->parts[i]);
    rni_memory_release(memory, schedule->parts);
    rni_memory_release(memory, schedule->milestones);
    rni_memory_release(memory, schedule->groups);
    rni_memory_release(memory, schedule);
    rnnc_optimizer_destroy(optimizer);
}

rnnc_status rnnc_schedule_status(const rnnc_schedule *schedule)
{
    return schedule == NULL ? RNNC_E_MEMORY : schedule->error.status;
}

const char *rnnc_schedule_message(const rnnc_schedule *schedule)
{
    return schedule == NULL ? "out of memory" : schedule->error.text;
}

int64_t rnnc_schedule_count(const rnnc_schedule *schedule)
{
    return schedule == NULL ? -1 : schedule->t;
}

// ---- Options --------------------------------------------------------------

static bool check_setting(rnnc_schedule *schedule,
                          const rnnc_schedule_setting *setting)
{
    const char *name = schedule->row->name;
    rni_error *error = &schedule->error;
    int32_t option = setting->option, group = setting->group;
    if (option < 0 || option >= RNI_SCHED_OPTIONS) {
        rni_error_set(error, RNNC_E_ARGUMENT,
                      "schedule %s: option %ld, expected 0 to %d", name,
                      (long)option, RNI_SCHED_OPTIONS - 1);
        return false;
    }
    const option_row *known = &option_table[option];
    if ((schedule->row->options >> option & 1) == 0)
        rni_error_set(error, RNNC_E_ARGUMENT, "schedule %s has no %s", name,
                      known->name);
    else if (group < 0 || group >= schedule->n_groups)
        rni_error_set(error, RNNC_E_ARGUMENT,
                      "schedule %s: %s of group %ld, expected 0 to %ld", name,
                      known->name, (long)group, (long)schedule->n_groups - 1);
    else if (group > 0 && !known->each)
        rni_error_set(error, RNNC_E_ARGUMENT,
                      "schedule %s: %s is the same for all groups, here it is "
                      "set for group %ld",
                      name, known->name, (long)group);
    else if (!allows(known, setting->value))
        rni_error_set(error, RNNC_E_ARGUMENT,
                      "schedule %s: %s is %g, expected %s%g%s to %g%s", name,
                      known->name, setting->value,
                      known->whole ? "a whole number from " : "", known->low,
                      known->open_low ? " excluded" : "", known->high,
                      known->open_high ? " excluded" : "");
    return error->status == RNNC_OK;
}

// Settings of all groups first, then those of one.
static void apply_settings(rnnc_schedule *schedule,
                           const rnnc_schedule_setting *settings, int32_t n)
{
    for (int32_t single = 0; single < 2; single++)
        for (int32_t i = 0; i < n; i++)
            for (int32_t g = 0; g < schedule->n_groups; g++)
                if (settings[i].group == (single ? g : 0) && (g > 0 || !single))
                    schedule->groups[g].options[settings[i].option] =
                        settings[i].value;
}

static void insert_milestone(rnnc_schedule *schedule, int64_t milestone)
{
    int32_t at = schedule->n_milestones++;
    for (; at > 0 && schedule->milestones[at - 1] > milestone; at--)
        schedule->milestones[at] = schedule->milestones[at - 1];
    schedule->milestones[at] = milestone;
}

static bool take_milestones(rnnc_schedule *schedule,
                            const rnnc_schedule_setting *settings, int32_t n)
{
    schedule->milestones = rni_memory_zeroed(rni_schedule_memory(schedule),
                                             (size_t)n, sizeof(int64_t));
    if (schedule->milestones == NULL) {
        rni_error_memory(&schedule->error);
        return false;
    }
    for (int32_t i = 0; i < n; i++)
        if (settings[i].option == RNNC_SCHED_MILESTONE)
            insert_milestone(schedule, (int64_t)settings[i].value);
    return true;
}

static bool check_needed(rnnc_schedule *schedule,
                         const rnnc_schedule_setting *settings, int32_t n)
{
    uint32_t missing = schedule->row->needed;
    for (int32_t i = 0; i < n; i++)
        if (settings[i].group == 0)
            missing &= ~(1u << settings[i].option);
    for (int32_t o = 0; o < RNI_SCHED_OPTIONS; o++)
        if ((missing >> o & 1) != 0)
            rni_error_set(&schedule->error, RNNC_E_ARGUMENT,
                          "schedule %s needs %s", schedule->row->name,
                          option_table[o].name);
    return missing == 0;
}

static bool take_settings(rnnc_schedule *schedule,
                          const rnnc_schedule_setting *settings, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (!check_setting(schedule, &settings[i]))
            return false;
    if (!check_needed(schedule, settings, n) ||
        !take_milestones(schedule, settings, n))
        return false;
    apply_settings(schedule, settings, n);
    return true;
}

// Which option the momentum is, where it is to be moved.
static bool find_momentum(rnnc_schedule *schedule)
{
    double wanted = schedule->groups[0].options[RNNC_SCHED_CYCLE_MOMENTUM];
    if (schedule->row->momentum == NULL || !(wanted > 0))
        return true;
    schedule->momentum = rni_schedule_momentum_of(schedule->optimizer);
    if (schedule->momentum >= 0)
        return true;
    rni_error_set(&schedule->error, RNNC_E_ARGUMENT,
                  "schedule %s: %s has neither momentum nor beta1; set "
                  "cycle_momentum to 0",
                  schedule->row->name, schedule->optimizer->row->name);
    return false;
}

rnnc_schedule *rnnc_schedule_create(rnnc_optimizer *optimizer, int32_t kind,
                                    const rnnc_schedule_setting *settings,
                                    int32_t n)
{
    bool known = kind >= 0 && kind < RNI_SCHEDULE_LAMBDA;
    rnnc_schedule *schedule = rni_schedule_make(optimizer, known ? kind : 0);
    if (schedule == NULL || schedule->error.status != RNNC_OK)
        return schedule;
    if (!known)
        rni_error_set(&schedule->error, RNNC_E_ARGUMENT,
                      "schedule: kind is %ld, expected 0 to %d", (long)kind,
                      RNI_SCHEDULE_LAMBDA - 1);
    else if (n < 0 || (n > 0 && settings == NULL))
        rni_error_set(&schedule->error, RNNC_E_ARGUMENT,
                      "schedule %s: %ld settings, %s", schedule->row->name,
                      (long)n, n < 0 ? "expected 0 or more" : "but NULL");
    else if (take_settings(schedule, settings, n) && find_momentum(schedule))
        rni_schedule_start(schedule);
    return schedule;
}

rnnc_schedule *rnnc_schedule_lambda(rnnc_optimizer *optimizer,
                                    rnnc_schedule_factor factor, void *user)
{
    rnnc_schedule *schedule = rni_schedule_make(optimizer, RNI_SCHEDULE_LAMBDA);
    if (schedule == NULL || schedule->error.status != RNNC_OK)
        return schedule;
    schedule->factor = factor;
    schedule->user = user;
    if (factor == NULL)
        rni_error_set(&schedule->error, RNNC_E_ARGUMENT,
                      "schedule lambda: factor is NULL");
    else
        rni_schedule_start(schedule);
    return schedule;
}
