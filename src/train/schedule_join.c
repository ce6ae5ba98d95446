// SPDX-License-Identifier: MIT
// Schedules made of schedules, and what any of them writes into a record.
#include <stdio.h>

#include "train/schedule.h"

// ---- Chains and sequences -------------------------------------------------

static rnnc_optimizer *optimizer_of(rnnc_schedule *const *parts, int32_t n)
{
    return parts == NULL || n < 1 || parts[0] == NULL ? NULL
                                                      : parts[0]->optimizer;
}

static rnnc_status check_part(const rnnc_schedule *part,
                              const rnnc_schedule *whole, int32_t i,
                              rni_error *error)
{
    const char *name = whole->row->name;
    if (part == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "schedule %s: part %ld is NULL", name, (long)i);
    if (!part->whole)
        return rni_error_copy(error, &part->error);
    if (part->optimizer != whole->optimizer)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "schedule %s: part %ld is for another optimizer "
                             "than part 0",
                             name, (long)i);
    if (part->n_groups != whole->n_groups)
        return rni_error_set(error, RNNC_E_STATE,
                             "schedule %s: part %ld was made for %ld groups, "
                             "the optimizer has %ld",
                             name, (long)i, (long)part->n_groups,
                             (long)whole->n_groups);
    if (part->n_parts == 0 && part->row->rate == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "schedule %s: part %ld is a plateau, which is "
                             "moved by what it observes",
                             name, (long)i);
    if (part->depth >= RNI_SCHEDULE_DEPTH)
        return rni_error_set(error, RNNC_E_LIMIT,
                             "schedule %s: parts of parts, %d levels at most",
                             name, RNI_SCHEDULE_DEPTH);
    return RNNC_OK;
}

static bool take_parts(rnnc_schedule *whole, rnnc_schedule *const *parts,
                       int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (check_part(parts[i], whole, i, &whole->error) != RNNC_OK)
            return false;
    whole->parts = rni_memory_zeroed(rni_schedule_memory(whole), (size_t)n,
                                     sizeof *whole->parts);
    if (whole->parts == NULL) {
        rni_error_memory(&whole->error);
        return false;
    }
    for (int32_t i = 0; i < n; i++) {
        rni_schedule_hold(parts[i]);
        whole->parts[i] = parts[i];
        if (parts[i]->depth >= whole->depth)
            whole->depth = parts[i]->depth + 1;
    }
    whole->n_parts = n;
    return true;
}

// NULL, or a handle that has its parts or an error.
static rnnc_schedule *join(rnnc_schedule *const *parts, int32_t n, int32_t kind)
{
    rnnc_optimizer *optimizer = optimizer_of(parts, n);
    rnnc_schedule *whole = rni_schedule_make(optimizer, kind);
    if (whole == NULL)
        return NULL;
    if (optimizer == NULL) {
        rni_error_clear(&whole->error);
        rni_error_set(&whole->error, RNNC_E_ARGUMENT,
                      "schedule %s: %ld parts, expected schedules that could "
                      "be made",
                      whole->row->name, (long)n);
    }
    if (whole->error.status == RNNC_OK)
        take_parts(whole, parts, n);
    return whole;
}

rnnc_schedule *rnnc_schedule_chain(rnnc_schedule *const *parts, int32_t n)
{
    rnnc_schedule *chain = join(parts, n, RNI_SCHEDULE_CHAIN);
    if (chain != NULL && chain->error.status == RNNC_OK)
        chain->whole = true;
    return chain;
}

static bool take_milestones(rnnc_schedule *sequence, const int64_t *milestones,
                            int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (milestones == NULL || milestones[i] < 0 ||
            (i > 0 && milestones[i] <= milestones[i - 1])) {
            rni_error_set(&sequence->error, RNNC_E_ARGUMENT,
                          "schedule sequence: milestone %ld is %s, expected a "
                          "number above the one before",
                          (long)i, milestones == NULL ? "missing" : "not");
            return false;
        }
    sequence->milestones = rni_memory_zeroed(rni_schedule_memory(sequence),
                                             (size_t)n, sizeof *milestones);
    if (sequence->milestones == NULL) {
        rni_error_memory(&sequence->error);
        return false;
    }
    for (int32_t i = 0; i < n; i++)
        sequence->milestones[i] = milestones[i];
    sequence->n_milestones = n;
    return true;
}

rnnc_schedule *rnnc_schedule_sequence(rnnc_schedule *const *parts, int32_t n,
                                      const int64_t *milestones)
{
    rnnc_schedule *sequence = join(parts, n, RNI_SCHEDULE_SEQUENCE);
    if (sequence == NULL || sequence->error.status != RNNC_OK ||
        !take_milestones(sequence, milestones, n - 1))
        return sequence;
    rni_schedule_remember(sequence);
    for (int32_t g = 0; g < sequence->n_groups; g++)
        rni_optimizer_put(sequence->optimizer, g, RNNC_OPT_LEARNING_RATE,
                          sequence->groups[g].base);
    sequence->whole = rni_schedule_move(sequence, true, &sequence->error);
    if (!sequence->whole)
        rni_schedule_go_back(sequence);
    else
        rni_optimizer_own(sequence->optimizer, RNNC_OPT_LEARNING_RATE);
    return sequence;
}

// ---- Records --------------------------------------------------------------

enum { NOUN_TEXT = 128 }; // eight levels of numbers

typedef struct lister {
    rni_item_visit *visit;
    void *user;
} lister;

static bool list_number(const lister *to, const char *noun, const char *what,
                        double *value, bool fixed)
{
    static const double infinity = 1e308 * 10;
    return to->visit(to->user,
                     &(rni_item){noun, NULL, what, RNNC_RECORD_NUMBERS, 1,
                                 value, fixed, -infinity, infinity});
}

static bool list_count(const lister *to, const char *noun, int64_t *count)
{
    static const double most = 9007199254740992.0; // 2^53
    double value = (double)*count;
    bool going =
        to->visit(to->user, &(rni_item){noun, NULL, "t", RNNC_RECORD_NUMBERS, 1,
                                        &value, false, 0, most});
    *count = (int64_t)value;
    return going;
}

static bool list_bases(const lister *to, const char *noun,
                       rnnc_schedule *schedule)
{
    char group[NOUN_TEXT];
    bool going = true;
    for (int32_t g = 0; going && g < schedule->n_groups; g++) {
        snprintf(group, sizeof group, "base_rate.%ld", (long)g);
        going = list_number(to, noun, group, &schedule->groups[g].base, false);
    }
    return going;
}

static bool list_schedule(const lister *to, const char *noun,
                          rnnc_schedule *schedule)
{
    double kind = (double)(schedule->row - rni_schedule_table);
    double n_parts = schedule->n_parts, n_groups = schedule->n_groups;
    bool going = list_number(to, noun, "kind", &kind, true) &&
                 list_number(to, noun, "parts", &n_parts, true) &&
                 list_number(to, noun, "groups", &n_groups, true) &&
                 list_count(to, noun, &schedule->t) &&
                 list_bases(to, noun, schedule);
    for (int32_t i = 0; going && i < RNI_SCHED_NUMBERS; i++)
        if (schedule->row->numbers[i] != NULL)
            going = list_number(to, noun, schedule->row->numbers[i],
                                &schedule->numbers[i], false);
    for (int32_t i = 0; going && i < schedule->n_parts; i++) {
        char part[NOUN_TEXT];
        snprintf(part, sizeof part, "%.100s.%ld", noun, (long)i);
        going = list_schedule(to, part, schedule->parts[i]);
    }
    return going;
}

static bool list_items(void *noun, rni_item_visit *visit, void *user)
{
    lister to = {visit, user};
    return list_schedule(&to, "schedule", noun);
}

rnnc_status rnnc_schedule_save(rnnc_schedule *schedule, rnnc_record *record)
{
    if (schedule == NULL || !schedule->whole)
        return rnnc_schedule_status(schedule);
    rni_error_clear(&schedule->error);
    if (record == NULL)
        return rni_error_set(&schedule->error, RNNC_E_ARGUMENT,
                             "schedule %s: record is NULL",
                             schedule->row->name);
    if (rni_record_save(record, schedule, list_items) != RNNC_OK)
        return rni_error_copy(&schedule->error, &record->error);
    return RNNC_OK;
}

rnnc_status rnnc_schedule_restore(rnnc_schedule *schedule,
                                  const rnnc_record *record)
{
    if (schedule == NULL || !schedule->whole)
        return rnnc_schedule_status(schedule);
    rni_error_clear(&schedule->error);
    if (rni_record_check(record, schedule, list_items, &schedule->error) ==
        RNNC_OK)
        rni_record_restore(record, schedule, list_items);
    return schedule->error.status;
}
