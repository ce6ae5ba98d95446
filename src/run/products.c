// SPDX-License-Identifier: MIT
// Tapes, products with packed weights, packing, and products of static rows.
#include <string.h>

#include "base/blas.h"
#include "run/executor.h"

// ---- Tapes -----------------------------------------------------------------

static rni_tape_port fill_port(const rni_worker *w, const rni_plan_port *port)
{
    rni_matrix m;
    if (port->kind == RNI_PORT_ROWS || port->kind == RNI_PORT_COLUMN)
        m = rni_worker_rows(w, &port->operand);
    else
        m = (rni_matrix){rni_worker_fixed(w, &port->operand), 0};
    return (rni_tape_port){port->kind, port->slot, m.data, m.stride};
}

void rni_tape_fill(const rni_worker *w, const rni_instruction *i,
                   rni_tape_port *loads, rni_tape_port *stores,
                   rni_tape_call *call)
{
    const rnnc_plan *plan = w->e->plan;
    const rni_plan_tape *tape = plan->tapes + i->detail;
    for (int32_t k = 0; k < tape->n_loads; k++)
        loads[k] = fill_port(w, plan->ports + tape->first_load + k);
    for (int32_t k = 0; k < tape->n_stores; k++)
        stores[k] = fill_port(w, plan->ports + tape->first_store + k);
    *call = (rni_tape_call){plan->code + tape->first_code,
                            tape->n_code,
                            loads,
                            tape->n_loads,
                            stores,
                            tape->n_stores,
                            tape->n_slots,
                            w->rows,
                            tape->cols,
                            w->space->scratch};
}

static void shift_ports(rni_tape_port *ports, int32_t n, int64_t cols)
{
    for (int32_t k = 0; k < n; k++)
        if (ports[k].kind == RNI_PORT_ROWS || ports[k].kind == RNI_PORT_ROW)
            ports[k].data += cols;
}

void rni_run_tape(rni_worker *w, const rni_instruction *i)
{
    rni_workspace *space = w->space;
    rni_tape_call call;
    rni_tape_fill(w, i, space->loads, space->stores, &call);
    if (w->by_cols) {
        rni_share own = rni_share_of(call.cols, 16, w->member, w->size);
        shift_ports(space->loads, call.n_loads, own.first);
        shift_ports(space->stores, call.n_stores, own.first);
        call.cols = own.last - own.first;
    }
    if (call.rows > 0 && call.cols > 0)
        w->e->kernels->tape(&call);
}

// ---- Products --------------------------------------------------------------

// A static row is the same for all rows of a batch or a sequence; among static
// rows it is where there is but one.
static bool is_bias(const rni_worker *w, const rni_operand *init, int64_t rows)
{
    const rni_buffer *b = rni_worker_buffer(w, init);
    return rni_extent_is_static(b->extent) &&
           (!w->static_rows || b->rows == 1 || init->row + rows > b->rows);
}

static rni_matrix fill_init(const rni_worker *w, const rni_operand *init,
                            int64_t rows)
{
    if (init->buffer < 0)
        return (rni_matrix){NULL, 0};
    if (is_bias(w, init, rows))
        return (rni_matrix){rni_worker_fixed(w, init), 0};
    return rni_worker_rows(w, init);
}

static void fill_terms(const rni_worker *w, int32_t first, int32_t n,
                       rni_product_term *terms)
{
    for (int32_t k = 0; k < n; k++) {
        const rni_plan_term *term = w->e->plan->terms + first + k;
        rni_matrix a = rni_worker_rows(w, &term->a);
        terms[k] = (rni_product_term){a.data, a.stride, term->depth};
    }
}

// How the weights of a result are packed; NULL where all are float32.
static const uint8_t *numbers_of(const rni_executor *e,
                                 const rni_plan_product *p, int32_t result)
{
    const uint8_t *numbers =
        e->numbers + e->plan->packs[p->pack].first_source + result * p->n_terms;
    for (int32_t k = 0; k < p->n_terms; k++)
        if (numbers[k] != RNI_NUMBER_FLOAT32)
            return numbers;
    return NULL;
}

static int64_t panels_of(const rni_kernels *kernels, int64_t cols)
{
    return (cols + kernels->panel - 1) / kernels->panel;
}

int64_t rni_product_panel_rows(const rnnc_plan *plan, const rni_plan_product *p,
                               const uint8_t *numbers)
{
    int64_t rows = 0;
    for (int32_t k = 0; k < p->n_terms; k++)
        rows +=
            rni_panel_rows(numbers != NULL ? numbers[k] : RNI_NUMBER_FLOAT32,
                           plan->terms[p->first_term + k].depth);
    return rows;
}

void rni_product_fill(const rni_worker *w, const rni_instruction *i,
                      rni_product_term *terms, rni_product_result *results,
                      rni_product_call *call)
{
    const rnnc_plan *plan = w->e->plan;
    const rni_plan_product *p = plan->products + i->detail;
    const float *packed = w->e->packed[p->pack];
    int64_t panels = 0;
    fill_terms(w, p->first_term, p->n_terms, terms);
    for (int32_t r = 0; r < p->n_results; r++) {
        const rni_plan_result *result = plan->results + p->first_result + r;
        rni_matrix init = fill_init(w, &result->init, w->rows);
        rni_matrix c = rni_worker_rows(w, &result->c);
        const uint8_t *numbers = numbers_of(w->e, p, r);
        results[r] =
            (rni_product_result){result->cols, packed,   init.data, init.stride,
                                 c.data,       c.stride, numbers};
        int64_t count = panels_of(w->e->kernels, result->cols);
        packed += rni_product_panel_rows(plan, p, numbers) * count *
                  w->e->kernels->panel;
        panels += count;
    }
    *call =
        (rni_product_call){w->rows,      terms, p->n_terms, results,
                           p->n_results, 0,     panels,     w->space->scratch};
}

// The panels that a member owns: of all, or of each fold.
static void run_own_panels(const rni_worker *w, rni_product_call *call,
                           int64_t fold)
{
    const rni_kernels *kernels = w->e->kernels;
    bool folds = fold > 0 && rni_worker_folds(w, call->rows);
    int64_t all = call->last_panel;
    int64_t width = folds ? fold / kernels->panel : all;
    int64_t grain = folds ? 16 / kernels->panel : 1;
    rni_share own = rni_share_of(width, grain, w->member, w->size);
    for (int64_t at = 0; at < all; at += width) {
        call->first_panel = at + own.first;
        call->last_panel = at + own.last;
        kernels->product(call);
    }
}

void rni_run_product(rni_worker *w, const rni_instruction *i)
{
    rni_workspace *space = w->space;
    rni_product_call call;
    rni_product_fill(w, i, space->terms, space->results, &call);
    if (w->by_cols)
        run_own_panels(w, &call, w->e->profile->folds[i->detail]);
    else
        w->e->kernels->product(&call);
}

// ---- Packing ---------------------------------------------------------------

// Columns [first, last) of all results and terms of a pack whose weights are
// somewhere in the executor's memory.
void rni_run_pack(rni_worker *w, const rni_instruction *i)
{
    const rnnc_plan *plan = w->e->plan;
    const rni_plan_pack *pack = plan->packs + i->detail;
    const rni_plan_product *p = plan->products + pack->product;
    int64_t total = rni_product_depth(plan, p);
    float *packed = w->e->packed[i->detail];
    const rni_plan_source *source = plan->sources + pack->first_source;
    for (int32_t r = 0; r < p->n_results; r++) {
        int64_t cols = plan->results[p->first_result + r].cols, first = 0;
        for (int32_t k = 0; k < p->n_terms; k++, source++) {
            int64_t depth = plan->terms[p->first_term + k].depth;
            w->e->kernels->pack(&(rni_pack_call){
                .w = rni_worker_fixed(w, &source->w),
                .stride = rni_worker_buffer(w, &source->w)->cols,
                .transposed = source->transposed,
                .depth = depth,
                .cols = cols,
                .first = first,
                .total = total,
                .packed = packed});
            first += depth;
        }
        packed += total * panels_of(w->e->kernels, cols) * w->e->kernels->panel;
    }
}

// ---- Products of static rows -----------------------------------------------

static void copy_init(const rni_matrix *init, const rni_matrix *c, int64_t rows,
                      int64_t cols)
{
    if (init->data == c->data)
        return;
    rni_copy_rows(rows, cols, init->data, init->stride, c->data, c->stride);
}

// Through the CBLAS door: graphs without any row of a batch or a sequence.
static void matmul_blas(const rni_worker *w, const rni_instruction *i,
                        const rni_plan_matmul *m)
{
    const rnnc_plan *plan = w->e->plan;
    rni_matrix init = fill_init(w, &m->init, i->rows);
    rni_matrix c = rni_worker_rows(w, &m->c);
    if (init.data != NULL || m->n_terms == 0)
        copy_init(&init, &c, i->rows, i->cols);
    for (int32_t k = 0; k < m->n_terms; k++) {
        const rni_plan_term *term = plan->terms + m->first_term + k;
        const rni_plan_source *source = plan->sources + m->first_source + k;
        rni_matrix a = rni_worker_rows(w, &term->a);
        float beta = k == 0 && init.data == NULL ? 0.0f : 1.0f;
        rni_blas_product(
            false, source->transposed, i->rows, i->cols, term->depth, 1.0f,
            a.data, a.stride, rni_worker_fixed(w, &source->w),
            rni_worker_buffer(w, &source->w)->cols, beta, c.data, c.stride);
    }
}

// Packs the panels [own.first, own.last) of the right sides.
static void pack_own(const rni_worker *w, const rni_instruction *i,
                     const rni_plan_matmul *m, rni_share own, int64_t total)
{
    const rnnc_plan *plan = w->e->plan;
    int64_t panel = w->e->kernels->panel, depth_before = 0;
    int64_t first = own.first * panel, last = own.last * panel;
    last = last < i->cols ? last : i->cols;
    for (int32_t k = 0; k < m->n_terms; k++) {
        const rni_plan_source *source = plan->sources + m->first_source + k;
        int64_t stride = rni_worker_buffer(w, &source->w)->cols;
        int64_t depth = plan->terms[m->first_term + k].depth;
        const float *from = rni_worker_fixed(w, &source->w);
        w->e->kernels->pack(&(rni_pack_call){
            .w = from + (source->transposed ? first * stride : first),
            .stride = stride,
            .transposed = source->transposed,
            .depth = depth,
            .cols = last - first,
            .first = depth_before,
            .total = total,
            .packed = w->e->matmul + first * total});
        depth_before += depth;
    }
}

// Each member packs the panels it multiplies with.
void rni_run_matmul(rni_worker *w, const rni_instruction *i)
{
    const rni_plan_matmul *m = w->e->plan->matmuls + i->detail;
    const rni_kernels *kernels = w->e->kernels;
    if (w->e->plan->blas) {
        if (w->member == 0)
            matmul_blas(w, i, m);
        return;
    }
    rni_workspace *space = w->space;
    rni_share own =
        rni_share_of(panels_of(kernels, i->cols), 1, w->member, w->size);
    if (own.first == own.last)
        return;
    int64_t total = 0;
    fill_terms(w, m->first_term, m->n_terms, space->terms);
    for (int32_t k = 0; k < m->n_terms; k++)
        total += space->terms[k].depth;
    pack_own(w, i, m, own, total);
    rni_matrix init = fill_init(w, &m->init, i->rows);
    rni_matrix c = rni_worker_rows(w, &m->c);
    space->results[0] = (rni_product_result){
        i->cols, w->e->matmul, init.data, init.stride, c.data, c.stride, NULL};
    kernels->product(&(rni_product_call){i->rows, space->terms, m->n_terms,
                                         space->results, 1, own.first, own.last,
                                         space->scratch});
}
