// SPDX-License-Identifier: MIT
// Operations that cross the rows of a sequence. Where a window goes on from
// the last one, what was kept stands before its first row; no gradient flows
// into it.
#include "reference/reference.h"

// The rows of one sequence: row t is starts + t.
typedef struct rows_of {
    int64_t start, length;
    const double *kept; // or NULL
} rows_of;

static rows_of find_rows(const rni_reference_call *call, int64_t b)
{
    int32_t axis = call->node->inputs[call->node->n_inputs - 1]->shape.axis;
    const rnnc_reference *reference = call->reference;
    return (rows_of){reference->starts[axis][b],
                     rni_reference_length(reference, axis, b),
                     rni_reference_kept(reference, call->node, b)};
}

// ---- Pool -----------------------------------------------------------------

// The step whose value is taken: -1 stands for what was kept (0 if nothing).
// Of equal greatest values the earliest is taken.
static int64_t chosen_step(const rni_reference_call *call, rows_of rows,
                           int64_t c)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    int64_t mode = call->node->integers[0];
    bool seen = rows.kept && rows.kept[x->cols] > 0;
    if (rows.length == 0 || (mode == RNNC_POOL_FIRST && seen))
        return -1;
    if (mode != RNNC_POOL_MAX)
        return mode == RNNC_POOL_FIRST ? 0 : rows.length - 1;
    int64_t chosen = seen ? -1 : 0;
    double greatest = seen ? rows.kept[c] : x->value[rows.start * x->cols + c];
    for (int64_t t = chosen + 1; t < rows.length; t++) {
        double value = x->value[(rows.start + t) * x->cols + c];
        if (value > greatest) {
            greatest = value;
            chosen = t;
        }
    }
    return chosen;
}

// How far the greatest value is from the next.
static void note_runner_up(const rni_reference_call *call, rows_of rows,
                           int64_t c, int64_t chosen, double greatest)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    bool seen = rows.kept && rows.kept[x->cols] > 0;
    if (seen && chosen >= 0)
        rni_reference_note_kink(call->reference, greatest - rows.kept[c]);
    for (int64_t t = 0; t < rows.length; t++)
        if (t != chosen)
            rni_reference_note_kink(
                call->reference,
                greatest - x->value[(rows.start + t) * x->cols + c]);
}

static bool adds(const rnnc_node *node)
{
    return node->integers[0] == RNNC_POOL_SUM ||
           node->integers[0] == RNNC_POOL_MEAN;
}

// What a sum is multiplied by: 1, or for a mean 1 / rows seen.
static double pool_share(const rni_reference_call *call, rows_of rows)
{
    if (call->node->integers[0] != RNNC_POOL_MEAN)
        return 1;
    double seen =
        (double)rows.length + (rows.kept ? rows.kept[call->to->cols] : 0);
    return seen > 0 ? 1 / seen : 0;
}

static double pool_one(const rni_reference_call *call, rows_of rows, int64_t c)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    double kept = rows.kept ? rows.kept[c] : 0;
    if (adds(call->node)) {
        double sum = kept;
        for (int64_t t = 0; t < rows.length; t++)
            sum += x->value[(rows.start + t) * x->cols + c];
        return sum * pool_share(call, rows);
    }
    int64_t step = chosen_step(call, rows, c);
    double value =
        step < 0 ? kept : x->value[(rows.start + step) * x->cols + c];
    if (call->node->integers[0] == RNNC_POOL_MAX)
        note_runner_up(call, rows, c, step, value);
    return value;
}

void rni_reference_value_pool(rni_reference_call *call)
{
    for (int64_t b = 0; b < call->reference->batch; b++)
        for (int64_t c = 0; c < call->to->cols; c++)
            call->to->value[b * call->to->cols + c] =
                pool_one(call, find_rows(call, b), c);
}

void rni_reference_gradient_pool(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t b = 0; b < call->reference->batch; b++)
        for (int64_t c = 0; c < x->cols; c++) {
            rows_of rows = find_rows(call, b);
            double d = call->to->gradient[b * x->cols + c];
            int64_t step = chosen_step(call, rows, c);
            for (int64_t t = 0; t < rows.length; t++)
                if (adds(call->node) || t == step)
                    x->gradient[(rows.start + t) * x->cols + c] +=
                        d * pool_share(call, rows);
        }
}

// ---- Repeat, shift, reverse -----------------------------------------------

void rni_reference_value_repeat(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t b = 0; b < call->reference->batch; b++) {
        rows_of rows = find_rows(call, b);
        for (int64_t t = 0; t < rows.length; t++)
            for (int64_t c = 0; c < x->cols; c++)
                call->to->value[(rows.start + t) * x->cols + c] =
                    x->value[rni_reference_index(x, b, c)];
    }
}

void rni_reference_gradient_repeat(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t b = 0; b < call->reference->batch; b++) {
        rows_of rows = find_rows(call, b);
        for (int64_t t = 0; t < rows.length; t++)
            for (int64_t c = 0; c < x->cols; c++)
                x->gradient[rni_reference_index(x, b, c)] +=
                    call->to->gradient[(rows.start + t) * x->cols + c];
    }
}

// y[t] = x[t - steps]; before that the rows kept, or zeros
void rni_reference_value_shift(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    int64_t steps = call->node->integers[0];
    for (int64_t b = 0; b < call->reference->batch; b++) {
        rows_of rows = find_rows(call, b);
        for (int64_t t = 0; t < rows.length; t++)
            for (int64_t c = 0; c < x->cols; c++) {
                int64_t from = t - steps;
                double kept =
                    rows.kept && from < 0 ? rows.kept[t * x->cols + c] : 0;
                call->to->value[(rows.start + t) * x->cols + c] =
                    from < 0 ? kept
                             : x->value[(rows.start + from) * x->cols + c];
            }
    }
}

void rni_reference_gradient_shift(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    int64_t steps = call->node->integers[0];
    for (int64_t b = 0; b < call->reference->batch; b++) {
        rows_of rows = find_rows(call, b);
        for (int64_t t = steps; t < rows.length; t++)
            for (int64_t c = 0; c < x->cols; c++)
                x->gradient[(rows.start + t - steps) * x->cols + c] +=
                    call->to->gradient[(rows.start + t) * x->cols + c];
    }
}

void rni_reference_value_reverse(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t b = 0; b < call->reference->batch; b++) {
        rows_of rows = find_rows(call, b);
        for (int64_t t = 0; t < rows.length; t++) {
            int64_t from = rows.start + rows.length - 1 - t;
            for (int64_t c = 0; c < x->cols; c++)
                call->to->value[(rows.start + t) * x->cols + c] =
                    x->value[from * x->cols + c];
        }
    }
}

void rni_reference_gradient_reverse(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t b = 0; b < call->reference->batch; b++) {
        rows_of rows = find_rows(call, b);
        for (int64_t t = 0; t < rows.length; t++) {
            int64_t from = rows.start + rows.length - 1 - t;
            for (int64_t c = 0; c < x->cols; c++)
                x->gradient[from * x->cols + c] +=
                    call->to->gradient[(rows.start + t) * x->cols + c];
        }
    }
}
