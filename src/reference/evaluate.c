// SPDX-License-Identifier: MIT
// Evaluating the nodes of a frame in their order, and differentiating them in
// the opposite order.
#include "reference/reference.h"

#include <math.h>

#include "base/random.h"
#include "graph/need.h"

typedef struct rule_row {
    rni_reference_rule *value, *gradient;
} rule_row;

static const rule_row rules[RNI_OP_COUNT] = {
#define RNI_OP(id, name, fewest, most, shape, lower, rule, ...)                \
    [RNI_OP_##id] = {rni_reference_value_##rule, rni_reference_gradient_##rule},
#include "graph/ops.def"
#undef RNI_OP
};

rni_reference_matrix *rni_reference_at(const rnnc_reference *reference,
                                       const rni_reference_frame *frame,
                                       const rnnc_node *node)
{
    if (rni_reference_of_root(node))
        frame = &reference->root;
    return frame->matrices + reference->place[node->id];
}

void rni_reference_note_kink(rnnc_reference *reference, double distance)
{
    distance = fabs(distance);
    reference->kink = fmin(reference->kink, distance);
    if (distance > 0)
        reference->near = fmin(reference->near, distance);
}

void rni_reference_refuse_id(const rni_reference_call *call, double id,
                             int64_t limit)
{
    char label[RNI_REFERENCE_LABEL];
    rni_reference_label(call->node, label);
    rni_error_set(&call->reference->error, RNNC_E_VALUE,
                  "reference: node %s has id %.0f, expected 0 to %lld", label,
                  id, (long long)limit - 1);
}

// ---- What is needed -------------------------------------------------------

static void reset(rnnc_reference *reference)
{
    rni_arena_fini(&reference->arena);
    reference->evaluated = false;
    reference->differentiated = NULL;
    reference->needed =
        rni_arena_zeroed(&reference->arena, (size_t)reference->n_nodes, 1);
    if (!reference->needed)
        rni_error_memory(&reference->error);
}

static void need_all(const rnnc_reference *reference)
{
    rni_need_all(reference->graph, reference->n_nodes, reference->needed);
}

rnnc_status rni_reference_need(rnnc_reference *reference, const rnnc_node *node)
{
    reset(reference);
    if (reference->error.status == RNNC_OK) {
        reference->needed[node->id] = true;
        need_all(reference);
    }
    return reference->error.status;
}

rnnc_status rni_reference_need_states(rnnc_reference *reference)
{
    reset(reference);
    bool *ready = rni_arena_zeroed(&reference->arena,
                                   (size_t)reference->n_nodes, sizeof *ready);
    if (!ready || !reference->needed)
        return rni_error_memory(&reference->error);
    for (int32_t id = 0; id < reference->n_nodes; id++) {
        const rnnc_node *node = reference->graph->nodes[id];
        ready[id] = node->op != RNI_OP_INPUT || reference->inputs[id].set;
        for (int32_t i = 0; i < node->n_inputs; i++)
            ready[id] = ready[id] && ready[node->inputs[i]->id];
        if (ready[id] && rni_reference_keeps(node))
            reference->needed[id] = true;
    }
    need_all(reference);
    return reference->error.status;
}

// ---- Batch and axes, from the inputs --------------------------------------

static bool same_lengths(const int64_t *a, const int64_t *b, int64_t batch)
{
    for (int64_t i = 0; i <= batch; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static rnnc_status take_input(rnnc_reference *reference, const rnnc_node *node)
{
    const rni_reference_input *input = reference->inputs + node->id;
    char label[RNI_REFERENCE_LABEL];
    rni_reference_label(node, label);
    if (!input->set)
        return rni_error_set(&reference->error, RNNC_E_STATE,
                             "reference: input %s is not set", label);
    if (input->batch < 0)
        return RNNC_OK;
    if (reference->batch >= 0 && reference->batch != input->batch)
        return rni_error_set(&reference->error, RNNC_E_SHAPE,
                             "reference: input %s has %lld sequences, "
                             "expected %lld as in the inputs before it",
                             label, (long long)input->batch,
                             (long long)reference->batch);
    reference->batch = input->batch;
    if (!input->starts)
        return RNNC_OK;
    int64_t **starts = reference->starts + node->shape.axis;
    if (*starts && !same_lengths(*starts, input->starts, input->batch))
        return rni_error_set(&reference->error, RNNC_E_SHAPE,
                             "reference: the lengths of input %s are not "
                             "those of the other inputs along axis \"%s\"",
                             label, reference->graph->axes[node->shape.axis]);
    *starts = input->starts;
    return RNNC_OK;
}

static rnnc_status take_inputs(rnnc_reference *reference)
{
    reference->batch = -1;
    reference->starts =
        rni_arena_zeroed(&reference->arena, (size_t)reference->graph->n_axes,
                         sizeof *reference->starts);
    if (!reference->starts)
        return rni_error_memory(&reference->error);
    for (int32_t id = 0; id < reference->n_nodes; id++) {
        const rnnc_node *node = reference->graph->nodes[id];
        if (reference->needed[id] && node->op == RNI_OP_INPUT &&
            take_input(reference, node) != RNNC_OK)
            return reference->error.status;
    }
    if (reference->memory.batch >= 0 && reference->batch >= 0 &&
        reference->memory.batch != reference->batch)
        return rni_error_set(&reference->error, RNNC_E_SHAPE,
                             "reference: %lld sequences, but states of %lld "
                             "are carried",
                             (long long)reference->batch,
                             (long long)reference->memory.batch);
    return RNNC_OK;
}

// ---- Frames ---------------------------------------------------------------

rnnc_status rni_reference_frame_make(rnnc_reference *reference,
                                     rni_reference_frame *frame)
{
    int32_t scope =
        frame->site ? frame->site->node->unrolled->id : reference->n_cells;
    frame->matrices = rni_arena_zeroed(&reference->arena,
                                       (size_t)reference->scope_size[scope],
                                       sizeof *frame->matrices);
    return frame->matrices ? RNNC_OK : rni_error_memory(&reference->error);
}

rnnc_status rni_reference_matrix_make(rnnc_reference *reference,
                                      rni_reference_matrix *matrix,
                                      int64_t rows, int64_t cols)
{
    size_t count;
    *matrix = (rni_reference_matrix){.rows = rows, .cols = cols};
    if (rni_size_multiply((size_t)rows, (size_t)cols, &count)) {
        rni_arena *arena = &reference->arena;
        matrix->gradient = rni_arena_zeroed(arena, count, sizeof(double));
        matrix->value = rni_arena_zeroed(arena, count, sizeof(double));
    }
    return matrix->gradient && matrix->value
               ? RNNC_OK
               : rni_error_memory(&reference->error);
}

static int64_t count_rows(const rnnc_reference *reference,
                          const rni_reference_frame *frame,
                          const rnnc_node *node)
{
    if (node->shape.kind == RNI_STATIC)
        return node->shape.rows;
    if (frame->site)
        return 1;
    return node->shape.kind == RNI_BATCH
               ? reference->batch
               : reference->starts[node->shape.axis][reference->batch];
}

static bool of_frame(const rnnc_reference *reference,
                     const rni_reference_frame *frame, const rnnc_node *node)
{
    return reference->needed[node->id] &&
           (frame->site ? !rni_reference_of_root(node) &&
                              node->cell == frame->site->node->unrolled
                        : rni_reference_of_root(node));
}

// Moves every element by a random part of itself.
static void jitter(const rni_reference_call *call)
{
    uint64_t key =
        rni_random_mix((uint64_t)call->node->id, (uint64_t)call->frame->step);
    for (int64_t i = 0; i < call->to->rows * call->to->cols; i++) {
        uint64_t word = rni_random_mix(key, (uint64_t)i) >> 32;
        call->to->value[i] *=
            1 + call->reference->jitter * ((double)word / 0x1p31 - 1);
    }
}

static rnnc_status evaluate(rnnc_reference *reference,
                            const rni_reference_frame *frame,
                            const rnnc_node *node)
{
    rni_reference_call call = {reference, frame, node,
                               rni_reference_at(reference, frame, node)};
    int64_t rows = count_rows(reference, frame, node);
    if (rni_reference_matrix_make(reference, call.to, rows, node->shape.cols) ==
        RNNC_OK)
        rules[node->op].value(&call);
    if (reference->jitter > 0 && node->shape.type == RNI_FLOAT &&
        reference->error.status == RNNC_OK)
        jitter(&call);
    return reference->error.status;
}

rnnc_status rni_reference_frame_evaluate(rnnc_reference *reference,
                                         const rni_reference_frame *frame)
{
    for (int32_t id = 0; id < reference->n_nodes; id++) {
        const rnnc_node *node = reference->graph->nodes[id];
        if (of_frame(reference, frame, node) &&
            evaluate(reference, frame, node) != RNNC_OK)
            break;
    }
    return reference->error.status;
}

void rni_reference_frame_differentiate(rnnc_reference *reference,
                                       const rni_reference_frame *frame)
{
    for (int32_t id = reference->n_nodes - 1; id >= 0; id--) {
        const rnnc_node *node = reference->graph->nodes[id];
        if (!of_frame(reference, frame, node))
            continue;
        rni_reference_call call = {reference, frame, node,
                                   rni_reference_at(reference, frame, node)};
        rules[node->op].gradient(&call);
    }
}

// ---- The graph itself -----------------------------------------------------

rnnc_status rni_reference_evaluate(rnnc_reference *reference)
{
    reference->kink = reference->near = INFINITY;
    reference->root = (rni_reference_frame){0};
    if (take_inputs(reference) == RNNC_OK &&
        rni_reference_frame_make(reference, &reference->root) == RNNC_OK &&
        rni_reference_frame_evaluate(reference, &reference->root) == RNNC_OK)
        reference->evaluated = true;
    return reference->error.status;
}

void rni_reference_differentiate(rnnc_reference *reference,
                                 const rnnc_node *loss)
{
    reference->differentiated = loss;
    *rni_reference_at(reference, &reference->root, loss)->gradient = 1;
    rni_reference_frame_differentiate(reference, &reference->root);
}
