// SPDX-License-Identifier: MIT
// The textbook. A graph is unrolled literally: every node of every step of
// every sequence gets a matrix of its own, with the value that its definition
// gives and, going back over the same matrices, the gradient of a loss.
#ifndef RNI_REFERENCE_H
#define RNI_REFERENCE_H

#include "graph/node.h"
#include "rnnc/reference.h"

// One node, evaluated once. Rows of a sequence value at the root are those of
// sequence 0, then those of sequence 1, ...; within a step there is one row.
// Ids are whole numbers here.
typedef struct rni_reference_matrix {
    int64_t rows, cols;
    double *value;                        // [rows, cols]; NULL: not evaluated
    double *gradient;                     // [rows, cols]
    struct rni_reference_unrolled *steps; // of an UNROLL
} rni_reference_matrix;

// The nodes of one scope: of the graph, or of a cell at one step.
typedef struct rni_reference_frame {
    struct rni_reference_unrolled *site; // NULL: the graph
    int64_t sequence, step;              // 0 at the root
    rni_reference_matrix *matrices;      // by reference->place
} rni_reference_frame;

typedef struct rni_reference_unrolled {
    const rnnc_node *node; // the UNROLL
    int32_t axis;
    rni_reference_frame *frames; // [rows of the axis]
    rni_reference_matrix *first; // [states], each [batch, cols]
} rni_reference_unrolled;

// What the caller gave for an INPUT node.
typedef struct rni_reference_input {
    bool set;
    int64_t batch;   // sequences; of a static input -1
    int64_t *starts; // [batch + 1] of a sequence, else NULL
    int64_t rows;
    double *values; // [rows, cols]
} rni_reference_input;

// What the nodes with a state (UNROLL, POOL, SHIFT) kept from the last window.
typedef struct rni_reference_memory {
    rni_arena arena;
    int64_t batch;       // -1: nothing is carried
    const uint8_t *rows; // [batch], 1: carried
    double **kept;       // [nodes] each [batch, columns kept]
} rni_reference_memory;

struct rnnc_reference {
    rnnc_graph *graph; // held; NULL: broken
    rni_memory allocator;
    rni_error error; // of the last call; for good where broken
    bool broken;     // could not be made
    int32_t n_nodes, n_cells, n_parameters; // as the graph had them
    double **parameters;                    // [n_parameters] each [rows, cols]
    rni_reference_input *inputs;            // [n_nodes]
    int32_t *place;                         // [n_nodes] index within its scope
    int32_t *scope_size;                    // [n_cells + 1], the graph's last
    bool train;
    uint64_t seed, counter;
    rni_reference_memory memory; // of the last window
    double jitter; // 0, or by how much each value is moved, relative
                   // to itself: zeros stay equal, what only happens
                   // to be equal does not

    // the last evaluation
    bool evaluated;
    const rnnc_node *differentiated; // the loss, or NULL
    rni_arena arena;                 // all of the following
    bool *needed;                    // [n_nodes]
    int64_t batch;
    int64_t **starts; // [axes][batch + 1]: step t of sequence b is row
                      // starts[axis][b] + t; NULL: axis not needed
    rni_reference_frame root;
    double kink; // smallest distance from a kink
    double near; // the same without arguments exactly at one
};

// One node to be evaluated or differentiated within a frame.
typedef struct rni_reference_call {
    rnnc_reference *reference;
    const rni_reference_frame *frame;
    const rnnc_node *node;
    rni_reference_matrix *to;
} rni_reference_call;

typedef void rni_reference_rule(rni_reference_call *call);

// A rule for each word in the reference column of the table of operations: the
// value of a node from its inputs; and from the gradient of a node what is
// added to those of its inputs.
#define RNI_OP(id, name, fewest, most, shape, lower, rule, ...)                \
    rni_reference_rule rni_reference_value_##rule,                             \
        rni_reference_gradient_##rule;
#include "graph/ops.def"
#undef RNI_OP

// The matrix of a node as seen from a frame. Static nodes are the root's.
rni_reference_matrix *rni_reference_at(const rnnc_reference *reference,
                                       const rni_reference_frame *frame,
                                       const rnnc_node *node);

static inline rni_reference_matrix *
rni_reference_in(const rni_reference_call *call, int32_t input)
{
    return rni_reference_at(call->reference, call->frame,
                            call->node->inputs[input]);
}

// Where row r and column c of a result find their operand: rows and columns
// that a matrix has once stand for all.
static inline int64_t rni_reference_index(const rni_reference_matrix *matrix,
                                          int64_t r, int64_t c)
{
    return (matrix->rows == 1 ? 0 : r) * matrix->cols +
           (matrix->cols == 1 ? 0 : c);
}

// log(exp(x[0]) + exp(x[1]) + ...), without overflow
double rni_reference_log_sum_exp(int64_t count, const double *x);

// Notes how far an argument is from a kink.
void rni_reference_note_kink(rnnc_reference *reference, double distance);
// Records that an id is out of range.
void rni_reference_refuse_id(const rni_reference_call *call, double id,
                             int64_t limit);

static inline int64_t rni_reference_length(const rnnc_reference *reference,
                                           int32_t axis, int64_t sequence)
{
    const int64_t *starts = reference->starts[axis];
    return starts[sequence + 1] - starts[sequence];
}

// Static nodes belong to the root, also those made within a cell.
static inline bool rni_reference_of_root(const rnnc_node *node)
{
    return !node->cell || node->shape.kind == RNI_STATIC;
}

// ---- Evaluating -----------------------------------------------------------

// Marks one node, or every node with a state whose inputs are all set, and
// all they need. Drops what was evaluated before.
rnnc_status rni_reference_need(rnnc_reference *reference,
                               const rnnc_node *node);
rnnc_status rni_reference_need_states(rnnc_reference *reference);
// Evaluates what is marked.
rnnc_status rni_reference_evaluate(rnnc_reference *reference);
// After an evaluation of the loss, a static [1, 1] value.
void rni_reference_differentiate(rnnc_reference *reference,
                                 const rnnc_node *loss);

rnnc_status rni_reference_matrix_make(rnnc_reference *reference,
                                      rni_reference_matrix *matrix,
                                      int64_t rows, int64_t cols);
rnnc_status rni_reference_frame_make(rnnc_reference *reference,
                                     rni_reference_frame *frame);
rnnc_status rni_reference_frame_evaluate(rnnc_reference *reference,
                                         const rni_reference_frame *frame);
void rni_reference_frame_differentiate(rnnc_reference *reference,
                                       const rni_reference_frame *frame);

// Column c of state s of sequence b after its last step.
double rni_reference_final(const rnnc_reference *reference,
                           const rni_reference_unrolled *site, int32_t s,
                           int64_t b, int64_t c);

// ---- Memory of the last window --------------------------------------------

bool rni_reference_keeps(const rnnc_node *node);
// What a node kept of sequence `b`, or NULL where it begins fresh: of an UNROLL
// its states, side by side; of a SHIFT its last rows, the oldest first; of a
// POOL its result (of a mean the sum) and the number of rows it has seen.
const double *rni_reference_kept(const rnnc_reference *reference,
                                 const rnnc_node *node, int64_t b);
// Keeps the last evaluation, to go on with where rows[b] is not 0.
rnnc_status rni_reference_remember(rnnc_reference *reference,
                                   const uint8_t *rows, int64_t batch);
void rni_reference_forget(rnnc_reference *reference);

// ---- The handle -----------------------------------------------------------

// Clears the last call's error. False where the reference is broken or NULL.
bool rni_reference_begin(rnnc_reference *reference);
// An error unless the node is one of the graph itself that is known here.
rnnc_status rni_reference_check_node(rnnc_reference *reference,
                                     const char *what, const rnnc_node *node);

// ---- Messages -------------------------------------------------------------

// "name", or the id and operation.
enum { RNI_REFERENCE_LABEL = 96 };
void rni_reference_label(const rnnc_node *node, char text[RNI_REFERENCE_LABEL]);

#endif
