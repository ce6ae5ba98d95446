// SPDX-License-Identifier: MIT
// Outputs and gradients of a pass.
#include "run/result.h"

#include "run/run.h"

rni_results rni_results_outputs(const rnnc_plan *plan)
{
    return (rni_results){plan, plan->outputs, plan->n_outputs, "output"};
}

rni_results rni_results_gradients(const rnnc_plan *plan)
{
    return (rni_results){plan, plan->gradients, plan->n_gradients, "gradient"};
}

const rni_port_name *rni_results_find(const rni_results *results,
                                      const rnnc_node *node, int32_t kind,
                                      rni_error *error)
{
    static const char *const kinds[] = {"a static", "a batch", "a sequence"};
    char text[RNI_NODE_TEXT];
    if (node == NULL) {
        rni_error_set(error, RNNC_E_ARGUMENT, "the node is NULL");
        return NULL;
    }
    rni_node_print(node, text);
    for (int32_t k = 0; k < results->count; k++) {
        const rni_port_name *port = results->list + k;
        if (node->graph != results->plan->graph || port->node != node->id)
            continue;
        if (port->shape.kind == kind && port->shape.type == RNI_FLOAT)
            return port;
        rni_error_set(error, RNNC_E_SHAPE, "%s is read as %s value of floats",
                      text, kinds[kind]);
        return NULL;
    }
    rni_error_set(error, RNNC_E_NAME, "%s is no %s of the plan", text,
                  results->word);
    return NULL;
}

// Row 0 of a result, and from row to row.
static rni_matrix matrix_of(const rni_executor *e, const rni_port_name *port)
{
    const rni_operand *o = &port->operand;
    int64_t stride = e->plan->buffers[o->buffer].cols;
    return (rni_matrix){e->base[o->buffer] + o->row * stride + o->col, stride};
}

void rni_result_rows(const rni_executor *e, const rni_port_name *port,
                     float *values)
{
    rni_matrix from = matrix_of(e, port);
    int64_t rows = port->shape.kind == RNI_BATCH ? e->batch : port->shape.rows;
    rni_copy_rows(rows, port->shape.cols, from.data, from.stride, values,
                  port->shape.cols);
}

rnnc_status rni_result_padded(const rni_executor *e, const rni_port_name *port,
                              float *values, int64_t time, int32_t layout,
                              float padding, rni_error *error)
{
    const rni_order *order = e->axes[port->shape.axis].order;
    rni_matrix from = matrix_of(e, port);
    if (layout != RNNC_BATCH_MAJOR && layout != RNNC_TIME_MAJOR)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "layout is %ld, expected RNNC_BATCH_MAJOR or "
                             "RNNC_TIME_MAJOR",
                             (long)layout);
    if (time < order->longest)
        return rni_error_set(error, RNNC_E_SHAPE,
                             "room for %lld steps, the longest sequence has "
                             "%lld",
                             (long long)time, (long long)order->longest);
    rni_order_unpack(order, from.data, from.stride, port->shape.cols, values,
                     time, layout, padding);
    return RNNC_OK;
}

rnnc_status rni_result_sequence(const rni_executor *e,
                                const rni_port_name *port, int64_t row,
                                float *values, rni_error *error)
{
    const rni_order *order = e->axes[port->shape.axis].order;
    rni_matrix from = matrix_of(e, port);
    if (row < 0 || row >= order->batch)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "row %lld, expected 0 to %lld", (long long)row,
                             (long long)order->batch - 1);
    int64_t rank = order->ranks[row], cols = port->shape.cols;
    for (int64_t t = 0; t < order->lengths[row]; t++)
        rni_copy_rows(1, cols,
                      from.data + (order->offsets[t] + rank) * from.stride, 0,
                      values + t * cols, 0);
    return RNNC_OK;
}

// ---- Public ----------------------------------------------------------------

// The run's error is where a call that reads says what was wrong, too.
static rni_error *error_of(const rnnc_run *run)
{
    return &((rnnc_run *)(uintptr_t)run)->error;
}

static const rni_port_name *find(const rnnc_run *run, bool gradient,
                                 const rnnc_node *node, int32_t kind,
                                 const void *values)
{
    rni_error_clear(error_of(run));
    const rnnc_plan *plan = rni_run_program(run)->plan;
    rni_results results =
        gradient ? rni_results_gradients(plan) : rni_results_outputs(plan);
    if (values == NULL) {
        rni_error_set(error_of(run), RNNC_E_ARGUMENT,
                      "there is no place for the values: NULL");
        return NULL;
    }
    const rni_port_name *port =
        rni_results_find(&results, node, kind, error_of(run));
    if (port == NULL || run->done >= (gradient ? RNI_BACKWARD : RNI_FORWARD))
        return port;
    rni_error_set(error_of(run), RNNC_E_STATE,
                  "there is nothing to read yet: call rnnc_run_%s first",
                  gradient ? "backward" : "forward");
    return NULL;
}

static bool is_whole(const rnnc_run *run)
{
    return run != NULL && run->whole;
}

static rnnc_status get_rows(const rnnc_run *run, bool gradient,
                            const rnnc_node *node, int32_t kind, float *values)
{
    if (!is_whole(run))
        return rnnc_run_status(run);
    const rni_port_name *port = find(run, gradient, node, kind, values);
    if (port == NULL)
        return run->error.status;
    rni_result_rows(&rni_run_program(run)->executor, port, values);
    return RNNC_OK;
}

static rnnc_status get_padded(const rnnc_run *run, bool gradient,
                              const rnnc_node *node, float *values,
                              int64_t time, int32_t layout, float padding)
{
    if (!is_whole(run))
        return rnnc_run_status(run);
    const rni_port_name *port = find(run, gradient, node, RNI_SEQUENCE, values);
    if (port == NULL)
        return run->error.status;
    return rni_result_padded(&rni_run_program(run)->executor, port, values,
                             time, layout, padding, error_of(run));
}

rnnc_status rnnc_run_loss(const rnnc_run *run, float *loss)
{
    if (!is_whole(run))
        return rnnc_run_status(run);
    rni_error *error = error_of(run);
    const rni_program *program = rni_run_program(run);
    const rni_operand *o = &program->plan->loss;
    rni_error_clear(error);
    if (loss == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "loss is NULL");
    if (o->buffer < 0)
        return rni_error_set(error, RNNC_E_NAME, "the plan has no loss");
    if (run->done == RNI_NOTHING)
        return rni_error_set(error, RNNC_E_STATE,
                             "loss: a forward pass comes first");
    const rni_buffer *b = program->plan->buffers + o->buffer;
    *loss = program->executor.base[o->buffer][o->row * b->cols + o->col];
    return RNNC_OK;
}

rnnc_status rnnc_run_get_static(const rnnc_run *run, rnnc_node *output,
                                float *values)
{
    return get_rows(run, false, output, RNI_STATIC, values);
}

rnnc_status rnnc_run_get_batch(const rnnc_run *run, rnnc_node *output,
                               float *rows)
{
    return get_rows(run, false, output, RNI_BATCH, rows);
}

rnnc_status rnnc_run_get_rows(const rnnc_run *run, rnnc_node *output,
                              int64_t row, float *values)
{
    if (!is_whole(run))
        return rnnc_run_status(run);
    const rni_port_name *port = find(run, false, output, RNI_SEQUENCE, values);
    if (port == NULL)
        return run->error.status;
    return rni_result_sequence(&rni_run_program(run)->executor, port, row,
                               values, error_of(run));
}

int64_t rnnc_run_batch(const rnnc_run *run)
{
    if (!is_whole(run) || run->done == RNI_NOTHING)
        return 0;
    return rni_run_program(run)->executor.batch;
}

rnnc_status rnnc_run_lengths(const rnnc_run *run, rnnc_node *output,
                             int64_t *lengths)
{
    if (!is_whole(run))
        return rnnc_run_status(run);
    const rni_port_name *port = find(run, false, output, RNI_SEQUENCE, lengths);
    if (port == NULL)
        return run->error.status;
    const rni_order *order =
        rni_run_program(run)->executor.axes[port->shape.axis].order;
    for (int64_t row = 0; row < order->batch; row++)
        lengths[row] = order->lengths[row];
    return RNNC_OK;
}

rnnc_status rnnc_run_get_padded(const rnnc_run *run, rnnc_node *output,
                                float *values, int64_t time, int32_t layout,
                                float padding)
{
    return get_padded(run, false, output, values, time, layout, padding);
}

rnnc_status rnnc_run_gradient_static(const rnnc_run *run, rnnc_node *input,
                                     float *values)
{
    return get_rows(run, true, input, RNI_STATIC, values);
}

rnnc_status rnnc_run_gradient_batch(const rnnc_run *run, rnnc_node *input,
                                    float *rows)
{
    return get_rows(run, true, input, RNI_BATCH, rows);
}

rnnc_status rnnc_run_gradient_padded(const rnnc_run *run, rnnc_node *input,
                                     float *values, int64_t time,
                                     int32_t layout, float padding)
{
    return get_padded(run, true, input, values, time, layout, padding);
}
