// SPDX-License-Identifier: MIT
// Groups of parameters, chosen by patterns of their names.
#include "train/optimizer.h"

// `*` stands for any characters, `?` for one. At a mismatch the last star
// takes one character more.
static bool fits(const char *pattern, const char *name)
{
    const char *star = NULL, *after = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            after = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++after;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static const char *name_of(const rnnc_optimizer *optimizer, int32_t p)
{
    return optimizer->weights->graph->parameters[p]->name;
}

// Some parameters fit, and all of them are in group 0.
static rnnc_status check_pattern(rnnc_optimizer *optimizer, const char *pattern)
{
    const char *kind = optimizer->row->name;
    bool any = false;
    for (int32_t p = 0; p < optimizer->weights->n_parameters; p++) {
        int32_t group = optimizer->states[p].group;
        if (!fits(pattern, name_of(optimizer, p)))
            continue;
        any = true;
        if (group != 0)
            return rni_error_set(
                &optimizer->error, RNNC_E_ARGUMENT,
                "%s: \"%.80s\" fits \"%.80s\", which is in group %ld already",
                kind, pattern, name_of(optimizer, p), (long)group);
    }
    if (any)
        return RNNC_OK;
    return rni_error_set(&optimizer->error, RNNC_E_NAME,
                         "%s: no parameter fits \"%.80s\"", kind, pattern);
}

static void move(rnnc_optimizer *optimizer, const char *pattern, int32_t group)
{
    for (int32_t p = 0; p < optimizer->weights->n_parameters; p++)
        if (fits(pattern, name_of(optimizer, p)))
            optimizer->states[p].group = group;
}

rnnc_status rnnc_optimizer_add_group(rnnc_optimizer *optimizer,
                                     const char *pattern, int32_t *group)
{
    if (rni_optimizer_begin(optimizer) != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    if (pattern == NULL || group == NULL)
        return rni_error_set(&optimizer->error, RNNC_E_ARGUMENT,
                             "%s: %s is NULL", optimizer->row->name,
                             pattern == NULL ? "pattern" : "group");
    if (check_pattern(optimizer, pattern) != RNNC_OK)
        return optimizer->error.status;
    int32_t added = optimizer->n_groups;
    if (!rni_array_reserve(rni_optimizer_memory(optimizer),
                           (void **)&optimizer->groups,
                           &optimizer->groups_capacity, (int64_t)added + 1,
                           sizeof *optimizer->groups))
        return rni_error_memory(&optimizer->error);
    optimizer->groups[added] = optimizer->groups[0];
    optimizer->groups[added].own = 0;
    optimizer->n_groups++;
    move(optimizer, pattern, added);
    *group = added;
    return RNNC_OK;
}

rnnc_status rnnc_optimizer_add_to_group(rnnc_optimizer *optimizer,
                                        int32_t group, const char *pattern)
{
    if (rni_optimizer_begin(optimizer) != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    if (pattern == NULL)
        return rni_error_set(&optimizer->error, RNNC_E_ARGUMENT,
                             "%s: pattern is NULL", optimizer->row->name);
    if (group < 1 || group >= optimizer->n_groups)
        return rni_error_set(&optimizer->error, RNNC_E_ARGUMENT,
                             "%s: group %ld, expected 1 to %ld",
                             optimizer->row->name, (long)group,
                             (long)optimizer->n_groups - 1);
    if (check_pattern(optimizer, pattern) == RNNC_OK)
        move(optimizer, pattern, group);
    return optimizer->error.status;
}

int32_t rnnc_optimizer_groups(const rnnc_optimizer *optimizer)
{
    return optimizer == NULL || !optimizer->whole ? 0 : optimizer->n_groups;
}

int32_t rnnc_optimizer_group_of(const rnnc_optimizer *optimizer,
                                const char *name)
{
    if (optimizer == NULL || !optimizer->whole || name == NULL)
        return -1;
    const rni_parameter *parameter =
        rni_graph_parameter(optimizer->weights->graph, name);
    if (parameter == NULL ||
        parameter->index >= optimizer->weights->n_parameters)
        return -1;
    return optimizer->states[parameter->index].group;
}
