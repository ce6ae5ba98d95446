// SPDX-License-Identifier: MIT
// Builder calls without inputs: inputs, parameters, constants.
#include <float.h>
#include <string.h>

#include "graph/build.h"

static rnnc_node *make_input(rnnc_graph *graph, const char *name,
                             rni_shape shape, int64_t limit)
{
    if (graph == NULL)
        return NULL;
    rnnc_node draft = {.op = RNI_OP_INPUT,
                       .name = name == NULL ? "" : name,
                       .shape = shape,
                       .integers = {shape.kind, shape.type, limit}};
    return rni_node_make(graph, NULL, &draft, NULL, 0);
}

static rnnc_node *make_sequence(rnnc_graph *graph, const char *axis,
                                const char *name, int32_t type, int64_t cols,
                                int64_t limit)
{
    if (graph == NULL || graph->error.status != RNNC_OK)
        return NULL;
    int32_t index = axis == NULL ? 0 : rni_graph_axis(graph, axis);
    if (index < 0)
        return NULL;
    rni_shape shape = {RNI_SEQUENCE, type, index, 1, cols};
    return make_input(graph, name, shape, limit);
}

rnnc_node *rnnc_input_rows(rnnc_graph *graph, const char *name,
                           int64_t features)
{
    return make_sequence(graph, NULL, name, RNI_FLOAT, features, 0);
}

rnnc_node *rnnc_input_ids(rnnc_graph *graph, const char *name,
                          int64_t vocabulary)
{
    return make_sequence(graph, NULL, name, RNI_IDS, 1, vocabulary);
}

rnnc_node *rnnc_input_rows_on(rnnc_graph *graph, const char *axis,
                              const char *name, int64_t features)
{
    return make_sequence(graph, axis, name, RNI_FLOAT, features, 0);
}

rnnc_node *rnnc_input_ids_on(rnnc_graph *graph, const char *axis,
                             const char *name, int64_t vocabulary)
{
    return make_sequence(graph, axis, name, RNI_IDS, 1, vocabulary);
}

rnnc_node *rnnc_input_batch(rnnc_graph *graph, const char *name,
                            int64_t features)
{
    rni_shape shape = {RNI_BATCH, RNI_FLOAT, RNI_AXIS_NONE, 1, features};
    return make_input(graph, name, shape, 0);
}

rnnc_node *rnnc_input_batch_ids(rnnc_graph *graph, const char *name,
                                int64_t vocabulary)
{
    rni_shape shape = {RNI_BATCH, RNI_IDS, RNI_AXIS_NONE, 1, 1};
    return make_input(graph, name, shape, vocabulary);
}

rnnc_node *rnnc_input_static(rnnc_graph *graph, const char *name, int64_t rows,
                             int64_t cols)
{
    rni_shape shape = {RNI_STATIC, RNI_FLOAT, RNI_AXIS_NONE, rows, cols};
    return make_input(graph, name, shape, 0);
}

// ---- Parameters -----------------------------------------------------------

static bool check_initial(rnnc_graph *graph, const char *name, int32_t init,
                          float value)
{
    bool known = init >= RNNC_INIT_ZEROS && init <= RNNC_INIT_IDENTITY;
    if (known && value >= -FLT_MAX && value <= FLT_MAX)
        return true;
    rni_error_set(&graph->error, RNNC_E_ARGUMENT,
                  "parameter \"%.80s\": initialiser %ld with value %.9g, "
                  "expected an RNNC_INIT_ and a finite number",
                  name, (long)init, (double)value);
    return false;
}

static rni_initial *make_initial(rnnc_graph *graph, int32_t init, float value,
                                 int64_t first, int64_t count)
{
    rni_initial *initial = rni_arena_zeroed(&graph->arena, 1, sizeof *initial);
    if (initial == NULL)
        rni_error_memory(&graph->error);
    else
        *initial = (rni_initial){init, value, first, count, NULL};
    return initial;
}

static rni_parameter *make_parameter(rnnc_graph *graph, int32_t rank,
                                     int64_t rows, int64_t cols, int32_t init,
                                     float value)
{
    rni_parameter *parameter =
        rni_arena_zeroed(&graph->arena, 1, sizeof *parameter);
    if (parameter == NULL ||
        !rni_array_reserve(&graph->context->memory, (void **)&graph->parameters,
                           &graph->parameters_capacity,
                           (int64_t)graph->n_parameters + 1,
                           sizeof *graph->parameters)) {
        rni_error_memory(&graph->error);
        return NULL;
    }
    *parameter = (rni_parameter){
        .index = graph->n_parameters, .rank = rank, .rows = rows, .cols = cols};
    parameter->initial =
        make_initial(graph, init, value, 0, rank == 1 ? cols : rows);
    return parameter->initial == NULL ? NULL : parameter;
}

static rnnc_node *add_parameter(rnnc_graph *graph, const char *name,
                                int32_t rank, int64_t rows, int64_t cols,
                                int32_t init, float value)
{
    if (graph == NULL || graph->error.status != RNNC_OK)
        return NULL;
    if (name == NULL)
        name = "";
    if (!check_initial(graph, name, init, value))
        return NULL;
    // A safetensors file keeps its own key beside the tensors' names.
    if (strcmp(name, "__metadata__") == 0) {
        rni_error_set(&graph->error, RNNC_E_NAME,
                      "parameter: the name \"%s\" is kept for files", name);
        return NULL;
    }
    rni_parameter *parameter =
        make_parameter(graph, rank, rows, cols, init, value);
    if (parameter == NULL)
        return NULL;
    rnnc_node draft = {
        .op = RNI_OP_PARAMETER,
        .name = name,
        .shape = {RNI_STATIC, RNI_FLOAT, RNI_AXIS_NONE, rows, cols},
        .integers = {rank},
        .parameter = parameter};
    rnnc_node *node = rni_node_make(graph, NULL, &draft, NULL, 0);
    if (node == NULL)
        return NULL;
    parameter->node = node;
    parameter->name = node->name;
    graph->parameters[graph->n_parameters++] = parameter;
    return node;
}

rnnc_node *rnnc_parameter(rnnc_graph *graph, const char *name, int64_t rows,
                          int64_t cols, int32_t init, float value)
{
    return add_parameter(graph, name, 2, rows, cols, init, value);
}

rnnc_node *rnnc_parameter_vector(rnnc_graph *graph, const char *name,
                                 int64_t cols, int32_t init, float value)
{
    return add_parameter(graph, name, 1, 1, cols, init, value);
}

// The parameter of a node that must be one; else the graph's error is set.
static rni_parameter *need_parameter(rnnc_node *node, const char *call)
{
    if (node == NULL || node->graph->error.status != RNNC_OK)
        return NULL;
    if (node->parameter == NULL) {
        char text[RNI_NODE_TEXT];
        rni_node_print(node, text);
        rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                      "%s: %s, expected a parameter", call, text);
    }
    return node->parameter;
}

rnnc_node *rnnc_init_rows(rnnc_node *node, int64_t first, int64_t count,
                          int32_t init, float value)
{
    rni_parameter *parameter = need_parameter(node, "rnnc_init_rows");
    if (parameter == NULL ||
        !check_initial(node->graph, parameter->name, init, value))
        return NULL;
    int64_t size = parameter->rank == 1 ? parameter->cols : parameter->rows;
    if (first < 0 || count < 1 || first > size || count > size - first) {
        rni_error_set(
            &node->graph->error, RNNC_E_ARGUMENT,
            "rnnc_init_rows of \"%.80s\": %lld from %lld on, expected "
            "within its %lld",
            parameter->name, (long long)count, (long long)first,
            (long long)size);
        return NULL;
    }
    rni_initial *initial = make_initial(node->graph, init, value, first, count);
    if (initial == NULL)
        return NULL;
    rni_initial **link = &parameter->initial;
    while (*link != NULL)
        link = &(*link)->next;
    *link = initial;
    return node;
}

rnnc_node *rnnc_freeze(rnnc_node *node, int32_t frozen)
{
    rni_parameter *parameter = need_parameter(node, "rnnc_freeze");
    if (parameter == NULL)
        return NULL;
    parameter->frozen = frozen != 0;
    return node;
}

// ---- Constants ------------------------------------------------------------

rnnc_node *rnnc_constant(rnnc_graph *graph, int64_t rows, int64_t cols,
                         const float *values)
{
    if (graph == NULL || graph->error.status != RNNC_OK)
        return NULL;
    rnnc_node draft = {
        .op = RNI_OP_CONSTANT,
        .shape = {RNI_STATIC, RNI_FLOAT, RNI_AXIS_NONE, rows, cols}};
    if (values == NULL) {
        rni_error_set(&graph->error, RNNC_E_ARGUMENT,
                      "rnnc_constant: values is NULL");
        return NULL;
    }
    rnnc_node *node = rni_node_make(graph, NULL, &draft, NULL, 0);
    if (node == NULL)
        return NULL;
    // Only now is the size known to be one that can be.
    size_t count = (size_t)rows * (size_t)cols;
    float *data = rni_arena_zeroed(&graph->arena, count, sizeof *data);
    if (data == NULL) {
        rni_error_memory(&graph->error);
        return NULL;
    }
    memcpy(data, values, count * sizeof *data);
    node->data = data;
    return node;
}

rnnc_node *rnnc_scalar(rnnc_graph *graph, float value)
{
    return rnnc_constant(graph, 1, 1, &value);
}
