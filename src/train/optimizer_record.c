// SPDX-License-Identifier: MIT
// What an optimizer knows, as a list of named items.
#include <stdio.h>

#include "train/optimizer.h"
#include "train/sweep.h"

static const double most_count = 9007199254740992.0; // 2^53
static const double infinity = 1e308 * 10;

enum { GROUP_TEXT = 16 };

// One number that may only be as it is here.
static bool fixed_number(rni_item_visit *visit, void *user, const char *noun,
                         const char *of, const char *what, double value)
{
    return visit(user, &(rni_item){noun, of, what, RNNC_RECORD_NUMBERS, 1,
                                   &value, true, -infinity, infinity});
}

static bool list_parameter(rnnc_optimizer *optimizer, int32_t p,
                           rni_item_visit *visit, void *user)
{
    static const char noun[] = "optimizer.state";
    const rnnc_weights *weights = optimizer->weights;
    const rni_update_row *row = optimizer->row;
    const char *name = weights->graph->parameters[p]->name;
    rni_update_state *state = &optimizer->states[p];
    double step = (double)state->step;
    bool going = fixed_number(visit, user, noun, name, "group", state->group);
    going = going &&
            visit(user, &(rni_item){noun, name, "step", RNNC_RECORD_NUMBERS, 1,
                                    &step, false, 0, most_count});
    state->step = (int64_t)step;
    for (int32_t i = 0; going && i < RNI_UPDATE_NUMBERS; i++)
        if (row->numbers[i] != NULL)
            going = visit(user, &(rni_item){noun, name, row->numbers[i],
                                            RNNC_RECORD_NUMBERS, 1,
                                            &state->numbers[i], false,
                                            -infinity, infinity});
    for (int32_t i = 0; going && i < RNI_AVERAGES; i++)
        if (optimizer->averages[i] != NULL)
            going = visit(
                user,
                &(rni_item){noun, name, row->averages[i].name,
                            RNNC_RECORD_FLOATS, rni_sweep_count(weights, p),
                            optimizer->averages[i] + weights->offsets[p], false,
                            0, 0});
    return going;
}

static const char *group_text(int32_t g, char text[GROUP_TEXT])
{
    snprintf(text, GROUP_TEXT, "%ld", (long)g);
    return text;
}

static rni_item option_item(rni_update_group *group, const char *number,
                            int32_t option)
{
    rni_item item = {.noun = "optimizer.groups",
                     .of = number,
                     .what = rni_optimizer_option_name(option),
                     .type = RNNC_RECORD_NUMBERS,
                     .size = 1,
                     .values = &group->options[option]};
    rni_optimizer_bounds(option, &item.low, &item.high);
    return item;
}

static bool list_group(rnnc_optimizer *optimizer, int32_t g,
                       rni_item_visit *visit, void *user)
{
    char number[GROUP_TEXT];
    rni_update_group *group = &optimizer->groups[g];
    rni_item item = option_item(group, group_text(g, number), 0);
    bool going = true;
    for (int32_t i = 0; going && i < RNI_OPTIONS; i++) {
        item = option_item(group, number, i);
        going = !rni_optimizer_has(optimizer, i) || visit(user, &item);
    }
    double own = group->own;
    item.what = "own";
    item.values = &own;
    item.low = 0;
    item.high = (double)((1u << RNI_OPTIONS) - 1);
    going = going && visit(user, &item);
    group->own = (uint32_t)own;
    item.what = "initial_rate";
    item.values = &group->initial;
    item.low = -1;
    item.high = infinity;
    return going && visit(user, &item);
}

static bool list_trail(rni_update_trail *trail, rni_item_visit *visit,
                       void *user)
{
    double seen = (double)trail->seen;
    rni_item item = {.noun = "optimizer.trail",
                     .what = "seen",
                     .type = RNNC_RECORD_NUMBERS,
                     .size = 1,
                     .values = &seen,
                     .high = most_count};
    bool going = visit(user, &item);
    trail->seen = (int64_t)seen;
    item.what = "least";
    item.values = &trail->least;
    item.low = -infinity;
    item.high = infinity;
    going = going && visit(user, &item);
    item.what = "losses";
    item.values = trail->losses;
    item.size = RNI_TRAIL;
    return going && visit(user, &item);
}

bool rni_optimizer_items(void *noun, rni_item_visit *visit, void *user)
{
    rnnc_optimizer *optimizer = noun;
    static const char name[] = "optimizer";
    double kind = (double)(optimizer->row - rni_update_table);
    bool going =
        fixed_number(visit, user, name, NULL, "kind", kind) &&
        fixed_number(visit, user, name, NULL, "groups", optimizer->n_groups);
    for (int32_t g = 0; going && g < optimizer->n_groups; g++)
        going = list_group(optimizer, g, visit, user);
    for (int32_t p = 0; going && p < optimizer->weights->n_parameters; p++)
        going = list_parameter(optimizer, p, visit, user);
    if (optimizer->row->averaged)
        going = going && list_trail(&optimizer->trail, visit, user);
    return going;
}

static rnnc_status begin(rnnc_optimizer *optimizer, const char *what)
{
    if (rni_optimizer_begin(optimizer) != RNNC_OK || !optimizer->swapped)
        return rnnc_optimizer_status(optimizer);
    return rni_error_set(&optimizer->error, RNNC_E_STATE,
                         "%s: the averages stand in the weights' place; "
                         "rnnc_optimizer_swap_average() comes before %s",
                         optimizer->row->name, what);
}

rnnc_status rnnc_optimizer_save(rnnc_optimizer *optimizer, rnnc_record *record)
{
    if (begin(optimizer, "saving") != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    if (record == NULL)
        return rni_error_set(&optimizer->error, RNNC_E_ARGUMENT,
                             "%s: record is NULL", optimizer->row->name);
    if (rni_record_save(record, optimizer, rni_optimizer_items) != RNNC_OK)
        return rni_error_copy(&optimizer->error, &record->error);
    return RNNC_OK;
}

// ---- Restoring ------------------------------------------------------------

// What the options of any group in the record make necessary.
static uint32_t recorded_conditions(rnnc_optimizer *optimizer,
                                    const rnnc_record *record)
{
    uint32_t holds = 0;
    char number[GROUP_TEXT];
    for (int32_t g = 0; g < optimizer->n_groups; g++) {
        double options[RNI_OPTIONS];
        for (int32_t i = 0; i < RNI_OPTIONS; i++) {
            rni_item item =
                option_item(&optimizer->groups[g], group_text(g, number), i);
            const rni_entry *entry = rni_record_entry(record, &item);
            bool there = entry != NULL && entry->size == 1 &&
                         entry->type == RNNC_RECORD_NUMBERS;
            options[i] = there ? *(const double *)entry->values
                               : optimizer->groups[g].options[i];
        }
        holds |= rni_optimizer_conditions(options);
    }
    return holds;
}

// Bounds are closed, some options are not.
static rnnc_status check_options(rnnc_optimizer *optimizer,
                                 const rnnc_record *record)
{
    char number[GROUP_TEXT];
    for (int32_t g = 0; g < optimizer->n_groups; g++)
        for (int32_t i = 0; i < RNI_OPTIONS; i++) {
            rni_item item =
                option_item(&optimizer->groups[g], group_text(g, number), i);
            if (!rni_optimizer_has(optimizer, i))
                continue;
            const rni_entry *entry = rni_record_entry(record, &item);
            double value = *(const double *)entry->values;
            if (!rni_optimizer_allows(i, value))
                return rni_error_set(&optimizer->error, RNNC_E_VALUE,
                                     "record: \"%.120s\" is %g", entry->name,
                                     value);
        }
    return RNNC_OK;
}

rnnc_status rnnc_optimizer_restore(rnnc_optimizer *optimizer,
                                   const rnnc_record *record)
{
    if (begin(optimizer, "restoring") != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    rni_error *error = &optimizer->error;
    bool fresh[RNI_AVERAGES] = {false};
    if (record != NULL &&
        !rni_optimizer_make_averages(
            optimizer, recorded_conditions(optimizer, record), fresh))
        return rni_error_memory(error);
    if (rni_record_check(record, optimizer, rni_optimizer_items, error) !=
            RNNC_OK ||
        check_options(optimizer, record) != RNNC_OK) {
        for (int32_t i = 0; i < RNI_AVERAGES; i++)
            if (fresh[i]) {
                rni_memory_release(rni_optimizer_memory(optimizer),
                                   optimizer->averages[i]);
                optimizer->averages[i] = NULL;
            }
        return error->status;
    }
    rni_record_restore(record, optimizer, rni_optimizer_items);
    for (int32_t g = 0; g < optimizer->n_groups; g++)
        rni_optimizer_build_code(optimizer, g);
    return RNNC_OK;
}
