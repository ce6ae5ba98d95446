// SPDX-License-Identifier: MIT
// Calls of a step that become one: products that continue each other, and
// copies of what a tape has just stored.
#include "run/step.h"

static rni_share whole(const rni_step *step, const rni_step_call *call)
{
    return rni_step_own(step, call, 0, 1);
}

static bool conflict(const rni_step *step, const rni_step_call *a,
                     const rni_step_call *b)
{
    return rni_step_conflict(step, a, whole(step, a), b, whole(step, b));
}

// ---- Products --------------------------------------------------------------

int32_t rni_step_chain(const rni_step *step, const rni_step_call *call,
                       rni_product_call chain[RNI_STEP_CHAIN])
{
    int32_t n = 1;
    for (const rni_step_call *at = call; at->before >= 0; n++)
        at = step->calls + at->before;
    for (int32_t k = n; k-- > 0; call = step->calls + call->before) {
        chain[k] = call->as.product;
        if (call->before < 0)
            break;
    }
    return n;
}

// Whether a product starts from what another leaves where it is.
static bool continues(const rni_product_call *later,
                      const rni_product_call *earlier)
{
    if (later->n_results != earlier->n_results)
        return false;
    for (int32_t r = 0; r < later->n_results; r++) {
        const rni_product_result *a = earlier->results + r;
        const rni_product_result *b = later->results + r;
        if (a->cols != b->cols || b->init != a->c || b->c != a->c ||
            b->stride != a->stride ||
            (later->rows > 1 && b->init_stride != a->stride))
            return false;
    }
    return true;
}

static bool has_links(const rni_step *step, const rni_product_call *call)
{
    return step->e->kernels->product_link(call, 1, 0, NULL, NULL) > 0;
}

// The product that a later one continues, if nothing between them minds that
// it is made with the later one.
static int32_t find_continued(const rni_step *step, int32_t later)
{
    const rni_step_call *call = step->calls + later;
    for (int32_t k = later - 1; k >= 0; k--) {
        const rni_step_call *found = step->calls + k;
        if (!conflict(step, found, call))
            continue;
        if (found->kind != RNI_STEP_PRODUCT ||
            !continues(&call->as.product, &found->as.product))
            return -1;
        for (int32_t between = k + 1; between < later; between++)
            if (conflict(step, found, step->calls + between))
                return -1;
        return k;
    }
    return -1;
}

static void join_product(rni_step *step, int32_t later)
{
    rni_product_call chain[RNI_STEP_CHAIN];
    rni_step_call *call = step->calls + later;
    if (!has_links(step, &call->as.product))
        return;
    int32_t k = find_continued(step, later);
    if (k < 0 || rni_step_chain(step, step->calls + k, chain) == RNI_STEP_CHAIN)
        return;
    call->before = k;
    call->cost += step->calls[k].cost;
    step->calls[k].kind = RNI_STEP_NOTHING;
}

// ---- Copies ----------------------------------------------------------------

static bool is_same(const rni_tape_call *tape, const rni_tape_port *port,
                    const float *data, int64_t stride, int64_t cols)
{
    return port->kind == RNI_PORT_ROWS && port->data == data &&
           tape->cols == cols && (tape->rows == 1 || port->stride == stride);
}

static const rni_tape_port *find_store(const rni_tape_call *tape,
                                       const rni_step_copy *copy)
{
    for (int32_t k = 0; k < tape->n_stores; k++)
        if (tape->rows == copy->rows &&
            is_same(tape, tape->stores + k, copy->from, copy->from_stride,
                    copy->cols))
            return tape->stores + k;
    return NULL;
}

// The tape may read where it then stores, element for element, and have
// nothing else to do with it.
static bool may_store(const rni_step *step, const rni_tape_call *tape,
                      const rni_step_copy *copy)
{
    rni_step_call to = {.kind = RNI_STEP_COPY, .before = -1};
    rni_step_call own = {.kind = RNI_STEP_TAPE, .before = -1};
    to.as.copy = *copy;
    to.as.copy.from = NULL;
    own.as.tape = *tape;
    for (int32_t k = 0; k < tape->n_loads + tape->n_stores; k++) {
        bool load = k < tape->n_loads;
        const rni_tape_port *port =
            load ? tape->loads + k : tape->stores + k - tape->n_loads;
        if (load && is_same(tape, port, copy->to, copy->to_stride, copy->cols))
            continue;
        own.as.tape.loads = port;
        own.as.tape.n_loads = 1;
        own.as.tape.n_stores = 0;
        if (conflict(step, &own, &to))
            return false;
    }
    return true;
}

static void add_store(rni_step *step, rni_tape_call *tape,
                      const rni_step_copy *copy, int32_t slot)
{
    rni_tape_port *stores = step->ports + step->n_ports;
    for (int32_t k = 0; k < tape->n_stores; k++)
        stores[k] = tape->stores[k];
    stores[tape->n_stores] =
        (rni_tape_port){RNI_PORT_ROWS, slot, copy->to, copy->to_stride};
    tape->stores = stores;
    step->n_ports += ++tape->n_stores;
}

// Whether members would have to wait for others that are not done with the
// place where a tape is to store.
static bool must_wait(const rni_step *step, const rni_step_call *calls,
                      int32_t tape, const rni_step_copy *copy, int32_t size)
{
    rni_step_call to = {.kind = RNI_STEP_COPY, .before = -1};
    to.cost = calls[tape].cost;
    to.as.copy = *copy;
    to.as.copy.from = NULL;
    for (int32_t k = 0; size > 1 && k < tape; k++)
        if (rni_step_members_conflict(step, calls + k, &to, size))
            return true;
    return false;
}

static void join_copy(rni_step *step, rni_step_call *calls, int32_t later,
                      int32_t size)
{
    rni_step_call *call = calls + later;
    const rni_step_copy *copy = &call->as.copy;
    int32_t most = step->e->profile->most_stores + RNI_STEP_MORE_STORES;
    for (int32_t k = later - 1; copy->from != NULL && k >= 0; k--) {
        if (!conflict(step, calls + k, call))
            continue;
        rni_tape_call *tape = &calls[k].as.tape;
        const rni_tape_port *store =
            calls[k].kind == RNI_STEP_TAPE ? find_store(tape, copy) : NULL;
        if (store == NULL || tape->n_stores >= most ||
            !may_store(step, tape, copy) ||
            must_wait(step, calls, k, copy, size))
            return;
        add_store(step, tape, copy, store->slot);
        call->kind = RNI_STEP_NOTHING;
        return;
    }
}

void rni_step_join_products(rni_step *step)
{
    for (int32_t k = 0; k < step->n_calls; k++)
        if (step->calls[k].kind == RNI_STEP_PRODUCT)
            join_product(step, k);
}

void rni_step_join_copies(rni_step *step, rni_step_call *calls, int32_t size)
{
    for (int32_t k = 0; k < step->n_calls; k++)
        if (calls[k].kind == RNI_STEP_COPY)
            join_copy(step, calls, k, size);
}
