// SPDX-License-Identifier: MIT
// Making a node, its scope and its name, and what can be asked of it.
#include "graph/node.h"

#include <stdio.h>
#include <string.h>

#include "graph/attributes.h"
#include "graph/names.h"
#include "graph/shape.h"
#include "kernel/kernel.h"

const rni_op_row rni_op_table[RNI_OP_COUNT] = {
#define RNI_OP(id, name, fewest, most, shape, lower, reference, tape,          \
               integers, numbers)                                              \
    {name, fewest, most, RNI_TAPE_##tape, integers, numbers},
#include "graph/ops.def"
#undef RNI_OP
};

bool rni_word(const char *words, int32_t index, char text[RNI_WORD_TEXT])
{
    for (; index > 0 && *words != '\0'; index--) {
        words += strcspn(words, " ");
        words += *words == ' ';
    }
    size_t length = strcspn(words, " ");
    if (length == 0 || length >= RNI_WORD_TEXT)
        return false;
    memcpy(text, words, length);
    text[length] = '\0';
    return true;
}

// ---- Making one -----------------------------------------------------------

static bool check_inputs(const rnnc_node *node)
{
    const rni_op_row *row = &rni_op_table[node->op];
    rni_error *error = &node->graph->error;
    int32_t most = row->most < 0 ? INT32_MAX : row->most;
    if (node->n_inputs < row->fewest || node->n_inputs > most) {
        rni_error_set(error, RNNC_E_ARGUMENT,
                      "%s: has %ld inputs, expected %ld to %ld", row->name,
                      (long)node->n_inputs, (long)row->fewest, (long)most);
        return false;
    }
    for (int32_t i = 0; i < node->n_inputs; i++) {
        const char *wrong = node->inputs[i] == NULL ? "is NULL"
                            : node->inputs[i]->graph != node->graph
                                ? "is a node of another graph"
                                : NULL;
        if (wrong != NULL) {
            rni_error_set(error, RNNC_E_ARGUMENT, "%s: input %d %s", row->name,
                          (int)i + 1, wrong);
            return false;
        }
    }
    return true;
}

// A node of a cell may use that cell's nodes and static nodes of the graph.
static bool check_scope(const rnnc_node *node)
{
    rni_error *error = &node->graph->error;
    const char *op = rni_op_table[node->op].name;
    char text[RNI_NODE_TEXT];
    for (int32_t i = 0; i < node->n_inputs; i++) {
        const rnnc_node *input = node->inputs[i];
        if (input->cell == node->cell ||
            (input->cell == NULL && input->shape.kind == RNI_STATIC))
            continue;
        rni_node_print(input, text);
        if (input->cell == NULL)
            rni_error_set(error, RNNC_E_SHAPE,
                          "%s in cell \"%.60s\": input %d, %s, is outside the "
                          "cell; declare it with rnnc_cell_input or "
                          "rnnc_cell_input_batch and hand it to rnnc_unroll",
                          op, node->cell->name, (int)i + 1, text);
        else
            rni_error_set(error, RNNC_E_SHAPE,
                          "%s in cell \"%.60s\": input %d, %s, belongs to cell "
                          "\"%.60s\"; expected a node of one cell",
                          op, node->cell->name, (int)i + 1, text,
                          input->cell->name);
        return false;
    }
    if (node->cell != NULL && node->cell->sealed) {
        rni_error_set(error, RNNC_E_STATE,
                      "%s in cell \"%.60s\": the cell was unrolled already and "
                      "may not change any more",
                      op, node->cell->name);
        return false;
    }
    return true;
}

static bool find_cell(rnnc_node *node)
{
    for (int32_t i = 0; i < node->n_inputs && node->cell == NULL; i++)
        node->cell = node->inputs[i]->cell;
    if (node->op != RNI_OP_UNROLL)
        return true;
    int64_t id = node->integers[0];
    if (id < 0 || id >= node->graph->n_cells) {
        rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                      "unroll: there is no cell %lld", (long long)id);
        return false;
    }
    node->unrolled = node->graph->cells[id];
    return true;
}

// Everything that can fail comes before the graph changes.
static rnnc_node *append(rnnc_graph *graph, const rnnc_node *draft)
{
    rnnc_node *node = rni_arena_zeroed(&graph->arena, 1, sizeof *node);
    if (node == NULL ||
        !rni_array_reserve(&graph->context->memory, (void **)&graph->nodes,
                           &graph->nodes_capacity, (int64_t)graph->n_nodes + 1,
                           sizeof *graph->nodes)) {
        rni_error_memory(&graph->error);
        return NULL;
    }
    *node = *draft;
    graph->nodes[graph->n_nodes++] = node;
    if (node->name != NULL)
        rni_name_enter(node);
    if (node->unrolled != NULL)
        node->unrolled->sealed = true;
    return node;
}

static const char *take_name(rnnc_graph *graph, const rnnc_cell *cell,
                             const char *what, const char *name)
{
    if (!rni_name_check(graph, what, name) ||
        !rni_name_reserve(graph, cell, name))
        return NULL;
    char *copy = rni_arena_copy_string(&graph->arena, name);
    if (copy == NULL)
        rni_error_memory(&graph->error);
    return copy;
}

static bool copy_inputs(rnnc_node *node, rnnc_node *const *inputs)
{
    if (node->n_inputs < 0 || (node->n_inputs > 0 && inputs == NULL)) {
        rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                      "%s: has %ld inputs at NULL", rni_op_table[node->op].name,
                      (long)node->n_inputs);
        return false;
    }
    node->inputs = rni_arena_zeroed(&node->graph->arena, (size_t)node->n_inputs,
                                    sizeof *inputs);
    if (node->inputs == NULL) {
        rni_error_memory(&node->graph->error);
        return false;
    }
    if (node->n_inputs > 0)
        memcpy(node->inputs, inputs, (size_t)node->n_inputs * sizeof *inputs);
    return true;
}

rnnc_node *rni_node_make(rnnc_graph *graph, rnnc_cell *cell,
                         const rnnc_node *draft, rnnc_node *const *inputs,
                         int32_t n_inputs)
{
    if (graph == NULL || graph->error.status != RNNC_OK)
        return NULL;
    rnnc_node node = *draft;
    node.graph = graph;
    node.cell = n_inputs > 0 ? NULL : cell;
    node.id = graph->n_nodes;
    node.n_inputs = n_inputs;
    if (!copy_inputs(&node, inputs) || !check_inputs(&node) ||
        !find_cell(&node) || !check_scope(&node) ||
        !rni_attributes_check(&node) || !rni_shape_find(&node))
        return NULL;
    if (node.name != NULL) {
        const char *op = rni_op_table[node.op].name;
        node.name = take_name(graph, node.cell, op, node.name);
        if (node.name == NULL)
            return NULL;
    }
    return append(graph, &node);
}

rnnc_node *rnnc_name(rnnc_node *node, const char *name)
{
    if (node == NULL || node->graph->error.status != RNNC_OK)
        return NULL;
    if (node->name != NULL) {
        char text[RNI_NODE_TEXT];
        rni_node_print(node, text);
        rni_error_set(&node->graph->error, RNNC_E_NAME,
                      "rnnc_name: %s has a name already", text);
        return NULL;
    }
    const char *copy = take_name(node->graph, node->cell, "rnnc_name", name);
    if (copy == NULL)
        return NULL;
    node->name = copy;
    rni_name_enter(node);
    return node;
}

// ---- What can be asked of one ---------------------------------------------

void rni_node_print(const rnnc_node *node, char text[RNI_NODE_TEXT])
{
    char shape[RNI_SHAPE_TEXT];
    rni_shape_print(node->graph, &node->shape, shape);
    if (node->name != NULL)
        snprintf(text, RNI_NODE_TEXT, "\"%.48s\" %s", node->name, shape);
    else
        snprintf(text, RNI_NODE_TEXT, "%s (node %ld) %s",
                 rni_op_table[node->op].name, (long)node->id, shape);
}

// Ids pass through reverse and shift unchanged, so the chain ends at an input.
int64_t rni_node_limit(const rnnc_node *node)
{
    if (node->shape.type != RNI_IDS)
        return 0;
    while (node->n_inputs > 0)
        node = node->inputs[0];
    return node->op == RNI_OP_CELL_INPUT ? node->integers[1]
                                         : node->integers[2];
}

const char *rnnc_node_name(const rnnc_node *node)
{
    return node == NULL ? NULL : node->name;
}

int32_t rnnc_node_kind(const rnnc_node *node)
{
    return node == NULL ? -1 : node->shape.kind;
}

int32_t rnnc_node_type(const rnnc_node *node)
{
    return node == NULL ? -1 : node->shape.type;
}

int64_t rnnc_node_rows(const rnnc_node *node)
{
    return node == NULL ? 0 : node->shape.rows;
}

int64_t rnnc_node_cols(const rnnc_node *node)
{
    return node == NULL ? 0 : node->shape.cols;
}

const char *rnnc_node_axis(const rnnc_node *node)
{
    if (node == NULL || node->cell != NULL || node->shape.kind != RNI_SEQUENCE)
        return NULL;
    return node->graph->axes[node->shape.axis];
}

int32_t rnnc_node_dimensions(const rnnc_node *node)
{
    if (node == NULL)
        return 0;
    return node->parameter == NULL ? 2 : node->parameter->rank;
}
