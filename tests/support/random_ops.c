// SPDX-License-Identifier: MIT
// Random operations that work row by row.
#include "support/random_parts.h"

#include <stddef.h>

// A maker of one operation: picks operands, adds the result to the pool.
typedef void operation(maker *m, pool *p);

// ---- Functions of one value -----------------------------------------------

typedef rnnc_node *one_value(rnnc_node *x);

static void bounded(maker *m, pool *p, one_value *f, double size)
{
    pool_add(m, p, f(pool_pick(m, p).node), size);
}

static void growing(maker *m, pool *p, one_value *f, double more)
{
    pool_value x = pool_pick(m, p);
    pool_add(m, p, f(x.node), x.size + more);
}

static void op_neg(maker *m, pool *p)
{
    growing(m, p, rnnc_neg, 0);
}

static void op_abs(maker *m, pool *p)
{
    growing(m, p, rnnc_abs, 0);
}

static void op_relu(maker *m, pool *p)
{
    growing(m, p, rnnc_relu, 0);
}

static void op_softplus(maker *m, pool *p)
{
    growing(m, p, rnnc_softplus, 0.7);
}

static void op_sigmoid(maker *m, pool *p)
{
    bounded(m, p, rnnc_sigmoid, 1);
}

static void op_tanh(maker *m, pool *p)
{
    bounded(m, p, rnnc_tanh, 1);
}

static void op_softsign(maker *m, pool *p)
{
    bounded(m, p, rnnc_softsign, 1);
}

static void op_exp(maker *m, pool *p)
{
    pool_value x = pool_pick(m, p);
    float scale = x.size > 1 ? (float)(1 / x.size) : 1;
    pool_add(m, p, rnnc_exp(rnnc_affine(x.node, scale, 0)), 2.7);
}

// x x + 1/2
static rnnc_node *positive(rnnc_node *x)
{
    return rnnc_affine(rnnc_mul(x, x), 1, 0.5f);
}

static void op_log(maker *m, pool *p)
{
    pool_add(m, p, rnnc_log(positive(pool_pick(m, p).node)), 2.5);
}

static void op_sqrt(maker *m, pool *p)
{
    pool_value x = pool_pick(m, p);
    pool_add(m, p, rnnc_sqrt(positive(x.node)), x.size + 0.7);
}

static void op_elu(maker *m, pool *p)
{
    pool_value x = pool_pick(m, p);
    pool_add(m, p, rnnc_elu(x.node, random_between(m, 0.3, 1.5)), x.size + 1.5);
}

static void op_hard_sigmoid(maker *m, pool *p)
{
    pool_value x = pool_pick(m, p);
    float alpha = random_between(m, 0.2, 0.6),
          beta = random_between(m, 0.3, 0.7);
    pool_add(m, p, rnnc_hard_sigmoid(x.node, alpha, beta), 1);
}

static void op_leaky_relu(maker *m, pool *p)
{
    pool_value x = pool_pick(m, p);
    pool_add(m, p, rnnc_leaky_relu(x.node, random_between(m, 0.05, 0.5)),
             x.size);
}

static void op_thresholded_relu(maker *m, pool *p)
{
    pool_value x = pool_pick(m, p);
    pool_add(m, p, rnnc_thresholded_relu(x.node, random_between(m, -0.5, 0.5)),
             x.size);
}

static void op_affine(maker *m, pool *p)
{
    pool_value x = pool_pick(m, p);
    pool_add(m, p,
             rnnc_affine(x.node, random_between(m, -1.5, 1.5),
                         random_between(m, -1, 1)),
             1.5 * x.size + 1);
}

static void op_scaled_tanh(maker *m, pool *p)
{
    pool_value x = pool_pick(m, p);
    float alpha = random_between(m, 0.5, 1.8),
          beta = random_between(m, 0.4, 1.2);
    pool_add(m, p, rnnc_scaled_tanh(x.node, alpha, beta), 1.8);
}

static void op_clip(maker *m, pool *p)
{
    pool_value x = pool_pick(m, p);
    float low = random_between(m, -1, -0.2), high = random_between(m, 0.2, 1);
    pool_add(m, p, rnnc_clip(x.node, low, high), 1);
}

// ---- Two values -----------------------------------------------------------

typedef rnnc_node *two_values(rnnc_node *a, rnnc_node *b);

// Either operand may be the one that is broadcast.
static void pair(maker *m, pool *p, two_values *f, double product)
{
    pool_value a = pool_pick(m, p), b = make_partner(m, p, a);
    rnnc_node *node =
        random_chance(m, 0.5) ? f(a.node, b.node) : f(b.node, a.node);
    pool_add(m, p, node,
             product > 0 ? product * a.size * b.size : a.size + b.size);
}

static void op_add(maker *m, pool *p)
{
    pair(m, p, rnnc_add, 0);
}

static void op_sub(maker *m, pool *p)
{
    pair(m, p, rnnc_sub, 0);
}

static void op_mul(maker *m, pool *p)
{
    pair(m, p, rnnc_mul, 1);
}

static void op_min(maker *m, pool *p)
{
    pair(m, p, rnnc_min, 0);
}

static void op_max(maker *m, pool *p)
{
    pair(m, p, rnnc_max, 0);
}

static void op_div(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p), b = make_partner(m, p, a);
    if (random_chance(m, 0.5))
        pool_add(m, p, rnnc_div(a.node, positive(b.node)), 2 * a.size);
    else
        pool_add(m, p, rnnc_div(b.node, positive(a.node)), 2 * b.size);
}

static rnnc_node *condition(maker *m, pool *p, pool_value a)
{
    static two_values *const orders[] = {rnnc_less, rnnc_less_equal};
    two_values *order = orders[random_below(m, 2)];
    return order(a.node, make_narrow(m, p, a).node);
}

// Floats are hardly ever equal; two conditions often are.
static rnnc_node *equal_conditions(maker *m, pool *p, pool_value a)
{
    return rnnc_equal(condition(m, p, a), condition(m, p, a));
}

static void op_select(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p), b = make_narrow(m, p, a);
    rnnc_node *chosen =
        random_chance(m, 0.3) ? equal_conditions(m, p, a) : condition(m, p, a);
    pool_add(m, p, rnnc_select(chosen, a.node, b.node), a.size + b.size);
}

static void op_condition_times(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p);
    rnnc_node *chosen =
        random_chance(m, 0.3) ? equal_conditions(m, p, a) : condition(m, p, a);
    pool_add(m, p, rnnc_mul(a.node, chosen), a.size);
}

// ---- Products -------------------------------------------------------------

static void op_matmul(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p);
    int64_t cols = random_cols(m);
    rnnc_node *b = make_parameter(m, rnnc_node_cols(a.node), cols);
    pool_add(m, p, rnnc_matmul(a.node, b), 1.5 * a.size);
}

static void op_project(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p);
    int64_t cols = random_cols(m);
    rnnc_node *w = make_parameter(m, cols, rnnc_node_cols(a.node));
    rnnc_node *node = random_chance(m, 0.5)
                          ? rnnc_project(a.node, w, make_parameter(m, 1, cols))
                          : rnnc_project_unbiased(a.node, w);
    pool_add(m, p, node, 1.5 * a.size + 0.5);
}

// A sum of products, as cells have them.
static void op_two_products(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p), b = pool_pick(m, p);
    int64_t cols = random_cols(m);
    if (p->kind == POOL_STATIC)
        b = a;
    rnnc_node *x =
        rnnc_project(a.node, make_parameter(m, cols, rnnc_node_cols(a.node)),
                     make_parameter(m, 1, cols));
    rnnc_node *y = rnnc_project_unbiased(
        b.node, make_parameter(m, cols, rnnc_node_cols(b.node)));
    pool_add(m, p, rnnc_add(x, y), 1.5 * (a.size + b.size));
}

// ---- Features -------------------------------------------------------------

static void op_concat(maker *m, pool *p)
{
    rnnc_node *parts[3];
    pool_value first = pool_pick(m, p);
    int32_t n = 1 + (int32_t)random_below(m, 3);
    double size = first.size;
    parts[0] = first.node;
    for (int32_t i = 1; i < n; i++) {
        pool_value next =
            p->kind == POOL_STATIC ? make_twin(m, p, first) : pool_pick(m, p);
        parts[i] = next.node;
        size = next.size > size ? next.size : size;
    }
    rnnc_node *whole = rnnc_concat(parts, n);
    if (random_chance(m, 0.3))
        whole = rnnc_project_unbiased(
            whole, make_parameter(m, random_cols(m), rnnc_node_cols(whole)));
    pool_add(m, p, whole, 1.5 * size);
}

static void op_slice(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p);
    int64_t cols = rnnc_node_cols(a.node), first = random_below(m, cols);
    int64_t count = 1 + random_below(m, cols - first);
    pool_add(m, p, rnnc_slice(a.node, first, count), a.size);
}

// Parts of one value, as gates are.
static void op_gates(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p);
    int64_t n = 1 + random_below(m, 5);
    rnnc_node *sum =
        rnnc_project(a.node, make_parameter(m, 2 * n, rnnc_node_cols(a.node)),
                     make_parameter(m, 1, 2 * n));
    pool_add(m, p,
             rnnc_mul(rnnc_sigmoid(rnnc_slice(sum, 0, n)),
                      rnnc_tanh(rnnc_slice(sum, n, n))),
             1);
}

static void op_sum(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p);
    pool_add(m, p, rnnc_sum(a.node), a.size * (double)rnnc_node_cols(a.node));
}

static void op_mean(maker *m, pool *p)
{
    growing(m, p, rnnc_mean, 0);
}

static void op_softmax(maker *m, pool *p)
{
    bounded(m, p, rnnc_softmax, 1);
}

static void op_log_softmax(maker *m, pool *p)
{
    growing(m, p, rnnc_log_softmax, 2);
}

static void op_layer_norm(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p);
    int64_t cols = rnnc_node_cols(a.node);
    float epsilon = random_between(m, 0.05, 0.5);
    if (random_chance(m, 0.4))
        pool_add(m, p, rnnc_normalize(a.node, epsilon), 2);
    else
        pool_add(m, p,
                 rnnc_layer_norm(a.node, make_parameter(m, 1, cols),
                                 make_parameter(m, 1, cols), epsilon),
                 2.5);
}

static void op_dropout(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p);
    pool_add(m, p, rnnc_dropout(a.node, random_between(m, 0.1, 0.6)),
             2 * a.size);
}

static void op_rows(maker *m, pool *p)
{
    pool_value a =
        p->kind == POOL_STATIC ? pool_pick(m, p) : pool_pick(m, m->fixed);
    int64_t rows = rnnc_node_rows(a.node), first = random_below(m, rows);
    pool_add(m, m->fixed,
             rnnc_rows(a.node, first, 1 + random_below(m, rows - first)),
             a.size);
}

// ---- A loss for each row --------------------------------------------------

static void op_row_loss(maker *m, pool *p)
{
    pool_value a = pool_pick(m, p), b = make_twin(m, p, a);
    int32_t none = RNNC_REDUCE_NONE;
    switch (random_below(m, 3)) {
    case 0:
        pool_add(m, p, rnnc_mse(a.node, b.node, none), 9);
        break;
    case 1:
        pool_add(m, p,
                 rnnc_huber(a.node, b.node, random_between(m, 0.4, 1.2), none),
                 4);
        break;
    default:
        pool_add(m, p,
                 rnnc_binary_cross_entropy(a.node, rnnc_sigmoid(b.node), none),
                 4);
    }
}

static operation *const operations[] = {
    op_neg,
    op_abs,
    op_relu,
    op_softplus,
    op_sigmoid,
    op_tanh,
    op_softsign,
    op_exp,
    op_log,
    op_sqrt,
    op_elu,
    op_hard_sigmoid,
    op_leaky_relu,
    op_thresholded_relu,
    op_affine,
    op_scaled_tanh,
    op_clip,
    op_add,
    op_sub,
    op_mul,
    op_min,
    op_max,
    op_div,
    op_select,
    op_condition_times,
    op_matmul,
    op_project,
    op_two_products,
    op_concat,
    op_slice,
    op_gates,
    op_sum,
    op_mean,
    op_softmax,
    op_log_softmax,
    op_layer_norm,
    op_dropout,
    op_rows,
    op_row_loss,
};

void random_operation(maker *m, pool *p)
{
    int64_t count = sizeof operations / sizeof operations[0];
    if (p->n > 0)
        operations[random_below(m, count)](m, p);
}
