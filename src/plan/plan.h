// SPDX-License-Identifier: MIT
// A plan: what to do, as plain data. No pointers to code, no instruction set,
// no sizes that depend on a batch. Made by the planner, immutable after; read
// by the executor (src/run), by rnnc_plan_print and by tests.
#ifndef RNI_PLAN_H
#define RNI_PLAN_H

#include <stdatomic.h>

#include "graph/node.h"
#include "kernel/kernel.h"
#include "rnnc/plan.h"

// ---- Memory ---------------------------------------------------------------

// What the rows of a buffer are, and so how many there are at run time and
// which row belongs to (t, rank) of its axis.
typedef enum rni_extent {
    RNI_EXTENT_PARAMETER, // [rows, cols] of parameter `index`: the weights'
                          // own memory in a TRAIN plan, else a copy that the
                          // binding made with its version
    RNI_EXTENT_GRADIENT,  // the gradient of parameter `index`; added to
    RNI_EXTENT_CONSTANT,  // plan->constants + index
    RNI_EXTENT_PREPARED,  // static; computed once for each version of the
                          // weights, shared by all runs of the binding
    RNI_EXTENT_STATIC,    // static; computed by a run
    RNI_EXTENT_BATCH,     // a row for each sequence, in the caller's order
    RNI_EXTENT_RANK,      // a row for each rank of `axis` (longest first):
                          // copies of batch values, and what lives for one
                          // step only: row = rank
    RNI_EXTENT_CARRY,     // the same, but never shared: states between steps
    RNI_EXTENT_BLOCK,     // a row for each row of a time block:
                          // row = offset[t] - offset[block's first t] + rank
    RNI_EXTENT_SEGMENT,   // the same of a segment, which is a row of blocks:
                          // what a backward stage reads of the forward pass
    RNI_EXTENT_BORDER,    // a row for each rank at the start of each segment:
                          // states as they are there
    RNI_EXTENT_ALL,       // a row for each row of the axis: offset[t] + rank
    RNI_EXTENT_INPUT,     // the caller's sequence for input node `index`:
                          // rows as ALL, stride = its features (ids: int32, 1)
    RNI_EXTENT_COUNT
} rni_extent;

// Buffers of one class (extent, axis) lie in one piece of memory: a buffer
// starts `offset` columns in, that is at offset * (rows of the class) floats,
// and is [rows of the class, cols], dense. cols is the width rounded up to a
// multiple of 16 where it is 16 or more. A static buffer (PREPARED, STATIC)
// has its own rows and starts `offset` floats in. Buffers whose lives do not
// overlap may share memory; only CARRY never does.
typedef struct rni_buffer {
    int32_t extent;
    int32_t axis;  // of RANK, CARRY, BLOCK to ALL, INPUT; else -1
    int32_t type;  // RNI_FLOAT or RNI_IDS (BATCH and INPUT only)
    int32_t index; // of PARAMETER, GRADIENT, CONSTANT, INPUT
    int64_t rows;  // static extents
    int64_t cols;  // stride of a row
    int64_t offset;
} rni_buffer;

// Memory of one class that a run must have: `cols` columns a row of the class
// (for STATIC and PREPARED: floats in all).
typedef struct rni_class {
    int32_t extent;
    int32_t axis;
    int64_t cols;
} rni_class;

// Where an instruction finds a matrix. `buffer` -1: absent.
typedef struct rni_operand {
    int32_t buffer;
    int32_t state; // -1, or: the rows are those of this state *before* the
                   // step (see rni_plan_state); the buffer is then that of
                   // the state's `next`, col is next.col + c, and where
                   // the rows come from the carry its columns are from c
    int64_t row;   // first row, of static buffers only
    int64_t col;   // first column
} rni_operand;

// ---- Instructions ---------------------------------------------------------

// Inside a section all instructions are over the same rows: of one step (loop
// sections), of a block (row sections of an axis), or, in flat stages, over
// `rows` of each instruction (static) or the batch.
typedef enum rni_instruction_op {
    RNI_RUN_TAPE,        // detail: plan->tapes
    RNI_RUN_PRODUCT,     // detail: plan->products; packed weights
    RNI_RUN_MATMUL,      // detail: plan->matmuls; static rows
    RNI_RUN_PACK,        // detail: index of plan->packs; weights -> packed. In
                         // an axis' stage it runs once, when the stage begins
    RNI_RUN_OUTER,       // operands a, b, c: c (+)= sum over rows of a' b
    RNI_RUN_COL_SUM,     // x, sum
    RNI_RUN_LOOKUP_GRAD, // ids, d, table; integers[0]: its rows
    RNI_RUN_TOTAL,       // x, partial [1, 16], result [1, 1]
    RNI_RUN_ROW_SUM,     // x, y
    RNI_RUN_SOFTMAX,     // x, y
    RNI_RUN_LOG_SOFTMAX,
    RNI_RUN_NORMALIZE,            // x, y; numbers[0] epsilon
    RNI_RUN_NORMALIZE_GRAD,       // d, x, y; numbers[0] epsilon
    RNI_RUN_LOOKUP,               // ids, table, y
    RNI_RUN_CROSS_ENTROPY,        // logits, ids, w or absent, loss
    RNI_RUN_CROSS_ENTROPY_WEIGHT, // ids, w or absent, y: w[id], or 1; 0 ignored
    RNI_RUN_CROSS_ENTROPY_GRAD,   // d, logits, ids, w or absent, y
                                  // all three: integers[0] ignored id,
                                  // numbers[0] smoothing
    RNI_RUN_DROPOUT, // x, y; integers: node id, site id; numbers[0] rate
    RNI_RUN_REVERSE, // x (extent ALL or INPUT, whole axis), y: row (t, rank)
                     // of y is row (length - 1 - t, rank) of x
    RNI_RUN_RANK,    // x (batch), y (rank): y[rank] = x[caller's row]
    RNI_RUN_FRESH,   // x, y (batch): y = carried ? 0 : x
    RNI_RUN_ROWS,    // y [1, 1] = rows; integers[0]: axis, or -1 batch,
                     // or -2: integers[1] is the number
    RNI_RUN_ZERO,    // y = 0
    RNI_RUN_OP_COUNT
} rni_instruction_op;

typedef struct rni_instruction {
    int32_t op;
    int32_t detail;
    int32_t first_operand, n_operands; // into plan->operands
    int64_t rows; // of static rows; 0: those of the section or the batch
    int64_t cols; // of the result; ROW_SUM: of x; CROSS_ENTROPY and
                  // its gradient: of the logits; OUTER: of b, those of
                  // a are integers[0]
    int64_t integers[2];
    float numbers[2];
    bool by_step;  // in a row section: an operand is of extent RANK or
                   // CARRY or a state before the step, so rows are
                   // visited step by step
    bool batch;    // in a flat stage: over the batch, not static rows
    int32_t value; // of the normal form, for printing
} rni_instruction;

// OUTER, COL_SUM and LOOKUP_GRAD over an axis go through the rows from the
// last step to the first (falling blocks), ranks of a step in order, and carry
// their sums over blocks: where the result is not a GRADIENT it starts from
// zero in the first block of its stage. Over batch or static rows they go in
// order. TOTAL goes through rows in rising order; its partial sums are zeroed
// at the first block and folded into the result after the last. A GRADIENT
// result always continues what is there.

typedef struct rni_plan_port {
    int32_t kind; // rni_port_kind
    int32_t slot;
    rni_operand operand;
} rni_plan_port;

typedef struct rni_plan_tape {
    int32_t first_code, n_code;    // into plan->code
    int32_t first_load, n_loads;   // into plan->ports
    int32_t first_store, n_stores; // into plan->ports
    int32_t n_slots;
    int64_t cols;
} rni_plan_tape;

// Terms deep, results wide; every (result, term) has its weights in the pack.
typedef struct rni_plan_product {
    int32_t first_term, n_terms;     // into plan->terms
    int32_t first_result, n_results; // into plan->results
    int32_t pack;                    // into plan->packs
} rni_plan_product;

typedef struct rni_plan_term {
    rni_operand a;
    int64_t depth;
} rni_plan_term;

typedef struct rni_plan_result {
    int64_t cols;
    rni_operand init; // absent: zero; static [1, cols]: a bias for every row;
                      // otherwise rows like the result's
    rni_operand c;
} rni_plan_result;

// The weights of a product: for result r and term k, sources[r * n_terms + k].
// Result after result, packed_floats(sum of depths, cols of r) floats each.
typedef struct rni_plan_pack {
    int32_t product;
    int32_t first_source;
    bool prepared; // all sources PARAMETER, CONSTANT or PREPARED: packed
                   // once for each version, by the binding; otherwise by
                   // a RNI_RUN_PACK instruction, into the run's memory
} rni_plan_pack;

typedef struct rni_plan_source {
    rni_operand w;
    bool transposed;
} rni_plan_source;

// c = init + sum of a_k op(b_k), static rows; init as of a product's result.
typedef struct rni_plan_matmul {
    int32_t first_term, n_terms; // into plan->terms; weights: sources
    int32_t first_source;
    rni_operand init, c;
} rni_plan_matmul;

// ---- Programs ---------------------------------------------------------------

typedef enum rni_state_mode {
    RNI_STATE_STEP,    // after each step the rows of `next` are copied to the
                       // carry: carry[rank] = next(t)[rank] for the active
                       // ranks; before the step the state is the carry
    RNI_STATE_BLOCK,   // before the step it is next(t - 1), in a block's first
                       // step the carry; after a block every rank's last row of
                       // it is copied to the carry (rising only)
    RNI_STATE_SEGMENT, // the same of a segment
    RNI_STATE_ALL      // before the step it is next(t - 1), at t = 0 the carry,
                       // which keeps the first state (rising only)
} rni_state_mode;

typedef struct rni_plan_state {
    int32_t loop;
    int32_t axis;
    bool falling; // "before the step" is then step t + 1's next; always
                  // mode STEP
    bool kept;    // at the start of its stage, rows said to be carried
                  // begin from the run's kept copy of it; at the end the
                  // kept copy gets the last states of all rows
    int32_t mode;
    int64_t cols;
    int32_t carry;     // buffer, extent CARRY
    int32_t border;    // buffer, extent BORDER: the carry as it is when a
                       // segment begins; -1: no backward stage needs it
    rni_operand next;  // static [1, cols] is possible: copied to all rows
    rni_operand first; // BATCH, or static [1, cols], or absent: zeros
    rni_operand final; // BATCH (caller's order), or absent: written at the end
                       // of its stage; a sequence of length 0 gives its first
} rni_plan_state;

typedef struct rni_section {
    int32_t loop; // its instructions run step by step; -1: over all rows
    int32_t first_instruction, n_instructions;
    int32_t first_state, n_states; // of the loop: into plan->state_list
} rni_section;

// A stage goes over the blocks of its axis, all its sections in each block; a
// flat stage (axis -1) runs its sections once. A falling stage goes through the
// segments from the last to the first. What lies in SEGMENT buffers is then
// made again, from the states at the segment's border: sections that hold the
// instructions of the forward stages that this needs run over its blocks, from
// the first to the last, before the stage's own do from the last to the first.
// The last segment is still there from the forward pass, if `held`.
typedef struct rni_stage {
    int32_t axis;
    bool falling; // blocks and steps from the last to the first
    bool once;    // STREAM: depends on nothing that moves along the
                  // stream's axis; runs at begin
    int32_t first_section, n_sections;
    int32_t first_state, n_states;   // all states that its loops and delays
                                     // own: into plan->state_list
    int32_t first_again, n_again;    // sections that make a segment again
    int32_t first_border, n_borders; // states that begin at its border: into
                                     // plan->state_list
    bool held; // no other stage has made segments of the axis again before
} rni_stage;

typedef struct rni_port_name { // an input, an output or an input's gradient
    int32_t node;              // graph node id
    rni_shape shape;
    rni_operand operand;
} rni_port_name;

struct rnnc_plan {
    rnnc_graph *graph; // held
    rnnc_plan *lean;   // RNNC_KEEP_BUDGET: the same, but it keeps states
                       // alone; inputs, results and kept states are listed in
                       // the same order. NULL: none
    atomic_int references;
    rni_error error;
    int32_t use;         // RNNC_INFER, RNNC_TRAIN, RNNC_STREAM
    int32_t stream_axis; // of a STREAM plan
    int32_t keep;        // RNNC_KEEP_..
    int64_t block_rows, segment_rows;
    bool blas; // no batch and no axis anywhere: static products go
               // through the CBLAS door

    int32_t n_buffers;
    rni_buffer *buffers;
    int32_t n_classes;
    rni_class *classes;
    int32_t n_constants;
    float *constants;
    int32_t n_operands;
    rni_operand *operands;
    int32_t n_instructions;
    rni_instruction *instructions;
    int32_t n_tapes;
    rni_plan_tape *tapes;
    int32_t n_code;
    rni_tape_code *code;
    int32_t n_ports;
    rni_plan_port *ports;
    int32_t n_products;
    rni_plan_product *products;
    int32_t n_terms;
    rni_plan_term *terms;
    int32_t n_results;
    rni_plan_result *results;
    int32_t n_packs;
    rni_plan_pack *packs;
    int32_t n_sources;
    rni_plan_source *sources;
    int32_t n_matmuls;
    rni_plan_matmul *matmuls;
    int32_t n_states;
    rni_plan_state *states;
    int32_t n_state_list;
    int32_t *state_list;
    int32_t n_sections;
    rni_section *sections;
    int32_t n_stages;
    rni_stage *stages;

    int32_t prepare;    // section of flat instructions over static rows,
                        // PREPARED results; -1: none
    int32_t n_forward;  // stages [0, n_forward) are the forward program,
                        // [n_forward, n_stages) the backward program
    bool uses_batch;    // some value has a row for each sequence
    int32_t n_axes;     // of the graph when it was planned
    uint8_t *axes_used; // [n_axes] 1: some input or value is on it

    int32_t n_inputs;
    rni_port_name *inputs; // operand: INPUT buffers,
                           // or BATCH/STATIC ones
    int32_t n_outputs;
    rni_port_name *outputs;
    int32_t n_gradients;
    rni_port_name *gradients; // of inputs
    rni_operand loss;         // static [1, 1], or absent
};

// Calls `visit` for every operand of an instruction, read or written.
typedef void (*rni_operand_visit)(void *user, const rni_operand *operand,
                                  bool written);
void rni_instruction_visit(const rnnc_plan *plan, const rni_instruction *i,
                           rni_operand_visit visit, void *user);

rnnc_plan *rni_plan_hold(rnnc_plan *plan);
void rni_plan_drop(rnnc_plan *plan);

#endif
