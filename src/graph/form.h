// SPDX-License-Identifier: MIT
// The normal form: a graph with its cells written out as a flat list of
// values, each sum in the one order it will ever have, and, for training,
// the values of its gradients. It is made before anything is known of
// batches, blocks, threads or instruction sets. No cell has a name here.
#ifndef RNI_FORM_H
#define RNI_FORM_H

#include "base/error.h"
#include "base/memory.h"
#include "graph/node.h"

typedef enum rni_form_op {
    RNI_FORM_INPUT,     // integers: graph node id
    RNI_FORM_PARAMETER, // integers: parameter index
    RNI_FORM_CONSTANT,  // integers: index into form->constants
    RNI_FORM_TAPE,      // element-wise; integers: rni_tape_op; numbers x, y
    RNI_FORM_DOT,       // args: init (or -1), then A0, W0, A1, W1, ...
    RNI_FORM_OUTER,     // args A, B: sum over rows of a' b, [A cols, B cols]
    RNI_FORM_COL_SUM,   // sum over rows, [1, cols]
    RNI_FORM_TOTAL,     // sum over rows of a column, [1, 1]
    RNI_FORM_ROW_SUM,   // sum over features, [rows, 1]
    RNI_FORM_SOFTMAX,
    RNI_FORM_LOG_SOFTMAX,
    RNI_FORM_NORMALIZE,            // numbers: epsilon
    RNI_FORM_NORMALIZE_GRAD,       // args d, x; numbers: epsilon
    RNI_FORM_LOOKUP,               // args ids, table
    RNI_FORM_LOOKUP_GRAD,          // args ids, d: [table rows, cols]
    RNI_FORM_CROSS_ENTROPY,        // args logits, ids, (w); integers: ignore,
                                   // numbers: smoothing; a loss for each row
    RNI_FORM_CROSS_ENTROPY_WEIGHT, // args ids, (w); integers: ignore; w[id] or
                                   // 0
    RNI_FORM_CROSS_ENTROPY_GRAD,   // args d [rows, 1], logits, ids, (w)
    RNI_FORM_VIEW,     // columns (and rows of a static value) from args[0]
                       // .row, .col on; shape as the value's
    RNI_FORM_ASSEMBLE, // zeros with each arg written at its .row, .col;
                       // args do not overlap; covers concatenation
    RNI_FORM_REVERSE,  // each sequence by its own length
    RNI_FORM_DROPOUT,  // integers: node id, site id (-1: root); numbers: rate
    RNI_FORM_PREV,     // a state before the step; integers: state index
    RNI_FORM_FINAL,    // a state after its last step, a batch value in the
                       // caller's order; integers: state index
    RNI_FORM_FRESH,    // a batch value, 0 in rows whose states are carried
    RNI_FORM_ROWS,     // how many rows, static [1, 1]: integers[0] is an
                       // axis, or -1: the batch, or -2: integers[1]
    RNI_FORM_OP_COUNT
} rni_form_op;

typedef struct rni_arg {
    int32_t value;    // -1: none (a DOT's init)
    bool transposed;  // of a DOT's W: it is [cols, depth], not [depth, cols]
    int64_t row, col; // of VIEW and ASSEMBLE
} rni_arg;

typedef struct rni_value {
    int32_t op;
    rni_shape shape; // kind is the space: static, batch or sequence
    int32_t loop;    // until rni_form_sort: the last loop whose states it
                     // depends on, row by row; after it: the loop that
                     // computes it step by step, -1: outside every loop
    int32_t node;    // the graph node it comes from, -1: none
    bool backward;   // made by differentiation
    bool again;      // a forward value made again for the backward pass;
                     // it may have a larger index than its users
    int32_t first_arg, n_args;
    int64_t integers[2];
    float numbers[2];
} rni_value;

// A recurrence along an axis. Rising time for what is described, falling time
// for its gradient.
typedef struct rni_loop {
    int32_t axis;
    bool falling;
} rni_loop;

typedef struct rni_form_state {
    int32_t loop;
    int64_t cols;
    int32_t prev;  // its PREV value
    int32_t next;  // sequence value of the same axis: its value after the step
    int32_t first; // batch value, or static [1, cols], or -1: zeros
    int32_t final; // its FINAL value, or -1
    bool kept;     // lives on from run to run (described states do)
} rni_form_state;

typedef struct rni_form_result {
    int32_t index; // graph node id, or parameter index
    int32_t value;
} rni_form_result;

typedef struct rni_form_constant {
    int64_t rows, cols;
    const float *data; // in the form's arena or the graph's
} rni_form_constant;

typedef struct rni_form {
    const rnnc_graph *graph;
    const rni_memory *memory;
    rni_error *error;
    rni_arena arena;
    int32_t n_values, values_capacity;
    rni_value *values; // args before users, but for PREV and `again`
    int32_t n_args, args_capacity;
    rni_arg *args;
    int32_t n_loops, loops_capacity;
    rni_loop *loops;
    int32_t n_states, states_capacity;
    rni_form_state *states;
    int32_t n_constants, constants_capacity;
    rni_form_constant *constants;
    int32_t n_outputs, outputs_capacity;
    rni_form_result *outputs; // graph node -> value
    int32_t n_parameter_gradients, parameter_gradients_capacity;
    rni_form_result *parameter_gradients; // parameter -> value
    int32_t n_input_gradients, input_gradients_capacity;
    rni_form_result *input_gradients; // graph node -> value
    int32_t loss;                     // value, or -1
    int32_t n_forward;                // values made before differentiation
    int64_t n_outlets;                // outputs of all sites
    bool train;                       // dropout is on
} rni_form;

// What is asked of a form: nodes of the graph itself.
typedef struct rni_form_wish {
    rnnc_node *const *outputs;
    int32_t n_outputs;
    rnnc_node *loss;          // or NULL
    rnnc_node *const *inputs; // whose gradient is wanted
    int32_t n_inputs;
    bool train;  // dropout is on
    bool repeat; // products may be made again too: see keep.c
} rni_form_wish;

// Lowers the nodes asked for and all they need. Outputs and the loss are
// entered in form->outputs in the order given.
rnnc_status rni_form_init(rni_form *form, const rnnc_graph *graph,
                          rni_error *error, const rni_form_wish *wish);

// Appends the gradients of the loss by every parameter that is not frozen and
// by the inputs asked for.
rnnc_status rni_form_differentiate(rni_form *form, const rni_form_wish *wish);

// Chooses what a run keeps for its backward pass: see keep.c. With `repeat`
// products too may be made again.
rnnc_status rni_form_keep(rni_form *form, bool repeat);

// Finds for every value the loop that must compute it: those that depend on a
// state of a loop and that its next state depends on.
rnnc_status rni_form_sort(rni_form *form);

void rni_form_fini(rni_form *form);

// Whether one more value, with so many arguments, is within the context's
// limit; else false with the error.
bool rni_form_has_room(rni_form *form, int32_t more);

// ---- Making values: used by lowering and differentiation ------------------

// All return a value's index, or -1 with the error recorded; -1 passes through.
int32_t rni_form_value(rni_form *form, int32_t op, rni_shape shape,
                       const rni_arg *args, int32_t n_args);
int32_t rni_form_tape(rni_form *form, int32_t tape, const int32_t *args,
                      int32_t n_args, float x, float y);
int32_t rni_form_one(rni_form *form, int32_t op, rni_shape shape, int32_t arg);
int32_t rni_form_scalar(rni_form *form, float value);
int32_t rni_form_constant_rows(rni_form *form, int64_t rows, int64_t cols,
                               const float *data); // data NULL: zeros
// `value` where rows of its own memory are asked for: a copy of a state before
// the step, else itself.
int32_t rni_form_solid(rni_form *form, int32_t value);
// `value` as a value of the kind and axis of `shape`: itself, or a copy.
int32_t rni_form_spread(rni_form *form, int32_t value, rni_shape shape);
// A state without a next; prev is made with it.
int32_t rni_form_state_make(rni_form *form, int32_t loop, int64_t cols,
                            int32_t first, bool kept);
int32_t rni_form_loop_make(rni_form *form, int32_t axis, bool falling);
int32_t rni_form_final(rni_form *form, int32_t state);
// The sum over each sequence's rows, a batch value.
int32_t rni_form_pool_sum(rni_form *form, int32_t value, bool falling);

static inline const rni_arg *rni_form_args(const rni_form *form, int32_t value)
{
    return form->args + form->values[value].first_arg;
}

#endif
