// SPDX-License-Identifier: MIT
// The public calls of a stream: made, inputs and outputs, begin, step.
#include "run/stream.h"

#include <string.h>

// ---- Made and let go -------------------------------------------------------

static rnnc_status check(const rnnc_stream *stream, rni_error *error)
{
    if (rni_run_fit(stream->plan, stream->weights, error) != RNNC_OK)
        return error->status;
    if (stream->plan->use != RNNC_STREAM)
        return rni_error_set(error, RNNC_E_STATE,
                             "stream: the plan was not made for a stream");
    if (stream->rows < 0)
        return rni_error_set(error, RNNC_E_ARGUMENT, "stream: %lld rows",
                             (long long)stream->rows);
    return RNNC_OK;
}

// The order of one step of all rows.
static bool make_order(rnnc_stream *stream)
{
    size_t rows = (size_t)stream->rows;
    int64_t *lengths =
        rni_memory_zeroed(&stream->memory, rows, sizeof *lengths);
    if (lengths == NULL)
        return false;
    for (size_t r = 0; r < rows; r++)
        lengths[r] = 1;
    bool good =
        rni_order_set(&stream->memory, &stream->one, lengths, stream->rows);
    rni_memory_release(&stream->memory, lengths);
    return good;
}

static bool make_arrays(rnnc_stream *stream)
{
    const rni_memory *memory = &stream->memory;
    const rnnc_plan *plan = stream->plan;
    size_t axes = (size_t)plan->n_axes, rows = (size_t)stream->rows;
    size_t states;
    if (!rni_size_multiply(rows, (size_t)rni_layout_kept_cols(plan), &states))
        return false;
    stream->orders = rni_memory_zeroed(memory, axes, sizeof *stream->orders);
    stream->found = rni_memory_zeroed(memory, axes, sizeof *stream->found);
    stream->ins =
        rni_memory_zeroed(memory, (size_t)plan->n_inputs, sizeof *stream->ins);
    stream->outs = rni_memory_zeroed(memory, (size_t)plan->n_outputs,
                                     sizeof *stream->outs);
    stream->flags = rni_memory_zeroed(memory, rows, 2);
    stream->spare = rni_memory_zeroed(memory, states, sizeof(float));
    if (stream->orders == NULL || stream->found == NULL ||
        stream->ins == NULL || stream->outs == NULL || stream->flags == NULL ||
        stream->spare == NULL)
        return false;
    memset(stream->flags + rows, 1, rows);
    for (size_t a = 0; a < axes; a++)
        if (!rni_order_set(memory, stream->orders + a, NULL, 0))
            return false;
    return make_order(stream);
}

static bool make_memory(rnnc_stream *stream)
{
    const rni_memory *memory = &stream->memory;
    rnnc_plan *plan = stream->plan;
    int32_t axis = plan->stream_axis;
    if (!rni_profile_init(&stream->profile, plan, stream->kernels, memory) ||
        !rni_inputs_init(&stream->inputs, plan, memory) ||
        !rni_layout_init(&stream->layout, plan, &stream->profile,
                         stream->kernels, memory, 1) ||
        !rni_layout_init(&stream->chunk, plan, &stream->profile,
                         stream->kernels, memory, 1) ||
        !make_arrays(stream))
        return false;
    stream->chunk.only_axis = axis;
    stream->layout.limits[axis] = (rni_limits){1, stream->rows};
    stream->layout.axes[axis].order = &stream->one;
    return rni_layout_reserve(&stream->layout, stream->rows) &&
           rni_step_init(&stream->step, &stream->executor, stream->rows,
                         plan->n_outputs, memory);
}

static float *make_rows(const rnnc_stream *stream, int64_t cols)
{
    size_t floats;
    if (!rni_size_multiply((size_t)stream->rows, (size_t)cols, &floats))
        return NULL;
    return rni_memory_zeroed(&stream->memory, floats, sizeof(float));
}

static bool make_ins(rnnc_stream *stream)
{
    for (int32_t k = 0; k < stream->plan->n_inputs; k++) {
        rni_stream_port *port = stream->ins + k;
        port->input = stream->inputs.list + k;
        port->node = port->input->node;
        if (port->node->shape.axis != stream->plan->stream_axis)
            continue;
        port->owned = true;
        port->data = make_rows(stream, port->node->shape.cols);
        if (port->data == NULL)
            return false;
        stream->checks_ids |= port->node->shape.type == RNI_IDS;
    }
    return true;
}

// Outputs are read where they are, unless their rows lie apart.
static bool make_outs(rnnc_stream *stream)
{
    const rnnc_plan *plan = stream->plan;
    for (int32_t k = 0; k < plan->n_outputs; k++) {
        rni_stream_port *port = stream->outs + k;
        port->name = plan->outputs + k;
        const rni_shape *shape = &port->name->shape;
        // Rows of another axis are no rows of a step.
        if (shape->kind == RNI_SEQUENCE && shape->axis != plan->stream_axis)
            continue;
        port->node = plan->graph->nodes[port->name->node];
        int64_t rows = shape->kind == RNI_STATIC ? shape->rows : stream->rows;
        int64_t stride = plan->buffers[port->name->operand.buffer].cols;
        // Static values may lie in the binding, which is replaced.
        port->owned =
            shape->kind == RNI_STATIC || (rows > 1 && stride != shape->cols);
        if (!port->owned)
            continue;
        size_t floats;
        if (!rni_size_multiply((size_t)rows, (size_t)shape->cols, &floats))
            return false;
        port->data = rni_memory_zeroed(&stream->memory, floats, sizeof(float));
        if (port->data == NULL)
            return false;
    }
    return true;
}

// ---- Binding ---------------------------------------------------------------

static bool take_binding(rnnc_stream *stream)
{
    rni_binding_user user = {
        stream->plan, stream->weights,      &stream->profile, stream->kernels,
        NULL,         stream->layout.spaces};
    rni_binding *binding = rni_binding_acquire(&user, stream->binding);
    if (binding == NULL)
        return false;
    stream->binding = binding;
    return true;
}

static float *out_place(const rnnc_stream *stream, const rni_port_name *name)
{
    const rni_operand *o = &name->operand;
    int64_t stride = stream->plan->buffers[o->buffer].cols;
    return stream->executor.base[o->buffer] + o->row * stride + o->col;
}

// The copies that come after a step, or after a chunk for what has no rows in
// time.
static rni_step_copy out_copy(const rnnc_stream *stream,
                              const rni_stream_port *port)
{
    const rni_shape *shape = &port->name->shape;
    int64_t rows = shape->kind == RNI_STATIC ? shape->rows : stream->rows;
    return (rni_step_copy){
        out_place(stream, port->name),
        port->data,
        rows,
        shape->cols,
        stream->plan->buffers[port->name->operand.buffer].cols,
        shape->cols};
}

void rni_stream_collect(rnnc_stream *stream)
{
    for (int32_t k = 0; k < stream->plan->n_outputs; k++) {
        const rni_stream_port *port = stream->outs + k;
        if (!port->owned || port->name->shape.kind == RNI_SEQUENCE)
            continue;
        rni_step_copy c = out_copy(stream, port);
        rni_copy_rows(c.rows, c.cols, c.from, c.from_stride, c.to, c.to_stride);
    }
}

// Points everything at memory, and writes the list of a step.
void rni_stream_place(rnnc_stream *stream)
{
    const rnnc_plan *plan = stream->plan;
    rni_executor *e = &stream->executor;
    rni_layout_place(&stream->layout, stream->rows);
    rni_executor_bind(e, &stream->layout, stream->binding, &stream->inputs);
    e->batch = stream->rows;
    e->carried = stream->flags;
    for (int32_t k = 0; k < plan->n_inputs; k++)
        if (stream->ins[k].owned)
            e->base[stream->ins[k].input->buffer] = stream->ins[k].data;
    for (int32_t s = 0; s < plan->n_states; s++)
        if (rni_stream_has_state(stream, s))
            e->base[plan->states[s].carry] = e->kept[s];
    for (int32_t k = 0; k < plan->n_outputs; k++)
        if (!stream->outs[k].owned)
            stream->outs[k].data = out_place(stream, stream->outs[k].name);
    rni_step_bind(&stream->step);
    for (int32_t k = 0; k < plan->n_outputs; k++)
        if (stream->outs[k].owned)
            rni_step_add_copy(&stream->step,
                              out_copy(stream, stream->outs + k));
    rni_step_finish(&stream->step);
}

static void hold_parts(rnnc_stream *stream, rnnc_plan *plan,
                       rnnc_weights *weights, int64_t rows)
{
    stream->plan = plan != NULL ? rni_plan_hold(plan) : NULL;
    stream->weights = rni_weights_hold(weights);
    stream->rows = rows;
    stream->kernels = rni_kernels_choose();
    stream->executor = stream->chunk_executor = (rni_executor){
        .plan = plan, .profile = &stream->profile, .kernels = stream->kernels};
}

rnnc_stream *rnnc_stream_create(rnnc_plan *plan, rnnc_weights *weights,
                                int64_t rows)
{
    rni_memory memory = rni_memory_default();
    if (plan != NULL)
        memory = plan->graph->context->memory;
    else if (weights != NULL)
        memory = weights->graph->context->memory;
    rnnc_stream *stream = rni_memory_zeroed(&memory, 1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->memory = memory;
    hold_parts(stream, plan, weights, rows);
    if (check(stream, &stream->error) != RNNC_OK)
        return stream;
    stream->whole = make_memory(stream) && make_ins(stream) &&
                    make_outs(stream) && take_binding(stream);
    if (stream->whole)
        rni_stream_place(stream);
    else
        rni_error_memory(&stream->error);
    return stream;
}

static void free_ports(rnnc_stream *stream)
{
    const rnnc_plan *plan = stream->plan;
    for (int32_t k = 0; stream->ins != NULL && k < plan->n_inputs; k++)
        if (stream->ins[k].owned)
            rni_memory_release(&stream->memory, stream->ins[k].data);
    for (int32_t k = 0; stream->outs != NULL && k < plan->n_outputs; k++)
        if (stream->outs[k].owned)
            rni_memory_release(&stream->memory, stream->outs[k].data);
    for (int32_t a = 0; stream->orders != NULL && a < plan->n_axes; a++)
        rni_order_fini(&stream->memory, stream->orders + a);
    rni_order_fini(&stream->memory, &stream->one);
    rni_memory_release(&stream->memory, stream->ins);
    rni_memory_release(&stream->memory, stream->outs);
    rni_memory_release(&stream->memory, stream->orders);
    rni_memory_release(&stream->memory, stream->found);
    rni_memory_release(&stream->memory, stream->flags);
    rni_memory_release(&stream->memory, stream->spare);
}

void rnnc_stream_destroy(rnnc_stream *stream)
{
    if (stream == NULL)
        return;
    rni_binding_drop(stream->binding, stream->weights);
    free_ports(stream);
    if (stream->step.memory != NULL)
        rni_step_fini(&stream->step);
    if (stream->layout.memory != NULL)
        rni_layout_fini(&stream->layout);
    if (stream->chunk.memory != NULL)
        rni_layout_fini(&stream->chunk);
    if (stream->inputs.memory != NULL)
        rni_inputs_fini(&stream->inputs);
    if (stream->profile.memory != NULL)
        rni_profile_fini(&stream->profile);
    rnnc_plan *plan = stream->plan;
    rnnc_weights *weights = stream->weights;
    rni_memory memory = stream->memory;
    rni_memory_release(&memory, stream);
    rni_weights_drop(weights);
    if (plan != NULL)
        rni_plan_drop(plan);
}

rnnc_status rnnc_stream_status(const rnnc_stream *stream)
{
    return stream == NULL ? RNNC_E_MEMORY : stream->error.status;
}

const char *rnnc_stream_message(const rnnc_stream *stream)
{
    return stream == NULL ? "out of memory" : stream->error.text;
}

bool rni_stream_ready(rnnc_stream *stream)
{
    if (stream == NULL || !stream->whole)
        return false;
    rni_error_clear(&stream->error);
    return true;
}

// ---- Inputs and outputs ----------------------------------------------------

static rnnc_status set_rows(rnnc_stream *stream, rnnc_node *input, int32_t kind,
                            const float *values)
{
    if (!rni_stream_ready(stream))
        return rnnc_stream_status(stream);
    if (rni_inputs_check_node(&stream->inputs, input, kind, RNI_FLOAT,
                              &stream->error) != RNNC_OK)
        return stream->error.status;
    int64_t rows = kind == RNI_BATCH ? stream->rows : input->shape.rows;
    if (rni_inputs_set_rows(&stream->inputs, input, values, rows,
                            &stream->error) != RNNC_OK)
        return stream->error.status;
    stream->begun = false;
    return RNNC_OK;
}

rnnc_status rnnc_stream_input_batch(rnnc_stream *stream, rnnc_node *input,
                                    const float *rows)
{
    return set_rows(stream, input, RNI_BATCH, rows);
}

rnnc_status rnnc_stream_input_static(rnnc_stream *stream, rnnc_node *input,
                                     const float *values)
{
    return set_rows(stream, input, RNI_STATIC, values);
}

static float *in_place(rnnc_stream *stream, const rnnc_node *node, int32_t type)
{
    if (!rni_stream_ready(stream) ||
        rni_inputs_check_node(&stream->inputs, node, RNI_SEQUENCE, type,
                              &stream->error) != RNNC_OK)
        return NULL;
    for (int32_t k = 0; k < stream->plan->n_inputs; k++)
        if (stream->ins[k].node == node && stream->ins[k].owned)
            return stream->ins[k].data;
    rni_error_set(&stream->error, RNNC_E_NAME,
                  "input \"%.80s\" is not read by the plan step by step",
                  node->name);
    return NULL;
}

float *rnnc_stream_in(rnnc_stream *stream, rnnc_node *input)
{
    return in_place(stream, input, RNI_FLOAT);
}

int32_t *rnnc_stream_in_ids(rnnc_stream *stream, rnnc_node *input)
{
    return (int32_t *)(void *)in_place(stream, input, RNI_IDS);
}

const float *rnnc_stream_out(rnnc_stream *stream, rnnc_node *output)
{
    char text[RNI_NODE_TEXT];
    if (!rni_stream_ready(stream))
        return NULL;
    for (int32_t k = 0; output != NULL && k < stream->plan->n_outputs; k++)
        if (stream->outs[k].node == output && output->shape.type == RNI_FLOAT)
            return stream->outs[k].data;
    if (output == NULL) {
        rni_error_set(&stream->error, RNNC_E_ARGUMENT, "the output is NULL");
        return NULL;
    }
    rni_node_print(output, text);
    rni_error_set(&stream->error, RNNC_E_NAME,
                  "%s is no output of the plan that has floats", text);
    return NULL;
}

// ---- Begin -----------------------------------------------------------------

static bool reserve_axes(rnnc_stream *stream)
{
    const rnnc_plan *plan = stream->plan;
    for (int32_t a = 0; a < plan->n_axes; a++) {
        const rni_order *from = stream->found[a];
        if (a == plan->stream_axis)
            continue;
        stream->layout.limits[a] = (rni_limits){0, 0};
        if (from == NULL)
            continue;
        if (!rni_order_reserve(&stream->memory, stream->orders + a, from->batch,
                               from->longest))
            return false;
        stream->layout.limits[a] = (rni_limits){from->longest, from->total};
    }
    stream->layout.limits[plan->stream_axis] = (rni_limits){1, stream->rows};
    return rni_layout_reserve(&stream->layout, stream->rows);
}

static void take_axes(rnnc_stream *stream)
{
    const rnnc_plan *plan = stream->plan;
    for (int32_t a = 0; a < plan->n_axes; a++) {
        if (a == plan->stream_axis)
            continue;
        stream->layout.axes[a].order = NULL;
        if (stream->found[a] == NULL)
            continue;
        rni_order_copy(stream->orders + a, stream->found[a]);
        stream->layout.axes[a].order = stream->orders + a;
    }
}

static void run_once(rnnc_stream *stream)
{
    rni_stream_place(stream);
    rni_executor_run(&stream->executor, 0, stream->plan->n_forward,
                     RNI_ONCE_STAGES);
    rni_stream_collect(stream);
}

static rnnc_status begin(rnnc_stream *stream)
{
    int64_t rows = stream->rows;
    rni_input_filter others = {stream->plan->stream_axis, false};
    if (rni_inputs_check(&stream->inputs, others, &rows, stream->found,
                         &stream->error) != RNNC_OK)
        return stream->error.status;
    if (!reserve_axes(stream))
        return rni_error_memory(&stream->error);
    take_axes(stream);
    run_once(stream);
    for (int64_t row = 0; row < stream->rows; row++)
        rni_stream_reset_row(stream, row);
    stream->begun = true;
    return RNNC_OK;
}

rnnc_status rnnc_stream_begin(rnnc_stream *stream)
{
    return rni_stream_ready(stream) ? begin(stream)
                                    : rnnc_stream_status(stream);
}

rnnc_status rni_stream_need_begin(rnnc_stream *stream)
{
    return stream->begun ? RNNC_OK : begin(stream);
}

rnnc_status rnnc_stream_refresh(rnnc_stream *stream)
{
    if (!rni_stream_ready(stream))
        return rnnc_stream_status(stream);
    if (!take_binding(stream))
        return rni_error_memory(&stream->error);
    if (stream->begun)
        run_once(stream);
    else
        rni_stream_place(stream);
    return RNNC_OK;
}

// ---- Step ------------------------------------------------------------------

static rnnc_status check_ids(rnnc_stream *stream)
{
    for (int32_t k = 0; k < stream->plan->n_inputs; k++) {
        const rni_stream_port *port = stream->ins + k;
        if (!port->owned || port->node->shape.type != RNI_IDS)
            continue;
        const int32_t *ids = (const int32_t *)(const void *)port->data;
        int64_t row = rni_input_bad_id(port->input, ids, stream->rows);
        if (row >= 0)
            return rni_error_set(
                &stream->error, RNNC_E_VALUE,
                "input \"%.80s\", row %lld: id %ld, expected 0 to %lld",
                port->node->name, (long long)row, (long)ids[row],
                (long long)port->input->limit - 1);
    }
    return RNNC_OK;
}

rnnc_status rnnc_stream_step(rnnc_stream *stream)
{
    if (!rni_stream_ready(stream))
        return rnnc_stream_status(stream);
    if (!stream->begun && begin(stream) != RNNC_OK)
        return stream->error.status;
    if (stream->checks_ids && check_ids(stream) != RNNC_OK)
        return stream->error.status;
    rni_step_run(&stream->step);
    return RNNC_OK;
}
