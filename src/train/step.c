// SPDX-License-Identifier: MIT
// A step of an optimizer, and what exchanges weights for their averages.
#include "train/optimizer.h"
#include "train/sweep.h"

// Elements [first, first + count) of parameter p.
static void update_part(const void *work, int32_t p, int64_t first,
                        int64_t count, float *scratch)
{
    const rnnc_optimizer *optimizer = work;
    const rnnc_weights *weights = optimizer->weights;
    rni_update_state *state = &optimizer->states[p];
    const rni_update_group *group = &optimizer->groups[state->group];
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
                                           &state->scalars[i], 0};
    optimizer->kernels->tape(
        &(rni_tape_call){group->code, group->n_code, loads, n_loads, stores,
                         n_stores, RNI_UPDATE_SLOTS, 1, count, scratch});
}

// An average that does not begin at zero does so at its first step.
static void fill_averages(const rnnc_optimizer *optimizer, int32_t p,
                          float value)
{
    const rnnc_weights *weights = optimizer->weights;
    for (int32_t i = 0; i < RNI_AVERAGES; i++) {
        if (optimizer->averages[i] == NULL ||
            !optimizer->row->averages[i].filled)
            continue;
        float *values = optimizer->averages[i] + weights->offsets[p];
        for (int64_t k = 0, n = rni_sweep_count(weights, p); k < n; k++)
            values[k] = value;
    }
}

// Counts a parameter's step and finds its scalars.
static void begin_parameter(rnnc_optimizer *optimizer, int32_t p)
{
    rni_update_state *state = &optimizer->states[p];
    const double *options = optimizer->groups[state->group].options;
    double rate = options[RNNC_OPT_LEARNING_RATE];
    double decay = options[RNNC_OPT_WEIGHT_DECAY];
    // SGD's first step is the first one with momentum.
    uint32_t first = optimizer->row->averages[0].when;
    if ((first & rni_optimizer_conditions(options)) == first &&
        state->step++ == 0)
        fill_averages(optimizer, p,
                      (float)options[RNNC_OPT_INITIAL_ACCUMULATOR]);
    state->scalars[0] = (float)-rate;
    state->scalars[1] = (float)decay;
    state->scalars[2] = (float)(1 - rate * decay);
    state->scalars[3] = optimizer->weights->owed;
    optimizer->row->scalars(options, state);
}

static rnnc_status check_group(rnnc_optimizer *optimizer, int32_t group)
{
    const double *options = optimizer->groups[group].options;
    double momentum = options[RNNC_OPT_MOMENTUM];
    double dampening = options[RNNC_OPT_DAMPENING];
    bool plain = momentum > 0 && dampening <= 0 && dampening >= 0;
    if (options[RNNC_OPT_NESTEROV] > 0 && !plain)
        return rni_error_set(&optimizer->error, RNNC_E_ARGUMENT,
                             "SGD: nesterov needs a momentum above 0 and "
                             "dampening 0; in group %ld they are %g and %g",
                             (long)group, momentum, dampening);
    return RNNC_OK;
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
    const char *name = optimizer->row->name;
    for (int32_t g = 0; g < optimizer->n_groups; g++)
        if (check_group(optimizer, g) != RNNC_OK)
            return optimizer->error.status;
    if (optimizer->swapped)
        return rni_error_set(&optimizer->error, RNNC_E_STATE,
                             "%s: the averages stand in the weights' place; "
                             "rnnc_optimizer_swap_average() comes before a "
                             "step",
                             name);
    if (optimizer->weights->gradients == NULL)
        return rni_error_set(&optimizer->error, RNNC_E_STATE,
                             "%s: there are no gradients yet; a backward pass "
                             "comes before a step",
                             name);
    return check_storage(optimizer);
}

rnnc_status rnnc_optimizer_step(rnnc_optimizer *optimizer)
{
    if (rni_optimizer_begin(optimizer) != RNNC_OK ||
        check_step(optimizer) != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    rnnc_weights *weights = optimizer->weights;
    rni_sweep sweep = {weights,
                       false,
                       update_part,
                       optimizer,
                       optimizer->scratch,
                       (size_t)RNI_UPDATE_SLOTS * RNI_TAPE_TILE};
    for (int32_t p = 0; p < weights->n_parameters; p++)
        if (!weights->graph->parameters[p]->frozen)
            begin_parameter(optimizer, p);
    // Streams of these weights may be moving to the present version.
    pthread_mutex_lock(&weights->lock);
    rni_sweep_run(&sweep);
    atomic_fetch_add(&weights->version, 1);
    pthread_mutex_unlock(&weights->lock);
    return RNNC_OK;
}

// ---- Averaged descent -----------------------------------------------------

static rnnc_status begin_averaged(rnnc_optimizer *optimizer)
{
    if (rni_optimizer_begin(optimizer) != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    if (optimizer->row->averaged)
        return RNNC_OK;
    return rni_error_set(&optimizer->error, RNNC_E_UNSUPPORTED,
                         "%s keeps no average of the weights, ASGD does",
                         optimizer->row->name);
}

rnnc_status rnnc_optimizer_swap_average(rnnc_optimizer *optimizer)
{
    if (begin_averaged(optimizer) != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    rnnc_weights *weights = optimizer->weights;
    if (check_storage(optimizer) != RNNC_OK)
        return optimizer->error.status;
    pthread_mutex_lock(&weights->lock);
    for (int32_t p = 0; p < weights->n_parameters; p++)
        if (optimizer->states[p].step > 0)
            rni_sweep_swap(rni_weights_values(weights, p),
                           optimizer->averages[0] + weights->offsets[p],
                           rni_sweep_count(weights, p));
    atomic_fetch_add(&weights->version, 1);
    pthread_mutex_unlock(&weights->lock);
    optimizer->swapped = !optimizer->swapped;
    return RNNC_OK;
}

// Steps of the parameter that has made most.
static int64_t most_steps(const rnnc_optimizer *optimizer)
{
    int64_t most = 0;
    for (int32_t p = 0; p < optimizer->weights->n_parameters; p++)
        if (optimizer->states[p].step > most)
            most = optimizer->states[p].step;
    return most;
}

// Whether `loss` is larger than the least of all losses but the last `recent`;
// then it is remembered.
static bool is_worse(rni_update_trail *trail, double loss, int64_t recent)
{
    double least = trail->least;
    int64_t first = trail->seen > RNI_TRAIL ? trail->seen - RNI_TRAIL : 0;
    for (int64_t i = first; i < trail->seen - recent; i++)
        if (trail->losses[i % RNI_TRAIL] < least)
            least = trail->losses[i % RNI_TRAIL];
    double *place = &trail->losses[trail->seen % RNI_TRAIL];
    bool worse = trail->seen > recent && loss > least;
    if (trail->seen >= RNI_TRAIL && *place < trail->least)
        trail->least = *place;
    *place = loss;
    trail->seen++;
    return worse;
}

rnnc_status rnnc_optimizer_observe(rnnc_optimizer *optimizer, double loss,
                                   int32_t *averaging)
{
    if (begin_averaged(optimizer) != RNNC_OK)
        return rnnc_optimizer_status(optimizer);
    if (!(loss >= 0 || loss < 0))
        return rni_error_set(&optimizer->error, RNNC_E_VALUE,
                             "%s: the loss is not a number",
                             optimizer->row->name);
    const double *options = optimizer->groups[0].options;
    double steps = (double)most_steps(optimizer);
    int64_t recent = (int64_t)options[RNNC_OPT_NONMONOTONE];
    bool begun = options[RNNC_OPT_T0] < steps;
    if (is_worse(&optimizer->trail, loss, recent) && !begun) {
        for (int32_t g = 0; g < optimizer->n_groups; g++)
            rni_optimizer_put(optimizer, g, RNNC_OPT_T0, steps);
        begun = true;
    }
    if (averaging != NULL)
        *averaging = begun || options[RNNC_OPT_T0] <= steps;
    return RNNC_OK;
}
