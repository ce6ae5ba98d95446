// SPDX-License-Identifier: MIT
// What calls of a step read and write, and which part of them a member owns.
#include "run/step.h"

enum { GRAIN = 16 }; // columns of a tape or a copy

// Calls that cost less are not worth a meeting: the first member does them.
static const double share_least = 1500;

// ---- Shares ----------------------------------------------------------------

int64_t rni_step_panels(const rni_step *step, const rni_product_call *call)
{
    int64_t panel = step->e->kernels->panel, panels = 0;
    for (int32_t r = 0; r < call->n_results; r++)
        panels += (call->results[r].cols + panel - 1) / panel;
    return panels;
}

rni_share rni_step_own(const rni_step *step, const rni_step_call *call,
                       int32_t member, int32_t size)
{
    int64_t total = 1, grain = GRAIN;
    if (call->kind == RNI_STEP_TAPE)
        total = call->as.tape.cols;
    else if (call->kind == RNI_STEP_COPY)
        total = call->as.copy.cols;
    else if (call->kind == RNI_STEP_PRODUCT)
        total = call->fold > 0 ? call->fold
                               : rni_step_panels(step, &call->as.product);
    if (call->kind == RNI_STEP_PRODUCT)
        grain = call->fold > 0 ? GRAIN / step->e->kernels->panel : 1;
    if (total > 1 && call->cost >= share_least)
        return rni_share_of(total, grain, member, size);
    return (rni_share){0, member == 0 ? total : 0};
}

// ---- Reach -----------------------------------------------------------------

// Rows of memory that are read or written.
typedef struct reach {
    const float *from;
    int64_t stride, rows, cols;
} reach;

typedef bool reach_visit(void *user, const reach *r, bool written);

static int64_t extent_of(const reach *r)
{
    return r->rows > 1 ? (r->rows - 1) * r->stride + r->cols : r->cols;
}

// Rows of one stride lie in columns of it: two sets of columns meet or do not,
// whatever the rows. Of two strides nothing is known.
static bool overlap(const reach *a, const reach *b)
{
    int64_t bytes = (int64_t)sizeof(float);
    if (a->rows <= 0 || b->rows <= 0 || a->cols <= 0 || b->cols <= 0)
        return false;
    int64_t apart = (int64_t)((uintptr_t)b->from - (uintptr_t)a->from) / bytes;
    if (apart >= extent_of(a) || -apart >= extent_of(b))
        return false;
    if (a->rows == 1 && b->rows == 1)
        return true;
    int64_t stride = a->rows > 1 ? a->stride : b->stride;
    if (stride <= 0 || (b->rows > 1 && b->stride != stride))
        return true;
    int64_t col = (apart % stride + stride) % stride;
    return col < a->cols || col + b->cols > stride;
}

static reach reach_of(const float *from, int64_t stride, int64_t rows,
                      int64_t cols)
{
    return (reach){from, stride, stride == 0 && rows > 1 ? 1 : rows, cols};
}

static bool visit_port(const rni_tape_call *call, const rni_tape_port *port,
                       rni_share own, bool written, reach_visit visit,
                       void *user)
{
    bool wide = port->kind == RNI_PORT_ROWS || port->kind == RNI_PORT_ROW;
    bool tall = port->kind == RNI_PORT_ROWS || port->kind == RNI_PORT_COLUMN;
    reach r = reach_of(port->data + (wide ? own.first : 0), port->stride,
                       tall ? call->rows : 1, wide ? own.last - own.first : 1);
    return visit(user, &r, written);
}

static bool visit_tape(const rni_tape_call *call, rni_share own,
                       reach_visit visit, void *user)
{
    for (int32_t k = 0; k < call->n_loads; k++)
        if (visit_port(call, call->loads + k, own, false, visit, user))
            return true;
    for (int32_t k = 0; k < call->n_stores; k++)
        if (visit_port(call, call->stores + k, own, true, visit, user))
            return true;
    return false;
}

static bool visit_result(const rni_product_call *call,
                         const rni_product_result *result, rni_share cols,
                         reach_visit visit, void *user)
{
    int64_t first = cols.first > 0 ? cols.first : 0;
    int64_t last = cols.last < result->cols ? cols.last : result->cols;
    if (first >= last)
        return false;
    reach c =
        reach_of(result->c + first, result->stride, call->rows, last - first);
    if (visit(user, &c, true))
        return true;
    if (result->init == NULL)
        return false;
    reach init = reach_of(result->init + first, result->init_stride, call->rows,
                          last - first);
    return visit(user, &init, false);
}

// Panels [own.first, own.last), counted through all results.
static bool visit_results(const rni_step *step, const rni_product_call *call,
                          rni_share own, reach_visit visit, void *user)
{
    int64_t panel = step->e->kernels->panel, before = 0;
    for (int32_t k = 0; k < call->n_results; k++) {
        const rni_product_result *result = call->results + k;
        rni_share cols = {(own.first - before) * panel,
                          (own.last - before) * panel};
        if (visit_result(call, result, cols, visit, user))
            return true;
        before += (result->cols + panel - 1) / panel;
    }
    return false;
}

static bool visit_product(const rni_step *step, const rni_product_call *call,
                          int64_t fold, rni_share own, reach_visit visit,
                          void *user)
{
    for (int32_t k = 0; k < call->n_terms; k++) {
        const rni_product_term *term = call->terms + k;
        reach r = reach_of(term->a, term->stride, call->rows, term->depth);
        if (visit(user, &r, false))
            return true;
    }
    int64_t panels = rni_step_panels(step, call);
    int64_t width = fold > 0 ? fold : panels;
    for (int64_t at = 0; at < panels; at += width) {
        rni_share part = {at + own.first, at + own.last};
        if (visit_results(step, call, part, visit, user))
            return true;
    }
    return false;
}

static bool visit_copy(const rni_step_copy *copy, rni_share own,
                       reach_visit visit, void *user)
{
    int64_t cols = own.last - own.first;
    reach to =
        reach_of(copy->to + own.first, copy->to_stride, copy->rows, cols);
    if (visit(user, &to, true))
        return true;
    if (copy->from == NULL)
        return false;
    reach from =
        reach_of(copy->from + own.first, copy->from_stride, copy->rows, cols);
    return visit(user, &from, false);
}

// The first reach for which `visit` is true ends it. A product reads what
// those that it continues read.
static bool visit_call(const rni_step *step, const rni_step_call *call,
                       rni_share own, reach_visit visit, void *user)
{
    if (call->kind == RNI_STEP_TAPE)
        return visit_tape(&call->as.tape, own, visit, user);
    if (call->kind == RNI_STEP_COPY)
        return visit_copy(&call->as.copy, own, visit, user);
    int64_t fold = call->fold;
    for (;; call = step->calls + call->before) {
        if (visit_product(step, &call->as.product, fold, own, visit, user))
            return true;
        if (call->before < 0)
            return false;
    }
}

// ---- Conflicts -------------------------------------------------------------

typedef struct against {
    const rni_step *step;
    const rni_step_call *other;
    rni_share own;
    const reach *mine; // of the call that is visited first
    bool written;
} against;

static bool meets_mine(void *user, const reach *r, bool written)
{
    const against *a = user;
    return (written || a->written) && overlap(a->mine, r);
}

static bool meets_other(void *user, const reach *r, bool written)
{
    against *a = user;
    a->mine = r;
    a->written = written;
    return visit_call(a->step, a->other, a->own, meets_mine, a);
}

static bool is_known(const rni_step_call *call)
{
    return call->kind == RNI_STEP_TAPE || call->kind == RNI_STEP_PRODUCT ||
           call->kind == RNI_STEP_COPY;
}

bool rni_step_conflict(const rni_step *step, const rni_step_call *a,
                       rni_share own_a, const rni_step_call *b, rni_share own_b)
{
    if (a->kind == RNI_STEP_NOTHING || b->kind == RNI_STEP_NOTHING ||
        own_a.first >= own_a.last || own_b.first >= own_b.last)
        return false;
    if (!is_known(a) || !is_known(b))
        return true;
    against other = {.step = step, .other = b, .own = own_b};
    return visit_call(step, a, own_a, meets_other, &other);
}

bool rni_step_members_conflict(const rni_step *step, const rni_step_call *a,
                               const rni_step_call *b, int32_t size)
{
    if (!rni_step_conflict(step, a, rni_step_own(step, a, 0, 1), b,
                           rni_step_own(step, b, 0, 1)))
        return false;
    for (int32_t m = 0; m < size; m++)
        for (int32_t n = 0; n < size; n++)
            if (m != n &&
                rni_step_conflict(step, a, rni_step_own(step, a, m, size), b,
                                  rni_step_own(step, b, n, size)))
                return true;
    return false;
}
