// SPDX-License-Identifier: MIT
// The executor: a plan with the machine under it. An executor says where every
// buffer lies; a worker is one thread's place in the program.
#ifndef RNI_EXECUTOR_H
#define RNI_EXECUTOR_H

#include "base/random.h"
#include "base/team.h"
#include "kernel/kernel.h"
#include "plan/plan.h"
#include "run/blocks.h"
#include "run/profile.h"
#include "sequence/sequence.h"

// The order of rows of an axis and its time blocks.
typedef struct rni_axis {
    const rni_order *order; // NULL: the plan has nothing on this axis
    rni_blocks blocks;
} rni_axis;

// What one thread needs to make calls of kernels; sizes as in the profile.
typedef struct rni_workspace {
    rni_tape_port *loads, *stores;
    rni_product_term *terms;
    rni_product_result *results;
    rni_outer_run *runs;
    float *scratch;
} rni_workspace;

typedef struct rni_executor {
    const rnnc_plan *plan;
    const rni_profile *profile;
    const rni_kernels *kernels;
    rni_team *team;         // NULL: the caller alone
    int32_t members;        // of the team, at most; 0: all
    float **base;           // [n_buffers]: row 0, column 0
    float **packed;         // [n_packs]
    const uint8_t *numbers; // [n_sources] rni_number of packed weights
    float **kept;           // [n_states], in the caller's order, stride of
                            // the carry; NULL: not kept
    rni_axis *axes;         // [n_axes]
    int64_t batch;
    const uint8_t *carried; // [batch] 1: states go on, 0: fresh
    float *matmul;          // packed weights of one static product
    rni_workspace *spaces;  // [members]
    uint64_t dropout;       // key of the masks, before node and site
    uint64_t counter;       // of the run, mixed into that key last
} rni_executor;

typedef enum rni_which {
    RNI_EVERY_STAGE,
    RNI_ONCE_STAGES, // of a stream: those that run at begin
    RNI_MOVING_STAGES
} rni_which;

// Runs stages [first, last), on the team where the work is worth it.
void rni_executor_run(const rni_executor *executor, int32_t first, int32_t last,
                      rni_which which);

// Runs a section of flat instructions on the caller.
void rni_executor_section(const rni_executor *executor, int32_t section);

// ---- Workers ---------------------------------------------------------------

typedef struct rni_worker {
    const rni_executor *e;
    rni_workspace *space;
    int32_t member, size;
    bool by_cols;                  // this call is for a share of the columns
    bool static_rows;              // rows are those of static values
    const rni_order *order;        // of the axis; NULL in flat sections
    int64_t first_step, last_step; // of the block
    int64_t segment_step;          // the first of its segment
    int64_t step;                  // -1: rows of the whole block
    int64_t rows;
    int64_t at[RNI_EXTENT_COUNT];     // index of the first row
    int64_t before[RNI_EXTENT_COUNT]; // the same, one step earlier
} rni_worker;

typedef struct rni_matrix {
    float *data;
    int64_t stride;
} rni_matrix;

rni_worker rni_worker_make(const rni_executor *e, int32_t member, int32_t size);

// Where a worker stands: `rows` rows of a flat section; a block; rows of the
// block where it stands; `rows` rows of a step from a rank on.
void rni_worker_flat(rni_worker *w, bool batch, int64_t rows);
// Which segment the blocks to come belong to; it is the first otherwise.
void rni_worker_segment(rni_worker *w, const rni_axis *axis, int64_t segment);
void rni_worker_block(rni_worker *w, const rni_axis *axis, int64_t block);
void rni_worker_rows_of_block(rni_worker *w);
void rni_worker_step(rni_worker *w, int64_t step, int64_t rank, int64_t rows);
// Goes on to rows [first, first + rows) of those where it stands.
void rni_worker_narrow(rni_worker *w, int64_t first, int64_t rows);

static inline bool rni_extent_is_static(int32_t extent)
{
    return extent <= RNI_EXTENT_STATIC;
}

static inline const rni_buffer *rni_worker_buffer(const rni_worker *w,
                                                  const rni_operand *o)
{
    return w->e->plan->buffers + o->buffer;
}

static inline const rni_operand *
rni_worker_operand(const rni_worker *w, const rni_instruction *i, int32_t index)
{
    return w->e->plan->operands + i->first_operand + index;
}

// An operand that is the same for all rows.
static inline float *rni_worker_fixed(const rni_worker *w, const rni_operand *o)
{
    return w->e->base[o->buffer] + o->row * rni_worker_buffer(w, o)->cols +
           o->col;
}

rni_matrix rni_worker_before(const rni_worker *w, const rni_operand *o);

// The rows of an operand where the worker stands.
static inline rni_matrix rni_worker_rows(const rni_worker *w,
                                         const rni_operand *o)
{
    if (o->state >= 0)
        return rni_worker_before(w, o);
    const rni_buffer *b = rni_worker_buffer(w, o);
    int64_t row = w->at[b->extent] + o->row;
    return (rni_matrix){w->e->base[o->buffer] + row * b->cols + o->col,
                        b->cols};
}

// How many ranks have the step.
static inline int64_t rni_worker_active(const rni_worker *w, int64_t step)
{
    return w->order->offsets[step + 1] - w->order->offsets[step];
}

// Part `member` of `total` in `size` even parts that begin at multiples of
// `grain`.
typedef struct rni_share {
    int64_t first, last;
} rni_share;

rni_share rni_share_of(int64_t total, int64_t grain, int32_t member,
                       int32_t size);

// Columns of a product are shared by its folds where rows are few: no more
// than a kernel reads where they lie.
static inline bool rni_worker_folds(const rni_worker *w, int64_t rows)
{
    return w->e->kernels->product_scratch(rows, 1) == 0;
}

// All members wait for each other.
static inline void rni_worker_meet(const rni_worker *w)
{
    if (w->size > 1)
        rni_team_barrier(w->e->team, w->member, w->size);
}

// ---- Instructions ----------------------------------------------------------

// How the work of an instruction may be split.
enum {
    RNI_BY_ROWS = 1, // each row by itself
    RNI_BY_COLS = 2, // it looks at w->by_cols
    RNI_ITSELF = 4   // it looks at w->member and w->size
};

typedef struct rni_instruction_row {
    void (*run)(rni_worker *w, const rni_instruction *i);
    uint32_t split;
} rni_instruction_row;

extern const rni_instruction_row rni_instruction_table[RNI_RUN_OP_COUNT];

// products.c. The calls of a tape or a product where the worker stands, with
// room for its ports, terms and results.
void rni_tape_fill(const rni_worker *w, const rni_instruction *i,
                   rni_tape_port *loads, rni_tape_port *stores,
                   rni_tape_call *call);
// Panel rows of a result whose weights are packed so; NULL: as float32.
int64_t rni_product_panel_rows(const rnnc_plan *plan, const rni_plan_product *p,
                               const uint8_t *numbers);
void rni_product_fill(const rni_worker *w, const rni_instruction *i,
                      rni_product_term *terms, rni_product_result *results,
                      rni_product_call *call);
void rni_run_tape(rni_worker *w, const rni_instruction *i);
void rni_run_product(rni_worker *w, const rni_instruction *i);
void rni_run_matmul(rni_worker *w, const rni_instruction *i);
void rni_run_pack(rni_worker *w, const rni_instruction *i);

// sums.c: sums over rows. What they add to begins at zero or at what it holds:
// see rni_sum_begin.
void rni_run_outer(rni_worker *w, const rni_instruction *i);
void rni_run_col_sum(rni_worker *w, const rni_instruction *i);
void rni_run_lookup_grad(rni_worker *w, const rni_instruction *i);
void rni_run_total(rni_worker *w, const rni_instruction *i);
// At the start of an axis stage, and at its end.
void rni_sum_begin(rni_worker *w, const rni_instruction *i);
void rni_sum_end(rni_worker *w, const rni_instruction *i);

// rows.c: row by row.
void rni_run_row_sum(rni_worker *w, const rni_instruction *i);
void rni_run_softmax(rni_worker *w, const rni_instruction *i);
void rni_run_log_softmax(rni_worker *w, const rni_instruction *i);
void rni_run_normalize(rni_worker *w, const rni_instruction *i);
void rni_run_normalize_grad(rni_worker *w, const rni_instruction *i);
void rni_run_lookup(rni_worker *w, const rni_instruction *i);
void rni_run_cross_entropy(rni_worker *w, const rni_instruction *i);
void rni_run_cross_entropy_weight(rni_worker *w, const rni_instruction *i);
void rni_run_cross_entropy_grad(rni_worker *w, const rni_instruction *i);
void rni_run_dropout(rni_worker *w, const rni_instruction *i);
void rni_run_reverse(rni_worker *w, const rni_instruction *i);
void rni_run_rank(rni_worker *w, const rni_instruction *i);
void rni_run_fresh(rni_worker *w, const rni_instruction *i);
void rni_run_rows(rni_worker *w, const rni_instruction *i);
void rni_run_zero(rni_worker *w, const rni_instruction *i);

// ---- States (state.c) ------------------------------------------------------

// Sets the carries of a stage's states to where its sequences begin.
void rni_state_enter(rni_worker *w, const rni_stage *stage);
// After a step: columns [cols] of the rows where the worker stands.
void rni_state_step(rni_worker *w, const rni_section *section);
// After a block or a segment: the last rows of it, of the states of a list that
// have that mode.
void rni_state_leave_steps(rni_worker *w, int32_t first, int32_t n,
                           int32_t mode);
// Copies the carries of a list of states to the border of a segment, or back.
void rni_state_border(rni_worker *w, int32_t first, int32_t n, int64_t segment,
                      bool back);
// Final states and kept copies.
void rni_state_leave(rni_worker *w, const rni_stage *stage);
// The last value of a state of a rank, after its stage.
const float *rni_state_last(const rni_executor *e, int32_t state, int64_t rank);
// The value a row begins with when it is fresh; NULL: zeros.
const float *rni_state_first(const rni_executor *e, int32_t state, int64_t row);
// Copies rows; from NULL: zeros.
void rni_copy_rows(int64_t rows, int64_t cols, const float *from,
                   int64_t from_stride, float *to, int64_t to_stride);

#endif
