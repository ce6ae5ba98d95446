// SPDX-License-Identifier: MIT
// The states of a stream's rows: reset, read, set, moved.
#include <string.h>

#include "run/stream.h"

bool rni_stream_has_state(const rnnc_stream *stream, int32_t state)
{
    const rni_plan_state *s = stream->plan->states + state;
    return s->kept && s->axis == stream->plan->stream_axis;
}

static int64_t stride_of(const rnnc_stream *stream, int32_t state)
{
    return stream->plan->buffers[stream->plan->states[state].carry].cols;
}

static float *row_of(const rnnc_stream *stream, int32_t state, int64_t row)
{
    return stream->executor.kept[state] + row * stride_of(stream, state);
}

void rni_stream_reset_row(rnnc_stream *stream, int64_t row)
{
    for (int32_t s = 0; s < stream->plan->n_states; s++)
        if (rni_stream_has_state(stream, s))
            rni_copy_rows(1, stream->plan->states[s].cols,
                          rni_state_first(&stream->executor, s, row), 0,
                          row_of(stream, s, row), 0);
}

static rnnc_status check_row(const rnnc_stream *stream, rni_error *error,
                             int64_t row)
{
    if (row >= 0 && row < stream->rows)
        return RNNC_OK;
    return rni_error_set(error, RNNC_E_ARGUMENT, "row %lld, expected 0 to %lld",
                         (long long)row, (long long)stream->rows - 1);
}

rnnc_status rnnc_stream_reset(rnnc_stream *stream, int64_t row)
{
    if (!rni_stream_ready(stream))
        return rnnc_stream_status(stream);
    if (row != -1 && check_row(stream, &stream->error, row) != RNNC_OK)
        return stream->error.status;
    if (rni_stream_need_begin(stream) != RNNC_OK)
        return stream->error.status;
    int64_t first = row < 0 ? 0 : row, last = row < 0 ? stream->rows : row + 1;
    for (int64_t r = first; r < last; r++)
        rni_stream_reset_row(stream, r);
    return RNNC_OK;
}

int64_t rnnc_stream_state_count(const rnnc_stream *stream)
{
    int64_t count = 0;
    if (stream == NULL || !stream->whole)
        return 0;
    for (int32_t s = 0; s < stream->plan->n_states; s++)
        if (rni_stream_has_state(stream, s))
            count += stream->plan->states[s].cols;
    return count;
}

rnnc_status rnnc_stream_state_get(const rnnc_stream *stream, int64_t row,
                                  float *state)
{
    if (stream == NULL || !stream->whole)
        return rnnc_stream_status(stream);
    rni_error *error = &((rnnc_stream *)(uintptr_t)stream)->error;
    rni_error_clear(error);
    if (state == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "state is NULL");
    if (check_row(stream, error, row) != RNNC_OK)
        return error->status;
    if (!stream->begun)
        return rni_error_set(error, RNNC_E_STATE,
                             "the stream has not begun: it has no state");
    for (int32_t s = 0; s < stream->plan->n_states; s++) {
        if (!rni_stream_has_state(stream, s))
            continue;
        int64_t cols = stream->plan->states[s].cols;
        rni_copy_rows(1, cols, row_of(stream, s, row), 0, state, 0);
        state += cols;
    }
    return RNNC_OK;
}

static bool is_id(const rnnc_stream *stream, int32_t buffer, const float *state)
{
    const rni_input *input = rni_inputs_origin(&stream->inputs, buffer);
    int32_t id;
    memcpy(&id, state, sizeof id);
    return id == 0 || (input != NULL && rni_input_bad_id(input, &id, 1) < 0);
}

// A shift of ids has ids as its state, as their bits; they name rows of tables.
static rnnc_status check_ids(rnnc_stream *stream, const float *state)
{
    const rnnc_plan *plan = stream->plan;
    for (int32_t s = 0; s < plan->n_states; s++) {
        int32_t buffer = plan->states[s].next.buffer;
        if (!rni_stream_has_state(stream, s))
            continue;
        if (plan->buffers[buffer].type == RNI_IDS &&
            !is_id(stream, buffer, state))
            return rni_error_set(&stream->error, RNNC_E_VALUE,
                                 "state_set: an id of the state is out of its "
                                 "range; the state is to be one that "
                                 "rnnc_stream_state_get gave");
        state += plan->states[s].cols;
    }
    return RNNC_OK;
}

rnnc_status rnnc_stream_state_set(rnnc_stream *stream, int64_t row,
                                  const float *state)
{
    if (!rni_stream_ready(stream))
        return rnnc_stream_status(stream);
    if (state == NULL)
        return rni_error_set(&stream->error, RNNC_E_ARGUMENT, "state is NULL");
    if (check_row(stream, &stream->error, row) != RNNC_OK ||
        check_ids(stream, state) != RNNC_OK ||
        rni_stream_need_begin(stream) != RNNC_OK)
        return stream->error.status;
    for (int32_t s = 0; s < stream->plan->n_states; s++) {
        if (!rni_stream_has_state(stream, s))
            continue;
        int64_t cols = stream->plan->states[s].cols;
        rni_copy_rows(1, cols, state, 0, row_of(stream, s, row), 0);
        state += cols;
    }
    return RNNC_OK;
}

// Into the spare copies in the new order, and back in one piece: the states
// stay where they are.
rnnc_status rnnc_stream_reorder(rnnc_stream *stream, const int64_t *from)
{
    if (!rni_stream_ready(stream))
        return rnnc_stream_status(stream);
    if (from == NULL)
        return rni_error_set(&stream->error, RNNC_E_ARGUMENT, "from is NULL");
    for (int64_t row = 0; row < stream->rows; row++)
        if (check_row(stream, &stream->error, from[row]) != RNNC_OK)
            return stream->error.status;
    if (rni_stream_need_begin(stream) != RNNC_OK)
        return stream->error.status;
    for (int32_t s = 0; s < stream->plan->n_states; s++) {
        if (!rni_stream_has_state(stream, s))
            continue;
        int64_t stride = stride_of(stream, s);
        int64_t cols = stream->plan->states[s].cols;
        for (int64_t row = 0; row < stream->rows; row++)
            rni_copy_rows(1, cols, row_of(stream, s, from[row]), 0,
                          stream->spare + row * stride, 0);
        rni_copy_rows(stream->rows, cols, stream->spare, stride,
                      row_of(stream, s, 0), stride);
    }
    return RNNC_OK;
}

rnnc_status rnnc_stream_copy_row(rnnc_stream *to, int64_t to_row,
                                 const rnnc_stream *from, int64_t from_row)
{
    if (!rni_stream_ready(to))
        return rnnc_stream_status(to);
    if (from == NULL || !from->whole || from->plan != to->plan)
        return rni_error_set(
            &to->error, RNNC_E_ARGUMENT, "copy_row: the other stream %s",
            from == NULL || !from->whole ? "is not whole"
                                         : "was made from another plan");
    if (check_row(to, &to->error, to_row) != RNNC_OK ||
        check_row(from, &to->error, from_row) != RNNC_OK ||
        rni_stream_need_begin(to) != RNNC_OK)
        return to->error.status;
    if (!from->begun)
        return rni_error_set(&to->error, RNNC_E_STATE,
                             "copy_row: the other stream has not begun");
    for (int32_t s = 0; s < to->plan->n_states; s++)
        if (rni_stream_has_state(to, s) &&
            row_of(from, s, from_row) != row_of(to, s, to_row))
            rni_copy_rows(1, to->plan->states[s].cols,
                          row_of(from, s, from_row), 0, row_of(to, s, to_row),
                          0);
    return RNNC_OK;
}
