// SPDX-License-Identifier: MIT
// The calls of one step of a stream, bound to memory.
#include "run/step.h"

#include <string.h>

// ---- Room ------------------------------------------------------------------

static void *room(const rni_memory *memory, int64_t count, size_t size,
                  bool *good)
{
    void *block = rni_memory_zeroed(memory, (size_t)count, size);
    *good = *good && block != NULL;
    return block;
}

bool rni_step_init(rni_step *step, const rni_executor *e, int64_t rows,
                   int32_t more_copies, const rni_memory *memory)
{
    const rnnc_plan *plan = e->plan;
    bool good = true;
    *step = (rni_step){.memory = memory, .e = e, .rows = rows};
    // An instruction may have a begin and an end; a state is entered, copied,
    // and read at the end.
    int64_t copies = 3 * (int64_t)plan->n_states + more_copies;
    step->room = 3 * (int64_t)plan->n_instructions + copies;
    // A copy that joins a tape takes a list of its stores; there are two ways
    // to join.
    int64_t ports =
        2 * copies * (e->profile->most_stores + RNI_STEP_MORE_STORES);
    step->calls = room(memory, step->room, sizeof *step->calls, &good);
    step->ports =
        room(memory, plan->n_ports + ports, sizeof *step->ports, &good);
    step->terms = room(memory, plan->n_terms, sizeof *step->terms, &good);
    step->results = room(memory, plan->n_results, sizeof *step->results, &good);
    step->size = 1;
    rni_step_sizes sizes = rni_step_measure(step);
    return good && rni_step_program_init(&step->alone, step, &sizes);
}

static void let_members_go(rni_step *step)
{
    for (int32_t m = 0; step->members != NULL && m < step->size; m++)
        rni_step_program_fini(step->members + m, step);
    rni_step_program_fini(&step->rest, step);
    rni_memory_release(step->memory, step->members);
    rni_memory_release(step->memory, step->meets);
    rni_memory_release(step->memory, step->parts);
}

static bool make_members(rni_step *step)
{
    rni_step_sizes sizes = rni_step_measure(step);
    bool good = true;
    step->parts = room(step->memory, step->room, sizeof *step->parts, &good);
    step->meets = room(step->memory, step->room, sizeof *step->meets, &good);
    step->members =
        room(step->memory, step->size, sizeof *step->members, &good);
    for (int32_t m = 0; good && m < step->size; m++)
        good = rni_step_program_init(step->members + m, step, &sizes);
    return good && rni_step_program_init(&step->rest, step, &sizes);
}

bool rni_step_share(rni_step *step, rni_team *team, int32_t size)
{
    rni_step before = *step;
    step->team = team;
    step->size = size;
    step->parts = NULL;
    step->meets = NULL;
    step->members = NULL;
    step->rest = (rni_step_program){0};
    if (size > 1 && !make_members(step)) {
        let_members_go(step);
        *step = before;
        return false;
    }
    let_members_go(&before);
    return true;
}

void rni_step_fini(rni_step *step)
{
    let_members_go(step);
    rni_step_program_fini(&step->alone, step);
    rni_memory_release(step->memory, step->calls);
    rni_memory_release(step->memory, step->ports);
    rni_memory_release(step->memory, step->terms);
    rni_memory_release(step->memory, step->results);
}

// ---- Writing the list ------------------------------------------------------

static rni_step_call *add(rni_step *step, rni_step_kind kind)
{
    rni_step_call *call = step->calls + step->n_calls++;
    *call = (rni_step_call){.kind = (int32_t)kind, .before = -1};
    return call;
}

static void add_instruction(rni_step *step, const rni_instruction *i,
                            rni_step_kind kind, int32_t axis)
{
    rni_step_call *call = add(step, kind);
    call->axis = axis;
    call->as.instruction = i;
}

void rni_step_add_copy(rni_step *step, rni_step_copy copy)
{
    rni_step_call *call = add(step, RNI_STEP_COPY);
    call->as.copy = copy;
    call->cost = (double)copy.rows * (double)copy.cols / 4;
}

void rni_step_stand(rni_worker *w, const rni_axis *axis)
{
    rni_worker_block(w, axis, 0);
    rni_worker_step(w, 0, 0, axis->order->total);
}

static void bind_tape(rni_step *step, const rni_worker *w,
                      const rni_instruction *i)
{
    const rni_plan_tape *tape = w->e->plan->tapes + i->detail;
    rni_tape_call call;
    rni_tape_fill(w, i, step->ports + tape->first_load,
                  step->ports + tape->first_store, &call);
    if (call.rows > 0)
        add(step, RNI_STEP_TAPE)->as.tape = call;
}

static void bind_product(rni_step *step, const rni_worker *w,
                         const rni_instruction *i)
{
    const rni_plan_product *p = w->e->plan->products + i->detail;
    rni_product_call call;
    rni_product_fill(w, i, step->terms + p->first_term,
                     step->results + p->first_result, &call);
    if (call.rows > 0)
        add(step, RNI_STEP_PRODUCT)->as.product = call;
}

// The worker stands where the instruction's rows are.
static void bind_instruction(rni_step *step, const rni_worker *w,
                             const rni_instruction *i, int32_t axis)
{
    int32_t before = step->n_calls;
    if (i->op == RNI_RUN_TAPE)
        bind_tape(step, w, i);
    else if (i->op == RNI_RUN_PRODUCT)
        bind_product(step, w, i);
    else if (axis < 0)
        add_instruction(step, i, RNI_STEP_FLAT, axis);
    else if (i->op != RNI_RUN_PACK)
        add_instruction(step, i, RNI_STEP_ROWS, axis);
    if (step->n_calls > before)
        step->calls[before].cost =
            rni_profile_cost(w->e->plan, i) * (double)w->rows;
}

// ---- States ----------------------------------------------------------------

static rni_matrix carry_of(const rni_executor *e, const rni_plan_state *s)
{
    return (rni_matrix){e->base[s->carry], e->plan->buffers[s->carry].cols};
}

// Rows of a step from the operand on; a static operand is one row for all.
static rni_matrix rows_of(const rni_executor *e, const rni_operand *o)
{
    if (o->buffer < 0)
        return (rni_matrix){NULL, 0};
    const rni_buffer *b = e->plan->buffers + o->buffer;
    return (rni_matrix){e->base[o->buffer] + o->row * b->cols + o->col,
                        rni_extent_is_static(b->extent) ? 0 : b->cols};
}

static void add_state_copy(rni_step *step, const rni_plan_state *s,
                           rni_matrix from, rni_matrix to)
{
    if (step->e->batch > 0)
        rni_step_add_copy(step,
                          (rni_step_copy){from.data, to.data, step->e->batch,
                                          s->cols, from.stride, to.stride});
}

// States that are not kept begin anew in every step.
static void bind_enter(rni_step *step, const rni_stage *stage)
{
    const rni_executor *e = step->e;
    for (int32_t k = 0; k < stage->n_states; k++) {
        const rni_plan_state *s =
            e->plan->states + e->plan->state_list[stage->first_state + k];
        if (!s->kept)
            add_state_copy(step, s, rows_of(e, &s->first), carry_of(e, s));
    }
}

// States of a list and a mode move on.
static void bind_moves(rni_step *step, int32_t first, int32_t n, int32_t mode)
{
    const rni_executor *e = step->e;
    for (int32_t k = 0; k < n; k++) {
        const rni_plan_state *s =
            e->plan->states + e->plan->state_list[first + k];
        if (s->mode == mode)
            add_state_copy(step, s, rows_of(e, &s->next), carry_of(e, s));
    }
}

static void bind_finals(rni_step *step, const rni_stage *stage)
{
    const rni_executor *e = step->e;
    for (int32_t k = 0; k < stage->n_states; k++) {
        const rni_plan_state *s =
            e->plan->states + e->plan->state_list[stage->first_state + k];
        if (s->final.buffer >= 0)
            add_state_copy(step, s, rows_of(e, &s->next),
                           rows_of(e, &s->final));
    }
}

// ---- Stages ----------------------------------------------------------------

static bool begins(const rni_instruction *i)
{
    return i->op == RNI_RUN_OUTER || i->op == RNI_RUN_COL_SUM ||
           i->op == RNI_RUN_LOOKUP_GRAD || i->op == RNI_RUN_TOTAL ||
           i->op == RNI_RUN_PACK;
}

static void bind_sums(rni_step *step, const rni_stage *stage,
                      rni_step_kind kind)
{
    const rnnc_plan *plan = step->e->plan;
    for (int32_t s = 0; s < stage->n_sections; s++) {
        const rni_section *section = plan->sections + stage->first_section + s;
        for (int32_t n = 0; n < section->n_instructions; n++) {
            const rni_instruction *i =
                plan->instructions + section->first_instruction + n;
            if (kind == RNI_STEP_BEGIN ? begins(i) : i->op == RNI_RUN_TOTAL)
                add_instruction(step, i, kind, -1);
        }
    }
}

static void bind_section(rni_step *step, const rni_section *section,
                         int32_t axis)
{
    const rni_executor *e = step->e;
    rni_worker w = rni_worker_make(e, 0, 1);
    for (int32_t n = 0; n < section->n_instructions; n++) {
        const rni_instruction *i =
            e->plan->instructions + section->first_instruction + n;
        if (axis >= 0)
            rni_step_stand(&w, e->axes + axis);
        else
            rni_worker_flat(&w, i->batch, i->batch ? e->batch : i->rows);
        bind_instruction(step, &w, i, axis);
    }
    bind_moves(step, section->first_state, section->n_states, RNI_STATE_STEP);
}

static void bind_stage(rni_step *step, const rni_stage *stage)
{
    const rnnc_plan *plan = step->e->plan;
    if (stage->axis >= 0) {
        bind_enter(step, stage);
        bind_sums(step, stage, RNI_STEP_BEGIN);
    }
    for (int32_t s = 0; s < stage->n_sections; s++)
        bind_section(step, plan->sections + stage->first_section + s,
                     stage->axis);
    if (stage->axis < 0)
        return;
    bind_moves(step, stage->first_state, stage->n_states, RNI_STATE_BLOCK);
    bind_finals(step, stage);
    bind_sums(step, stage, RNI_STEP_END);
}

void rni_step_bind(rni_step *step)
{
    const rnnc_plan *plan = step->e->plan;
    step->n_calls = 0;
    step->n_ports = plan->n_ports;
    for (int32_t s = 0; s < plan->n_forward; s++)
        if (!plan->stages[s].once)
            bind_stage(step, plan->stages + s);
    // A later stage may look at these states before the step.
    for (int32_t s = 0; s < plan->n_forward; s++)
        if (!plan->stages[s].once)
            bind_moves(step, plan->stages[s].first_state,
                       plan->stages[s].n_states, RNI_STATE_ALL);
}
