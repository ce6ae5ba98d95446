// SPDX-License-Identifier: MIT
// Time: unrolled cells, and pools and shifts as the small recurrences they are.
#include "graph/lower.h"
#include "kernel/kernel.h"
#include "rnnc/graph.h"

// ---- Unrolling --------------------------------------------------------------

// Makes the states of a site: first values given, the cell's own, or zeros.
static bool make_states(rni_lowering *l, const rnnc_node *site)
{
    const rnnc_cell *cell = site->unrolled;
    int32_t given = cell->n_inputs;
    for (int32_t s = 0; s < cell->n_states; s++) {
        const rni_cell_state *state = cell->states + s;
        int32_t first = -1;
        if (site->integers[1] >> s & 1)
            first = rni_lowered(l, site->inputs[given++]);
        else if (state->first)
            first = rni_lowered(l, state->first);
        int32_t made = rni_form_state_make(
            l->form, l->loop, state->node->shape.cols, first, true);
        if (made < 0)
            return false;
        if (s == 0)
            l->first_state[site->id] = made;
        l->form->values[l->form->states[made].prev].node = state->node->id;
    }
    return true;
}

static rni_shape step_shape(const rni_lowering *l, int64_t cols)
{
    return (rni_shape){RNI_SEQUENCE, RNI_FLOAT, l->axis, 1, cols};
}

static bool close_states(rni_lowering *l, const rnnc_node *site)
{
    const rnnc_cell *cell = site->unrolled;
    for (int32_t s = 0; s < cell->n_states; s++) {
        const rnnc_node *next = cell->states[s].next;
        int32_t value = rni_form_spread(l->form, rni_lowered(l, next),
                                        step_shape(l, next->shape.cols));
        value = rni_form_solid(l->form, value);
        if (value < 0)
            return false;
        l->form->states[l->first_state[site->id] + s].next = value;
    }
    return true;
}

static bool close_outputs(rni_lowering *l, const rnnc_node *site)
{
    const rnnc_cell *cell = site->unrolled;
    for (int32_t o = 0; o < cell->n_outputs; o++) {
        const rnnc_node *output = cell->outputs[o].node;
        int32_t value = rni_form_spread(l->form, rni_lowered(l, output),
                                        step_shape(l, output->shape.cols));
        if (value < 0)
            return false;
        l->outputs[site->id][o] = value;
    }
    return true;
}

static bool write_out(rni_lowering *l, const rnnc_node *site)
{
    return make_states(l, site) && rni_lower_nodes(l, site->unrolled) &&
           close_states(l, site) && close_outputs(l, site);
}

int32_t rni_lower_unroll(rni_lowering *l, const rnnc_node *site)
{
    const rnnc_cell *cell = site->unrolled;
    rni_lowering inner = *l;
    inner.site = site;
    inner.axis = site->shape.axis;
    inner.loop = rni_form_loop_make(l->form, inner.axis, false);
    l->form->n_outlets += cell->n_outputs;
    if (!rni_form_has_room(l->form, 0))
        return -1;
    l->outputs[site->id] = rni_arena_zeroed(
        &l->form->arena, (size_t)cell->n_outputs, sizeof(int32_t));
    if (!l->outputs[site->id])
        rni_error_memory(l->form->error);
    bool good = l->form->error->status == RNNC_OK && inner.loop >= 0 &&
                write_out(&inner, site);
    rni_lower_forget(l, cell);
    return good ? l->outputs[site->id][0] : -1;
}

int32_t rni_lower_output(rni_lowering *l, const rnnc_node *node)
{
    return l->outputs[node->inputs[0]->id][node->integers[0]];
}

int32_t rni_lower_final(rni_lowering *l, const rnnc_node *node)
{
    int32_t first = l->first_state[node->inputs[0]->id];
    return rni_form_final(l->form, first + (int32_t)node->integers[0]);
}

// ---- Pools: a state that every step updates -------------------------------

typedef struct pool {
    rni_form *form;
    rni_shape shape;
    int32_t loop, state, prev, x;
} pool;

static int32_t pool_end(pool *p, int32_t next)
{
    next = rni_form_solid(p->form, next);
    if (next < 0)
        return -1;
    p->form->states[p->state].next = next;
    return rni_form_final(p->form, p->state);
}

static int32_t pool_last(pool *p)
{
    return pool_end(p, p->x);
}

// 0 before a sequence's first step, 1 from its second on: [rows, 1].
static int32_t seen(pool *p)
{
    rni_shape shape = p->shape;
    shape.cols = 1;
    int32_t one = rni_form_spread(p->form, rni_form_scalar(p->form, 1), shape);
    int32_t state = rni_form_state_make(p->form, p->loop, 1, -1, true);
    if (one < 0 || state < 0)
        return -1;
    p->form->states[state].next = one;
    return p->form->states[state].prev;
}

static int32_t pool_first(pool *p)
{
    int32_t args[3] = {seen(p), p->prev, p->x};
    return pool_end(p, rni_form_tape(p->form, RNI_TAPE_SELECT, args, 3, 0, 0));
}

static int32_t pool_max(pool *p)
{
    int32_t args[3] = {seen(p), 0, p->x};
    args[1] = rni_form_tape(p->form, RNI_TAPE_MAX, (int32_t[2]){p->prev, p->x},
                            2, 0, 0);
    return pool_end(p, rni_form_tape(p->form, RNI_TAPE_SELECT, args, 3, 0, 0));
}

static int32_t pool_sum(pool *p)
{
    return pool_end(p, rni_form_tape(p->form, RNI_TAPE_ADD,
                                     (int32_t[2]){p->prev, p->x}, 2, 0, 0));
}

// The number of steps so far is a state too, so that a stream's mean is that
// of everything it has seen.
static int32_t pool_mean(pool *p)
{
    int32_t steps = rni_form_state_make(p->form, p->loop, 1, -1, true);
    if (steps < 0)
        return -1;
    int32_t one = rni_form_scalar(p->form, 1);
    p->form->states[steps].next =
        rni_form_tape(p->form, RNI_TAPE_ADD,
                      (int32_t[2]){p->form->states[steps].prev, one}, 2, 0, 0);
    int32_t sum = pool_sum(p);
    int32_t n = rni_form_final(p->form, steps);
    int32_t inverse =
        rni_form_tape(p->form, RNI_TAPE_DIV, (int32_t[2]){one, n}, 2, 0, 0);
    int32_t choice[3] = {n, inverse, rni_form_scalar(p->form, 0)};
    int32_t safe = rni_form_tape(p->form, RNI_TAPE_SELECT, choice, 3, 0, 0);
    return rni_form_tape(p->form, RNI_TAPE_MUL, (int32_t[2]){sum, safe}, 2, 0,
                         0);
}

int32_t rni_lower_pool(rni_lowering *l, const rnnc_node *node)
{
    static int32_t (*const rules[])(pool *) = {
        [RNNC_POOL_LAST] = pool_last, [RNNC_POOL_FIRST] = pool_first,
        [RNNC_POOL_MEAN] = pool_mean, [RNNC_POOL_MAX] = pool_max,
        [RNNC_POOL_SUM] = pool_sum,
    };
    pool p = {.form = l->form, .x = rni_lowered(l, node->inputs[0])};
    if (p.x < 0)
        return -1;
    p.shape = l->form->values[p.x].shape;
    p.loop = rni_form_loop_make(l->form, p.shape.axis, false);
    p.state = rni_form_state_make(l->form, p.loop, p.shape.cols, -1, true);
    if (p.state < 0)
        return -1;
    p.prev = l->form->states[p.state].prev;
    return rules[node->integers[0]](&p);
}

// ---- Shifts, repeats, reversal
// -----------------------------------------------

// `steps` states in a row, each holding what the one before it held.
int32_t rni_lower_shift(rni_lowering *l, const rnnc_node *node)
{
    int32_t value = rni_lowered(l, node->inputs[0]);
    for (int64_t i = 0; i < node->integers[0] && value >= 0; i++) {
        value = rni_form_solid(l->form, value);
        if (value < 0)
            return -1;
        rni_shape shape = l->form->values[value].shape;
        int32_t loop = rni_form_loop_make(l->form, shape.axis, false);
        int32_t state =
            rni_form_state_make(l->form, loop, shape.cols, -1, true);
        if (state < 0)
            return -1;
        l->form->states[state].next = value;
        value = l->form->states[state].prev;
        l->form->values[value].shape.type = shape.type;
    }
    return value;
}

int32_t rni_lower_repeat(rni_lowering *l, const rnnc_node *node)
{
    return rni_form_spread(l->form, rni_lowered(l, node->inputs[0]),
                           rni_lowered_shape(l, node));
}

int32_t rni_lower_reverse(rni_lowering *l, const rnnc_node *node)
{
    int32_t x = rni_form_solid(l->form, rni_lowered(l, node->inputs[0]));
    if (x < 0)
        return -1;
    return rni_form_one(l->form, RNI_FORM_REVERSE, l->form->values[x].shape, x);
}
