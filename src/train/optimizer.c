// SPDX-License-Identifier: MIT
// The handle of an optimizer: options, averages, and a step shared by a team.
#include "train/optimizer.h"

typedef struct option_row {
    const char *name;
    double low, high;
    bool open;   // high itself is out of bounds
    bool flag;   // 0 or 1 only
    bool shapes; // which instructions there are depends on it
} option_row;

static const double largest = 3.4028234663852886e38; // of a float

static const option_row option_table[RNI_OPTIONS] = {
    [RNNC_OPT_LEARNING_RATE] = {"learning rate", 0, largest, false, false,
                                false},
    [RNNC_OPT_MOMENTUM] = {"momentum", 0, largest, false, false, true},
    [RNNC_OPT_DAMPENING] = {"dampening", -largest, largest, false, false,
                            false},
    [RNNC_OPT_NESTEROV] = {"nesterov", 0, 1, false, true, true},
    [RNNC_OPT_WEIGHT_DECAY] = {"weight decay", 0, largest, false, false, true},
    [RNNC_OPT_ALPHA] = {"alpha", 0, 1, false, false, false},
    [RNNC_OPT_EPSILON] = {"epsilon", 0, largest, false, false, false},
    [RNNC_OPT_CENTERED] = {"centered", 0, 1, false, true, true},
    [RNNC_OPT_BETA1] = {"beta1", 0, 1, true, false, false},
    [RNNC_OPT_BETA2] = {"beta2", 0, 1, true, false, false},
};

// Every condition that holds under these options.
static uint32_t conditions(const double options[RNI_OPTIONS])
{
    bool momentum = options[RNNC_OPT_MOMENTUM] > 0;
    bool nesterov = momentum && options[RNNC_OPT_NESTEROV] > 0;
    bool centered = options[RNNC_OPT_CENTERED] > 0;
    uint32_t holds = momentum ? RNI_WHEN_MOMENTUM : RNI_WHEN_NO_MOMENTUM;
    if (options[RNNC_OPT_WEIGHT_DECAY] > 0)
        holds |= RNI_WHEN_DECAY;
    if (momentum)
        holds |= nesterov ? RNI_WHEN_NESTEROV : RNI_WHEN_PLAIN;
    return holds | (centered ? RNI_WHEN_CENTERED : RNI_WHEN_NOT_CENTERED);
}

static bool needed(uint32_t when, uint32_t holds)
{
    return (when & holds) == when;
}

static void build_code(rnnc_optimizer *optimizer, uint32_t holds)
{
    const rni_update_row *row = optimizer->row;
    optimizer->n_code = 0;
    for (int32_t i = 0; i < row->n_code; i++) {
        const rni_update_code *from = &row->code[i];
        if (needed(from->when, holds))
            optimizer->code[optimizer->n_code++] = (rni_tape_code){
                from->op, from->to, from->a, from->b, from->c, 0, 0};
    }
}

static const rni_memory *memory_of(const rnnc_optimizer *optimizer)
{
    return &optimizer->weights->graph->context->memory;
}

// Makes the averages that are needed and not there; on failure none is new.
static bool make_averages(rnnc_optimizer *optimizer, uint32_t holds)
{
    const rnnc_weights *weights = optimizer->weights;
    size_t count = (size_t)weights->offsets[weights->n_parameters];
    float *fresh[RNI_AVERAGES] = {NULL};
    bool made = true;
    for (int32_t i = 0; i < RNI_AVERAGES; i++)
        if (optimizer->averages[i] == NULL &&
            needed(optimizer->row->averages[i], holds)) {
            fresh[i] =
                rni_memory_zeroed(memory_of(optimizer), count, sizeof(float));
            made = made && fresh[i] != NULL;
        }
    for (int32_t i = 0; i < RNI_AVERAGES; i++)
        if (!made)
            rni_memory_release(memory_of(optimizer), fresh[i]);
        else if (fresh[i] != NULL)
            optimizer->averages[i] = fresh[i];
    return made;
}

// Everything that a step needs.
static rnnc_status prepare(rnnc_optimizer *optimizer)
{
    const rnnc_weights *weights = optimizer->weights;
    const rni_memory *memory = memory_of(optimizer);
    size_t members = (size_t)weights->graph->context->threads;
    uint32_t holds = conditions(optimizer->options);
    optimizer->kernels = rni_kernels_get(rni_isa_choose());
    optimizer->steps = rni_memory_zeroed(memory, (size_t)weights->n_parameters,
                                         sizeof(int64_t));
    optimizer->scratch = rni_memory_zeroed(memory, members * RNI_UPDATE_SLOTS,
                                           RNI_TAPE_TILE * sizeof(float));
    if (optimizer->steps == NULL || optimizer->scratch == NULL ||
        !make_averages(optimizer, holds))
        return rni_error_memory(&optimizer->error);
    build_code(optimizer, holds);
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
    for (int32_t i = 0; i < RNI_OPTIONS; i++)
        optimizer->options[i] = optimizer->row->defaults[i];
    prepare(optimizer);
    return optimizer;
}

void rnnc_optimizer_destroy(rnnc_optimizer *optimizer)
{
    if (optimizer == NULL)
        return;
    rnnc_weights *weights = optimizer->weights;
    rni_memory usual = rni_memory_default();
    const rni_memory *memory = weights != NULL ? memory_of(optimizer) : &usual;
    for (int32_t i = 0; i < RNI_AVERAGES; i++)
        rni_memory_release(memory, optimizer->averages[i]);
    rni_memory_release(memory, optimizer->scratch);
    rni_memory_release(memory, optimizer->steps);
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

// The errors of single calls do not last; that of a create that failed does.
static rnnc_status begin_call(rnnc_optimizer *optimizer)
{
    if (optimizer == NULL)
        return RNNC_E_MEMORY;
    if (!optimizer->whole)
        return optimizer->error.status;
    rni_error_clear(&optimizer->error);
    return RNNC_OK;
}

static rnnc_status check_option(const rni_update_row *row, int32_t option,
                                rni_error *error)
{
    if (option < 0 || option >= RNI_OPTIONS)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "%s: option %ld, expected 0 to %d", row->name,
                             (long)option, RNI_OPTIONS - 1);
    if ((row->options >> option & 1) == 0)
        return rni_error_set(error, RNNC_E_ARGUMENT, "%s has no %s", row->name,
                             option_table[option].name);
    return RNNC_OK;
}

static rnnc_status check_value(const rni_update_row *row, int32_t option,
                               double value, rni_error *error)
{
    const option_row *known = &option_table[option];
    bool inside = value >= known->low && value <= known->high;
    if (inside && known->open)
        inside = value < known->high;
    if (inside && known->flag)
        inside = value <= 0 || value >= 1;
    if (inside)
        return RNNC_OK;
    return rni_error_set(
        error, RNNC_E_ARGUMENT, "%s: %s is %g, expected %g%s %g%s", row->name,
        known->name, value, known->low, known->flag ? " or" : " to",
        known->high, known->open ? " excluded" : "");
}

rnnc_status rnnc_optimizer_set(rnnc_optimizer *optimizer, int32_t option,
                               double value)
{
    if (begin_call(optimizer) != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    rni_error *error = &optimizer->error;
    if (check_option(optimizer->row, option, error) != RNNC_OK ||
        check_value(optimizer->row, option, value, error) != RNNC_OK)
        return error->status;
    double old = optimizer->options[option];
    optimizer->options[option] = value;
    if (!option_table[option].shapes)
        return RNNC_OK;
    uint32_t holds = conditions(optimizer->options);
    if (!make_averages(optimizer, holds)) {
        optimizer->options[option] = old;
        return rni_error_memory(error);
    }
    build_code(optimizer, holds);
    return RNNC_OK;
}

rnnc_status rnnc_optimizer_get(const rnnc_optimizer *optimizer, int32_t option,
                               double *value)
{
    if (optimizer == NULL || !optimizer->whole)
        return rnnc_optimizer_status(optimizer);
    rni_error error = {0};
    if (value == NULL ||
        check_option(optimizer->row, option, &error) != RNNC_OK)
        return RNNC_E_ARGUMENT;
    *value = optimizer->options[option];
    return RNNC_OK;
}

// ---- A step ---------------------------------------------------------------

static int64_t count_of(const rnnc_weights *weights, int32_t p)
{
    const rni_parameter *parameter = weights->graph->parameters[p];
    return parameter->rows * parameter->cols;
}

// Elements [first, first + count) of parameter p.
static void update_part(const rnnc_optimizer *optimizer, int32_t p,
                        int64_t first, int64_t count, float *scratch)
{
    const rnnc_weights *weights = optimizer->weights;
    float scalars[RNI_UPDATE_SCALARS] = {0};
    optimizer->row->scalars(optimizer->options, optimizer->steps[p], scalars);
    rni_tape_port loads[RNI_UPDATE_SLOTS], stores[1 + RNI_AVERAGES];
    int32_t n_loads = 0, n_stores = 0;
    loads[n_loads++] = stores[n_stores++] =
        (rni_tape_port){RNI_PORT_ROWS, RNI_SLOT_P,
                        rni_weights_values(weights, p) + first, count};
    loads[n_loads++] =
        (rni_tape_port){RNI_PORT_ROWS, RNI_SLOT_G,
                        rni_weights_gradients(weights, p) + first, count};
    for (int32_t i = 0; i < RNI_AVERAGES; i++)
        if (optimizer->averages[i] != NULL)
            loads[n_loads++] = stores[n_stores++] = (rni_tape_port){
                RNI_PORT_ROWS, RNI_SLOT_AVERAGE + i,
                optimizer->averages[i] + weights->offsets[p] + first, count};
    for (int32_t i = 0; i < RNI_UPDATE_SCALARS; i++)
        loads[n_loads++] = (rni_tape_port){RNI_PORT_SCALAR, RNI_SLOT_SCALAR + i,
                                           &scalars[i], 0};
    optimizer->kernels->tape(&(rni_tape_call){
        optimizer->code, optimizer->n_code, loads, n_loads, stores, n_stores,
        RNI_UPDATE_SLOTS, 1, count, scratch});
}

// A member's share of each parameter: whole tiles, so no two members write to
// one cache line.
static void update_share(void *work, int32_t member, int32_t size)
{
    const rnnc_optimizer *optimizer = work;
    const rnnc_weights *weights = optimizer->weights;
    float *scratch =
        optimizer->scratch + (size_t)member * RNI_UPDATE_SLOTS * RNI_TAPE_TILE;
    for (int32_t p = 0; p < weights->n_parameters; p++) {
        if (weights->graph->parameters[p]->frozen)
            continue;
        int64_t count = count_of(weights, p);
        int64_t tiles = (count + RNI_TAPE_TILE - 1) / RNI_TAPE_TILE;
        int64_t first = tiles * member / size * RNI_TAPE_TILE;
        int64_t last = tiles * (member + 1) / size * RNI_TAPE_TILE;
        if (last > count)
            last = count;
        if (first < last)
            update_part(optimizer, p, first, last - first, scratch);
    }
}

static rnnc_status check_storage(rnnc_optimizer *optimizer)
{
    const rnnc_weights *weights = optimizer->weights;
    for (int32_t p = 0; p < weights->n_parameters; p++)
        if (!weights->graph->parameters[p]->frozen &&
            !rni_weights_trainable(weights, p, optimizer->row->name,
                                   &optimizer->error))
            break;
    return optimizer->error.status;
}

static rnnc_status check_step(rnnc_optimizer *optimizer)
{
    const double *options = optimizer->options;
    bool momentum = options[RNNC_OPT_MOMENTUM] > 0;
    bool dampening =
        options[RNNC_OPT_DAMPENING] < 0 || options[RNNC_OPT_DAMPENING] > 0;
    if (options[RNNC_OPT_NESTEROV] > 0 && (!momentum || dampening))
        return rni_error_set(&optimizer->error, RNNC_E_ARGUMENT,
                             "SGD: nesterov needs a momentum above 0 and "
                             "dampening 0; they are %g and %g",
                             options[RNNC_OPT_MOMENTUM],
                             options[RNNC_OPT_DAMPENING]);
    if (optimizer->weights->gradients == NULL)
        return rni_error_set(&optimizer->error, RNNC_E_STATE,
                             "%s: there are no gradients yet; a backward pass "
                             "comes before a step",
                             optimizer->row->name);
    return check_storage(optimizer);
}

enum { TEAM_FLOATS = 1 << 15 }; // fewer are done before a team has woken up

rnnc_status rnnc_optimizer_step(rnnc_optimizer *optimizer)
{
    if (begin_call(optimizer) != RNNC_OK || check_step(optimizer) != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    rnnc_weights *weights = optimizer->weights;
    // Streams of these weights may be moving to the present version.
    pthread_mutex_lock(&weights->lock);
    if (weights->offsets[weights->n_parameters] < TEAM_FLOATS)
        update_share(optimizer, 0, 1);
    else
        rni_team_run(weights->graph->context->team, update_share, optimizer);
    // SGD's first step is the first one with momentum.
    bool counts = optimizer->row->averages[0] == 0 ||
                  optimizer->options[RNNC_OPT_MOMENTUM] > 0;
    for (int32_t p = 0; counts && p < weights->n_parameters; p++)
        if (!weights->graph->parameters[p]->frozen)
            optimizer->steps[p]++;
    atomic_fetch_add(&weights->version, 1);
    pthread_mutex_unlock(&weights->lock);
    return RNNC_OK;
}
