// SPDX-License-Identifier: MIT
// What a random graph is made of: pools of values to choose from, with bounds
// of their size, so that no value or derivative grows beyond what floats can
// be compared by.
#ifndef RANDOM_PARTS_H
#define RANDOM_PARTS_H

#include "support/random_graph.h"

enum { POOL_MOST = 96 };

typedef struct pool_value {
    rnnc_node *node;
    double size; // about the greatest magnitude
    bool used;
} pool_value;

typedef enum pool_kind {
    POOL_STATIC,
    POOL_BATCH,
    POOL_SEQUENCE,
    POOL_STEP // of a cell: step and batch values
} pool_kind;

typedef struct pool {
    pool_kind kind;
    const char *axis; // of a sequence pool
    pool_value values[POOL_MOST];
    int32_t n;
} pool;

typedef struct maker {
    random_graph *r;
    rni_random *random;
    rnnc_graph *graph;
    rnnc_cell *cell; // being written, or NULL
    pool *fixed;     // static values
    pool *rows;      // batch values of the graph
    pool *steps[RANDOM_AXES];
    int32_t n_axes;
    int32_t names; // given so far
    rnnc_node *parameters[POOL_MOST];
    int32_t n_parameters;
} maker;

// ---- Chance ---------------------------------------------------------------

int64_t random_below(maker *m, int64_t limit);
bool random_chance(maker *m, double probability);
float random_between(maker *m, double low, double high);
int64_t random_cols(maker *m);

// ---- Values ---------------------------------------------------------------

// Adds a value that no one has used; one that may be large is squashed first.
rnnc_node *pool_add(maker *m, pool *p, rnnc_node *node, double size);
// One of the pool, rather one that is not used yet; marks it as used.
pool_value pool_pick(maker *m, pool *p);

rnnc_node *make_parameter(maker *m, int64_t rows, int64_t cols);
rnnc_node *make_input(maker *m, pool *p, int64_t cols);
rnnc_node *make_ids(maker *m, pool *p, int64_t limit, bool targets);

// A value of the same kind with so many columns.
pool_value make_fitting(maker *m, pool *p, int64_t cols);
// A value that goes with `a` element by element, and is not wider than it; one
// that may be wider where `a` is a column.
pool_value make_narrow(maker *m, pool *p, pool_value a);
pool_value make_partner(maker *m, pool *p, pool_value a);
// A value of just the shape of `a`.
pool_value make_twin(maker *m, pool *p, pool_value a);

// ---- Nodes ----------------------------------------------------------------

// One random operation that works row by row, over values of the pool.
void random_operation(maker *m, pool *p);
// One that crosses rows, or applies a cell.
void random_recurrence(maker *m, int32_t axis);
// A random static [1, 1] loss of a value.
rnnc_node *random_loss(maker *m, pool *p, pool_value v);
// A random cell over a sequence value.
void random_unroll(maker *m, int32_t axis);

#endif
