// SPDX-License-Identifier: MIT
// Writing a cell: its inputs, states, parameters and outputs.
#include "graph/build.h"
#include "graph/names.h"

// The bits that say which first states an unroll is given must be exact in a
// double, for files.
enum { STATES_MOST = 48 };

// True where the cell may still be changed by `call`.
static bool cell_open(rnnc_cell *cell, const char *call)
{
    if (cell == NULL || cell->graph->error.status != RNNC_OK)
        return false;
    if (cell->sealed)
        rni_error_set(&cell->graph->error, RNNC_E_STATE,
                      "%s of cell \"%.60s\": the cell was unrolled already and "
                      "may not change any more",
                      call, cell->name);
    return !cell->sealed;
}

static bool reserve(rnnc_graph *graph, void **items, int32_t *capacity,
                    int32_t count, size_t size)
{
    if (rni_array_reserve(&graph->context->memory, items, capacity,
                          (int64_t)count + 1, size))
        return true;
    rni_error_memory(&graph->error);
    return false;
}

rnnc_cell *rnnc_cell_create(rnnc_graph *graph, const char *name)
{
    if (graph == NULL || graph->error.status != RNNC_OK)
        return NULL;
    // An empty name leaves the parameters' names as they are.
    bool empty = name != NULL && name[0] == '\0';
    if (!empty && !rni_name_check(graph, "rnnc_cell_create", name))
        return NULL;
    if (!reserve(graph, (void **)&graph->cells, &graph->cells_capacity,
                 graph->n_cells, sizeof *graph->cells))
        return NULL;
    rnnc_cell *cell = rni_arena_zeroed(&graph->arena, 1, sizeof *cell);
    char *copy = rni_arena_copy_string(&graph->arena, name);
    if (cell == NULL || copy == NULL) {
        rni_error_memory(&graph->error);
        return NULL;
    }
    cell->graph = graph;
    cell->id = graph->n_cells;
    cell->name = copy;
    graph->cells[graph->n_cells++] = cell;
    return cell;
}

static rnnc_node *add_input(rnnc_cell *cell, rni_shape shape, int64_t limit)
{
    if (!cell_open(cell, "rnnc_cell_input") ||
        !reserve(cell->graph, (void **)&cell->inputs, &cell->inputs_capacity,
                 cell->n_inputs, sizeof *cell->inputs))
        return NULL;
    rnnc_node draft = {.op = RNI_OP_CELL_INPUT,
                       .shape = shape,
                       .integers = {cell->n_inputs, limit}};
    rnnc_node *node = rni_node_make(cell->graph, cell, &draft, NULL, 0);
    if (node != NULL)
        cell->inputs[cell->n_inputs++] = node;
    return node;
}

rnnc_node *rnnc_cell_input(rnnc_cell *cell, int64_t features)
{
    rni_shape shape = {RNI_SEQUENCE, RNI_FLOAT, RNI_AXIS_STEP, 1, features};
    return add_input(cell, shape, 0);
}

rnnc_node *rnnc_cell_input_ids(rnnc_cell *cell, int64_t vocabulary)
{
    rni_shape shape = {RNI_SEQUENCE, RNI_IDS, RNI_AXIS_STEP, 1, 1};
    return add_input(cell, shape, vocabulary);
}

rnnc_node *rnnc_cell_input_batch(rnnc_cell *cell, int64_t features)
{
    rni_shape shape = {RNI_BATCH, RNI_FLOAT, RNI_AXIS_NONE, 1, features};
    return add_input(cell, shape, 0);
}

rnnc_node *rnnc_cell_state(rnnc_cell *cell, const char *name, int64_t features)
{
    if (!cell_open(cell, "rnnc_cell_state"))
        return NULL;
    if (cell->n_states == STATES_MOST) {
        rni_error_set(&cell->graph->error, RNNC_E_LIMIT,
                      "rnnc_cell_state of cell \"%.60s\": it has %d states "
                      "already, the most a cell can have",
                      cell->name, STATES_MOST);
        return NULL;
    }
    if (!reserve(cell->graph, (void **)&cell->states, &cell->states_capacity,
                 cell->n_states, sizeof *cell->states))
        return NULL;
    rnnc_node draft = {
        .op = RNI_OP_CELL_STATE,
        .name = name == NULL ? "" : name,
        .shape = {RNI_SEQUENCE, RNI_FLOAT, RNI_AXIS_STEP, 1, features},
        .integers = {cell->n_states}};
    rnnc_node *node = rni_node_make(cell->graph, cell, &draft, NULL, 0);
    if (node != NULL)
        cell->states[cell->n_states++] =
            (rni_cell_state){.name = node->name, .node = node};
    return node;
}

rnnc_node *rnnc_cell_parameter(rnnc_cell *cell, const char *name, int64_t rows,
                               int64_t cols, int32_t init, float value)
{
    if (!cell_open(cell, "rnnc_cell_parameter"))
        return NULL;
    return rni_build_parameter(cell->graph, cell->name,
                               name == NULL ? "" : name, rows, cols, 2, init,
                               value);
}

rnnc_node *rnnc_cell_parameter_vector(rnnc_cell *cell, const char *name,
                                      int64_t cols, int32_t init, float value)
{
    if (!cell_open(cell, "rnnc_cell_parameter_vector"))
        return NULL;
    return rni_build_parameter(cell->graph, cell->name,
                               name == NULL ? "" : name, 1, cols, 1, init,
                               value);
}

// ---- Wiring its states and outputs ----------------------------------------

static void refuse(const rnnc_cell *cell, const char *call,
                   const rnnc_node *node, const char *expected)
{
    char text[RNI_NODE_TEXT];
    rni_node_print(node, text);
    rni_error_set(&cell->graph->error, RNNC_E_SHAPE,
                  "%s of cell \"%.60s\": %s, expected %s", call, cell->name,
                  text, expected);
}

// A NULL is somebody's failed node; where no error tells of it, this one does.
static bool need_node(const rnnc_cell *cell, const char *call,
                      const rnnc_node *node)
{
    if (node == NULL)
        rni_error_set(&cell->graph->error, RNNC_E_ARGUMENT,
                      "%s of cell \"%.60s\": the node is NULL", call,
                      cell->name);
    return node != NULL;
}

// The cell's record of a state, or NULL with the graph's error set.
static rni_cell_state *find_state(rnnc_cell *cell, const char *call,
                                  const rnnc_node *state)
{
    if (!need_node(cell, call, state))
        return NULL;
    if (state->cell == cell && state->op == RNI_OP_CELL_STATE)
        return &cell->states[state->integers[0]];
    refuse(cell, call, state, "a state of this cell");
    return NULL;
}

// A value that a step can give: of this cell, or one row of the graph's.
static bool check_value(const rnnc_cell *cell, const char *call,
                        const rnnc_node *node)
{
    if (!need_node(cell, call, node))
        return false;
    const rni_shape *shape = &node->shape;
    bool fits = node->graph == cell->graph && shape->type == RNI_FLOAT &&
                shape->rows == 1 &&
                (node->cell == cell ||
                 (node->cell == NULL && shape->kind == RNI_STATIC));
    if (!fits)
        refuse(cell, call, node, "floats of this cell, or a static row");
    return fits;
}

static bool check_width(const rnnc_cell *cell, const char *call,
                        const rni_cell_state *state, const rnnc_node *node)
{
    long long have = node->shape.cols, want = state->node->shape.cols;
    if (have == want)
        return true;
    char text[RNI_NODE_TEXT];
    rni_node_print(node, text);
    rni_error_set(&cell->graph->error, RNNC_E_SHAPE,
                  "%s of cell \"%.60s\": %s, expected the %lld features of "
                  "state \"%.60s\"",
                  call, cell->name, text, want, state->name);
    return false;
}

// Each is said once.
static bool check_unset(const rnnc_cell *cell, const char *call,
                        const rni_cell_state *state, const rnnc_node *set)
{
    if (set != NULL)
        rni_error_set(&cell->graph->error, RNNC_E_STATE,
                      "%s of cell \"%.60s\": state \"%.60s\" has one already",
                      call, cell->name, state->name);
    return set == NULL;
}

void rnnc_cell_first(rnnc_cell *cell, rnnc_node *state, rnnc_node *first)
{
    const char *call = "rnnc_cell_first";
    if (!cell_open(cell, call))
        return;
    rni_cell_state *found = find_state(cell, call, state);
    if (found == NULL || !check_unset(cell, call, found, found->first) ||
        !check_value(cell, call, first))
        return;
    if (first->shape.kind != RNI_STATIC) {
        refuse(cell, call, first,
               "a static row; hand a batch value to rnnc_unroll_with");
        return;
    }
    if (check_width(cell, call, found, first))
        found->first = first;
}

void rnnc_cell_next(rnnc_cell *cell, rnnc_node *state, rnnc_node *next)
{
    const char *call = "rnnc_cell_next";
    if (!cell_open(cell, call))
        return;
    rni_cell_state *found = find_state(cell, call, state);
    if (found != NULL && check_unset(cell, call, found, found->next) &&
        check_value(cell, call, next) && check_width(cell, call, found, next))
        found->next = next;
}

void rnnc_cell_output(rnnc_cell *cell, rnnc_node *output)
{
    const char *call = "rnnc_cell_output";
    if (!cell_open(cell, call) || !check_value(cell, call, output) ||
        !reserve(cell->graph, (void **)&cell->outputs, &cell->outputs_capacity,
                 cell->n_outputs, sizeof *cell->outputs))
        return;
    cell->outputs[cell->n_outputs++] =
        (rni_cell_output){.name = output->name, .node = output};
}
