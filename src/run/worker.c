// SPDX-License-Identifier: MIT
// Where a worker stands, and its share of the work.
#include "run/executor.h"

rni_worker rni_worker_make(const rni_executor *e, int32_t member, int32_t size)
{
    return (rni_worker){
        .e = e, .space = e->spaces + member, .member = member, .size = size};
}

rni_share rni_share_of(int64_t total, int64_t grain, int32_t member,
                       int32_t size)
{
    int64_t parts = (total + grain - 1) / grain;
    int64_t first = parts * member / size * grain;
    int64_t last = parts * (member + 1) / size * grain;
    return (rni_share){first < total ? first : total,
                       last < total ? last : total};
}

static void stand(rni_worker *w, int64_t rank, int64_t block_row,
                  int64_t segment_row, int64_t axis_row)
{
    w->at[RNI_EXTENT_BATCH] = rank;
    w->at[RNI_EXTENT_RANK] = rank;
    w->at[RNI_EXTENT_CARRY] = rank;
    w->at[RNI_EXTENT_BLOCK] = block_row;
    w->at[RNI_EXTENT_SEGMENT] = segment_row;
    w->at[RNI_EXTENT_ALL] = axis_row;
    w->at[RNI_EXTENT_INPUT] = axis_row;
}

static void stand_static(rni_worker *w, int64_t row)
{
    for (int32_t extent = 0; extent <= RNI_EXTENT_STATIC; extent++)
        w->at[extent] = row;
}

void rni_worker_flat(rni_worker *w, bool batch, int64_t rows)
{
    w->order = NULL;
    w->static_rows = !batch;
    w->step = -1;
    w->rows = rows;
    stand(w, 0, 0, 0, 0);
    stand_static(w, 0);
}

void rni_worker_segment(rni_worker *w, const rni_axis *axis, int64_t segment)
{
    w->segment_step = axis->blocks.steps[axis->blocks.first[segment]];
}

void rni_worker_block(rni_worker *w, const rni_axis *axis, int64_t block)
{
    w->order = axis->order;
    w->static_rows = false;
    w->first_step = axis->blocks.steps[block];
    w->last_step = axis->blocks.steps[block + 1];
    stand_static(w, 0);
}

void rni_worker_rows_of_block(rni_worker *w)
{
    const int64_t *offsets = w->order->offsets;
    w->step = -1;
    w->rows = offsets[w->last_step] - offsets[w->first_step];
    stand(w, 0, 0, offsets[w->first_step] - offsets[w->segment_step],
          offsets[w->first_step]);
}

void rni_worker_step(rni_worker *w, int64_t step, int64_t rank, int64_t rows)
{
    const int64_t *offsets = w->order->offsets;
    int64_t row = offsets[step] + rank, start = offsets[w->first_step];
    int64_t border = offsets[w->segment_step];
    w->step = step;
    w->rows = rows;
    stand(w, rank, row - start, row - border, row);
    if (step == 0)
        return;
    int64_t earlier = offsets[step - 1] + rank;
    w->before[RNI_EXTENT_RANK] = rank;
    w->before[RNI_EXTENT_CARRY] = rank;
    w->before[RNI_EXTENT_BLOCK] = earlier - start;
    w->before[RNI_EXTENT_SEGMENT] = earlier - border;
    w->before[RNI_EXTENT_ALL] = earlier;
    w->before[RNI_EXTENT_INPUT] = earlier;
}

void rni_worker_narrow(rni_worker *w, int64_t first, int64_t rows)
{
    int32_t extent = w->static_rows ? 0 : RNI_EXTENT_STATIC + 1;
    for (; extent < RNI_EXTENT_COUNT; extent++) {
        w->at[extent] += first;
        if (!rni_extent_is_static(extent))
            w->before[extent] += first;
    }
    w->rows = rows;
}

// The step whose state before it is the carry.
static int64_t carried_step(const rni_worker *w, int32_t mode)
{
    if (mode == RNI_STATE_STEP)
        return w->step;
    if (mode == RNI_STATE_BLOCK)
        return w->first_step;
    return mode == RNI_STATE_SEGMENT ? w->segment_step : 0;
}

// The rows of a state before the step: of its carry, or those that its next
// left one step earlier. A static next is one row for all.
rni_matrix rni_worker_before(const rni_worker *w, const rni_operand *o)
{
    const rnnc_plan *plan = w->e->plan;
    const rni_plan_state *s = plan->states + o->state;
    if (w->step == carried_step(w, s->mode)) {
        int64_t stride = plan->buffers[s->carry].cols;
        return (rni_matrix){w->e->base[s->carry] +
                                w->at[RNI_EXTENT_CARRY] * stride +
                                (o->col - s->next.col),
                            stride};
    }
    const rni_buffer *b = rni_worker_buffer(w, o);
    bool fixed = rni_extent_is_static(b->extent);
    int64_t row = fixed ? o->row : w->before[b->extent];
    return (rni_matrix){w->e->base[o->buffer] + row * b->cols + o->col,
                        fixed ? 0 : b->cols};
}
