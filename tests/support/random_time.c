// SPDX-License-Identifier: MIT
// Random operations that cross rows, and random losses.
#include "support/random_parts.h"

#include <stddef.h>

// ---- Across rows ----------------------------------------------------------

static void add_pool(maker *m, int32_t axis)
{
    pool_value x = pool_pick(m, m->steps[axis]);
    int32_t mode = (int32_t)random_below(m, 5);
    double size = mode == RNNC_POOL_SUM ? 3 * x.size : x.size;
    pool_add(m, m->rows, rnnc_pool(x.node, mode), size);
}

static void add_repeat(maker *m, int32_t axis)
{
    if (m->rows->n == 0) {
        add_pool(m, axis);
        return;
    }
    pool_value once = pool_pick(m, m->rows);
    pool_value like = pool_pick(m, m->steps[axis]);
    pool_add(m, m->steps[axis], rnnc_repeat(once.node, like.node), once.size);
}

static void add_shift(maker *m, int32_t axis)
{
    pool_value x = pool_pick(m, m->steps[axis]);
    pool_add(m, m->steps[axis], rnnc_shift(x.node, 1 + random_below(m, 3)),
             x.size);
}

static void add_reverse(maker *m, int32_t axis)
{
    pool_value x = pool_pick(m, m->steps[axis]);
    pool_add(m, m->steps[axis], rnnc_reverse(x.node), x.size);
}

static void add_lookup(maker *m, int32_t axis)
{
    pool *p = random_chance(m, 0.3) ? m->rows : m->steps[axis];
    int64_t limit = 1 + random_below(m, 6);
    rnnc_node *ids = make_ids(m, p, limit, false);
    if (ids)
        pool_add(m, p,
                 rnnc_lookup(ids, make_parameter(m, limit + random_below(m, 2),
                                                 random_cols(m))),
                 1);
}

void random_recurrence(maker *m, int32_t axis)
{
    static void (*const kinds[])(maker *, int32_t) = {
        random_unroll, random_unroll, random_unroll, random_unroll, add_pool,
        add_pool,      add_repeat,    add_shift,     add_reverse,   add_lookup};
    kinds[random_below(m, sizeof kinds / sizeof kinds[0])](m, axis);
}

// ---- Losses ---------------------------------------------------------------

static rnnc_node *cross_entropy(maker *m, pool *p, pool_value v)
{
    int64_t cols = rnnc_node_cols(v.node);
    rnnc_node *ids = make_ids(m, p, 1 + random_below(m, cols), true);
    if (!ids)
        return rnnc_total(rnnc_tanh(v.node));
    if (random_chance(m, 0.3))
        return rnnc_cross_entropy(v.node, ids);
    float weights[64];
    for (int64_t c = 0; c < cols; c++)
        weights[c] = random_between(m, 0.2, 2);
    rnnc_cross_entropy_options options = {
        .struct_size = sizeof options,
        .reduction = (int32_t)random_below(m, 3),
        .has_ignore = 1,
        .ignore_index = -100,
        .smoothing = random_chance(m, 0.5) ? random_between(m, 0, 0.5) : 0};
    if (random_chance(m, 0.5))
        options.class_weights = rnnc_constant(m->graph, 1, cols, weights);
    rnnc_node *loss = rnnc_cross_entropy_with(v.node, ids, &options);
    return options.reduction == RNNC_REDUCE_NONE ? rnnc_total(rnnc_tanh(loss))
                                                 : loss;
}

static rnnc_node *pair_loss(maker *m, pool *p, pool_value v, int64_t which)
{
    rnnc_node *other = make_twin(m, p, v).node, *loss;
    int32_t reduction = (int32_t)random_below(m, 3);
    if (which == 0)
        loss = rnnc_mse(v.node, other, reduction);
    else if (which == 1)
        loss = rnnc_huber(v.node, other, random_between(m, 0.3, 1), reduction);
    else
        loss =
            rnnc_binary_cross_entropy(v.node, rnnc_sigmoid(other), reduction);
    return reduction == RNNC_REDUCE_NONE ? rnnc_total(rnnc_tanh(loss)) : loss;
}

rnnc_node *random_loss(maker *m, pool *p, pool_value v)
{
    bool fixed = p->kind == POOL_STATIC;
    int64_t which = random_below(m, 6);
    if (which < 3)
        return pair_loss(m, p, v, which);
    if (which == 3 && !fixed && rnnc_node_cols(v.node) <= 64)
        return cross_entropy(m, p, v);
    if (which == 4 && fixed)
        return rnnc_l2_penalty(v.node, random_between(m, 0.1, 0.6));
    rnnc_node *row = make_parameter(m, 1, rnnc_node_cols(v.node));
    return rnnc_total(rnnc_mul(v.node, row));
}
