// SPDX-License-Identifier: MIT
// The public calls of a run.
#include "run/run.h"

#include <string.h>

// ---- Made and let go -------------------------------------------------------

rnnc_status rni_run_fit(const rnnc_plan *plan, const rnnc_weights *weights,
                        rni_error *error)
{
    if (plan == NULL || weights == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "run: the %s NULL",
                             plan == NULL ? "plan is" : "weights are");
    if (plan->error.status != RNNC_OK)
        return rni_error_copy(error, &plan->error);
    if (weights->values == NULL)
        return rni_error_copy(error, &weights->error);
    if (plan->graph != weights->graph)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "run: plan and weights belong to two graphs");
    for (int32_t b = 0; b < plan->n_buffers; b++) {
        const rni_buffer *buffer = plan->buffers + b;
        if ((buffer->extent == RNI_EXTENT_PARAMETER ||
             buffer->extent == RNI_EXTENT_GRADIENT) &&
            buffer->index >= weights->n_parameters)
            return rni_error_set(
                error, RNNC_E_STATE,
                "run: parameter \"%.80s\" was described after these weights "
                "were made",
                plan->graph->parameters[buffer->index]->name);
    }
    return RNNC_OK;
}

static bool make_orders(rnnc_run *run)
{
    size_t axes = (size_t)run->plan->n_axes;
    run->orders = rni_memory_zeroed(&run->memory, axes, sizeof *run->orders);
    run->found = rni_memory_zeroed(&run->memory, axes, sizeof *run->found);
    run->limits = rni_memory_zeroed(&run->memory, axes, sizeof *run->limits);
    if (run->orders == NULL || run->found == NULL || run->limits == NULL)
        return false;
    for (size_t a = 0; a < axes; a++)
        if (!rni_order_set(&run->memory, run->orders + a, NULL, 0))
            return false;
    return true;
}

// A team that cannot start leaves the caller to work alone.
static rni_team *start_team(const rnnc_context *context)
{
    if (context->threads > 1)
        rni_team_start(context->team);
    return context->team;
}

static bool make_parts(rnnc_run *run)
{
    const rnnc_context *context = run->plan->graph->context;
    run->kernels = rni_kernels_choose();
    return rni_keep_init(&run->keep, run->plan, run->kernels, &run->memory,
                         start_team(context), context->threads) &&
           rni_inputs_init(&run->inputs, run->plan, &run->memory) &&
           make_orders(run);
}

static const rni_memory *memory_of(const rnnc_plan *plan,
                                   const rnnc_weights *weights)
{
    if (plan != NULL)
        return &plan->graph->context->memory;
    return weights != NULL ? &weights->graph->context->memory : NULL;
}

rnnc_run *rnnc_run_create(rnnc_plan *plan, rnnc_weights *weights)
{
    const rni_memory *given = memory_of(plan, weights);
    rni_memory memory = given != NULL ? *given : rni_memory_default();
    rnnc_run *run = rni_memory_zeroed(&memory, 1, sizeof *run);
    if (run == NULL)
        return NULL;
    run->memory = memory;
    run->kept_batch = -1;
    run->plan = plan != NULL ? rni_plan_hold(plan) : NULL;
    run->weights = rni_weights_hold(weights);
    if (rni_run_fit(plan, weights, &run->error) != RNNC_OK)
        return run;
    run->whole = make_parts(run);
    if (!run->whole)
        rni_error_memory(&run->error);
    return run;
}

void rnnc_run_destroy(rnnc_run *run)
{
    if (run == NULL)
        return;
    rni_keep_fini(&run->keep, run->weights);
    if (run->inputs.memory != NULL)
        rni_inputs_fini(&run->inputs);
    for (int32_t a = 0; run->orders != NULL && a < run->plan->n_axes; a++)
        rni_order_fini(&run->memory, run->orders + a);
    rni_memory memory = run->memory;
    rnnc_plan *plan = run->plan;
    rnnc_weights *weights = run->weights;
    rni_memory_release(&memory, run->orders);
    rni_memory_release(&memory, run->found);
    rni_memory_release(&memory, run->limits);
    rni_memory_release(&memory, run);
    rni_weights_drop(weights);
    if (plan != NULL)
        rni_plan_drop(plan);
}

rnnc_status rnnc_run_status(const rnnc_run *run)
{
    return run == NULL ? RNNC_E_MEMORY : run->error.status;
}

const char *rnnc_run_message(const rnnc_run *run)
{
    return run == NULL ? "out of memory" : run->error.text;
}

const char *rnnc_run_isa(const rnnc_run *run)
{
    return run == NULL || !run->whole ? "" : rni_isa_name(run->kernels->isa);
}

// Bytes besides those of the programs.
static int64_t more_bytes(const rnnc_run *run)
{
    return rni_inputs_bytes(&run->inputs) + (int64_t)sizeof *run;
}

int64_t rnnc_run_memory(const rnnc_run *run)
{
    if (run == NULL || !run->whole)
        return 0;
    return rni_keep_bytes(&run->keep, false) + more_bytes(run);
}

int64_t rnnc_run_row_memory(const rnnc_run *run)
{
    return run == NULL || !run->whole ? 0 : rni_keep_bytes(&run->keep, true);
}

int32_t rnnc_run_kept(const rnnc_run *run)
{
    if (run == NULL || !run->whole || run->done == RNI_NOTHING)
        return -1;
    return run->keep.way.keep;
}

// An earlier call's error is forgotten; one of the run's making is not.
static bool begin(rnnc_run *run)
{
    if (run == NULL || !run->whole)
        return false;
    rni_error_clear(&run->error);
    return true;
}

// ---- Inputs ----------------------------------------------------------------

rnnc_status rnnc_run_input(rnnc_run *run, rnnc_node *input,
                           const rnnc_sequence *sequence)
{
    if (!begin(run))
        return rnnc_run_status(run);
    run->changed = true;
    return rni_inputs_set_sequence(&run->inputs, input, sequence, &run->error);
}

static rnnc_status input_batch(rnnc_run *run, rnnc_node *input, int32_t type,
                               const void *rows, int64_t batch)
{
    if (!begin(run))
        return rnnc_run_status(run);
    run->changed = true;
    if (rni_inputs_check_node(&run->inputs, input, RNI_BATCH, type,
                              &run->error) != RNNC_OK)
        return run->error.status;
    return rni_inputs_set_rows(&run->inputs, input, rows, batch, &run->error);
}

rnnc_status rnnc_run_input_batch(rnnc_run *run, rnnc_node *input,
                                 const float *rows, int64_t batch)
{
    return input_batch(run, input, RNI_FLOAT, rows, batch);
}

rnnc_status rnnc_run_input_batch_ids(rnnc_run *run, rnnc_node *input,
                                     const int32_t *ids, int64_t batch)
{
    return input_batch(run, input, RNI_IDS, ids, batch);
}

rnnc_status rnnc_run_input_static(rnnc_run *run, rnnc_node *input,
                                  const float *values)
{
    if (!begin(run))
        return rnnc_run_status(run);
    run->changed = true;
    if (rni_inputs_check_node(&run->inputs, input, RNI_STATIC, RNI_FLOAT,
                              &run->error) != RNNC_OK)
        return run->error.status;
    return rni_inputs_set_rows(&run->inputs, input, values, input->shape.rows,
                               &run->error);
}

rnnc_status rnnc_run_seed(rnnc_run *run, uint64_t seed, uint64_t counter)
{
    if (!begin(run))
        return rnnc_run_status(run);
    run->seed = seed;
    run->counter = counter;
    return RNNC_OK;
}

// ---- Room ------------------------------------------------------------------

// Makes room for the limits; what the last pass left behind is gone where
// memory has moved.
static rnnc_status reserve(rnnc_run *run, int64_t batch, bool spare)
{
    bool moved = false;
    if (rni_keep_choose(&run->keep, batch, run->limits, spare, more_bytes(run),
                        &run->error) != RNNC_OK)
        return run->error.status;
    if (!rni_keep_reserve(&run->keep, run->weights, &moved))
        return rni_error_memory(&run->error);
    if (moved)
        run->done = RNI_NOTHING;
    return RNNC_OK;
}

static bool reserve_orders(rnnc_run *run, int64_t batch)
{
    for (int32_t a = 0; a < run->plan->n_axes; a++)
        if (run->plan->axes_used[a] &&
            !rni_order_reserve(&run->memory, run->orders + a, batch,
                               run->limits[a].longest))
            return false;
    return true;
}

// The same limits for every axis.
static rnnc_status set_limits(rnnc_run *run, const char *call, int64_t batch,
                              int64_t longest, int64_t total_rows)
{
    if (batch < 0 || longest < 0 || total_rows < 0)
        return rni_error_set(&run->error, RNNC_E_ARGUMENT,
                             "%s: %lld sequences, longest %lld, %lld rows",
                             call, (long long)batch, (long long)longest,
                             (long long)total_rows);
    for (int32_t a = 0; a < run->plan->n_axes; a++)
        run->limits[a] = run->plan->axes_used[a]
                             ? (rni_limits){longest, total_rows}
                             : (rni_limits){0, 0};
    return RNNC_OK;
}

rnnc_status rnnc_run_reserve(rnnc_run *run, int64_t batch, int64_t longest,
                             int64_t total_rows)
{
    if (!begin(run))
        return rnnc_run_status(run);
    if (set_limits(run, "reserve", batch, longest, total_rows) != RNNC_OK)
        return run->error.status;
    if (!rni_inputs_reserve(&run->inputs, batch))
        return rni_error_memory(&run->error);
    if (!reserve_orders(run, batch))
        rni_error_memory(&run->error);
    else
        reserve(run, batch, true);
    if (run->error.status != RNNC_OK)
        rni_inputs_forget(&run->inputs);
    else if (rni_inputs_take(&run->inputs)) // a backward pass reads the inputs
        run->done = RNI_NOTHING;            // where its forward pass found them
    return run->error.status;
}

rnnc_status rnnc_run_budget(rnnc_run *run, int64_t bytes)
{
    if (!begin(run))
        return rnnc_run_status(run);
    if (bytes < 0)
        return rni_error_set(&run->error, RNNC_E_ARGUMENT, "budget: %lld bytes",
                             (long long)bytes);
    run->keep.budget = bytes;
    run->keep.known = false;
    return RNNC_OK;
}

rnnc_status rnnc_run_measure(rnnc_run *run, int32_t keep, int64_t batch,
                             int64_t longest, int64_t total_rows,
                             int64_t *bytes)
{
    if (!begin(run))
        return rnnc_run_status(run);
    if (bytes == NULL || keep < RNNC_KEEP_RESULTS || keep > RNNC_KEEP_SEGMENTS)
        return rni_error_set(&run->error, RNNC_E_ARGUMENT,
                             bytes == NULL ? "measure: bytes is NULL"
                                           : "measure: keep %ld is none of "
                                             "RESULTS, STATES, SEGMENTS",
                             (long)keep);
    if (set_limits(run, "measure", batch, longest, total_rows) != RNNC_OK)
        return run->error.status;
    if (!rni_keep_can(&run->keep, keep))
        return rni_error_set(&run->error, RNNC_E_ARGUMENT,
                             "measure: the plan cannot keep that; one made "
                             "with RNNC_KEEP_BUDGET can");
    int64_t found = rni_keep_measure(&run->keep, keep, batch, run->limits);
    if (found < 0)
        return rni_error_memory(&run->error);
    *bytes = found + more_bytes(run);
    return RNNC_OK;
}

rnnc_status rnnc_run_carry(rnnc_run *run, const uint8_t *carried, int64_t batch)
{
    if (!begin(run))
        return rnnc_run_status(run);
    if (carried == NULL) {
        run->carry_set = false;
        return RNNC_OK;
    }
    if (batch < 0)
        return rni_error_set(&run->error, RNNC_E_ARGUMENT,
                             "carry: %lld sequences", (long long)batch);
    if (batch != run->kept_batch)
        for (int64_t row = 0; row < batch; row++)
            if (carried[row])
                return rni_error_set(
                    &run->error, RNNC_E_STATE,
                    "carry: row %lld of %lld is to go on, but the last pass "
                    "had %lld sequences",
                    (long long)row, (long long)batch,
                    (long long)(run->kept_batch < 0 ? 0 : run->kept_batch));
    // A pass of so many sequences has made room; all fresh needs none.
    run->carry_set = batch == run->kept_batch;
    run->carry_batch = batch;
    for (int64_t row = 0; run->carry_set && row < batch; row++)
        rni_run_carried(run, true)[row] = carried[row] != 0;
    return RNNC_OK;
}

// ---- Passes ----------------------------------------------------------------

void rni_order_copy(rni_order *to, const rni_order *from)
{
    size_t rows = (size_t)from->batch * sizeof *from->rows;
    to->batch = from->batch;
    to->longest = from->longest;
    to->total = from->total;
    to->identity = from->identity;
    if (from->batch > 0) {
        memcpy(to->lengths, from->lengths, rows);
        memcpy(to->rows, from->rows, rows);
        memcpy(to->ranks, from->ranks, rows);
    }
    memcpy(to->offsets, from->offsets,
           ((size_t)from->longest + 1) * sizeof *from->offsets);
}

void rni_executor_bind(rni_executor *e, const rni_layout *layout,
                       const rni_binding *binding, const rni_inputs *inputs)
{
    const rnnc_plan *plan = layout->plan;
    for (int32_t b = 0; b < plan->n_buffers; b++)
        if (binding->base[b] != NULL)
            layout->base[b] = binding->base[b];
    for (int32_t p = 0; p < plan->n_packs; p++)
        if (plan->packs[p].prepared)
            layout->packed[p] = binding->packed[p];
    rni_inputs_place(inputs, plan, layout->base);
    e->base = layout->base;
    e->packed = layout->packed;
    e->numbers = binding->numbers;
    e->kept = layout->kept;
    e->axes = layout->axes;
    e->spaces = layout->spaces;
    e->matmul = rni_layout_piece(layout, RNI_PIECE_MATMUL)->data;
}

static rnnc_status take_orders(rnnc_run *run, int64_t batch)
{
    int32_t axes = run->plan->n_axes;
    for (int32_t a = 0; a < axes; a++)
        run->limits[a] =
            run->found[a] == NULL
                ? (rni_limits){0, 0}
                : (rni_limits){run->found[a]->longest, run->found[a]->total};
    if (!reserve_orders(run, batch))
        return rni_error_memory(&run->error);
    if (reserve(run, batch, false) != RNNC_OK)
        return run->error.status;
    rni_axis *to = rni_keep_program(&run->keep)->layout.axes;
    for (int32_t a = 0; a < axes; a++) {
        to[a].order = NULL;
        if (run->found[a] == NULL)
            continue;
        rni_order_copy(run->orders + a, run->found[a]);
        to[a].order = run->orders + a;
    }
    return RNNC_OK;
}

static rnnc_status take_flags(rnnc_run *run, int64_t batch)
{
    if (!run->carry_set || run->carry_batch == batch)
        return RNNC_OK;
    return rni_error_set(&run->error, RNNC_E_SHAPE,
                         "carry was set for %lld sequences, the inputs have "
                         "%lld",
                         (long long)run->carry_batch, (long long)batch);
}

static bool bind(rnnc_run *run)
{
    rni_program *p = rni_keep_program(&run->keep);
    rni_binding_user user = {p->plan,      run->weights,     &p->profile,
                             run->kernels, p->executor.team, p->layout.spaces};
    rni_binding *binding = rni_binding_acquire(&user, p->binding);
    if (binding == NULL)
        return false;
    p->binding = binding;
    return true;
}

// From here on nothing can fail.
static void execute(rnnc_run *run, int64_t batch)
{
    rni_program *p = rni_keep_program(&run->keep);
    rni_executor *e = &p->executor;
    uint8_t *carried = rni_run_carried(run, false);
    rni_layout_place(&p->layout, batch);
    rni_executor_bind(e, &p->layout, p->binding, &run->inputs);
    if (run->carry_set)
        memcpy(carried, rni_run_carried(run, true), (size_t)batch);
    else
        memset(carried, 0, (size_t)batch);
    e->batch = batch;
    e->carried = carried;
    e->dropout = rni_random_key(run->seed, "dropout");
    e->counter = run->counter;
    rni_executor_run(e, 0, p->plan->n_forward, RNI_EVERY_STAGE);
    run->counter += run->plan->use == RNNC_TRAIN;
    run->carry_set = run->changed = false;
    run->kept_batch = batch;
    run->done = RNI_FORWARD;
}

// What gets a gradient is float32.
static rnnc_status check_storage(rnnc_run *run)
{
    const rnnc_plan *plan = run->plan;
    for (int32_t b = 0; b < plan->n_buffers; b++)
        if (plan->buffers[b].extent == RNI_EXTENT_GRADIENT &&
            !rni_weights_trainable(run->weights, plan->buffers[b].index, "run",
                                   &run->error))
            break;
    return run->error.status;
}

static rnnc_status forward(rnnc_run *run)
{
    int64_t batch = -1;
    rni_input_filter all = {RNI_AXIS_NONE, false};
    if (run->plan->use == RNNC_STREAM)
        return rni_error_set(&run->error, RNNC_E_STATE,
                             "run: the plan was made for a stream");
    if (rni_inputs_check(&run->inputs, all, &batch, run->found, &run->error) !=
            RNNC_OK ||
        take_flags(run, batch) != RNNC_OK || check_storage(run) != RNNC_OK)
        return run->error.status;
    if (take_orders(run, batch) != RNNC_OK)
        return run->error.status;
    if (!bind(run))
        return rni_error_memory(&run->error);
    execute(run, batch);
    return RNNC_OK;
}

rnnc_status rnnc_run_forward(rnnc_run *run)
{
    return begin(run) ? forward(run) : rnnc_run_status(run);
}

static rnnc_status check_backward(rnnc_run *run)
{
    rni_error *error = &run->error;
    if (run->plan->use != RNNC_TRAIN)
        return rni_error_set(error, RNNC_E_STATE,
                             "backward: the plan was not made to train");
    if (run->done != RNI_FORWARD)
        return rni_error_set(error, RNNC_E_STATE,
                             "backward: a forward pass comes first, one for "
                             "each backward pass");
    if (run->changed)
        return rni_error_set(error, RNNC_E_STATE,
                             "backward: inputs were set (or refused) after the "
                             "forward pass");
    if (atomic_load(&run->weights->version) !=
        rni_run_program(run)->binding->version)
        return rni_error_set(error, RNNC_E_STATE,
                             "backward: the weights have changed since the "
                             "forward pass");
    return RNNC_OK;
}

rnnc_status rnnc_run_backward(rnnc_run *run)
{
    if (!begin(run))
        return rnnc_run_status(run);
    if (check_backward(run) != RNNC_OK)
        return run->error.status;
    rnnc_weights *weights = run->weights;
    if (rni_weights_need_gradients(weights) != RNNC_OK)
        return rni_error_memory(&run->error);
    rni_weights_settle(weights);
    rni_program *p = rni_keep_program(&run->keep);
    const rnnc_plan *plan = p->plan;
    for (int32_t b = 0; b < plan->n_buffers; b++)
        if (plan->buffers[b].extent == RNI_EXTENT_GRADIENT)
            p->layout.base[b] =
                rni_weights_gradients(weights, plan->buffers[b].index);
    rni_executor_run(&p->executor, plan->n_forward, plan->n_stages,
                     RNI_EVERY_STAGE);
    run->done = RNI_BACKWARD;
    return RNNC_OK;
}
