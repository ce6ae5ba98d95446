// SPDX-License-Identifier: MIT
// Sums over rows. On an axis they go through the steps of a block from the last
// to the first, ranks in order, and are carried from block to block; members
// share rows or columns of the result, never the rows that are summed.
#include <string.h>

#include "run/executor.h"

static bool adds_to_gradient(const rni_worker *w, const rni_operand *result)
{
    return rni_worker_buffer(w, result)->extent == RNI_EXTENT_GRADIENT;
}

// ---- Results ---------------------------------------------------------------

typedef struct result {
    const rni_operand *operand;
    int64_t rows, cols;
} result;

// Where a sum goes; rows 0 for instructions that are no such sum.
static result result_of(const rni_worker *w, const rni_instruction *i)
{
    const rni_operand *o =
        i->n_operands > 0 ? rni_worker_operand(w, i, i->n_operands - 1) : NULL;
    switch (i->op) {
    case RNI_RUN_OUTER:
        return (result){o, i->integers[0], i->cols};
    case RNI_RUN_COL_SUM:
        return (result){o, 1, i->cols};
    case RNI_RUN_LOOKUP_GRAD: {
        int64_t rows = i->integers[0];
        if (rows <= 0)
            rows = rni_worker_buffer(w, o)->rows - o->row;
        return (result){o, rows, i->cols};
    }
    default:
        return (result){o, 0, 0};
    }
}

static void zero_result(const rni_worker *w, const result *r)
{
    if (r->rows > 0 && !adds_to_gradient(w, r->operand))
        rni_copy_rows(r->rows, r->cols, NULL, 0,
                      rni_worker_fixed(w, r->operand),
                      rni_worker_buffer(w, r->operand)->cols);
}

void rni_sum_begin(rni_worker *w, const rni_instruction *i)
{
    result r = result_of(w, i);
    zero_result(w, &r);
    if (i->op == RNI_RUN_TOTAL)
        memset(rni_worker_fixed(w, rni_worker_operand(w, i, 1)), 0,
               16 * sizeof(float));
}

void rni_sum_end(rni_worker *w, const rni_instruction *i)
{
    if (i->op == RNI_RUN_TOTAL)
        *rni_worker_fixed(w, rni_worker_operand(w, i, 2)) =
            rni_kernels_fold(rni_worker_fixed(w, rni_worker_operand(w, i, 1)));
}

// ---- Products over rows ----------------------------------------------------

// The part of the result that is a member's own.
typedef struct outer_part {
    rni_share rows, cols;
} outer_part;

static outer_part outer_share(const rni_worker *w, const rni_instruction *i)
{
    int64_t m = i->integers[0], n = i->cols;
    int32_t tile = w->e->kernels->tile_rows, panel = w->e->kernels->panel;
    outer_part part = {{0, m}, {0, n}};
    if (m * panel >= n * tile || n <= panel)
        part.rows = rni_share_of(m, tile, w->member, w->size);
    else
        part.cols = rni_share_of(n, panel, w->member, w->size);
    return part;
}

typedef struct outer_rows { // rows gathered so far, all with these strides
    int64_t n_runs;
    int64_t a_stride, b_stride;
    bool start;
} outer_rows;

static void outer_flush(const rni_worker *w, const rni_instruction *i,
                        const outer_part *part, outer_rows *rows)
{
    const rni_operand *c = rni_worker_operand(w, i, 2);
    if (rows->n_runs == 0 && rows->start)
        return;
    w->e->kernels->outer(
        &(rni_outer_call){.runs = w->space->runs,
                          .n_runs = rows->n_runs,
                          .a_stride = rows->a_stride,
                          .b_stride = rows->b_stride,
                          .m = i->integers[0],
                          .n = part->cols.last - part->cols.first,
                          .first_row = part->rows.first,
                          .last_row = part->rows.last,
                          .start = rows->start,
                          .c = rni_worker_fixed(w, c) + part->cols.first,
                          .stride = rni_worker_buffer(w, c)->cols,
                          .scratch = w->space->scratch});
    rows->n_runs = 0;
    rows->start = true;
}

static void outer_add(const rni_worker *w, const rni_instruction *i,
                      const outer_part *part, outer_rows *rows)
{
    rni_matrix a = rni_worker_rows(w, rni_worker_operand(w, i, 0));
    rni_matrix b = rni_worker_rows(w, rni_worker_operand(w, i, 1));
    if (rows->n_runs > 0 &&
        (a.stride != rows->a_stride || b.stride != rows->b_stride))
        outer_flush(w, i, part, rows);
    rows->a_stride = a.stride;
    rows->b_stride = b.stride;
    w->space->runs[rows->n_runs++] =
        (rni_outer_run){a.data, b.data + part->cols.first, w->rows};
}

void rni_run_outer(rni_worker *w, const rni_instruction *i)
{
    outer_part part = outer_share(w, i);
    if (part.rows.first == part.rows.last || part.cols.first == part.cols.last)
        return;
    // On an axis the result was set to zero before the first block.
    outer_rows rows = {.start = true};
    if (w->order == NULL) {
        rows.start = adds_to_gradient(w, rni_worker_operand(w, i, 2));
        if (w->rows > 0)
            outer_add(w, i, &part, &rows);
    } else {
        for (int64_t t = w->last_step - 1; t >= w->first_step; t--) {
            rni_worker_step(w, t, 0, rni_worker_active(w, t));
            outer_add(w, i, &part, &rows);
        }
    }
    outer_flush(w, i, &part, &rows);
}

// ---- Sums of columns -------------------------------------------------------

static void col_sum_rows(const rni_worker *w, const rni_instruction *i,
                         rni_share own)
{
    rni_matrix x = rni_worker_rows(w, rni_worker_operand(w, i, 0));
    float *sum = rni_worker_fixed(w, rni_worker_operand(w, i, 1));
    w->e->kernels->col_sum(w->rows, own.last - own.first, x.data + own.first,
                           x.stride, sum + own.first);
}

static void lookup_grad_rows(const rni_worker *w, const rni_instruction *i,
                             rni_share own)
{
    const rni_operand *table = rni_worker_operand(w, i, 2);
    rni_matrix ids = rni_worker_rows(w, rni_worker_operand(w, i, 0));
    rni_matrix d = rni_worker_rows(w, rni_worker_operand(w, i, 1));
    w->e->kernels->lookup_grad(w->rows, own.last - own.first,
                               (const int32_t *)(const void *)ids.data,
                               ids.stride, d.data + own.first, d.stride,
                               rni_worker_fixed(w, table) + own.first,
                               rni_worker_buffer(w, table)->cols);
}

// Columns of the result, each with all rows in falling order of steps.
static void sum_columns(rni_worker *w, const rni_instruction *i,
                        void (*sum)(const rni_worker *, const rni_instruction *,
                                    rni_share))
{
    rni_share own = rni_share_of(i->cols, 16, w->member, w->size);
    if (own.first == own.last)
        return;
    if (w->order == NULL) {
        result r = result_of(w, i);
        // Every member sets its own columns to zero.
        if (!adds_to_gradient(w, r.operand))
            rni_copy_rows(r.rows, own.last - own.first, NULL, 0,
                          rni_worker_fixed(w, r.operand) + own.first,
                          rni_worker_buffer(w, r.operand)->cols);
        sum(w, i, own);
        return;
    }
    for (int64_t t = w->last_step - 1; t >= w->first_step; t--) {
        rni_worker_step(w, t, 0, rni_worker_active(w, t));
        sum(w, i, own);
    }
}

void rni_run_col_sum(rni_worker *w, const rni_instruction *i)
{
    sum_columns(w, i, col_sum_rows);
}

void rni_run_lookup_grad(rni_worker *w, const rni_instruction *i)
{
    sum_columns(w, i, lookup_grad_rows);
}

// ---- Totals ----------------------------------------------------------------

static void total_rows(const rni_worker *w, const rni_instruction *i,
                       float *partial)
{
    rni_matrix x = rni_worker_rows(w, rni_worker_operand(w, i, 0));
    int64_t first = w->order == NULL ? 0 : w->at[RNI_EXTENT_ALL];
    w->e->kernels->total(w->rows, first, x.data, x.stride, partial);
}

// The sum of a column, rows in order, by the first member alone.
void rni_run_total(rni_worker *w, const rni_instruction *i)
{
    if (w->member != 0)
        return;
    if (w->order == NULL) {
        float partial[16] = {0};
        total_rows(w, i, partial);
        *rni_worker_fixed(w, rni_worker_operand(w, i, 2)) =
            rni_kernels_fold(partial);
        return;
    }
    float *partial = rni_worker_fixed(w, rni_worker_operand(w, i, 1));
    if (!i->by_step) {
        total_rows(w, i, partial);
        return;
    }
    for (int64_t t = w->first_step; t < w->last_step; t++) {
        rni_worker_step(w, t, 0, rni_worker_active(w, t));
        total_rows(w, i, partial);
    }
}
