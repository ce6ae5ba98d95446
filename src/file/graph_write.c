// SPDX-License-Identifier: MIT
// Writing a graph as JSON.
#include "file/graph_json.h"

#include <stdio.h>
#include <string.h>

const char *const rni_kind_words[] = {"static", "batch", "sequence"};
const char *const rni_type_words[] = {"float", "ids"};
const char *const rni_init_words[] = {"zeros",   "constant", "uniform",
                                      "normal",  "glorot",   "orthogonal",
                                      "identity"};

void rni_constant_name(const rnnc_node *constant, char text[RNI_CONSTANT_TEXT])
{
    long id = constant->id;
    snprintf(text, RNI_CONSTANT_TEXT, "constant.%ld", id);
    // Parameters are finite in number, so one of these is free.
    for (long n = 1; rni_graph_parameter(constant->graph, text) != NULL; n++)
        snprintf(text, RNI_CONSTANT_TEXT, "constant.%ld_%ld", id, n);
}

static void add_integer(rni_text *text, const char *key, int64_t value)
{
    rni_json_key(text, key);
    rni_json_add_integer(text, value);
}

static void add_string(rni_text *text, const char *key, const char *value)
{
    rni_json_key(text, key);
    rni_json_add_string(text, value);
}

static void add_float(rni_text *text, const char *key, float value)
{
    rni_json_key(text, key);
    rni_json_add_float(text, value);
}

static void add_ids(rni_text *text, const char *key, rnnc_node *const *nodes,
                    int32_t count)
{
    rni_json_key(text, key);
    rni_json_begin(text, '[');
    for (int32_t i = 0; i < count; i++)
        rni_json_add_integer(text, nodes[i]->id);
    rni_json_end(text, ']');
}

// ---- Nodes ------------------------------------------------------------------

static void add_shape(rni_text *text, const rnnc_node *node)
{
    const rni_shape *shape = &node->shape;
    add_string(text, "kind", rni_kind_words[shape->kind]);
    add_string(text, "type", rni_type_words[shape->type]);
    if (shape->kind == RNI_SEQUENCE && shape->axis >= 0)
        add_integer(text, "axis", shape->axis);
    add_integer(text, "rows", shape->rows);
    add_integer(text, "cols", shape->cols);
}

// The integers of an input repeat its shape.
static bool is_shape_word(const char *word)
{
    return strcmp(word, "kind") == 0 || strcmp(word, "type") == 0;
}

static void add_attributes(rni_text *text, const rnnc_node *node)
{
    const rni_op_row *row = &rni_op_table[node->op];
    char word[RNI_WORD_TEXT];
    for (int32_t i = 0; rni_word(row->integers, i, word); i++)
        if (!is_shape_word(word))
            add_integer(text, word, node->integers[i]);
    for (int32_t i = 0; rni_word(row->numbers, i, word); i++)
        add_float(text, word, node->numbers[i]);
}

static void add_parameter(rni_text *text, const rni_parameter *parameter)
{
    rni_json_key(text, "frozen");
    rni_json_add_bool(text, parameter->frozen);
    rni_json_key(text, "initial");
    rni_json_begin(text, '[');
    for (const rni_initial *initial = parameter->initial; initial != NULL;
         initial = initial->next) {
        rni_json_begin(text, '{');
        add_string(text, "init", rni_init_words[initial->init]);
        add_float(text, "value", initial->value);
        add_integer(text, "first", initial->first);
        add_integer(text, "count", initial->count);
        rni_json_end(text, '}');
    }
    rni_json_end(text, ']');
}

static void add_node(rni_text *text, const rnnc_node *node)
{
    rni_json_begin(text, '{');
    add_integer(text, "id", node->id);
    add_string(text, "op", rni_op_table[node->op].name);
    add_integer(text, "version", 1);
    if (node->name != NULL)
        add_string(text, "name", node->name);
    if (node->cell != NULL)
        add_integer(text, "scope", node->cell->id);
    if (node->n_inputs > 0)
        add_ids(text, "inputs", node->inputs, node->n_inputs);
    add_shape(text, node);
    add_attributes(text, node);
    if (node->op == RNI_OP_PARAMETER)
        add_parameter(text, node->parameter);
    if (node->op == RNI_OP_CONSTANT) {
        char name[RNI_CONSTANT_TEXT];
        rni_constant_name(node, name);
        add_string(text, "tensor", name);
    }
    rni_json_end(text, '}');
}

// ---- Cells ------------------------------------------------------------------

static void add_state(rni_text *text, const rni_cell_state *state)
{
    rni_json_begin(text, '{');
    add_integer(text, "node", state->node->id);
    if (state->next != NULL)
        add_integer(text, "next", state->next->id);
    if (state->first != NULL)
        add_integer(text, "first", state->first->id);
    rni_json_end(text, '}');
}

static void add_cell(rni_text *text, const rnnc_cell *cell)
{
    rni_json_begin(text, '{');
    add_string(text, "name", cell->name);
    add_ids(text, "inputs", cell->inputs, cell->n_inputs);
    rni_json_key(text, "states");
    rni_json_begin(text, '[');
    for (int32_t s = 0; s < cell->n_states; s++)
        add_state(text, &cell->states[s]);
    rni_json_end(text, ']');
    rni_json_key(text, "outputs");
    rni_json_begin(text, '[');
    for (int32_t i = 0; i < cell->n_outputs; i++)
        rni_json_add_integer(text, cell->outputs[i].node->id);
    rni_json_end(text, ']');
    rni_json_end(text, '}');
}

void rni_graph_write(const rnnc_graph *graph, rni_text *text)
{
    rni_json_begin(text, '{');
    add_integer(text, "format", RNI_GRAPH_FORMAT);
    rni_json_key(text, "features");
    rni_json_begin(text, '[');
    rni_json_end(text, ']');
    rni_json_key(text, "axes");
    rni_json_begin(text, '[');
    for (int32_t i = 0; i < graph->n_axes; i++)
        rni_json_add_string(text, graph->axes[i]);
    rni_json_end(text, ']');
    rni_json_key(text, "cells");
    rni_json_begin(text, '[');
    for (int32_t i = 0; i < graph->n_cells; i++)
        add_cell(text, graph->cells[i]);
    rni_json_end(text, ']');
    rni_json_key(text, "nodes");
    rni_json_begin(text, '[');
    for (int32_t i = 0; i < graph->n_nodes; i++)
        add_node(text, graph->nodes[i]);
    rni_json_end(text, ']');
    rni_json_end(text, '}');
}
