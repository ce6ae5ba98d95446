// SPDX-License-Identifier: MIT
// Looking for the first value that is no finite float, among all that the last
// evaluation has left.
#include "reference/fault.h"

#include <float.h>

#include "graph/need.h"
#include "reference/reference.h"

typedef struct search {
    rnnc_reference *reference;
    bool gradients;
    rni_reference_fault *fault;
    bool *read;   // [n_nodes] the loss is made from it
    bool *learns; // [n_nodes] it is made from a parameter that is not frozen
} search;

// What overflows a float would do so in the library.
static bool is_finite(double value)
{
    return value >= -(double)FLT_MAX && value <= (double)FLT_MAX;
}

// The sequence that a row of a value at the root belongs to, and its step.
static void place(const search *s, const rnnc_node *node, int64_t row)
{
    rni_reference_fault *fault = s->fault;
    if (node->shape.kind == RNI_BATCH)
        fault->sequence = row;
    if (node->shape.kind != RNI_SEQUENCE || node->shape.axis < 0)
        return;
    const int64_t *starts = s->reference->starts[node->shape.axis];
    int64_t sequence = 0;
    while (sequence + 1 < s->reference->batch && starts[sequence + 1] <= row)
        sequence++;
    fault->sequence = sequence;
    fault->step = row - starts[sequence];
}

// The one node that reads a node. Of several it cannot be told whose piece of
// the gradient it is: NULL.
static const rnnc_node *user_of(const search *s, const rnnc_node *node)
{
    const rnnc_node *found = NULL;
    for (int32_t id = s->reference->n_nodes - 1; id > node->id; id--) {
        const rnnc_node *user = s->reference->graph->nodes[id];
        for (int32_t i = 0; s->read[id] && i < rni_need_inputs(user); i++)
            if (user->inputs[i] == node && user != found) {
                if (found != NULL)
                    return NULL;
                found = user;
            }
    }
    return found;
}

static bool look_at(const search *s, const rni_reference_frame *frame,
                    const rnnc_node *node)
{
    const rni_reference_matrix *matrix =
        rni_reference_at(s->reference, frame, node);
    const double *values = s->gradients ? matrix->gradient : matrix->value;
    int64_t count = matrix->rows * matrix->cols, at = 0;
    if (!s->read[node->id] || (s->gradients && !s->learns[node->id]))
        return false;
    while (values != NULL && at < count && is_finite(values[at]))
        at++;
    if (values == NULL || at == count)
        return false;
    *s->fault = (rni_reference_fault){
        .gradient = s->gradients,
        .node = node,
        .user = s->gradients ? user_of(s, node) : NULL,
        .cell = frame->site != NULL ? frame->site->node->unrolled : NULL,
        .sequence = frame->site != NULL ? frame->sequence : -1,
        .step = frame->site != NULL ? frame->step : -1,
        .row = at / matrix->cols,
        .col = at % matrix->cols,
        .value = values[at]};
    if (frame->site == NULL)
        place(s, node, at / matrix->cols);
    return true;
}

static bool is_inside(const search *s, const rni_reference_frame *frame,
                      const rnnc_node *node)
{
    if (!s->reference->needed[node->id] || node->shape.type != RNI_FLOAT)
        return false;
    return frame->site != NULL ? !rni_reference_of_root(node) &&
                                     node->cell == frame->site->node->unrolled
                               : rni_reference_of_root(node);
}

static bool look_at_frame(const search *s, const rni_reference_frame *frame);

// All sequences at a step, then the next one; gradients from the last on.
static bool look_at_steps(const search *s, const rni_reference_unrolled *site)
{
    const rnnc_reference *reference = s->reference;
    int64_t longest = 0;
    for (int64_t b = 0; b < reference->batch; b++)
        if (rni_reference_length(reference, site->axis, b) > longest)
            longest = rni_reference_length(reference, site->axis, b);
    for (int64_t k = 0; k < longest; k++) {
        int64_t t = s->gradients ? longest - 1 - k : k;
        for (int64_t b = 0; b < reference->batch; b++)
            if (t < rni_reference_length(reference, site->axis, b) &&
                look_at_frame(s, site->frames +
                                     reference->starts[site->axis][b] + t))
                return true;
    }
    return false;
}

static bool look_at_frame(const search *s, const rni_reference_frame *frame)
{
    int32_t n = s->reference->n_nodes;
    for (int32_t k = 0; k < n; k++) {
        int32_t id = s->gradients ? n - 1 - k : k;
        const rnnc_node *node = s->reference->graph->nodes[id];
        if (!is_inside(s, frame, node))
            continue;
        // The steps come before the value that they make.
        const rni_reference_unrolled *site =
            rni_reference_at(s->reference, frame, node)->steps;
        bool first = !s->gradients && site != NULL && look_at_steps(s, site);
        if (first || look_at(s, frame, node))
            return true;
        if (s->gradients && site != NULL && look_at_steps(s, site))
            return true;
    }
    return false;
}

static bool make_marks(search *s, const rnnc_node *loss)
{
    rnnc_reference *r = s->reference;
    size_t n = (size_t)r->n_nodes;
    s->read = rni_arena_zeroed(&r->arena, n, sizeof *s->read);
    s->learns = rni_arena_zeroed(&r->arena, n, sizeof *s->learns);
    if (!s->read || !s->learns)
        return false;
    s->read[loss->id] = true;
    for (int32_t p = 0; p < r->n_parameters; p++)
        s->learns[r->graph->parameters[p]->node->id] =
            !r->graph->parameters[p]->frozen;
    rni_need_sources(r->graph, r->n_nodes, r->needed, s->read);
    rni_need_results(r->graph, r->n_nodes, r->needed, s->learns);
    // What is not read gives no gradient, also not 0 times infinity. A site is
    // there for its steps.
    for (int32_t id = 0; id < r->n_nodes; id++)
        r->needed[id] =
            s->read[id] ||
            (r->needed[id] && r->graph->nodes[id]->op == RNI_OP_UNROLL);
    return true;
}

bool rni_reference_find_fault(rnnc_reference *reference, const rnnc_node *loss,
                              rni_reference_fault *fault)
{
    search s = {.reference = reference, .fault = fault};
    if (!rni_reference_begin(reference) ||
        rni_reference_need(reference, loss) != RNNC_OK ||
        rni_reference_evaluate(reference) != RNNC_OK || !make_marks(&s, loss))
        return false;
    if (look_at_frame(&s, &reference->root))
        return true;
    rni_reference_differentiate(reference, loss);
    s.gradients = true;
    return look_at_frame(&s, &reference->root);
}
