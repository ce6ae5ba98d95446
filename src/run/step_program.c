// SPDX-License-Identifier: MIT
// Programs of a step: what one thread does, worked out into links where a
// kernel can, and where members meet.
#include "run/step.h"

// ---- Room ------------------------------------------------------------------

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void measure_tape(const rni_step *step, const rni_plan_tape *tape,
                         rni_step_sizes *sizes)
{
    int64_t stores = step->e->profile->most_stores + RNI_STEP_MORE_STORES;
    sizes->ports += tape->n_loads + stores;
    sizes->tape_links += tape->n_loads + tape->n_code + stores;
}

static void measure_product(const rni_step *step, const rni_plan_product *p,
                            rni_step_sizes *sizes)
{
    const rnnc_plan *plan = step->e->plan;
    int64_t panel = step->e->kernels->panel, panels = 0;
    for (int32_t r = 0; r < p->n_results; r++)
        panels += (plan->results[p->first_result + r].cols + panel - 1) / panel;
    sizes->tile_links += panels;
    sizes->tile_terms += panels * p->n_terms;
    sizes->scratch =
        larger(sizes->scratch, step->e->kernels->product_scratch(
                                   step->rows, rni_product_depth(plan, p)));
}

rni_step_sizes rni_step_measure(const rni_step *step)
{
    const rnnc_plan *plan = step->e->plan;
    rni_step_sizes sizes = {.calls = 3 * step->room};
    sizes.scratch = (int64_t)step->e->profile->most_slots * RNI_TAPE_TILE;
    for (int32_t k = 0; k < plan->n_tapes; k++)
        measure_tape(step, plan->tapes + k, &sizes);
    for (int32_t k = 0; k < plan->n_products; k++)
        measure_product(step, plan->products + k, &sizes);
    return sizes;
}

static void *room(const rni_step *step, int64_t count, size_t size, bool *good)
{
    void *block = rni_memory_zeroed(step->memory, (size_t)count, size);
    *good = *good && block != NULL;
    return block;
}

bool rni_step_program_init(rni_step_program *p, const rni_step *step,
                           const rni_step_sizes *sizes)
{
    bool good = true;
    p->calls = room(step, sizes->calls, sizeof *p->calls, &good);
    p->ports = room(step, sizes->ports, sizeof *p->ports, &good);
    p->tape_links = room(step, sizes->tape_links, sizeof *p->tape_links, &good);
    p->tile_links = room(step, sizes->tile_links, sizeof *p->tile_links, &good);
    p->tile_terms = room(step, sizes->tile_terms, sizeof *p->tile_terms, &good);
    p->scratch = room(step, sizes->scratch, sizeof *p->scratch, &good);
    return good;
}

void rni_step_program_fini(rni_step_program *p, const rni_step *step)
{
    rni_memory_release(step->memory, p->calls);
    rni_memory_release(step->memory, p->ports);
    rni_memory_release(step->memory, p->tape_links);
    rni_memory_release(step->memory, p->tile_links);
    rni_memory_release(step->memory, p->tile_terms);
    rni_memory_release(step->memory, p->scratch);
}

// ---- Writing ---------------------------------------------------------------

static rni_step_call *add(rni_step_program *p, int32_t kind)
{
    rni_step_call *call = p->calls + p->n_calls++;
    *call = (rni_step_call){.kind = kind, .before = -1};
    return call;
}

// The ports of a member's columns.
static const rni_tape_port *own_ports(rni_step_program *p,
                                      const rni_tape_port *from, int32_t n,
                                      int64_t first)
{
    rni_tape_port *ports = p->ports + p->used.ports;
    for (int32_t k = 0; k < n; k++) {
        bool wide =
            from[k].kind == RNI_PORT_ROWS || from[k].kind == RNI_PORT_ROW;
        ports[k] = from[k];
        ports[k].data += wide ? first : 0;
    }
    p->used.ports += n;
    return ports;
}

static void write_tape(rni_step_program *p, const rni_step *step,
                       const rni_tape_call *whole, rni_share own)
{
    rni_tape_call call = *whole;
    rni_tape_link *links = p->tape_links + p->used.tape_links;
    call.loads = own_ports(p, whole->loads, whole->n_loads, own.first);
    call.stores = own_ports(p, whole->stores, whole->n_stores, own.first);
    call.cols = own.last - own.first;
    call.scratch = p->scratch;
    int64_t n = step->e->kernels->tape_link(&call, links);
    p->used.tape_links += n;
    if (n > 0)
        add(p, RNI_STEP_TAPE_LINKS)->as.links =
            (rni_step_links){{.tape = links}, n};
    else
        add(p, RNI_STEP_TAPE)->as.tape = call;
}

// What is left of the panels has been in another core's cache: all of it is
// asked for at once.
static void write_product(rni_step_program *p, const rni_step *step,
                          const rni_step_call *call, rni_share own, bool fetch)
{
    rni_product_call chain[RNI_STEP_CHAIN];
    int32_t n_calls = rni_step_chain(step, call, chain), n_terms = 0;
    rni_tile_link *links = p->tile_links + p->used.tile_links;
    for (int32_t k = 0; k < n_calls; k++)
        n_terms += chain[k].n_terms;
    chain->first_panel = own.first;
    chain->last_panel = own.last;
    chain->scratch = p->scratch;
    int64_t n = step->e->kernels->product_link(
        chain, n_calls, call->fold, links, p->tile_terms + p->used.tile_terms);
    p->used.tile_links += n;
    p->used.tile_terms += n * n_terms;
    if (n > 0 && fetch)
        add(p, RNI_STEP_FETCH)->as.links = (rni_step_links){{.tile = links}, 1};
    if (n > 0)
        add(p, RNI_STEP_TILE_LINKS)->as.links =
            (rni_step_links){{.tile = links}, n};
    else
        add(p, RNI_STEP_PRODUCT)->as.product = *chain;
}

static void write_copy(rni_step_program *p, const rni_step_copy *whole,
                       rni_share own)
{
    rni_step_copy *copy = &add(p, RNI_STEP_COPY)->as.copy;
    *copy = *whole;
    copy->cols = own.last - own.first;
    copy->to += own.first;
    if (copy->from != NULL)
        copy->from += own.first;
}

static void write_call(rni_step_program *p, const rni_step *step,
                       const rni_step_call *call, rni_share own, bool fetch)
{
    if (call->kind == RNI_STEP_TAPE)
        write_tape(p, step, &call->as.tape, own);
    else if (call->kind == RNI_STEP_PRODUCT)
        write_product(p, step, call, own, fetch);
    else if (call->kind == RNI_STEP_COPY)
        write_copy(p, &call->as.copy, own);
    else
        p->calls[p->n_calls++] = *call;
}

void rni_step_program_write(rni_step_program *p, const rni_step *step,
                            const rni_step_call *calls, rni_share range,
                            int32_t member, int32_t size)
{
    p->n_calls = 0;
    p->used = (rni_step_sizes){0};
    for (int64_t k = range.first; k < range.last; k++) {
        const rni_step_call *call = calls + k;
        if (call->kind == RNI_STEP_NOTHING)
            continue;
        if (size > 1 && step->meets[k])
            add(p, RNI_STEP_MEET);
        rni_share own = rni_step_own(step, call, member, size);
        if (own.first < own.last)
            write_call(p, step, call, own, size > 1);
    }
}
