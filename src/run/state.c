// SPDX-License-Identifier: MIT
// States: where sequences begin, what goes on from step to step and block to
// block, and what is left at the end.
#include <string.h>

#include "run/executor.h"

void rni_copy_rows(int64_t rows, int64_t cols, const float *from,
                   int64_t from_stride, float *to, int64_t to_stride)
{
    size_t bytes = (size_t)cols * sizeof(float);
    for (int64_t r = 0; r < rows; r++, to += to_stride) {
        if (from == NULL) {
            memset(to, 0, bytes);
            continue;
        }
        memcpy(to, from, bytes);
        from += from_stride;
    }
}

static const rni_plan_state *state_at(const rni_executor *e, int32_t listed)
{
    return e->plan->states + e->plan->state_list[listed];
}

static int64_t carry_stride(const rni_executor *e, const rni_plan_state *s)
{
    return e->plan->buffers[s->carry].cols;
}

static float *carry_row(const rni_executor *e, const rni_plan_state *s,
                        int64_t rank)
{
    return e->base[s->carry] + rank * carry_stride(e, s);
}

// A row of a buffer by its number in the rows of its extent.
static float *operand_row(const rni_executor *e, const rni_operand *o,
                          int64_t row)
{
    const rni_buffer *b = e->plan->buffers + o->buffer;
    if (rni_extent_is_static(b->extent))
        row = o->row;
    return e->base[o->buffer] + row * b->cols + o->col;
}

const float *rni_state_first(const rni_executor *e, int32_t state, int64_t row)
{
    const rni_operand *first = &e->plan->states[state].first;
    return first->buffer < 0 ? NULL : operand_row(e, first, row);
}

// ---- The start -------------------------------------------------------------

static void enter(const rni_executor *e, int32_t index)
{
    const rni_plan_state *s = e->plan->states + index;
    const rni_order *order = e->axes[s->axis].order;
    const float *kept = e->kept[index];
    for (int64_t rank = 0; rank < e->batch; rank++) {
        int64_t row = order->rows[rank];
        const float *from = kept != NULL && e->carried[row]
                                ? kept + row * carry_stride(e, s)
                                : rni_state_first(e, index, row);
        rni_copy_rows(1, s->cols, from, 0, carry_row(e, s, rank), 0);
    }
}

void rni_state_enter(rni_worker *w, const rni_stage *stage)
{
    for (int32_t k = 0; k < stage->n_states; k++)
        enter(w->e, w->e->plan->state_list[stage->first_state + k]);
}

// ---- After a step, after a block -------------------------------------------

void rni_state_step(rni_worker *w, const rni_section *section)
{
    for (int32_t k = 0; k < section->n_states; k++) {
        const rni_plan_state *s = state_at(w->e, section->first_state + k);
        if (s->mode != RNI_STATE_STEP)
            continue;
        rni_share cols = {0, s->cols};
        if (w->by_cols)
            cols = rni_share_of(s->cols, 16, w->member, w->size);
        rni_matrix next = rni_worker_rows(w, &s->next);
        if (rni_extent_is_static(w->e->plan->buffers[s->next.buffer].extent))
            next.stride = 0;
        rni_copy_rows(w->rows, cols.last - cols.first, next.data + cols.first,
                      next.stride,
                      carry_row(w->e, s, w->at[RNI_EXTENT_CARRY]) + cols.first,
                      carry_stride(w->e, s));
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// Whether nothing is made again: then no border is needed.
static bool is_one(const rni_executor *e, const rni_plan_state *s)
{
    return e->axes[s->axis].blocks.segments <= 1;
}

// Whether all rows of the state's next are there to the end, and the carry is
// what the sequences began with.
static bool is_whole(const rni_executor *e, const rni_plan_state *s)
{
    return s->mode == RNI_STATE_ALL ||
           (s->mode == RNI_STATE_SEGMENT && is_one(e, s));
}

// Every rank that was alive leaves its last row.
static void leave_steps(const rni_worker *w, const rni_plan_state *s)
{
    const rni_order *order = w->order;
    const int64_t *offsets = order->offsets;
    int64_t first =
        s->mode == RNI_STATE_SEGMENT ? w->segment_step : w->first_step;
    int64_t ranks = rni_worker_active(w, first);
    for (int64_t rank = 0; rank < ranks; rank++) {
        int64_t length = order->lengths[order->rows[rank]];
        int64_t last = least(length, w->last_step) - 1;
        int64_t row = offsets[last] - offsets[first] + rank;
        rni_copy_rows(1, s->cols, operand_row(w->e, &s->next, row), 0,
                      carry_row(w->e, s, rank), 0);
    }
}

void rni_state_leave_steps(rni_worker *w, int32_t first, int32_t n,
                           int32_t mode)
{
    for (int32_t k = 0; k < n; k++) {
        const rni_plan_state *s = state_at(w->e, first + k);
        if (s->mode == mode && !is_whole(w->e, s))
            leave_steps(w, s);
    }
}

// The ranks of a segment's first step are all that have it or a later one.
void rni_state_border(rni_worker *w, int32_t first, int32_t n, int64_t segment,
                      bool back)
{
    for (int32_t k = 0; k < n; k++) {
        const rni_plan_state *s = state_at(w->e, first + k);
        if (s->border < 0 || is_one(w->e, s))
            continue;
        const rni_blocks *blocks = &w->e->axes[s->axis].blocks;
        int64_t row = blocks->borders[segment], stride = carry_stride(w->e, s);
        float *border = w->e->base[s->border] + row * stride;
        float *carry = carry_row(w->e, s, 0);
        size_t floats = (size_t)((blocks->borders[segment + 1] - row) * stride);
        memcpy(back ? carry : border, back ? border : carry,
               floats * sizeof(float));
    }
}

// ---- The end ---------------------------------------------------------------

const float *rni_state_last(const rni_executor *e, int32_t state, int64_t rank)
{
    const rni_plan_state *s = e->plan->states + state;
    const rni_order *order = e->axes[s->axis].order;
    int64_t length = order->lengths[order->rows[rank]];
    if (!is_whole(e, s) || length == 0)
        return carry_row(e, s, rank);
    return operand_row(e, &s->next, order->offsets[length - 1] + rank);
}

static void leave(const rni_executor *e, int32_t index)
{
    const rni_plan_state *s = e->plan->states + index;
    const rni_order *order = e->axes[s->axis].order;
    float *kept = e->kept[index];
    for (int64_t rank = 0; rank < e->batch; rank++) {
        int64_t row = order->rows[rank];
        const float *last = rni_state_last(e, index, rank);
        if (s->final.buffer >= 0)
            rni_copy_rows(1, s->cols, last, 0, operand_row(e, &s->final, row),
                          0);
        if (kept != NULL)
            rni_copy_rows(1, s->cols, last, 0, kept + row * carry_stride(e, s),
                          0);
    }
}

void rni_state_leave(rni_worker *w, const rni_stage *stage)
{
    for (int32_t k = 0; k < stage->n_states; k++)
        leave(w->e, w->e->plan->state_list[stage->first_state + k]);
}
