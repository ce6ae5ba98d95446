// SPDX-License-Identifier: MIT
// Chance, pools of values, and the leaves of a random graph.
#include "support/random_parts.h"

#include <stdio.h>

// ---- Chance ---------------------------------------------------------------

int64_t random_below(maker *m, int64_t limit)
{
    return (int64_t)(rni_random_word(m->random) % (uint64_t)limit);
}

bool random_chance(maker *m, double probability)
{
    return (double)rni_random_uniform(m->random) < probability;
}

float random_between(maker *m, double low, double high)
{
    return (float)(low + (high - low) * (double)rni_random_uniform(m->random));
}

// Now and then wider than a panel or a vector.
int64_t random_cols(maker *m)
{
    static const int64_t cols[] = {1, 1, 2, 2, 3, 3, 4, 4,  5,  5,
                                   6, 6, 7, 7, 8, 8, 9, 12, 17, 33};
    return cols[random_below(m, sizeof cols / sizeof cols[0])];
}

// ---- Pools ----------------------------------------------------------------

enum { COLS_MOST = 40 };
static const double size_most = 3;

static rnnc_node *squash(maker *m, rnnc_node *node, double *size)
{
    double before = *size;
    int64_t how = random_below(m, 5);
    *size = how == 3 ? 1.5 : 1;
    switch (how) {
    case 0:
        return rnnc_tanh(node);
    case 1:
        return rnnc_softsign(node);
    case 2:
        return rnnc_sigmoid(node);
    case 3:
        return rnnc_clip(node, -1.5f, 1.5f);
    default:
        return rnnc_affine(node, (float)(1 / before), 0);
    }
}

rnnc_node *pool_add(maker *m, pool *p, rnnc_node *node, double size)
{
    if (rnnc_node_cols(node) > COLS_MOST) {
        int64_t cols = random_cols(m);
        node = rnnc_project_unbiased(
            node, make_parameter(m, cols, rnnc_node_cols(node)));
        size *= 1.5;
    }
    if (size > size_most)
        node = squash(m, node, &size);
    if (p->n < POOL_MOST)
        p->values[p->n++] = (pool_value){node, size, false};
    return node;
}

pool_value pool_pick(maker *m, pool *p)
{
    int32_t unused[POOL_MOST], n = 0;
    for (int32_t i = 0; i < p->n; i++)
        if (!p->values[i].used)
            unused[n++] = i;
    bool fresh = n > 0 && random_chance(m, 0.7);
    int64_t at = fresh ? unused[random_below(m, n)] : random_below(m, p->n);
    p->values[at].used = true;
    return p->values[at];
}

// ---- Leaves ---------------------------------------------------------------

static void print_name(maker *m, const char *what, char text[32])
{
    snprintf(text, 32, "%s%d", what, (int)m->names++);
}

static rnnc_node *new_parameter(maker *m, int64_t rows, int64_t cols)
{
    char name[32];
    print_name(m, "p", name);
    rnnc_node *node;
    bool vector = rows == 1 && random_chance(m, 0.5);
    if (m->cell && random_chance(m, 0.5))
        node = vector ? rnnc_cell_parameter_vector(m->cell, name, cols,
                                                   RNNC_INIT_UNIFORM, 1)
                      : rnnc_cell_parameter(m->cell, name, rows, cols,
                                            RNNC_INIT_UNIFORM, 1);
    else
        node = vector ? rnnc_parameter_vector(m->graph, name, cols,
                                              RNNC_INIT_UNIFORM, 1)
                      : rnnc_parameter(m->graph, name, rows, cols,
                                       RNNC_INIT_UNIFORM, 1);
    if (random_chance(m, 0.1))
        rnnc_freeze(node, 1);
    if (m->n_parameters < POOL_MOST)
        m->parameters[m->n_parameters++] = node;
    return node;
}

// Often one that is there already; now and then a function of one.
rnnc_node *make_parameter(maker *m, int64_t rows, int64_t cols)
{
    rnnc_node *found = NULL;
    int64_t start = m->n_parameters > 0 ? random_below(m, m->n_parameters) : 0;
    for (int32_t i = 0; i < m->n_parameters && !found; i++) {
        rnnc_node *other = m->parameters[(start + i) % m->n_parameters];
        if (rnnc_node_rows(other) == rows && rnnc_node_cols(other) == cols)
            found = other;
    }
    if (!found || random_chance(m, 0.6))
        found = new_parameter(m, rows, cols);
    return random_chance(m, 0.1) ? rnnc_tanh(found) : found;
}

static rnnc_node *note_input(maker *m, rnnc_node *node, bool targets)
{
    m->r->inputs[m->r->n_inputs++] = (random_input){node, targets};
    return node;
}

// Where no input can be made any more, a parameter or what is there.
rnnc_node *make_input(maker *m, pool *p, int64_t cols)
{
    char name[32];
    if (m->r->n_inputs == RANDOM_INPUTS)
        return p->values[0].node;
    print_name(m, "x", name);
    if (p->kind == POOL_STATIC)
        return note_input(
            m, rnnc_input_static(m->graph, name, 1 + random_below(m, 4), cols),
            false);
    if (p->kind == POOL_BATCH)
        return note_input(m, rnnc_input_batch(m->graph, name, cols), false);
    return note_input(m, rnnc_input_rows_on(m->graph, p->axis, name, cols),
                      false);
}

rnnc_node *make_ids(maker *m, pool *p, int64_t limit, bool targets)
{
    char name[32];
    if (m->r->n_inputs == RANDOM_INPUTS)
        return NULL;
    print_name(m, "id", name);
    rnnc_node *node = p->kind == POOL_BATCH
                          ? rnnc_input_batch_ids(m->graph, name, limit)
                          : rnnc_input_ids_on(m->graph, p->axis, name, limit);
    return note_input(m, node, targets);
}

// ---- Values that go together ----------------------------------------------

// One from a random place on that has the columns, or -1.
static int32_t find_cols(maker *m, const pool *p, int64_t cols, bool column)
{
    int64_t start = p->n > 0 ? random_below(m, p->n) : 0;
    for (int32_t i = 0; i < p->n; i++) {
        int32_t at = (int32_t)((start + i) % p->n);
        int64_t have = rnnc_node_cols(p->values[at].node);
        if (have == cols || (column && have == 1))
            return at;
    }
    return -1;
}

pool_value make_fitting(maker *m, pool *p, int64_t cols)
{
    int32_t at = find_cols(m, p, cols, false);
    if (at >= 0 && random_chance(m, 0.6)) {
        p->values[at].used = true;
        return p->values[at];
    }
    pool_value from = pool_pick(m, p);
    rnnc_node *w = make_parameter(m, cols, rnnc_node_cols(from.node));
    rnnc_node *node =
        random_chance(m, 0.5)
            ? rnnc_project_unbiased(from.node, w)
            : rnnc_project(from.node, w, make_parameter(m, 1, cols));
    return (pool_value){node, 1.5 * from.size, true};
}

// A static row, column or number beside a value; rows 0: it has many rows, so
// that a column does not go with it.
static pool_value static_partner(maker *m, int64_t rows, int64_t cols)
{
    int64_t which = random_below(m, rows > 0 ? 4 : 3);
    if (which == 0)
        return (pool_value){rnnc_scalar(m->graph, random_between(m, -1.2, 1.2)),
                            1.2, true};
    if (which == 1)
        return (pool_value){make_parameter(m, 1, 1), 1, true};
    return (pool_value){which == 2 ? make_parameter(m, 1, cols)
                                   : make_parameter(m, rows, 1),
                        1, true};
}

pool_value make_narrow(maker *m, pool *p, pool_value a)
{
    int64_t rows = rnnc_node_rows(a.node), cols = rnnc_node_cols(a.node);
    if (p->kind == POOL_STATIC)
        return random_chance(m, 0.5)
                   ? static_partner(m, rows, cols)
                   : (pool_value){make_parameter(m, rows, cols), 1, true};
    if (random_chance(m, 0.35))
        return static_partner(m, 0, cols);
    int32_t at = find_cols(m, p, cols, true);
    if (at >= 0 && random_chance(m, 0.8)) {
        p->values[at].used = true;
        return p->values[at];
    }
    return make_fitting(m, p, cols);
}

// Beside a column rows of any width may stand.
pool_value make_partner(maker *m, pool *p, pool_value a)
{
    if (p->kind != POOL_STATIC && rnnc_node_cols(a.node) == 1 &&
        random_chance(m, 0.5))
        return pool_pick(m, p);
    return make_narrow(m, p, a);
}

pool_value make_twin(maker *m, pool *p, pool_value a)
{
    int64_t start = random_below(m, p->n);
    for (int32_t i = 0; i < p->n; i++) {
        pool_value *b = p->values + (start + i) % p->n;
        if (b->node != a.node &&
            rnnc_node_kind(b->node) == rnnc_node_kind(a.node) &&
            rnnc_node_rows(b->node) == rnnc_node_rows(a.node) &&
            rnnc_node_cols(b->node) == rnnc_node_cols(a.node)) {
            b->used = true;
            return *b;
        }
    }
    rnnc_node *row = make_parameter(m, 1, rnnc_node_cols(a.node));
    return (pool_value){rnnc_tanh(rnnc_add(a.node, row)), 1, true};
}
