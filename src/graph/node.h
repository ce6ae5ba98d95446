// SPDX-License-Identifier: MIT
// The description: graphs, nodes, cells. Nodes are made in order, so an input
// always has a smaller id than its user; the id is the node's name in files.
#ifndef RNI_NODE_H
#define RNI_NODE_H

#include <stdatomic.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "rnnc/cell.h"
#include "rnnc/graph.h"
#include "rnnc/operation.h"

typedef enum rni_op {
#define RNI_OP(id, ...) RNI_OP_##id,
#include "graph/ops.def"
#undef RNI_OP
    RNI_OP_COUNT
} rni_op;

typedef struct rni_op_row {
    const char *name;
    int32_t fewest, most; // inputs; most -1: any number
    int32_t tape;         // rni_tape_op
    const char *integers; // words, "" for none
    const char *numbers;
} rni_op_row;

extern const rni_op_row rni_op_table[RNI_OP_COUNT];

// Word `index` of a list such as "first count"; false beyond the last.
enum { RNI_WORD_TEXT = 32 };
bool rni_word(const char *words, int32_t index, char text[RNI_WORD_TEXT]);

typedef enum rni_kind { RNI_STATIC, RNI_BATCH, RNI_SEQUENCE } rni_kind;
typedef enum rni_type { RNI_FLOAT, RNI_IDS } rni_type;

enum { RNI_AXIS_NONE = -1, RNI_AXIS_STEP = -2, RNI_ATTRIBUTES = 4 };

typedef struct rni_shape {
    int32_t kind;
    int32_t type;
    int32_t axis; // of a sequence: index into graph->axes, or in a cell
                  // RNI_AXIS_STEP (the row of this step); else RNI_AXIS_NONE
    int64_t rows; // static values; 1 otherwise
    int64_t cols;
} rni_shape;

// How a block of rows of a parameter begins.
typedef struct rni_initial {
    int32_t init; // RNNC_INIT_...
    float value;
    int64_t first, count; // rows
    struct rni_initial *next;
} rni_initial;

typedef struct rni_parameter {
    int32_t index;    // position in graph->parameters
    const char *name; // its tensor's name in files
    int32_t rank;     // 1 (shape [cols]) or 2 (shape [rows, cols])
    int64_t rows, cols;
    bool frozen;
    rni_initial *initial; // in order; later ones override
    rnnc_node *node;
} rni_parameter;

struct rnnc_node {
    rnnc_graph *graph;
    rnnc_cell *cell; // whose step it belongs to; NULL: the graph itself
    int32_t id;      // position in graph->nodes
    int32_t op;
    const char *name; // given by the user, unique in its scope; or NULL
    rni_shape shape;
    int32_t n_inputs;
    rnnc_node **inputs;
    int64_t integers[RNI_ATTRIBUTES];
    float numbers[RNI_ATTRIBUTES];
    rni_parameter *parameter; // of a PARAMETER
    const float *data;        // of a CONSTANT, rows * cols
    rnnc_cell *unrolled;      // the cell of an UNROLL
};

typedef struct rni_cell_state {
    const char *name;
    rnnc_node *node;  // CELL_STATE: its value before the step
    rnnc_node *next;  // its value after the step
    rnnc_node *first; // a static row [1, cols] it begins with; NULL: zeros
} rni_cell_state;

typedef struct rni_cell_output {
    const char *name; // or NULL
    rnnc_node *node;
} rni_cell_output;

struct rnnc_cell {
    rnnc_graph *graph;
    int32_t id; // position in graph->cells
    const char *name;
    int32_t n_inputs, inputs_capacity;
    rnnc_node **inputs; // CELL_INPUT: step (sequence kind) or batch kind
    int32_t n_states, states_capacity;
    rni_cell_state *states;
    int32_t n_outputs, outputs_capacity;
    rni_cell_output *outputs;
    bool sealed; // unrolled once: may not change any more
};

struct rnnc_graph {
    rnnc_context *context;
    atomic_int references;
    rni_error error;
    rni_arena arena; // nodes, cells, names, data
    int32_t n_nodes, nodes_capacity;
    rnnc_node **nodes; // of all scopes, in the order they were made
    int32_t n_cells, cells_capacity;
    rnnc_cell **cells;
    int32_t n_parameters, parameters_capacity;
    rni_parameter **parameters;
    int32_t n_axes, axes_capacity;
    const char **axes; // names; axis 0 is "time" and always there
    int32_t n_names, names_capacity;
    rnnc_node **names; // hash table of the named nodes, graph/names.c
};

rnnc_graph *rni_graph_hold(rnnc_graph *graph);
void rni_graph_drop(rnnc_graph *graph);

// The node of a name in a scope (cell NULL: the graph), or NULL.
rnnc_node *rni_graph_find(const rnnc_graph *graph, const rnnc_cell *cell,
                          const char *name);
rni_parameter *rni_graph_parameter(const rnnc_graph *graph, const char *name);

// The axis of a name, made where it is new; -1 with the graph's error set.
int32_t rni_graph_axis(rnnc_graph *graph, const char *name);

// Ids of a node are below this; 0 where it has no ids.
int64_t rni_node_limit(const rnnc_node *node);

// The one way to make a node, for builder calls and for files: checks the
// number, scope and shapes of the inputs by the table's rule and appends the
// node, or records the error on the graph and returns NULL. `cell` is the
// scope of nodes without inputs; with inputs it is found from them. `draft`
// has op, attributes, a name or NULL, and for leaves the shape; name and
// inputs are copied. Parameters, constants, inputs and states of cells are
// made by their public calls, which call this.
rnnc_node *rni_node_make(rnnc_graph *graph, rnnc_cell *cell,
                         const rnnc_node *draft, rnnc_node *const *inputs,
                         int32_t n_inputs);

// "sequence [axis time, 64 features]" and the like, for messages.
enum { RNI_SHAPE_TEXT = 96 };
void rni_shape_print(const rnnc_graph *graph, const rni_shape *shape,
                     char text[RNI_SHAPE_TEXT]);

// The same after the node's name, or its operation and id.
enum { RNI_NODE_TEXT = 160 };
void rni_node_print(const rnnc_node *node, char text[RNI_NODE_TEXT]);

#endif
