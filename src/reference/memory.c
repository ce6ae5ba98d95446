// SPDX-License-Identifier: MIT
// What nodes with a state keep from one window for the next.
#include "reference/reference.h"

bool rni_reference_keeps(const rnnc_node *node)
{
    return node->op == RNI_OP_UNROLL || node->op == RNI_OP_POOL ||
           node->op == RNI_OP_SHIFT;
}

static int64_t kept_cols(const rnnc_node *node)
{
    if (node->op == RNI_OP_POOL)
        return node->shape.cols + 1;
    if (node->op == RNI_OP_SHIFT)
        return node->shape.cols * node->integers[0];
    int64_t cols = 0;
    for (int32_t s = 0; s < node->unrolled->n_states; s++)
        cols += node->unrolled->states[s].node->shape.cols;
    return cols;
}

const double *rni_reference_kept(const rnnc_reference *reference,
                                 const rnnc_node *node, int64_t b)
{
    const rni_reference_memory *memory = &reference->memory;
    if (memory->batch < 0 || !memory->rows[b] || !rni_reference_keeps(node) ||
        !memory->kept[node->id])
        return NULL;
    return memory->kept[node->id] + b * kept_cols(node);
}

static void keep_states(const rnnc_reference *reference, const rnnc_node *node,
                        int64_t b, double *to)
{
    const rni_reference_unrolled *site =
        rni_reference_at(reference, &reference->root, node)->steps;
    for (int32_t s = 0; s < node->unrolled->n_states; s++)
        for (int64_t c = 0; c < node->unrolled->states[s].node->shape.cols; c++)
            *to++ = rni_reference_final(reference, site, s, b, c);
}

static void keep_pool(const rnnc_reference *reference, const rnnc_node *node,
                      int64_t b, double *to)
{
    int64_t cols = node->shape.cols;
    const double *result =
        rni_reference_at(reference, &reference->root, node)->value;
    const double *before = rni_reference_kept(reference, node, b);
    double seen =
        (double)rni_reference_length(reference, node->inputs[0]->shape.axis, b);
    if (before)
        seen += before[cols];
    bool mean = node->integers[0] == RNNC_POOL_MEAN;
    for (int64_t c = 0; c < cols; c++)
        to[c] = result[b * cols + c] * (mean ? seen : 1);
    to[cols] = seen;
}

// The last rows of what was kept and what came, taken together.
static void keep_rows(const rnnc_reference *reference, const rnnc_node *node,
                      int64_t b, double *to)
{
    int64_t steps = node->integers[0], cols = node->shape.cols;
    const rni_reference_matrix *x =
        rni_reference_at(reference, &reference->root, node->inputs[0]);
    const double *before = rni_reference_kept(reference, node, b);
    int64_t start = reference->starts[node->shape.axis][b];
    int64_t length = rni_reference_length(reference, node->shape.axis, b);
    for (int64_t i = 0; i < steps; i++)
        for (int64_t c = 0; c < cols; c++) {
            int64_t t = length - steps + i; // below 0: a row kept before
            double kept = before && t < 0 ? before[(t + steps) * cols + c] : 0;
            to[i * cols + c] = t < 0 ? kept : x->value[(start + t) * cols + c];
        }
}

static void keep(const rnnc_reference *reference, const rnnc_node *node,
                 double *to)
{
    for (int64_t b = 0; b < reference->batch; b++) {
        double *row = to + b * kept_cols(node);
        if (node->op == RNI_OP_POOL)
            keep_pool(reference, node, b, row);
        else if (node->op == RNI_OP_SHIFT)
            keep_rows(reference, node, b, row);
        else
            keep_states(reference, node, b, row);
    }
}

static rnnc_status fill(rnnc_reference *reference, rni_reference_memory *memory,
                        const uint8_t *rows)
{
    uint8_t *flags = rni_arena_zeroed(&memory->arena, (size_t)memory->batch, 1);
    memory->rows = flags;
    memory->kept = rni_arena_zeroed(&memory->arena, (size_t)reference->n_nodes,
                                    sizeof *memory->kept);
    if (!flags || !memory->kept)
        return rni_error_memory(&reference->error);
    for (int64_t b = 0; b < memory->batch; b++)
        flags[b] = rows[b] != 0;
    for (int32_t id = 0; id < reference->n_nodes; id++) {
        const rnnc_node *node = reference->graph->nodes[id];
        size_t count;
        if (!reference->needed[id] || !rni_reference_keeps(node))
            continue;
        if (!rni_size_multiply((size_t)memory->batch, (size_t)kept_cols(node),
                               &count))
            return rni_error_memory(&reference->error);
        memory->kept[id] =
            rni_arena_zeroed(&memory->arena, count, sizeof(double));
        if (!memory->kept[id])
            return rni_error_memory(&reference->error);
        keep(reference, node, memory->kept[id]);
    }
    return RNNC_OK;
}

rnnc_status rni_reference_remember(rnnc_reference *reference,
                                   const uint8_t *rows, int64_t batch)
{
    if (reference->batch >= 0 && batch != reference->batch)
        return rni_error_set(&reference->error, RNNC_E_SHAPE,
                             "reference: %lld rows to carry, but the inputs "
                             "have %lld sequences",
                             (long long)batch, (long long)reference->batch);
    rni_reference_memory memory = {.batch = batch};
    rni_arena_init(&memory.arena, &reference->allocator);
    if (fill(reference, &memory, rows) != RNNC_OK) {
        rni_arena_fini(&memory.arena);
        return reference->error.status;
    }
    rni_reference_forget(reference);
    reference->memory = memory;
    return RNNC_OK;
}

void rni_reference_forget(rnnc_reference *reference)
{
    rni_arena_fini(&reference->memory.arena);
    reference->memory.batch = -1;
    reference->memory.rows = NULL;
    reference->memory.kept = NULL;
}
