// SPDX-License-Identifier: MIT
// Random cells, shipped and of one's own, unrolled in both directions.
#include "support/random_parts.h"

#include <stdio.h>

#include "graph/node.h"

enum { INPUTS_MOST = 6 };

// What a cell is applied to.
typedef struct application {
    rnnc_cell *cell;
    rnnc_node *inputs[INPUTS_MOST];
    int32_t n_inputs;
    double size; // of its outputs
} application;

static void print_name(maker *m, char text[32])
{
    snprintf(text, 32, "cell%d", (int)m->names++);
}

// ---- A cell of one's own --------------------------------------------------

static void add_inputs(maker *m, application *a, pool *inside, int32_t axis)
{
    int32_t n = random_chance(m, 0.3) ? 2 : 1;
    for (int32_t i = 0; i < n; i++) {
        pool_value x = pool_pick(m, m->steps[axis]);
        a->inputs[a->n_inputs++] = x.node;
        pool_add(m, inside, rnnc_cell_input(a->cell, rnnc_node_cols(x.node)),
                 x.size);
    }
    int64_t limit = 1 + random_below(m, 5);
    rnnc_node *ids = random_chance(m, 0.2)
                         ? make_ids(m, m->steps[axis], limit, false)
                         : NULL;
    if (ids) {
        a->inputs[a->n_inputs++] = ids;
        pool_add(m, inside,
                 rnnc_lookup(rnnc_cell_input_ids(a->cell, limit),
                             make_parameter(m, limit, random_cols(m))),
                 1);
    }
    if (m->rows->n > 0 && random_chance(m, 0.4)) {
        pool_value once = pool_pick(m, m->rows);
        a->inputs[a->n_inputs++] = once.node;
        pool_add(m, inside,
                 rnnc_cell_input_batch(a->cell, rnnc_node_cols(once.node)),
                 once.size);
    }
}

static rnnc_node *first_row(maker *m, int64_t cols)
{
    float values[64];
    for (int64_t c = 0; c < cols; c++)
        values[c] = random_between(m, -1, 1);
    return random_chance(m, 0.25) ? rnnc_constant(m->graph, 1, cols, values)
                                  : make_parameter(m, 1, cols);
}

static int32_t add_states(maker *m, application *a, pool *inside,
                          rnnc_node *states[3])
{
    int32_t n = 1 + (int32_t)random_below(m, 3);
    for (int32_t s = 0; s < n; s++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", (int)s);
        int64_t cols = random_cols(m);
        states[s] = rnnc_cell_state(a->cell, name, cols);
        if (random_chance(m, 0.4))
            rnnc_cell_first(a->cell, states[s], first_row(m, cols));
        inside->values[inside->n++] = (pool_value){states[s], 1.2, false};
    }
    return n;
}

// A value after the step: bounded, mixed with the one before, or what came in.
static rnnc_node *next_value(maker *m, pool *inside, rnnc_node *state)
{
    pool_value v = make_fitting(m, inside, rnnc_node_cols(state));
    rnnc_node *gate;
    switch (random_below(m, 5)) {
    case 0:
        return rnnc_tanh(v.node);
    case 1:
        return rnnc_softsign(v.node);
    case 2:
        gate = rnnc_sigmoid(make_narrow(m, inside, v).node);
        return rnnc_tanh(
            rnnc_add(rnnc_mul(gate, state), rnnc_affine(v.node, 0.5f, 0)));
    case 3:
        return v.size <= 1.2 ? v.node : rnnc_clip(v.node, -1.2f, 1.2f);
    default:
        return rnnc_add(state, rnnc_affine(rnnc_sub(rnnc_tanh(v.node), state),
                                           random_between(m, 0.2, 0.8), 0));
    }
}

static void add_outputs(maker *m, application *a, pool *inside)
{
    int32_t n = 1 + (int32_t)random_below(m, 3);
    for (int32_t o = 0; o < n; o++)
        rnnc_cell_output(a->cell, pool_pick(m, inside).node);
}

// The next values come last or first, so that outputs may use what was or
// what will be.
static application own_cell(maker *m, int32_t axis)
{
    char name[32];
    print_name(m, name);
    application a = {.cell = rnnc_cell_create(m->graph, name), .size = 3};
    pool inside = {.kind = POOL_STEP};
    rnnc_node *states[3];
    m->cell = a.cell;
    add_inputs(m, &a, &inside, axis);
    int32_t n_states = add_states(m, &a, &inside, states);
    int64_t n = 2 + random_below(m, 6);
    for (int64_t i = 0; i < n; i++)
        random_operation(m, &inside);
    for (int32_t s = 0; s < n_states; s++) {
        rnnc_node *next = next_value(m, &inside, states[s]);
        rnnc_cell_next(a.cell, states[s], next);
        if (inside.n < POOL_MOST)
            inside.values[inside.n++] = (pool_value){next, 1.2, false};
    }
    add_outputs(m, &a, &inside);
    m->cell = NULL;
    return a;
}

// ---- Cells that ship ------------------------------------------------------

static rnnc_cell_options options_of(maker *m, int32_t which)
{
    static const int32_t variants[] = {3, 1, 2, 1, 2};
    return (rnnc_cell_options){.struct_size = sizeof(rnnc_cell_options),
                               .variant =
                                   (int32_t)random_below(m, variants[which]),
                               .bias = (int32_t)random_below(m, 3),
                               .init = (int32_t)random_below(m, 2),
                               .learned_first = random_chance(m, 0.3),
                               .step = random_between(m, 0.2, 0.6),
                               .tau_min = random_between(m, 0.3, 1)};
}

static rnnc_cell *shipped_cell(maker *m, int64_t inputs, int64_t hidden)
{
    char name[32];
    print_name(m, name);
    int32_t which = (int32_t)random_below(m, 5);
    rnnc_cell_options options = options_of(m, which);
    return rnnc_cell_make(m->graph, name, which, inputs, hidden, &options);
}

static application ship(maker *m, int32_t axis)
{
    pool_value x = pool_pick(m, m->steps[axis]);
    return (application){
        .cell = shipped_cell(m, rnnc_node_cols(x.node), random_cols(m)),
        .inputs = {x.node},
        .n_inputs = 1,
        .size = 2};
}

// ---- Unrolling ------------------------------------------------------------

static rnnc_node *apply(maker *m, const application *a, bool reverse)
{
    rnnc_node *inputs[INPUTS_MOST], *first[8] = {NULL};
    for (int32_t i = 0; i < a->n_inputs; i++)
        inputs[i] = reverse && rnnc_node_kind(a->inputs[i]) == RNNC_SEQUENCE
                        ? rnnc_reverse(a->inputs[i])
                        : a->inputs[i];
    int32_t n_states = a->cell->n_states;
    bool given = m->rows->n > 0 && random_chance(m, 0.35);
    for (int32_t s = 0; given && s < n_states; s++)
        if (random_chance(m, 0.7))
            first[s] = make_fitting(m, m->rows,
                                    rnnc_node_cols(a->cell->states[s].node))
                           .node;
    return rnnc_unroll_with(a->cell, inputs, a->n_inputs, first,
                            given ? n_states : 0);
}

static void take_results(maker *m, const application *a, rnnc_node *site,
                         bool reverse, int32_t axis)
{
    for (int32_t o = 0; o < a->cell->n_outputs; o++) {
        if (o > 0 && random_chance(m, 0.2))
            continue;
        rnnc_node *output = rnnc_unroll_output(site, o);
        if (reverse && random_chance(m, 0.7))
            output = rnnc_reverse(output);
        pool_add(m, m->steps[axis], output, a->size);
    }
    for (int32_t s = 0; s < a->cell->n_states; s++)
        if (random_chance(m, 0.5))
            pool_add(m, m->rows,
                     rnnc_unroll_final(site, a->cell->states[s].name), 1.5);
}

static void unroll_once(maker *m, int32_t axis)
{
    application a = random_chance(m, 0.7) ? own_cell(m, axis) : ship(m, axis);
    bool reverse = random_chance(m, 0.3);
    if (rnnc_graph_status(m->graph) != RNNC_OK)
        return;
    take_results(m, &a, apply(m, &a, reverse), reverse, axis);
    if (random_chance(m, 0.15))
        take_results(m, &a, apply(m, &a, !reverse), !reverse, axis);
}

static void unroll_both(maker *m, int32_t axis)
{
    pool_value x = pool_pick(m, m->steps[axis]);
    int64_t inputs = rnnc_node_cols(x.node), hidden = random_cols(m);
    rnnc_cell *forward = shipped_cell(m, inputs, hidden);
    rnnc_cell *backward = shipped_cell(m, inputs, hidden);
    pool_add(m, m->steps[axis],
             rnnc_bidirectional(forward, backward, x.node,
                                (int32_t)random_below(m, 4)),
             2);
}

static void unroll_layers(maker *m, int32_t axis)
{
    char name[32];
    print_name(m, name);
    int32_t which = (int32_t)random_below(m, 5);
    rnnc_layers_options options = {.struct_size = sizeof options,
                                   .layers = 1 + (int32_t)random_below(m, 2),
                                   .bidirectional = random_chance(m, 0.4),
                                   .merge = (int32_t)random_below(m, 4),
                                   .dropout = random_between(m, 0, 0.5),
                                   .cell = options_of(m, which)};
    pool_add(m, m->steps[axis],
             rnnc_layers(pool_pick(m, m->steps[axis]).node, name, which,
                         random_cols(m), &options),
             2);
}

void random_unroll(maker *m, int32_t axis)
{
    int64_t how = random_below(m, 10);
    if (how == 0)
        unroll_both(m, axis);
    else if (how == 1)
        unroll_layers(m, axis);
    else
        unroll_once(m, axis);
}
