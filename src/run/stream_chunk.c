// SPDX-License-Identifier: MIT
// Chunks of a stream: many steps in one call, rows of unequal length.
#include <string.h>

#include "run/result.h"
#include "run/stream.h"

rnnc_status rnnc_stream_chunk_input(rnnc_stream *stream, rnnc_node *input,
                                    const rnnc_sequence *sequence)
{
    if (!rni_stream_ready(stream))
        return rnnc_stream_status(stream);
    if (rni_inputs_set_sequence(&stream->inputs, input, sequence,
                                &stream->error) != RNNC_OK)
        return stream->error.status;
    if (input->shape.axis != stream->plan->stream_axis)
        stream->begun = false;
    return RNNC_OK;
}

// What the last chunk left behind is gone where memory has moved.
static bool reserve(rnnc_stream *stream, int64_t longest, int64_t total)
{
    int32_t axis = stream->plan->stream_axis;
    int64_t before = rni_layout_bytes(&stream->chunk);
    stream->chunk.limits[axis] = (rni_limits){longest, total};
    if (!rni_order_reserve(&stream->memory, stream->orders + axis, stream->rows,
                           longest) ||
        !rni_layout_reserve(&stream->chunk, stream->rows))
        return false;
    if (rni_layout_bytes(&stream->chunk) != before)
        stream->chunk_done = false;
    return true;
}

rnnc_status rnnc_stream_chunk_reserve(rnnc_stream *stream, int64_t longest)
{
    size_t total;
    if (!rni_stream_ready(stream))
        return rnnc_stream_status(stream);
    if (longest < 0)
        return rni_error_set(&stream->error, RNNC_E_ARGUMENT,
                             "chunk: longest is %lld", (long long)longest);
    if (!rni_size_multiply((size_t)longest, (size_t)stream->rows, &total) ||
        total > (size_t)INT64_MAX || !reserve(stream, longest, (int64_t)total))
        return rni_error_memory(&stream->error);
    return RNNC_OK;
}

// The step's executor, but for what has rows in time.
static void place(rnnc_stream *stream)
{
    const rnnc_plan *plan = stream->plan;
    const rni_executor *step = &stream->executor;
    rni_executor *e = &stream->chunk_executor;
    rni_layout *chunk = &stream->chunk;
    int32_t axis = plan->stream_axis;
    memcpy(chunk->base, step->base,
           (size_t)plan->n_buffers * sizeof *chunk->base);
    for (int32_t a = 0; a < plan->n_axes; a++)
        if (a != axis)
            chunk->axes[a] = (rni_axis){0};
    rni_order_copy(stream->orders + axis, stream->found[axis]);
    chunk->axes[axis].order = stream->orders + axis;
    rni_layout_place(chunk, stream->rows);
    rni_inputs_place(&stream->inputs, stream->plan, chunk->base);
    e->base = chunk->base;
    e->packed = step->packed;
    e->numbers = step->numbers;
    e->kept = step->kept;
    e->axes = chunk->axes;
    e->spaces = chunk->spaces;
    e->matmul = step->matmul;
    e->batch = stream->rows;
    e->carried = stream->flags + stream->rows;
}

static rnnc_status run_chunk(rnnc_stream *stream)
{
    int32_t axis = stream->plan->stream_axis;
    int64_t rows = stream->rows;
    rni_input_filter own = {axis, true};
    if (rni_inputs_check(&stream->inputs, own, &rows, stream->found,
                         &stream->error) != RNNC_OK)
        return stream->error.status;
    const rni_order *order = stream->found[axis];
    if (order == NULL)
        return rni_error_set(&stream->error, RNNC_E_STATE,
                             "chunk: the plan has nothing on its axis");
    if (!reserve(stream, order->longest, order->total))
        return rni_error_memory(&stream->error);
    if (rni_stream_need_begin(stream) != RNNC_OK)
        return stream->error.status;
    place(stream);
    rni_executor_run(&stream->chunk_executor, 0, stream->plan->n_forward,
                     RNI_MOVING_STAGES);
    rni_stream_collect(stream);
    stream->chunk_done = true;
    return RNNC_OK;
}

rnnc_status rnnc_stream_chunk(rnnc_stream *stream)
{
    return rni_stream_ready(stream) ? run_chunk(stream)
                                    : rnnc_stream_status(stream);
}

rnnc_status rnnc_stream_chunk_padded(const rnnc_stream *stream,
                                     rnnc_node *output, float *values,
                                     int64_t time, int32_t layout,
                                     float padding)
{
    if (stream == NULL || !stream->whole)
        return rnnc_stream_status(stream);
    rni_error *error = &((rnnc_stream *)(uintptr_t)stream)->error;
    rni_results results = rni_results_outputs(stream->plan);
    rni_error_clear(error);
    if (values == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "there is no place for the values: NULL");
    const rni_port_name *port =
        rni_results_find(&results, output, RNI_SEQUENCE, error);
    if (port == NULL)
        return error->status;
    if (port->shape.axis != stream->plan->stream_axis)
        return rni_error_set(error, RNNC_E_SHAPE,
                             "\"%.80s\" is not on the axis of the stream",
                             output->name == NULL ? "" : output->name);
    if (!stream->chunk_done)
        return rni_error_set(error, RNNC_E_STATE,
                             "no chunk has left results that can be read");
    return rni_result_padded(&stream->chunk_executor, port, values, time,
                             layout, padding, error);
}
