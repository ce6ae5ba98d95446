// SPDX-License-Identifier: MIT
// The planner at work: what is known of each value of the normal form while a
// plan is made from it. The steps run in the order of the functions below.
#ifndef RNI_PLANNER_H
#define RNI_PLANNER_H

#include "graph/form.h"
#include "plan/plan.h"

// Where a value lives: in the memory of `owner`, from row, col on.
typedef struct rni_home {
    int32_t owner;
    int64_t row, col;
} rni_home;

// A batch value in the order of an axis' ranks.
typedef struct rni_rank_copy {
    int32_t axis, buffer;
    int32_t next; // the next copy of the same value, -1: none
} rni_rank_copy;

// A unit of work is a value outside every loop, or (numbered behind the
// values) a whole loop.
typedef struct rni_planner {
    rni_form *form;
    rnnc_plan *plan;
    const rni_memory *memory;
    rni_error *error;
    int32_t n_units; // values + loops

    // need.c
    bool *needed;   // value -> takes part
    bool *live;     // state -> takes part
    bool *prepared; // value -> static, known from the weights alone
    bool *moving;   // value -> changes as a stream steps
    int32_t *uses;  // value -> how many values and results use it
    bool *kept;     // value -> must outlive the run: a result

    // schedule.c
    int32_t *section;       // unit -> its section, -1 where it has none
    int32_t *stage;         // unit -> its stage
    int32_t *section_stage; // section -> stage
    int32_t section_stage_capacity;
    // The values that each section computes, section after section: those of
    // section s lie from first[s + 1] on, those that are prepared from
    // first[0].
    int32_t *members, *members_first;
    bool *looped; // loop -> has values or falls: runs step by step
    // The values and the live states of every loop, loop after loop: those of
    // loop l lie from first[l] up to first[l + 1].
    int32_t *loop_values, *loop_values_first;
    int32_t *loop_states, *loop_states_first;

    // place.c
    rni_home *homes; // value -> where it lives
    bool *whole;     // forward value -> a result, or another forward stage or
                     // a reversal reads it: all its rows are there to the end

    // extent.c
    int32_t *buffer; // owner -> buffer, -1: none yet
    int32_t *state;  // state of the form -> state of the plan
    int32_t *ranked; // batch value -> its first copy, -1: none
    int32_t n_copies, copies_capacity;
    rni_rank_copy *copies;

    // capacities of the plan's arrays
    int32_t constants_capacity, buffers_capacity, classes_capacity,
        operands_capacity, instructions_capacity, tapes_capacity, code_capacity,
        ports_capacity, products_capacity, terms_capacity, results_capacity,
        packs_capacity, sources_capacity, matmuls_capacity, states_capacity,
        state_list_capacity, sections_capacity, stages_capacity;
} rni_planner;

bool rni_plan_need(rni_planner *planner);
bool rni_plan_schedule(rni_planner *planner);
bool rni_plan_place(rni_planner *planner);
bool rni_plan_place_results(rni_planner *planner); // a part of it
bool rni_plan_extents(rni_planner *planner);
bool rni_plan_states(rni_planner *planner);
bool rni_plan_emit(rni_planner *planner);
bool rni_plan_again(rni_planner *planner);
bool rni_plan_results(rni_planner *planner);
bool rni_plan_memory(rni_planner *planner);

// ---- Shared
// -------------------------------------------------------------------

// Room for `extra` more items in a list of the plan, or false with the error.
bool rni_planner_reserve(rni_planner *planner, void **items, int32_t *capacity,
                         int64_t count, size_t size);
#define RNI_PLAN_RESERVE(planner, list, extra)                                 \
    rni_planner_reserve((planner), (void **)&(planner)->plan->list,            \
                        &(planner)->list##_capacity,                           \
                        (int64_t)(planner)->plan->n_##list + (extra),          \
                        sizeof *(planner)->plan->list)

// Floats from row to row of a buffer.
static inline int64_t rni_planner_stride(int64_t cols)
{
    return cols < 16 ? cols : (cols + 15) / 16 * 16;
}

// The arguments of a value that are values: a DOT's init may be none.
static inline const rni_arg *rni_planner_args(const rni_planner *p,
                                              int32_t value)
{
    return p->form->args + p->form->values[value].first_arg;
}

static inline int32_t rni_planner_unit(const rni_planner *p, int32_t value)
{
    int32_t loop = p->form->values[value].loop;
    return loop < 0 ? value : p->form->n_values + loop;
}

// True for values that no instruction computes.
bool rni_planner_is_leaf(const rni_value *value);

// True for sums over the rows of a sequence: they are taken block by block and
// known after their stage.
bool rni_planner_sums_rows(const rni_planner *planner, int32_t value);

// Whether a unit is flat: static or batch rows, not step after step.
bool rni_planner_is_flat(const rni_planner *planner, int32_t unit);

// The operand of a value as seen from a section (its own loop or not).
rni_operand rni_planner_operand(const rni_planner *planner, int32_t value,
                                int32_t section);
static inline rni_operand rni_operand_none(void)
{
    return (rni_operand){-1, -1, 0, 0};
}

// Appends an instruction, or false with the error. Its operands follow.
bool rni_planner_instruction(rni_planner *planner, rni_instruction instruction,
                             const rni_operand *operands, int32_t n_operands);

int32_t rni_planner_buffer(rni_planner *planner, rni_buffer buffer);

// The buffer of a batch value's copy in the order of an axis' ranks, -1: none.
int32_t rni_planner_ranked(const rni_planner *planner, int32_t value,
                           int32_t axis);

// Whether the weights of a product are known from the parameters alone, so that
// they are packed once for each version.
bool rni_planner_is_packed(const rni_planner *planner, int32_t value);

struct rni_ready;

// Emission of one section's products and tapes (emit_product.c, emit_tape.c).
typedef struct rni_emission {
    rni_planner *planner;
    int32_t section; // -1: prepare
    struct rni_ready *ready;
    bool *done; // value -> emitted, or known before the section
} rni_emission;

// Emits `value`, a DOT that was ready, with all ready ones that share its left
// side.
bool rni_emit_product(rni_emission *emission, int32_t value);
// Emits a tape that starts at `value`, with all that can join it.
bool rni_emit_tape(rni_emission *emission, int32_t value);
// A tape of one instruction from operands: c = op(a, b).
bool rni_emit_simple_tape(rni_planner *planner, int32_t op, rni_shape shape,
                          const rni_plan_port *loads, int32_t n_loads,
                          rni_operand to, bool by_step);
bool rni_planner_by_step(const rni_planner *planner, int32_t section,
                         const rni_operand *operands, int32_t n_operands);

#endif
