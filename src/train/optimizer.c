// SPDX-License-Identifier: MIT
// The handle of an optimizer, its averages, and its options.
#include "train/optimizer.h"

typedef struct option_row {
    const char *name;
    double low, high;
    bool open;   // high itself is out of bounds
    bool whole;  // whole numbers only
    bool shapes; // which instructions there are depends on it
} option_row;

#define LARGEST 3.4028234663852886e38 // of a float

static const option_row option_table[RNI_OPTIONS] = {
    [RNNC_OPT_LEARNING_RATE] = {"learning_rate", 0, LARGEST, 0, 0, 0},
    [RNNC_OPT_MOMENTUM] = {"momentum", 0, LARGEST, 0, 0, 1},
    [RNNC_OPT_DAMPENING] = {"dampening", -LARGEST, LARGEST, 0, 0, 0},
    [RNNC_OPT_NESTEROV] = {"nesterov", 0, 1, 0, 1, 1},
    [RNNC_OPT_WEIGHT_DECAY] = {"weight_decay", 0, LARGEST, 0, 0, 1},
    [RNNC_OPT_ALPHA] = {"alpha", 0, 1, 0, 0, 0},
    [RNNC_OPT_EPSILON] = {"epsilon", 0, LARGEST, 0, 0, 0},
    [RNNC_OPT_CENTERED] = {"centered", 0, 1, 0, 1, 1},
    [RNNC_OPT_BETA1] = {"beta1", 0, 1, 1, 0, 0},
    [RNNC_OPT_BETA2] = {"beta2", 0, 1, 1, 0, 0},
    [RNNC_OPT_MAXIMIZE] = {"maximize", 0, 1, 0, 1, 1},
    [RNNC_OPT_AMSGRAD] = {"amsgrad", 0, 1, 0, 1, 1},
    [RNNC_OPT_DECOUPLED] = {"decoupled", 0, 1, 0, 1, 1},
    [RNNC_OPT_MOMENTUM_DECAY] = {"momentum_decay", 0, LARGEST, 0, 0, 0},
    [RNNC_OPT_LR_DECAY] = {"lr_decay", 0, LARGEST, 0, 0, 0},
    [RNNC_OPT_INITIAL_ACCUMULATOR] = {"initial_accumulator", 0, LARGEST, 0, 0,
                                      0},
    [RNNC_OPT_RHO] = {"rho", 0, 1, 0, 0, 0},
    [RNNC_OPT_LAMBDA] = {"lambda", 0, LARGEST, 0, 0, 0},
    [RNNC_OPT_T0] = {"t0", 0, LARGEST, 0, 0, 0},
    [RNNC_OPT_NONMONOTONE] = {"nonmonotone", 0, RNI_TRAIL, 0, 1, 0},
};

const char *rni_optimizer_option_name(int32_t option)
{
    return option_table[option].name;
}

void rni_optimizer_bounds(int32_t option, double *low, double *high)
{
    *low = option_table[option].low;
    *high = option_table[option].high;
}

bool rni_optimizer_has(const rnnc_optimizer *optimizer, int32_t option)
{
    return (optimizer->row->options >> option & 1) != 0;
}

bool rni_optimizer_allows(int32_t option, double value)
{
    const option_row *known = &option_table[option];
    if (!(value >= known->low && value <= known->high))
        return false;
    if (known->open && value >= known->high)
        return false;
    return !known->whole || (double)(int64_t)value >= value;
}

// ---- Code and averages ----------------------------------------------------

// Every condition that holds under these options.
uint32_t rni_optimizer_conditions(const double options[RNI_OPTIONS])
{
    bool momentum = options[RNNC_OPT_MOMENTUM] > 0;
    bool nesterov = momentum && options[RNNC_OPT_NESTEROV] > 0;
    bool centered = options[RNNC_OPT_CENTERED] > 0;
    bool amsgrad = options[RNNC_OPT_AMSGRAD] > 0;
    bool apart = options[RNNC_OPT_DECOUPLED] > 0;
    uint32_t holds = momentum ? RNI_WHEN_MOMENTUM : RNI_WHEN_NO_MOMENTUM;
    if (options[RNNC_OPT_WEIGHT_DECAY] > 0)
        holds |= apart ? RNI_WHEN_DECAY_APART : RNI_WHEN_DECAY;
    if (momentum)
        holds |= nesterov ? RNI_WHEN_NESTEROV : RNI_WHEN_PLAIN;
    if (options[RNNC_OPT_MAXIMIZE] > 0)
        holds |= RNI_WHEN_MAXIMIZE;
    holds |= amsgrad ? RNI_WHEN_AMSGRAD : RNI_WHEN_NOT_AMSGRAD;
    return holds | (centered ? RNI_WHEN_CENTERED : RNI_WHEN_NOT_CENTERED);
}

static bool needed(uint32_t when, uint32_t holds)
{
    return (when & holds) == when;
}

static void append_code(rni_update_group *group, const rni_update_code *code,
                        int32_t n_code, uint32_t holds)
{
    for (int32_t i = 0; i < n_code; i++)
        if (needed(code[i].when, holds))
            group->code[group->n_code++] = (rni_tape_code){
                code[i].op, code[i].to, code[i].a, code[i].b, code[i].c, 0, 0};
}

void rni_optimizer_build_code(rnnc_optimizer *optimizer, int32_t g)
{
    rni_update_group *group = &optimizer->groups[g];
    const rni_update_row *row = optimizer->row;
    uint32_t holds = rni_optimizer_conditions(group->options);
    group->n_code = 0;
    append_code(group, rni_update_common, RNI_UPDATE_COMMON, holds);
    append_code(group, row->code, row->n_code, holds);
}

bool rni_optimizer_make_averages(rnnc_optimizer *optimizer, uint32_t holds,
                                 bool fresh[RNI_AVERAGES])
{
    const rnnc_weights *weights = optimizer->weights;
    const rni_memory *memory = rni_optimizer_memory(optimizer);
    size_t count = (size_t)weights->offsets[weights->n_parameters];
    bool made = true;
    for (int32_t i = 0; i < RNI_AVERAGES; i++) {
        const rni_update_average *average = &optimizer->row->averages[i];
        fresh[i] = made && optimizer->averages[i] == NULL &&
                   average->name != NULL && needed(average->when, holds);
        if (fresh[i])
            optimizer->averages[i] =
                rni_memory_zeroed(memory, count, sizeof(float));
        made = made && (!fresh[i] || optimizer->averages[i] != NULL);
    }
    for (int32_t i = 0; !made && i < RNI_AVERAGES; i++)
        if (fresh[i]) {
            rni_memory_release(memory, optimizer->averages[i]);
            optimizer->averages[i] = NULL;
        }
    return made;
}

// ---- The handle -----------------------------------------------------------

// Everything that a step needs.
static rnnc_status prepare(rnnc_optimizer *optimizer)
{
    const rnnc_weights *weights = optimizer->weights;
    const rni_memory *memory = rni_optimizer_memory(optimizer);
    size_t members = (size_t)weights->graph->context->threads;
    bool fresh[RNI_AVERAGES];
    optimizer->kernels = rni_kernels_choose();
    optimizer->states = rni_memory_zeroed(memory, (size_t)weights->n_parameters,
                                          sizeof *optimizer->states);
    optimizer->scratch = rni_memory_zeroed(memory, members * RNI_UPDATE_SLOTS,
                                           RNI_TAPE_TILE * sizeof(float));
    if (optimizer->states == NULL || optimizer->scratch == NULL ||
        !rni_array_reserve(memory, (void **)&optimizer->groups,
                           &optimizer->groups_capacity, 1,
                           sizeof *optimizer->groups))
        return rni_error_memory(&optimizer->error);
    rni_update_group *group = &optimizer->groups[optimizer->n_groups++];
    for (int32_t i = 0; i < RNI_OPTIONS; i++)
        group->options[i] = optimizer->row->defaults[i];
    group->initial = -1;
    optimizer->trail.least = (double)LARGEST * LARGEST;
    if (!rni_optimizer_make_averages(
            optimizer, rni_optimizer_conditions(group->options), fresh))
        return rni_error_memory(&optimizer->error);
    rni_optimizer_build_code(optimizer, 0);
    optimizer->whole = true;
    return RNNC_OK;
}

rnnc_optimizer *rnnc_optimizer_create(rnnc_weights *weights, int32_t kind)
{
    rni_memory usual = rni_memory_default();
    bool there = weights != NULL && weights->values != NULL;
    rnnc_optimizer *optimizer =
        rni_memory_zeroed(there ? &weights->graph->context->memory : &usual, 1,
                          sizeof *optimizer);
    if (optimizer == NULL)
        return NULL;
    atomic_init(&optimizer->references, 1);
    if (weights == NULL)
        rni_error_set(&optimizer->error, RNNC_E_ARGUMENT,
                      "optimizer: weights is NULL");
    else if (!there)
        rni_error_copy(&optimizer->error, &weights->error);
    else
        optimizer->weights = rni_weights_hold(weights);
    if (kind < 0 || kind >= RNI_OPTIMIZERS)
        rni_error_set(&optimizer->error, RNNC_E_ARGUMENT,
                      "optimizer: kind is %ld, expected 0 to %d", (long)kind,
                      RNI_OPTIMIZERS - 1);
    if (optimizer->error.status != RNNC_OK || !there)
        return optimizer;
    optimizer->row = &rni_update_table[kind];
    prepare(optimizer);
    return optimizer;
}

void rni_optimizer_hold(rnnc_optimizer *optimizer)
{
    atomic_fetch_add_explicit(&optimizer->references, 1, memory_order_relaxed);
}

void rnnc_optimizer_destroy(rnnc_optimizer *optimizer)
{
    if (optimizer == NULL ||
        atomic_fetch_sub_explicit(&optimizer->references, 1,
                                  memory_order_acq_rel) != 1)
        return;
    rnnc_weights *weights = optimizer->weights;
    rni_memory usual = rni_memory_default();
    const rni_memory *memory =
        weights != NULL ? rni_optimizer_memory(optimizer) : &usual;
    for (int32_t i = 0; i < RNI_AVERAGES; i++)
        rni_memory_release(memory, optimizer->averages[i]);
    rni_memory_release(memory, optimizer->scratch);
    rni_memory_release(memory, optimizer->states);
    rni_memory_release(memory, optimizer->groups);
    rni_memory_release(memory, optimizer);
    if (weights != NULL)
        rni_weights_drop(weights);
}

rnnc_status rnnc_optimizer_status(const rnnc_optimizer *optimizer)
{
    return optimizer == NULL ? RNNC_E_MEMORY : optimizer->error.status;
}

const char *rnnc_optimizer_message(const rnnc_optimizer *optimizer)
{
    return optimizer == NULL ? "out of memory" : optimizer->error.text;
}

rnnc_status rni_optimizer_begin(rnnc_optimizer *optimizer)
{
    if (optimizer == NULL)
        return RNNC_E_MEMORY;
    if (!optimizer->whole)
        return optimizer->error.status;
    rni_error_clear(&optimizer->error);
    return RNNC_OK;
}

// ---- Options --------------------------------------------------------------

static rnnc_status check_option(const rnnc_optimizer *optimizer, int32_t group,
                                int32_t option, rni_error *error)
{
    const char *name = optimizer->row->name;
    if (group < 0 || group >= optimizer->n_groups)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "%s: group %ld, expected 0 to %ld", name,
                             (long)group, (long)optimizer->n_groups - 1);
    if (option < 0 || option >= RNI_OPTIONS)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "%s: option %ld, expected 0 to %d", name,
                             (long)option, RNI_OPTIONS - 1);
    if (!rni_optimizer_has(optimizer, option))
        return rni_error_set(error, RNNC_E_ARGUMENT, "%s has no %s", name,
                             option_table[option].name);
    return RNNC_OK;
}

static rnnc_status check_value(const rnnc_optimizer *optimizer, int32_t option,
                               double value, rni_error *error)
{
    const option_row *known = &option_table[option];
    if (rni_optimizer_allows(option, value))
        return RNNC_OK;
    return rni_error_set(error, RNNC_E_ARGUMENT,
                         "%s: %s is %g, expected %s%g to %g%s",
                         optimizer->row->name, known->name, value,
                         known->whole ? "a whole number from " : "", known->low,
                         known->high, known->open ? " excluded" : "");
}

bool rni_optimizer_put(rnnc_optimizer *optimizer, int32_t group, int32_t option,
                       double value)
{
    bool fresh[RNI_AVERAGES];
    double *options = optimizer->groups[group].options;
    double old = options[option];
    options[option] = value;
    if (!option_table[option].shapes)
        return true;
    if (!rni_optimizer_make_averages(
            optimizer, rni_optimizer_conditions(options), fresh)) {
        options[option] = old;
        return false;
    }
    rni_optimizer_build_code(optimizer, group);
    return true;
}

void rni_optimizer_own(rnnc_optimizer *optimizer, int32_t option)
{
    double common = optimizer->groups[0].options[option];
    for (int32_t g = 1; g < optimizer->n_groups; g++) {
        double value = optimizer->groups[g].options[option];
        if (value < common || value > common)
            optimizer->groups[g].own |= 1u << option;
    }
}

rnnc_status rnnc_optimizer_set_in_group(rnnc_optimizer *optimizer,
                                        int32_t group, int32_t option,
                                        double value)
{
    if (rni_optimizer_begin(optimizer) != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    rni_error *error = &optimizer->error;
    if (check_option(optimizer, group, option, error) != RNNC_OK ||
        check_value(optimizer, option, value, error) != RNNC_OK)
        return error->status;
    uint32_t bit = 1u << option;
    double old = optimizer->groups[0].options[option];
    int32_t last = group == 0 ? optimizer->n_groups - 1 : group;
    for (int32_t g = group; g <= last; g++) {
        bool follows = g == group || (optimizer->groups[g].own & bit) == 0;
        if (!follows || rni_optimizer_put(optimizer, g, option, value))
            continue;
        for (int32_t back = group; back < g; back++)
            if (back == 0 || (optimizer->groups[back].own & bit) == 0)
                rni_optimizer_put(optimizer, back, option, old);
        return rni_error_memory(error);
    }
    if (group > 0)
        optimizer->groups[group].own |= bit;
    return RNNC_OK;
}

rnnc_status rnnc_optimizer_set(rnnc_optimizer *optimizer, int32_t option,
                               double value)
{
    return rnnc_optimizer_set_in_group(optimizer, 0, option, value);
}

rnnc_status rnnc_optimizer_get_in_group(const rnnc_optimizer *optimizer,
                                        int32_t group, int32_t option,
                                        double *value)
{
    if (optimizer == NULL || !optimizer->whole)
        return rnnc_optimizer_status(optimizer);
    rni_error error = {0};
    if (value == NULL ||
        check_option(optimizer, group, option, &error) != RNNC_OK)
        return RNNC_E_ARGUMENT;
    *value = optimizer->groups[group].options[option];
    return RNNC_OK;
}

rnnc_status rnnc_optimizer_get(const rnnc_optimizer *optimizer, int32_t option,
                               double *value)
{
    return rnnc_optimizer_get_in_group(optimizer, 0, option, value);
}
