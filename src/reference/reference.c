// SPDX-License-Identifier: MIT
// A reference's handle, and its inputs.
#include "reference/reference.h"

#include "sequence/sequence.h"
#include "weights/weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// ---- The handle -----------------------------------------------------------

static rnnc_status copy_parameters(rnnc_reference *reference,
                                   const rnnc_weights *weights)
{
    for (int32_t p = 0; p < reference->n_parameters; p++) {
        const rni_parameter *parameter = reference->graph->parameters[p];
        const float *values = rni_weights_values(weights, p);
        size_t count = (size_t)parameter->rows * (size_t)parameter->cols;
        double *copy =
            rni_memory_zeroed(&reference->allocator, count, sizeof *copy);
        if (!copy)
            return rni_error_memory(&reference->error);
        for (size_t i = 0; i < count; i++)
            copy[i] = (double)values[i];
        reference->parameters[p] = copy;
    }
    return RNNC_OK;
}

// Numbers the nodes of each scope.
static void number_nodes(rnnc_reference *reference)
{
    for (int32_t id = 0; id < reference->n_nodes; id++) {
        const rnnc_node *node = reference->graph->nodes[id];
        int32_t scope =
            rni_reference_of_root(node) ? reference->n_cells : node->cell->id;
        reference->place[id] = reference->scope_size[scope]++;
    }
}

static rnnc_status make_tables(rnnc_reference *reference)
{
    const rni_memory *memory = &reference->allocator;
    size_t n_nodes = (size_t)reference->n_nodes;
    reference->inputs =
        rni_memory_zeroed(memory, n_nodes, sizeof *reference->inputs);
    reference->place =
        rni_memory_zeroed(memory, n_nodes, sizeof *reference->place);
    reference->scope_size = rni_memory_zeroed(
        memory, (size_t)reference->n_cells + 1, sizeof *reference->scope_size);
    reference->parameters = rni_memory_zeroed(
        memory, (size_t)reference->n_parameters, sizeof *reference->parameters);
    if (!reference->inputs || !reference->place || !reference->scope_size ||
        !reference->parameters)
        return rni_error_memory(&reference->error);
    number_nodes(reference);
    return RNNC_OK;
}

static rnnc_status take_graph(rnnc_reference *reference,
                              const rnnc_weights *weights)
{
    const rnnc_graph *graph = weights->graph;
    if (weights->error.status != RNNC_OK)
        return rni_error_copy(&reference->error, &weights->error);
    if (graph->error.status != RNNC_OK)
        return rni_error_copy(&reference->error, &graph->error);
    if (graph->n_parameters != weights->n_parameters)
        return rni_error_set(&reference->error, RNNC_E_STATE,
                             "reference: the weights have %d parameters, but "
                             "their graph has %d by now",
                             weights->n_parameters, graph->n_parameters);
    reference->n_nodes = graph->n_nodes;
    reference->n_cells = graph->n_cells;
    reference->n_parameters = graph->n_parameters;
    if (make_tables(reference) == RNNC_OK)
        copy_parameters(reference, weights);
    return reference->error.status;
}

rnnc_reference *rnnc_reference_create(const rnnc_weights *weights)
{
    if (!weights)
        return NULL;
    rni_memory allocator =
        weights->graph ? weights->graph->context->memory : rni_memory_default();
    rnnc_reference *reference =
        rni_memory_zeroed(&allocator, 1, sizeof *reference);
    if (!reference)
        return NULL;
    reference->allocator = allocator;
    reference->graph = rni_graph_hold(weights->graph);
    reference->memory.batch = -1;
    reference->kink = reference->near = INFINITY;
    rni_arena_init(&reference->arena, &reference->allocator);
    rni_arena_init(&reference->memory.arena, &reference->allocator);
    reference->broken = take_graph(reference, weights) != RNNC_OK;
    return reference;
}

static void release_input(const rnnc_reference *reference,
                          rni_reference_input *input)
{
    rni_memory_release(&reference->allocator, input->starts);
    rni_memory_release(&reference->allocator, input->values);
    *input = (rni_reference_input){0};
}

void rnnc_reference_destroy(rnnc_reference *reference)
{
    if (!reference)
        return;
    rni_memory allocator = reference->allocator;
    rni_arena_fini(&reference->arena);
    rni_arena_fini(&reference->memory.arena);
    for (int32_t p = 0; reference->parameters && p < reference->n_parameters;
         p++)
        rni_memory_release(&allocator, reference->parameters[p]);
    for (int32_t id = 0; reference->inputs && id < reference->n_nodes; id++)
        release_input(reference, reference->inputs + id);
    rni_memory_release(&allocator, (void *)reference->parameters);
    rni_memory_release(&allocator, reference->inputs);
    rni_memory_release(&allocator, reference->place);
    rni_memory_release(&allocator, reference->scope_size);
    rni_graph_drop(reference->graph);
    rni_memory_release(&allocator, reference);
}

rnnc_status rnnc_reference_status(const rnnc_reference *reference)
{
    return reference ? reference->error.status : RNNC_E_MEMORY;
}

const char *rnnc_reference_message(const rnnc_reference *reference)
{
    return reference ? reference->error.text : "out of memory";
}

bool rni_reference_begin(rnnc_reference *reference)
{
    if (!reference || reference->broken)
        return false;
    rni_error_clear(&reference->error);
    return true;
}

void rni_reference_label(const rnnc_node *node, char text[RNI_REFERENCE_LABEL])
{
    if (node->name)
        snprintf(text, RNI_REFERENCE_LABEL, "\"%s\"", node->name);
    else
        snprintf(text, RNI_REFERENCE_LABEL, "%d (%s)", node->id,
                 rni_op_table[node->op].name);
}

rnnc_status rni_reference_check_node(rnnc_reference *reference,
                                     const char *what, const rnnc_node *node)
{
    if (!node)
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: %s is NULL", what);
    if (node->graph != reference->graph || node->id >= reference->n_nodes)
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: %s is of another graph, or newer "
                             "than the reference",
                             what);
    if (!node->cell)
        return RNNC_OK;
    char label[RNI_REFERENCE_LABEL];
    rni_reference_label(node, label);
    return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                         "reference: %s %s is of the cell \"%s\", expected a "
                         "node of the graph",
                         what, label, node->cell->name);
}

// ---- Inputs ---------------------------------------------------------------

static const char *const kind_names[] = {"static", "batch", "sequence"};

static rnnc_status check_input(rnnc_reference *reference,
                               const rnnc_node *input, int32_t kind,
                               int32_t type)
{
    char label[RNI_REFERENCE_LABEL];
    if (rni_reference_check_node(reference, "input", input) != RNNC_OK)
        return reference->error.status;
    rni_reference_label(input, label);
    if (input->op != RNI_OP_INPUT || input->shape.kind != kind)
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: node %s is not a %s input", label,
                             kind_names[kind]);
    if (input->shape.type != type)
        return rni_error_set(&reference->error,
                             kind == RNI_SEQUENCE ? RNNC_E_SHAPE
                                                  : RNNC_E_ARGUMENT,
                             "reference: input %s takes %s", label,
                             input->shape.type == RNI_IDS ? "ids" : "rows");
    return RNNC_OK;
}

// Room for an input of so many rows, without values.
static rnnc_status make_input(rnnc_reference *reference,
                              rni_reference_input *input, int64_t batch,
                              int64_t rows, int64_t cols)
{
    size_t count;
    *input = (rni_reference_input){.set = true, .batch = batch, .rows = rows};
    if (rni_size_multiply((size_t)rows, (size_t)cols, &count))
        input->values = rni_memory_zeroed(&reference->allocator, count,
                                          sizeof *input->values);
    return input->values ? RNNC_OK : rni_error_memory(&reference->error);
}

static void put_input(rnnc_reference *reference, const rnnc_node *node,
                      const rni_reference_input *input)
{
    release_input(reference, reference->inputs + node->id);
    reference->inputs[node->id] = *input;
    reference->evaluated = false;
}

// From packed rows, longest sequence first, to one sequence after another.
static void copy_rows(rni_reference_input *input, const rnnc_sequence *sequence,
                      int64_t cols)
{
    const rni_order *order = &sequence->order;
    for (int64_t b = 0; b < order->batch; b++)
        for (int64_t t = 0; t < order->lengths[b]; t++)
            for (int64_t c = 0; c < cols; c++) {
                int64_t row = order->offsets[t] + order->ranks[b];
                input->values[(input->starts[b] + t) * cols + c] =
                    sequence->features == 0
                        ? ((const int32_t *)sequence->data)[row]
                        : (double)((const float *)
                                       sequence->data)[row * cols + c];
            }
}

static rnnc_status copy_sequence(rnnc_reference *reference,
                                 rni_reference_input *input,
                                 const rnnc_sequence *sequence, int64_t cols)
{
    const rni_order *order = &sequence->order;
    if (make_input(reference, input, order->batch, order->total, cols) !=
        RNNC_OK)
        return reference->error.status;
    input->starts = rni_memory_zeroed(
        &reference->allocator, (size_t)order->batch + 1, sizeof *input->starts);
    if (!input->starts) {
        release_input(reference, input);
        return rni_error_memory(&reference->error);
    }
    for (int64_t b = 0; b < order->batch; b++)
        input->starts[b + 1] = input->starts[b] + order->lengths[b];
    copy_rows(input, sequence, cols);
    return RNNC_OK;
}

rnnc_status rnnc_reference_input(rnnc_reference *reference, rnnc_node *input,
                                 const rnnc_sequence *sequence)
{
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    if (!sequence)
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: the sequence is NULL");
    int32_t type = sequence->features == 0 ? RNI_IDS : RNI_FLOAT;
    if (check_input(reference, input, RNI_SEQUENCE, type) != RNNC_OK)
        return reference->error.status;
    if (type == RNI_FLOAT && sequence->features != input->shape.cols)
        return rni_error_set(&reference->error, RNNC_E_SHAPE,
                             "reference: the sequence has %lld features, "
                             "expected %lld",
                             (long long)sequence->features,
                             (long long)input->shape.cols);
    rni_reference_input fresh;
    if (copy_sequence(reference, &fresh, sequence, input->shape.cols) ==
        RNNC_OK)
        put_input(reference, input, &fresh);
    return reference->error.status;
}

// A batch or static input: rows of floats, or ids.
static rnnc_status set_rows(rnnc_reference *reference, const rnnc_node *input,
                            const float *values, const int32_t *ids,
                            int64_t batch)
{
    if (batch < -1 || (!values && !ids && batch != 0))
        return rni_error_set(&reference->error, RNNC_E_ARGUMENT,
                             "reference: a batch below 0, or no values");
    int64_t rows = batch < 0 ? input->shape.rows : batch;
    rni_reference_input fresh;
    if (make_input(reference, &fresh, batch, rows, input->shape.cols) !=
        RNNC_OK)
        return reference->error.status;
    for (int64_t i = 0; i < rows * input->shape.cols; i++)
        fresh.values[i] = ids ? ids[i] : (double)values[i];
    put_input(reference, input, &fresh);
    return RNNC_OK;
}

rnnc_status rnnc_reference_input_batch(rnnc_reference *reference,
                                       rnnc_node *input, const float *rows,
                                       int64_t batch)
{
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    if (check_input(reference, input, RNI_BATCH, RNI_FLOAT) != RNNC_OK)
        return reference->error.status;
    return set_rows(reference, input, rows, NULL, batch < 0 ? -2 : batch);
}

rnnc_status rnnc_reference_input_batch_ids(rnnc_reference *reference,
                                           rnnc_node *input, const int32_t *ids,
                                           int64_t batch)
{
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    if (check_input(reference, input, RNI_BATCH, RNI_IDS) != RNNC_OK)
        return reference->error.status;
    return set_rows(reference, input, NULL, ids, batch < 0 ? -2 : batch);
}

rnnc_status rnnc_reference_input_static(rnnc_reference *reference,
                                        rnnc_node *input, const float *values)
{
    if (!rni_reference_begin(reference))
        return rnnc_reference_status(reference);
    if (check_input(reference, input, RNI_STATIC, RNI_FLOAT) != RNNC_OK)
        return reference->error.status;
    return set_rows(reference, input, values, NULL, -1);
}
