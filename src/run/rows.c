// SPDX-License-Identifier: MIT
// Instructions that go row by row, and those that re-order or make rows.
#include <string.h>

#include "run/executor.h"

static rni_matrix rows_of(const rni_worker *w, const rni_instruction *i,
                          int32_t index)
{
    return rni_worker_rows(w, rni_worker_operand(w, i, index));
}

static const int32_t *as_ids(rni_matrix m)
{
    return (const int32_t *)(const void *)m.data;
}

// A static row of class weights, or none.
static const float *weights_of(const rni_worker *w, const rni_instruction *i,
                               int32_t index)
{
    const rni_operand *o = rni_worker_operand(w, i, index);
    return o->buffer < 0 ? NULL : rni_worker_fixed(w, o);
}

// ---- One kernel each -------------------------------------------------------

void rni_run_row_sum(rni_worker *w, const rni_instruction *i)
{
    rni_matrix x = rows_of(w, i, 0), y = rows_of(w, i, 1);
    w->e->kernels->row_sum(w->rows, i->cols, x.data, x.stride, y.data,
                           y.stride);
}

void rni_run_softmax(rni_worker *w, const rni_instruction *i)
{
    rni_matrix x = rows_of(w, i, 0), y = rows_of(w, i, 1);
    w->e->kernels->softmax(w->rows, i->cols, x.data, x.stride, y.data,
                           y.stride);
}

void rni_run_log_softmax(rni_worker *w, const rni_instruction *i)
{
    rni_matrix x = rows_of(w, i, 0), y = rows_of(w, i, 1);
    w->e->kernels->log_softmax(w->rows, i->cols, x.data, x.stride, y.data,
                               y.stride);
}

void rni_run_normalize(rni_worker *w, const rni_instruction *i)
{
    rni_matrix x = rows_of(w, i, 0), y = rows_of(w, i, 1);
    w->e->kernels->normalize(w->rows, i->cols, i->numbers[0], x.data, x.stride,
                             y.data, y.stride);
}

void rni_run_normalize_grad(rni_worker *w, const rni_instruction *i)
{
    rni_matrix d = rows_of(w, i, 0), x = rows_of(w, i, 1);
    rni_matrix y = rows_of(w, i, 2);
    w->e->kernels->normalize_grad(w->rows, i->cols, i->numbers[0], d.data,
                                  d.stride, x.data, x.stride, y.data, y.stride);
}

void rni_run_lookup(rni_worker *w, const rni_instruction *i)
{
    const rni_operand *table = rni_worker_operand(w, i, 1);
    rni_matrix ids = rows_of(w, i, 0), y = rows_of(w, i, 2);
    w->e->kernels->lookup(w->rows, i->cols, as_ids(ids), ids.stride,
                          rni_worker_fixed(w, table),
                          rni_worker_buffer(w, table)->cols, y.data, y.stride);
}

void rni_run_cross_entropy(rni_worker *w, const rni_instruction *i)
{
    rni_matrix logits = rows_of(w, i, 0), ids = rows_of(w, i, 1);
    rni_matrix loss = rows_of(w, i, 3);
    w->e->kernels->cross_entropy(w->rows, i->cols, logits.data, logits.stride,
                                 as_ids(ids), ids.stride, weights_of(w, i, 2),
                                 i->numbers[0], (int32_t)i->integers[0],
                                 loss.data, loss.stride);
}

void rni_run_cross_entropy_weight(rni_worker *w, const rni_instruction *i)
{
    rni_matrix ids = rows_of(w, i, 0), y = rows_of(w, i, 2);
    const float *weights = weights_of(w, i, 1);
    for (int64_t r = 0; r < w->rows; r++) {
        int32_t id = as_ids(ids)[r * ids.stride];
        float weight =
            weights == NULL || id == i->integers[0] ? 1.0f : weights[id];
        y.data[r * y.stride] = id == i->integers[0] ? 0.0f : weight;
    }
}

void rni_run_cross_entropy_grad(rni_worker *w, const rni_instruction *i)
{
    rni_matrix d = rows_of(w, i, 0), logits = rows_of(w, i, 1);
    rni_matrix ids = rows_of(w, i, 2), y = rows_of(w, i, 4);
    w->e->kernels->cross_entropy_grad(
        w->rows, i->cols, d.data, d.stride, logits.data, logits.stride,
        as_ids(ids), ids.stride, weights_of(w, i, 3), i->numbers[0],
        (int32_t)i->integers[0], y.data, y.stride);
}

// ---- Dropout ---------------------------------------------------------------

static uint64_t dropout_key(const rni_executor *e, const rni_instruction *i)
{
    uint64_t key = rni_random_mix(e->dropout, (uint64_t)i->integers[0]);
    return rni_random_mix(rni_random_mix(key, (uint64_t)i->integers[1]),
                          e->counter);
}

// The step of a row of the axis, from a step that is not later.
static int64_t step_of(const rni_order *order, int64_t row, int64_t step)
{
    while (order->offsets[step + 1] <= row)
        step++;
    return step;
}

// A mask is told by the caller's row and the time, so it is the same in any
// order of rows and any block.
void rni_run_dropout(rni_worker *w, const rni_instruction *i)
{
    rni_matrix x = rows_of(w, i, 0), y = rows_of(w, i, 1);
    uint64_t key = dropout_key(w->e, i);
    int64_t step = w->step >= 0 ? w->step : w->first_step;
    for (int64_t r = 0; r < w->rows; r++) {
        int64_t row = w->static_rows ? w->at[RNI_EXTENT_STATIC] + r
                                     : w->at[RNI_EXTENT_BATCH] + r;
        int64_t time = 0;
        if (w->order != NULL) {
            int64_t place = w->at[RNI_EXTENT_ALL] + r;
            time = step = step_of(w->order, place, step);
            row = w->order->rows[place - w->order->offsets[step]];
        }
        w->e->kernels->dropout(i->cols, i->numbers[0], key, (uint32_t)row,
                               (uint64_t)time, x.data + r * x.stride,
                               y.data + r * y.stride);
    }
}

// ---- Order of rows ---------------------------------------------------------

// Row (t, rank) of y is row (length - 1 - t, rank) of x, which is there whole.
void rni_run_reverse(rni_worker *w, const rni_instruction *i)
{
    const rni_order *order = w->order;
    const rni_operand *from = rni_worker_operand(w, i, 0);
    const float *x = rni_worker_fixed(w, from);
    int64_t x_stride = rni_worker_buffer(w, from)->cols;
    rni_matrix y = rows_of(w, i, 1);
    int64_t step = w->step >= 0 ? w->step : w->first_step;
    for (int64_t r = 0; r < w->rows; r++) {
        int64_t place = w->at[RNI_EXTENT_ALL] + r;
        step = step_of(order, place, step);
        int64_t rank = place - order->offsets[step];
        int64_t mirror = order->lengths[order->rows[rank]] - 1 - step;
        memcpy(y.data + r * y.stride,
               x + (order->offsets[mirror] + rank) * x_stride,
               (size_t)i->cols * sizeof(float));
    }
}

// Values of the batch in the order of ranks; ids are moved like floats.
void rni_run_rank(rni_worker *w, const rni_instruction *i)
{
    const rni_operand *from = rni_worker_operand(w, i, 0);
    const rni_operand *to = rni_worker_operand(w, i, 1);
    const rni_buffer *target = rni_worker_buffer(w, to);
    const rni_order *order = w->e->axes[target->axis].order;
    const float *x = rni_worker_fixed(w, from);
    float *y = rni_worker_fixed(w, to);
    int64_t x_stride = rni_worker_buffer(w, from)->cols;
    for (int64_t r = 0; r < w->rows; r++) {
        int64_t rank = w->at[RNI_EXTENT_BATCH] + r;
        memcpy(y + rank * target->cols, x + order->rows[rank] * x_stride,
               (size_t)i->cols * sizeof(float));
    }
}

void rni_run_fresh(rni_worker *w, const rni_instruction *i)
{
    rni_matrix x = rows_of(w, i, 0), y = rows_of(w, i, 1);
    const uint8_t *carried = w->e->carried + w->at[RNI_EXTENT_BATCH];
    for (int64_t r = 0; r < w->rows; r++)
        rni_copy_rows(1, i->cols, carried[r] ? NULL : x.data + r * x.stride, 0,
                      y.data + r * y.stride, 0);
}

// ---- Values from nothing ---------------------------------------------------

void rni_run_rows(rni_worker *w, const rni_instruction *i)
{
    int64_t axis = i->integers[0];
    int64_t rows = axis == -2   ? i->integers[1]
                   : axis == -1 ? w->e->batch
                                : w->e->axes[axis].order->total;
    const rni_operand *y = rni_worker_operand(w, i, i->n_operands - 1);
    *rni_worker_fixed(w, y) = (float)rows;
}

void rni_run_zero(rni_worker *w, const rni_instruction *i)
{
    rni_matrix y = rows_of(w, i, 0);
    rni_copy_rows(w->rows, i->cols, NULL, 0, y.data, y.stride);
}
