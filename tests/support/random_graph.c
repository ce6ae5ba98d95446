// SPDX-License-Identifier: MIT
// A random graph as a whole, its weights and its inputs.
#include "support/random_graph.h"

#include <stdlib.h>

#include "graph/node.h"
#include "support/random_parts.h"
#include "rnnc/plan.h"

// ---- The graph ------------------------------------------------------------

typedef struct pools {
    pool fixed, rows, steps[RANDOM_AXES];
} pools;

static pools start_pools(void)
{
    return (pools){.fixed = {.kind = POOL_STATIC},
                   .rows = {.kind = POOL_BATCH},
                   .steps = {{.kind = POOL_SEQUENCE, .axis = "time"},
                             {.kind = POOL_SEQUENCE, .axis = "other"}}};
}

static void add_leaves(maker *m)
{
    pool *fixed = m->fixed;
    pool_add(m, fixed,
             make_parameter(m, 1 + random_below(m, 4), random_cols(m)), 1);
    if (m->n_axes == 0 || random_chance(m, 0.3))
        pool_add(m, fixed, make_input(m, fixed, random_cols(m)), 1);
    if (m->n_axes > 0 && random_chance(m, 0.6))
        pool_add(m, m->rows, make_input(m, m->rows, random_cols(m)), 1);
    for (int32_t axis = 0; axis < m->n_axes; axis++) {
        int64_t n = 1 + random_below(m, 2);
        for (int64_t i = 0; i < n; i++)
            pool_add(m, m->steps[axis],
                     make_input(m, m->steps[axis], random_cols(m)), 1);
    }
}

static void add_nodes(maker *m)
{
    int64_t n = 3 + random_below(m, 9);
    if (m->n_axes > 0)
        random_unroll(m, 0);
    for (int64_t i = 0; i < n && rnnc_graph_status(m->graph) == RNNC_OK; i++) {
        int64_t where = random_below(m, 10);
        int32_t axis = m->n_axes > 0 ? (int32_t)random_below(m, m->n_axes) : 0;
        if (m->n_axes == 0 || where == 0)
            random_operation(m, m->fixed);
        else if (where <= 2)
            random_operation(m, m->rows);
        else if (where <= 6)
            random_operation(m, m->steps[axis]);
        else
            random_recurrence(m, axis);
    }
}

// Every value that no one uses goes into the loss.
static rnnc_node *close_pool(maker *m, pool *p, rnnc_node *loss)
{
    for (int32_t i = 0; i < p->n; i++) {
        if (p->values[i].used)
            continue;
        p->values[i].used = true;
        rnnc_node *term = rnnc_affine(random_loss(m, p, p->values[i]),
                                      random_between(m, 0.3, 1.2), 0);
        loss = loss ? rnnc_add(loss, term) : term;
    }
    return loss;
}

static void choose_outputs(maker *m, pool *p)
{
    random_graph *r = m->r;
    for (int32_t i = 0; i < p->n && r->n_outputs < RANDOM_OUTPUTS; i++) {
        bool taken = false;
        for (int32_t o = 0; o < r->n_outputs; o++)
            taken |= r->outputs[o] == p->values[i].node;
        if (!taken && random_chance(m, 0.4))
            r->outputs[r->n_outputs++] = p->values[i].node;
    }
}

static void choose_gradients(maker *m)
{
    random_graph *r = m->r;
    for (int32_t i = 0; i < r->n_inputs; i++)
        if (rnnc_node_type(r->inputs[i].node) == RNNC_FLOAT &&
            random_chance(m, 0.6))
            r->gradients[r->n_gradients++] = r->inputs[i].node;
}

// Weights of the size of what they are multiplied by, so that products keep it.
static void set_weights(random_graph *r, maker *m)
{
    r->weights = rnnc_weights_create(r->graph, 1);
    for (int32_t p = 0; p < rnnc_graph_parameter_count(r->graph); p++) {
        rnnc_node *node = rnnc_graph_parameter(r->graph, p);
        int64_t rows = rnnc_node_rows(node), cols = rnnc_node_cols(node);
        double bound = rows == 1 ? 0.9 : cols > 4 ? 3.0 / (double)cols : 0.8;
        float *values = malloc((size_t)(rows * cols) * sizeof *values);
        for (int64_t i = 0; i < rows * cols; i++)
            values[i] = random_between(m, -bound, bound);
        rnnc_weights_set(r->weights, rnnc_node_name(node), values, rows * cols);
        free(values);
    }
}

random_graph random_graph_make(uint64_t seed)
{
    random_graph r = {.graph = rnnc_graph_create(NULL), .seed = seed};
    rni_random_init(&r.random, seed, "random graph");
    pools all = start_pools();
    maker m = {.r = &r,
               .random = &r.random,
               .graph = r.graph,
               .fixed = &all.fixed,
               .rows = &all.rows,
               .steps = {&all.steps[0], &all.steps[1]}};
    m.n_axes = random_chance(&m, 0.08) ? 0 : random_chance(&m, 0.12) ? 2 : 1;
    add_leaves(&m);
    add_nodes(&m);
    pool *const order[] = {&all.steps[0], &all.steps[1], &all.rows, &all.fixed};
    for (int i = 0; i < 4; i++)
        choose_outputs(&m, order[i]);
    for (int i = 0; i < 4; i++)
        r.loss = close_pool(&m, order[i], r.loss);
    choose_gradients(&m);
    static const int64_t blocks[] = {0, 0, 1, 5, 64};
    r.block_rows = blocks[random_below(&m, 5)];
    static const int64_t segments[] = {1, 9, 4, 0, 25, 2};
    r.keep = (int32_t)(seed % 3); // one of RNNC_KEEP_..
    r.segment_rows = r.keep == RNNC_KEEP_SEGMENTS ? segments[seed / 3 % 6] : 0;
    r.windows = random_chance(&m, 0.25) ? 2 : 1;
    if (rnnc_graph_status(r.graph) == RNNC_OK)
        set_weights(&r, &m);
    return r;
}

void random_graph_destroy(random_graph *r)
{
    rnnc_weights_destroy(r->weights);
    rnnc_graph_destroy(r->graph);
}

// ---- Inputs ---------------------------------------------------------------

static void draw_shape(maker *m, random_window *w, const random_window *first)
{
    static const int64_t lengths[] = {0, 1, 1, 2, 3, 4, 5, 6, RANDOM_LONGEST};
    w->batch = first                    ? first->batch
               : random_chance(m, 0.03) ? 0
                                        : 1 + random_below(m, RANDOM_BATCH);
    for (int32_t axis = 0; axis < RANDOM_AXES; axis++)
        for (int64_t b = 0; b < w->batch; b++)
            w->lengths[axis][b] =
                lengths[random_below(m, sizeof lengths / sizeof lengths[0])];
    for (int64_t b = 0; b < w->batch; b++)
        w->carried[b] = first && random_chance(m, 0.6);
}

static float *draw_floats(maker *m, int64_t count)
{
    float *values = malloc((size_t)(count + 1) * sizeof *values);
    for (int64_t i = 0; i < count; i++)
        values[i] = random_between(m, -1.2, 1.2);
    return values;
}

static int32_t *draw_ids(maker *m, int64_t count, int64_t limit, bool targets)
{
    int32_t *ids = malloc((size_t)(count + 1) * sizeof *ids);
    for (int64_t i = 0; i < count; i++)
        ids[i] = targets && random_chance(m, 0.15)
                     ? -100
                     : (int32_t)random_below(m, limit);
    return ids;
}

static void draw_input(maker *m, random_window *w, int32_t at)
{
    const random_input *input = m->r->inputs + at;
    int64_t limit = input->node->integers[2];
    int32_t axis = input->node->shape.axis;
    int64_t cols = rnnc_node_cols(input->node);
    bool ids = rnnc_node_type(input->node) == RNNC_IDS;
    int64_t rows = w->batch;
    if (rnnc_node_kind(input->node) == RNNC_STATIC)
        rows = rnnc_node_rows(input->node);
    if (rnnc_node_kind(input->node) == RNNC_SEQUENCE)
        rows = w->batch * RANDOM_LONGEST;
    if (ids)
        w->ids[at] = draw_ids(m, rows, limit, input->targets);
    else
        w->rows[at] = draw_floats(m, rows * cols);
    if (rnnc_node_kind(input->node) != RNNC_SEQUENCE)
        return;
    rnnc_sequence *s = w->sequences[at] = rnnc_sequence_create(NULL);
    if (ids)
        rnnc_sequence_set_padded_ids(s, w->ids[at], w->lengths[axis], w->batch,
                                     RANDOM_LONGEST, RNNC_BATCH_MAJOR);
    else
        rnnc_sequence_set_padded(s, w->rows[at], w->lengths[axis], w->batch,
                                 RANDOM_LONGEST, cols, RNNC_BATCH_MAJOR);
}

random_window random_window_make(random_graph *r, const random_window *first)
{
    maker m = {.r = r, .random = &r->random, .graph = r->graph};
    random_window w = {0};
    draw_shape(&m, &w, first);
    for (int32_t i = 0; i < r->n_inputs; i++)
        draw_input(&m, &w, i);
    return w;
}

void random_window_destroy(random_window *w)
{
    for (int32_t i = 0; i < RANDOM_INPUTS; i++) {
        rnnc_sequence_destroy(w->sequences[i]);
        free(w->rows[i]);
        free(w->ids[i]);
    }
}
