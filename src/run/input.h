// SPDX-License-Identifier: MIT
// The inputs of a run: what the caller has set, and whether it fits together.
#ifndef RNI_INPUT_H
#define RNI_INPUT_H

#include "plan/plan.h"
#include "sequence/sequence.h"

typedef struct rni_input {
    rnnc_node *node;
    int32_t buffer;
    const rnnc_sequence *sequence; // of a sequence input, the caller's
    float *copy;  // of a batch or static input: [rows, stride of its
    size_t bytes; // buffer], floats or ids; bytes it has room for
    float *fresh; // larger room, until it is taken or forgotten
    size_t fresh_bytes;
    bool set;
    int64_t batch;   // rows of a batch input
    int64_t limit;   // ids are 0 .. limit - 1
    bool ruled;      // something takes them and has told
    bool may_ignore; // or this one, the ignored target
    int32_t ignore;
} rni_input;

typedef struct rni_inputs {
    const rnnc_plan *plan;
    const rni_memory *memory;
    rni_input *list; // [plan->n_inputs]
    // Of each axis that the plan reads no input of: a sequence that tells its
    // lengths all the same.
    const rnnc_sequence **axes; // [n_axes]
} rni_inputs;

bool rni_inputs_init(rni_inputs *inputs, const rnnc_plan *plan,
                     const rni_memory *memory);
void rni_inputs_fini(rni_inputs *inputs);

// The input of a node, or NULL: the plan does not read it.
rni_input *rni_inputs_find(const rni_inputs *inputs, const rnnc_node *node);

// The node is an input of the plan's graph, of this kind and type.
rnnc_status rni_inputs_check_node(const rni_inputs *inputs,
                                  const rnnc_node *node, int32_t kind,
                                  int32_t type, rni_error *error);

rnnc_status rni_inputs_set_sequence(rni_inputs *inputs, rnnc_node *node,
                                    const rnnc_sequence *sequence,
                                    rni_error *error);
// Copies `rows` rows of a batch or static input; room for `most` is kept.
rnnc_status rni_inputs_set_rows(rni_inputs *inputs, rnnc_node *node,
                                const void *values, int64_t rows,
                                rni_error *error);
// Fresh room for batch inputs of so many rows, to be taken or forgotten. False
// where memory runs out; then there is none.
bool rni_inputs_reserve(rni_inputs *inputs, int64_t batch);
// True where an input has moved.
bool rni_inputs_take(rni_inputs *inputs);
void rni_inputs_forget(rni_inputs *inputs);

// Which inputs a check is about.
typedef struct rni_input_filter {
    int32_t axis; // RNI_AXIS_NONE: all
    bool only;    // those of the axis alone; false: all but those
} rni_input_filter;

// All that a forward pass asks of its inputs. *batch is the number of
// sequences, or -1: it receives them. orders[a] receives the order of each
// axis that is used and looked at; the others stay as they are.
rnnc_status rni_inputs_check(const rni_inputs *inputs, rni_input_filter filter,
                             int64_t *batch, const rni_order **orders,
                             rni_error *error);

// Checks ids [count] of an input; the index of the first that is out of range,
// or -1.
int64_t rni_input_bad_id(const rni_input *input, const int32_t *ids,
                         int64_t count);

// The input that the ids of a buffer come from, or NULL.
const rni_input *rni_inputs_origin(const rni_inputs *inputs, int32_t buffer);

// Points the base of every input's buffer at its values, where it is set; of a
// plan whose inputs are listed as the inputs' own plan lists them.
void rni_inputs_place(const rni_inputs *inputs, const rnnc_plan *plan,
                      float **base);

// Bytes of the copies.
int64_t rni_inputs_bytes(const rni_inputs *inputs);

#endif
