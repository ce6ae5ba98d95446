// SPDX-License-Identifier: MIT
// Reading a graph: everything goes through the builder calls, whose checks are
// those of a description in code; then what came out is compared with what the
// file says of it.
#include "file/graph_json.h"

#include <stdio.h>
#include <string.h>

enum { NAME_TEXT = RNI_NAME_MOST + 1, INITIALS_MOST = 4096 };

typedef struct reader {
    const rni_json *json;
    const rni_safetensors *file;
    rnnc_graph *graph;
    rni_error *error;
    char place[32]; // "node 12", for messages
    uint32_t n_cells;
    uint32_t *cells;    // each cell's value in `json`; 0: it is complete
    rnnc_node **inputs; // of the node at hand
    int32_t inputs_capacity;
} reader;

// What a node says of itself.
typedef struct draft {
    rnnc_node node;
    char name[NAME_TEXT];
    rnnc_cell *scope;
    uint32_t value; // in `json`
} draft;

static bool fail(reader *r, rnnc_status status, const char *what)
{
    rni_error_set(r->error, status, "graph: %s: %s", r->place, what);
    return false;
}

// A builder call refused. What would be a caller's mistake is the file's here.
static bool refused(reader *r)
{
    rnnc_status status = r->graph->error.status;
    if (status == RNNC_E_ARGUMENT || status == RNNC_E_STATE)
        status = RNNC_E_FORMAT;
    rni_error_set(r->error, status, "graph: %s: %s", r->place,
                  r->graph->error.text);
    return false;
}

static bool wrong(reader *r, const char *key, const char *expected)
{
    rni_error_set(r->error, RNNC_E_FORMAT, "graph: %s: \"%s\": expected %s",
                  r->place, key, expected);
    return false;
}

// ---- Members ----------------------------------------------------------------

static bool get_integer(reader *r, uint32_t object, const char *key,
                        int64_t *integer)
{
    uint32_t value = rni_json_find(r->json, object, key);
    if (value == 0 || !rni_json_integer(r->json, value, integer))
        return wrong(r, key, "an integer");
    return true;
}

// An index below `count`; absent: -1 where it is optional.
static bool get_index(reader *r, uint32_t object, const char *key,
                      int32_t count, bool optional, int32_t *index)
{
    int64_t integer;
    *index = -1;
    if (optional && rni_json_find(r->json, object, key) == 0)
        return true;
    if (!get_integer(r, object, key, &integer))
        return false;
    if (integer < 0 || integer >= count)
        return wrong(r, key, "the index of something before");
    *index = (int32_t)integer;
    return true;
}

static bool get_float(reader *r, uint32_t object, const char *key,
                      float *number)
{
    uint32_t value = rni_json_find(r->json, object, key);
    if (value == 0 || !rni_json_float(r->json, value, number))
        return wrong(r, key, "a number");
    return true;
}

static bool get_word(reader *r, uint32_t object, const char *key,
                     const char *const *words, int32_t count, int32_t *index)
{
    uint32_t value = rni_json_find(r->json, object, key);
    for (*index = 0; value != 0 && *index < count; (*index)++)
        if (rni_json_equals(r->json, value, words[*index]))
            return true;
    return wrong(r, key, "a word of this format");
}

static bool get_array(reader *r, uint32_t object, const char *key,
                      uint32_t *array)
{
    *array = rni_json_find(r->json, object, key);
    if (*array == 0 || rni_json_kind_of(r->json, *array) != RNI_JSON_ARRAY)
        return wrong(r, key, "an array");
    return true;
}

static bool get_name(reader *r, uint32_t value, const char *key,
                     char text[NAME_TEXT])
{
    if (value == 0 || rni_json_kind_of(r->json, value) != RNI_JSON_STRING)
        return wrong(r, key, "a string");
    size_t length = rni_json_decode(r->json, value, NULL);
    if (length > RNI_NAME_MOST || length > r->graph->context->name_limit)
        return fail(r, RNNC_E_LIMIT, "a name is longer than the limit");
    rni_json_decode(r->json, value, text);
    text[length] = '\0';
    return true;
}

static uint32_t next_of(const reader *r, uint32_t value)
{
    return r->json->values[value].next;
}

static uint32_t size_of(const reader *r, uint32_t value)
{
    return r->json->values[value].size;
}

// The node of an id that is an element of an array.
static rnnc_node *node_at(reader *r, const char *key, uint32_t value)
{
    int64_t id;
    if (rni_json_integer(r->json, value, &id) && id >= 0 &&
        id < r->graph->n_nodes)
        return r->graph->nodes[id];
    wrong(r, key, "ids of nodes before");
    return NULL;
}

// ---- Leaves -----------------------------------------------------------------

static rnnc_node *make_input(reader *r, const draft *d)
{
    const rni_shape *shape = &d->node.shape;
    const char *name = d->name;
    rnnc_graph *graph = r->graph;
    bool ids = shape->type == RNI_IDS;
    int64_t limit = d->node.integers[2];
    if (shape->kind == RNI_STATIC && ids) {
        fail(r, RNNC_E_SHAPE, "a static input of ids");
        return NULL;
    }
    if (shape->kind == RNI_STATIC)
        return rnnc_input_static(graph, name, shape->rows, shape->cols);
    if (shape->kind == RNI_BATCH)
        return ids ? rnnc_input_batch_ids(graph, name, limit)
                   : rnnc_input_batch(graph, name, shape->cols);
    if (shape->axis < 0) {
        wrong(r, "axis", "an index");
        return NULL;
    }
    const char *axis = graph->axes[shape->axis];
    return ids ? rnnc_input_ids_on(graph, axis, name, limit)
               : rnnc_input_rows_on(graph, axis, name, shape->cols);
}

static bool read_initial(reader *r, uint32_t value, rni_initial *initial)
{
    return get_word(r, value, "init", rni_init_words, 7, &initial->init) &&
           get_float(r, value, "value", &initial->value) &&
           get_integer(r, value, "first", &initial->first) &&
           get_integer(r, value, "count", &initial->count);
}

// The first initialiser is of the whole; those after it are of some rows.
static rnnc_node *make_parameter(reader *r, const draft *d)
{
    const rni_shape *shape = &d->node.shape;
    int64_t rank = d->node.integers[0];
    rni_initial initial;
    rnnc_node *node = NULL;
    uint32_t array;
    if (rank < 1 || rank > 2) {
        wrong(r, "rank", "1 or 2");
        return NULL;
    }
    if (rni_safetensors_expect(r->file, d->name, (int32_t)rank, shape->rows,
                               shape->cols, r->error) == NULL ||
        !get_array(r, d->value, "initial", &array))
        return NULL;
    if (size_of(r, array) < 1 || size_of(r, array) > INITIALS_MOST) {
        wrong(r, "initial", "1 to 4096 initialisers");
        return NULL;
    }
    uint32_t at = array + 1;
    for (uint32_t i = 0; i < size_of(r, array); i++, at = next_of(r, at)) {
        if (!read_initial(r, at, &initial))
            return NULL;
        if (i > 0)
            rnnc_init_rows(node, initial.first, initial.count, initial.init,
                           initial.value);
        else if (rank == 1)
            node = rnnc_parameter_vector(r->graph, d->name, shape->cols,
                                         initial.init, initial.value);
        else
            node = rnnc_parameter(r->graph, d->name, shape->rows, shape->cols,
                                  initial.init, initial.value);
    }
    uint32_t frozen = rni_json_find(r->json, d->value, "frozen");
    bool is_frozen =
        frozen != 0 && rni_json_kind_of(r->json, frozen) == RNI_JSON_TRUE;
    return rnnc_freeze(node, is_frozen);
}

static rnnc_node *make_constant(reader *r, const draft *d)
{
    const rni_shape *shape = &d->node.shape;
    const rni_memory *memory = &r->graph->context->memory;
    char name[NAME_TEXT];
    uint32_t value = rni_json_find(r->json, d->value, "tensor");
    if (!get_name(r, value, "tensor", name))
        return NULL;
    const rni_tensor *tensor = rni_safetensors_expect(
        r->file, name, 2, shape->rows, shape->cols, r->error);
    if (tensor == NULL)
        return NULL;
    float *data =
        rni_memory_zeroed(memory, (size_t)tensor->count, sizeof *data);
    if (data == NULL) {
        rni_error_memory(r->error);
        return NULL;
    }
    rni_tensor_floats(tensor, data);
    rnnc_node *node = rnnc_constant(r->graph, shape->rows, shape->cols, data);
    rni_memory_release(memory, data);
    return node;
}

static rnnc_node *make_cell_input(reader *r, const draft *d)
{
    const rni_shape *shape = &d->node.shape;
    if (d->scope == NULL || shape->kind == RNI_STATIC ||
        (shape->kind == RNI_BATCH && shape->type == RNI_IDS)) {
        fail(r, RNNC_E_FORMAT, "not an input that a cell can have");
        return NULL;
    }
    if (shape->kind == RNI_BATCH)
        return rnnc_cell_input_batch(d->scope, shape->cols);
    return shape->type == RNI_IDS
               ? rnnc_cell_input_ids(d->scope, d->node.integers[1])
               : rnnc_cell_input(d->scope, shape->cols);
}

static rnnc_node *make_cell_state(reader *r, const draft *d)
{
    if (d->scope == NULL) {
        fail(r, RNNC_E_FORMAT, "a state outside of a cell");
        return NULL;
    }
    return rnnc_cell_state(d->scope, d->name, d->node.shape.cols);
}

// ---- Cells ------------------------------------------------------------------

// What builder calls that give nothing back have said.
static bool was_built(reader *r)
{
    if (r->graph->error.status != RNNC_OK)
        return refused(r);
    return true;
}

static bool read_state(reader *r, rnnc_cell *cell, int32_t s, uint32_t value)
{
    int32_t node, next, first, count = r->graph->n_nodes;
    if (!get_index(r, value, "node", count, false, &node) ||
        !get_index(r, value, "next", count, true, &next) ||
        !get_index(r, value, "first", count, true, &first))
        return false;
    rnnc_node *state = cell->states[s].node;
    if (state->id != node)
        return wrong(r, "states", "the states in the order of their nodes");
    if (first >= 0)
        rnnc_cell_first(cell, state, r->graph->nodes[first]);
    if (next >= 0)
        rnnc_cell_next(cell, state, r->graph->nodes[next]);
    return was_built(r);
}

static bool read_cell_lists(reader *r, rnnc_cell *cell, uint32_t value)
{
    uint32_t states, outputs;
    if (!get_array(r, value, "states", &states) ||
        !get_array(r, value, "outputs", &outputs))
        return false;
    if (size_of(r, states) != (uint32_t)cell->n_states)
        return wrong(r, "states", "one for each state's node");
    uint32_t at = states + 1;
    for (int32_t s = 0; s < cell->n_states; s++, at = next_of(r, at))
        if (!read_state(r, cell, s, at))
            return false;
    at = outputs + 1;
    for (uint32_t i = 0; i < size_of(r, outputs); i++, at = next_of(r, at)) {
        rnnc_node *output = node_at(r, "outputs", at);
        if (output == NULL)
            return false;
        rnnc_cell_output(cell, output);
    }
    return was_built(r);
}

// Wires a cell whose nodes are all there: just before it is first unrolled, or
// at the end.
static bool complete_cell(reader *r, int64_t index)
{
    if (index < 0 || index >= r->n_cells || r->cells[index] == 0)
        return true;
    char place[sizeof r->place];
    memcpy(place, r->place, sizeof place);
    snprintf(r->place, sizeof r->place, "cell %lld", (long long)index);
    if (!read_cell_lists(r, r->graph->cells[index], r->cells[index]))
        return false;
    r->cells[index] = 0;
    memcpy(r->place, place, sizeof place);
    return true;
}

static bool make_cells(reader *r, uint32_t array)
{
    char name[NAME_TEXT];
    if (size_of(r, array) > RNI_GRAPH_CELLS)
        return fail(r, RNNC_E_LIMIT, "more than 65536 cells");
    r->n_cells = size_of(r, array);
    r->cells = rni_memory_zeroed(&r->graph->context->memory, r->n_cells,
                                 sizeof *r->cells);
    if (r->cells == NULL) {
        rni_error_memory(r->error);
        return false;
    }
    uint32_t at = array + 1;
    for (uint32_t i = 0; i < r->n_cells; i++, at = next_of(r, at)) {
        snprintf(r->place, sizeof r->place, "cell %lu", (unsigned long)i);
        uint32_t value = rni_json_find(r->json, at, "name");
        if (!get_name(r, value, "name", name))
            return false;
        if (rnnc_cell_create(r->graph, name) == NULL)
            return refused(r);
        r->cells[i] = at;
    }
    return true;
}

// ---- Nodes ------------------------------------------------------------------

static bool read_op(reader *r, uint32_t object, int32_t *op)
{
    int64_t version;
    uint32_t value = rni_json_find(r->json, object, "op");
    for (*op = 0; value != 0 && *op < RNI_OP_COUNT; (*op)++)
        if (rni_json_equals(r->json, value, rni_op_table[*op].name))
            break;
    if (value == 0 || *op == RNI_OP_COUNT)
        return fail(r, RNNC_E_UNSUPPORTED,
                    "an operation that this version does not know");
    if (!get_integer(r, object, "version", &version))
        return false;
    if (version != 1)
        return fail(r, RNNC_E_UNSUPPORTED,
                    "a version of its operation that is not known");
    return true;
}

static bool read_shape(reader *r, uint32_t object, rnnc_node *node)
{
    rni_shape *shape = &node->shape;
    if (!get_word(r, object, "kind", rni_kind_words, 3, &shape->kind) ||
        !get_word(r, object, "type", rni_type_words, 2, &shape->type) ||
        !get_index(r, object, "axis", r->graph->n_axes, true, &shape->axis) ||
        !get_integer(r, object, "rows", &shape->rows) ||
        !get_integer(r, object, "cols", &shape->cols))
        return false;
    if (shape->axis < 0)
        shape->axis =
            shape->kind == RNI_SEQUENCE ? RNI_AXIS_STEP : RNI_AXIS_NONE;
    return true;
}

static bool read_attributes(reader *r, uint32_t object, rnnc_node *node)
{
    const rni_op_row *row = &rni_op_table[node->op];
    char word[RNI_WORD_TEXT];
    for (int32_t i = 0; rni_word(row->integers, i, word); i++)
        if (strcmp(word, "kind") == 0)
            node->integers[i] = node->shape.kind;
        else if (strcmp(word, "type") == 0)
            node->integers[i] = node->shape.type;
        else if (!get_integer(r, object, word, &node->integers[i]))
            return false;
    for (int32_t i = 0; rni_word(row->numbers, i, word); i++)
        if (!get_float(r, object, word, &node->numbers[i]))
            return false;
    return true;
}

static bool read_inputs(reader *r, uint32_t object, rnnc_node *node)
{
    uint32_t array;
    node->n_inputs = 0;
    if (rni_json_find(r->json, object, "inputs") == 0)
        return true;
    if (!get_array(r, object, "inputs", &array))
        return false;
    void *inputs = r->inputs;
    bool room = rni_array_reserve(&r->graph->context->memory, &inputs,
                                  &r->inputs_capacity, size_of(r, array),
                                  sizeof *r->inputs);
    r->inputs = inputs;
    if (!room) {
        rni_error_memory(r->error);
        return false;
    }
    uint32_t at = array + 1;
    for (uint32_t i = 0; i < size_of(r, array); i++, at = next_of(r, at)) {
        r->inputs[i] = node_at(r, "inputs", at);
        if (r->inputs[i] == NULL)
            return false;
    }
    node->n_inputs = (int32_t)size_of(r, array);
    return true;
}

static bool read_draft(reader *r, uint32_t object, int32_t id, draft *d)
{
    int64_t given;
    int32_t scope;
    uint32_t name = rni_json_find(r->json, object, "name");
    *d = (draft){.value = object};
    if (!get_integer(r, object, "id", &given) ||
        !read_op(r, object, &d->node.op) || !read_shape(r, object, &d->node) ||
        !read_attributes(r, object, &d->node) ||
        !read_inputs(r, object, &d->node) ||
        !get_index(r, object, "scope", r->graph->n_cells, true, &scope))
        return false;
    if (given != id)
        return wrong(r, "id", "its place in the list");
    if (name != 0 && !get_name(r, name, "name", d->name))
        return false;
    d->node.name = name != 0 ? d->name : NULL;
    d->scope = scope >= 0 ? r->graph->cells[scope] : NULL;
    return true;
}

static rnnc_node *make_other(reader *r, const draft *d)
{
    if (d->node.op == RNI_OP_UNROLL && !complete_cell(r, d->node.integers[0]))
        return NULL;
    return rni_node_make(r->graph, NULL, &d->node, r->inputs, d->node.n_inputs);
}

typedef rnnc_node *maker(reader *r, const draft *d);

static maker *const makers[RNI_OP_COUNT] = {
    [RNI_OP_INPUT] = make_input,
    [RNI_OP_PARAMETER] = make_parameter,
    [RNI_OP_CONSTANT] = make_constant,
    [RNI_OP_CELL_INPUT] = make_cell_input,
    [RNI_OP_CELL_STATE] = make_cell_state,
};

// What was built is what the file says.
static bool check_node(reader *r, const rnnc_node *node, const draft *d)
{
    const rni_shape *have = &node->shape, *want = &d->node.shape;
    bool same =
        have->kind == want->kind && have->type == want->type &&
        have->axis == want->axis && have->rows == want->rows &&
        have->cols == want->cols && node->cell == d->scope &&
        node->n_inputs == d->node.n_inputs &&
        memcmp(node->integers, d->node.integers, sizeof node->integers) == 0;
    if (!same)
        return fail(r, RNNC_E_FORMAT,
                    "its shape, scope or attributes do not follow from "
                    "its operation and inputs");
    return true;
}

static bool read_node(reader *r, uint32_t object, int32_t id)
{
    draft d;
    snprintf(r->place, sizeof r->place, "node %ld", (long)id);
    if (!read_draft(r, object, id, &d))
        return false;
    maker *make = makers[d.node.op] != NULL ? makers[d.node.op] : make_other;
    rnnc_node *node = make(r, &d);
    if (node != NULL && d.node.name != NULL && node->name == NULL)
        rnnc_name(node, d.name);
    if (r->error->status != RNNC_OK)
        return false;
    if (node == NULL || r->graph->error.status != RNNC_OK)
        return refused(r);
    return check_node(r, node, &d);
}

// ---- The whole --------------------------------------------------------------

static bool check_format(reader *r)
{
    int64_t format;
    uint32_t features;
    if (!get_integer(r, 0, "format", &format) ||
        !get_array(r, 0, "features", &features))
        return false;
    if (format != RNI_GRAPH_FORMAT)
        return fail(r, RNNC_E_UNSUPPORTED, "a format that is not known");
    if (size_of(r, features) > 0)
        return fail(r, RNNC_E_UNSUPPORTED,
                    "it needs a feature that this version does not have");
    return true;
}

static bool make_axes(reader *r)
{
    char name[NAME_TEXT];
    uint32_t array;
    if (!get_array(r, 0, "axes", &array))
        return false;
    if (size_of(r, array) > RNI_GRAPH_AXES)
        return fail(r, RNNC_E_LIMIT, "more than 256 axes");
    uint32_t at = array + 1;
    for (uint32_t i = 0; i < size_of(r, array); i++, at = next_of(r, at)) {
        if (!get_name(r, at, "axes", name))
            return false;
        int32_t axis = rni_graph_axis(r->graph, name);
        if (axis < 0)
            return refused(r);
        if (axis != (int32_t)i)
            return wrong(r, "axes", "\"time\" first, and no name twice");
    }
    return true;
}

static bool read_all(reader *r)
{
    uint32_t cells, nodes;
    if (!check_format(r) || !make_axes(r) ||
        !get_array(r, 0, "cells", &cells) ||
        !get_array(r, 0, "nodes", &nodes) || !make_cells(r, cells))
        return false;
    if (size_of(r, nodes) > r->graph->context->node_limit)
        return fail(r, RNNC_E_LIMIT,
                    "more nodes than the limit of the context");
    uint32_t at = nodes + 1;
    int32_t count = (int32_t)size_of(r, nodes); // of a JSON, so it fits
    for (int32_t id = 0; id < count; id++, at = next_of(r, at))
        if (!read_node(r, at, id))
            return false;
    for (uint32_t i = 0; i < r->n_cells; i++)
        if (!complete_cell(r, i))
            return false;
    return true;
}

rnnc_status rni_graph_read(rnnc_graph *graph, const rni_json *json,
                           const rni_safetensors *file, rni_error *error)
{
    const rni_memory *memory = &graph->context->memory;
    reader r = {.json = json,
                .file = file,
                .graph = graph,
                .error = error,
                .place = "it"};
    read_all(&r);
    rni_memory_release(memory, r.inputs);
    rni_memory_release(memory, r.cells);
    return error->status;
}
