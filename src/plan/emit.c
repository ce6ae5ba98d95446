// SPDX-License-Identifier: MIT
// Instructions, section by section: as soon as a value is ready, row
// operations first, then products (merged by their left side), then the
// longest tape there can be.
#include "plan/planner.h"
#include "plan/ready.h"

bool rni_planner_instruction(rni_planner *p, rni_instruction instruction,
                             const rni_operand *operands, int32_t n_operands)
{
    if (!RNI_PLAN_RESERVE(p, operands, n_operands) ||
        !RNI_PLAN_RESERVE(p, instructions, 1))
        return false;
    instruction.first_operand = p->plan->n_operands;
    instruction.n_operands = n_operands;
    for (int32_t i = 0; i < n_operands; i++)
        p->plan->operands[p->plan->n_operands++] = operands[i];
    p->plan->instructions[p->plan->n_instructions++] = instruction;
    return true;
}

// ---- Row operations: one instruction each
// -------------------------------------

static const int32_t plain_op[RNI_FORM_OP_COUNT] = {
    [RNI_FORM_OUTER] = RNI_RUN_OUTER,
    [RNI_FORM_COL_SUM] = RNI_RUN_COL_SUM,
    [RNI_FORM_ROW_SUM] = RNI_RUN_ROW_SUM,
    [RNI_FORM_SOFTMAX] = RNI_RUN_SOFTMAX,
    [RNI_FORM_LOG_SOFTMAX] = RNI_RUN_LOG_SOFTMAX,
    [RNI_FORM_NORMALIZE] = RNI_RUN_NORMALIZE,
    [RNI_FORM_NORMALIZE_GRAD] = RNI_RUN_NORMALIZE_GRAD,
    [RNI_FORM_LOOKUP] = RNI_RUN_LOOKUP,
    [RNI_FORM_LOOKUP_GRAD] = RNI_RUN_LOOKUP_GRAD,
    [RNI_FORM_CROSS_ENTROPY] = RNI_RUN_CROSS_ENTROPY,
    [RNI_FORM_CROSS_ENTROPY_WEIGHT] = RNI_RUN_CROSS_ENTROPY_WEIGHT,
    [RNI_FORM_CROSS_ENTROPY_GRAD] = RNI_RUN_CROSS_ENTROPY_GRAD,
    [RNI_FORM_DROPOUT] = RNI_RUN_DROPOUT,
    [RNI_FORM_REVERSE] = RNI_RUN_REVERSE,
    [RNI_FORM_FRESH] = RNI_RUN_FRESH,
    [RNI_FORM_ROWS] = RNI_RUN_ROWS,
    [RNI_FORM_TOTAL] = RNI_RUN_TOTAL,
};

// The shape whose rows an instruction goes over.
static rni_shape row_shape(const rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    bool sums = value->op == RNI_FORM_OUTER || value->op == RNI_FORM_COL_SUM ||
                value->op == RNI_FORM_TOTAL ||
                value->op == RNI_FORM_LOOKUP_GRAD;
    return sums ? p->form->values[rni_planner_args(p, v)[0].value].shape
                : value->shape;
}

static int64_t instruction_cols(const rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    const rni_arg *args = rni_planner_args(p, v);
    if (value->op == RNI_FORM_ROW_SUM || value->op == RNI_FORM_CROSS_ENTROPY)
        return p->form->values[args[0].value].shape.cols;
    if (value->op == RNI_FORM_OUTER)
        return p->form->values[args[1].value].shape.cols;
    return value->shape.cols;
}

// Operations with optional class weights have them last, absent or not.
static int32_t full_args(int32_t op)
{
    switch (op) {
    case RNI_FORM_CROSS_ENTROPY:
        return 3;
    case RNI_FORM_CROSS_ENTROPY_WEIGHT:
        return 2;
    case RNI_FORM_CROSS_ENTROPY_GRAD:
        return 4;
    default:
        return 0;
    }
}

static rni_operand partial_sums(rni_planner *p, bool prepared)
{
    rni_buffer buffer = {.extent =
                             prepared ? RNI_EXTENT_PREPARED : RNI_EXTENT_STATIC,
                         .axis = RNI_AXIS_NONE,
                         .type = RNI_FLOAT,
                         .index = -1,
                         .rows = 1,
                         .cols = 16};
    return (rni_operand){rni_planner_buffer(p, buffer), -1, 0, 0};
}

static bool emit_plain(rni_emission *e, int32_t v)
{
    rni_planner *p = e->planner;
    const rni_value *value = p->form->values + v;
    rni_shape rows = row_shape(p, v);
    rni_operand operands[6];
    int32_t n = 0;
    for (; n < value->n_args; n++)
        operands[n] =
            rni_planner_operand(p, rni_planner_args(p, v)[n].value, e->section);
    for (; n < full_args(value->op); n++)
        operands[n] = rni_operand_none();
    if (value->op == RNI_FORM_TOTAL) {
        operands[n] = partial_sums(p, e->section < 0);
        if (operands[n++].buffer < 0)
            return false;
    }
    operands[n++] = rni_planner_operand(p, v, e->section);
    rni_instruction instruction = {
        .op = plain_op[value->op],
        .detail = -1,
        .value = v,
        .rows = rows.kind == RNI_STATIC ? rows.rows : 0,
        .cols = instruction_cols(p, v),
        .integers = {value->integers[0], value->integers[1]},
        .numbers = {value->numbers[0], value->numbers[1]},
        .batch = rows.kind == RNI_BATCH,
        .by_step = rni_planner_by_step(p, e->section, operands, n)};
    if (value->op == RNI_FORM_OUTER || value->op == RNI_FORM_LOOKUP_GRAD)
        instruction.integers[0] = value->shape.rows;
    return rni_planner_instruction(p, instruction, operands, n);
}

// ---- Assembled values: what is not in its place is copied there
// ----------------

static bool emit_zero(rni_emission *e, int32_t v)
{
    rni_planner *p = e->planner;
    const rni_shape *shape = &p->form->values[v].shape;
    rni_operand to = rni_planner_operand(p, v, e->section);
    rni_instruction zero = {.op = RNI_RUN_ZERO,
                            .detail = -1,
                            .value = v,
                            .cols = shape->cols,
                            .rows = shape->kind == RNI_STATIC ? shape->rows : 0,
                            .batch = shape->kind == RNI_BATCH,
                            .by_step =
                                rni_planner_by_step(p, e->section, &to, 1)};
    return rni_planner_instruction(p, zero, &to, 1);
}

// Whether a part was computed where it belongs; a part that stands in several
// places was in one of them.
static bool in_place(const rni_planner *p, int32_t v, const rni_arg *part)
{
    const rni_home *whole = p->homes + v, *own = p->homes + part->value;
    return own->owner == whole->owner && own->row == whole->row + part->row &&
           own->col == whole->col + part->col;
}

static bool emit_assemble(rni_emission *e, int32_t v)
{
    rni_planner *p = e->planner;
    const rni_value *value = p->form->values + v;
    int32_t n_placed = 0;
    int64_t area = 0;
    for (int32_t i = 0; i < value->n_args; i++) {
        const rni_arg *part = rni_planner_args(p, v) + i;
        const rni_shape *shape = &p->form->values[part->value].shape;
        area += shape->rows * shape->cols;
        n_placed += in_place(p, v, part);
    }
    if (n_placed == 0 && area < value->shape.rows * value->shape.cols &&
        !emit_zero(e, v))
        return false;
    for (int32_t i = 0; i < value->n_args; i++) {
        rni_arg part = rni_planner_args(p, v)[i];
        if (in_place(p, v, &part))
            continue;
        rni_operand to = rni_planner_operand(p, v, e->section);
        to.row += part.row;
        to.col += part.col;
        rni_plan_port load = {RNI_PORT_ROWS, 0,
                              rni_planner_operand(p, part.value, e->section)};
        rni_operand both[2] = {load.operand, to};
        if (!rni_emit_simple_tape(
                p, RNI_TAPE_COPY, p->form->values[part.value].shape, &load, 1,
                to, rni_planner_by_step(p, e->section, both, 2)))
            return false;
    }
    return true;
}

// ---- Sections
// --------------------------------------------------------------------

static bool emit_row_operation(rni_emission *e, int32_t v)
{
    int32_t op = e->planner->form->values[v].op;
    e->done[v] = true;
    return op == RNI_FORM_ASSEMBLE ? emit_assemble(e, v) : emit_plain(e, v);
}

// What is ready: row operations, then a product, then a tape. A product's
// values and a tape's are known to the queue once they are emitted.
static bool emit_members(rni_emission *e)
{
    for (int32_t v;;) {
        if ((v = rni_ready_row(e->ready)) >= 0) {
            if (!emit_row_operation(e, v))
                return false;
            rni_ready_compute(e->ready, v);
            rni_ready_store(e->ready, v);
        } else if ((v = rni_ready_product(e->ready)) >= 0) {
            if (!rni_emit_product(e, v))
                return false;
        } else if ((v = rni_ready_tape(e->ready)) >= 0) {
            if (!rni_emit_tape(e, v))
                return false;
        } else {
            return true;
        }
    }
}

// Section -1 are the values that are prepared; -2: no section.
static int32_t section_of(const rni_planner *p, int32_t v)
{
    if (!p->needed[v] || rni_planner_is_leaf(p->form->values + v) ||
        (p->section[v] < 0 && !p->prepared[v]))
        return -2;
    return p->section[v];
}

static bool list_members(rni_planner *p)
{
    int32_t n = p->plan->n_sections + 1;
    int32_t *first = rni_memory_zeroed(p->memory, (size_t)n + 1, sizeof *first);
    p->members_first = first;
    if (!first)
        return false;
    for (int32_t v = 0; v < p->form->n_values; v++)
        if (section_of(p, v) > -2)
            first[section_of(p, v) + 2]++;
    for (int32_t s = 0; s < n; s++)
        first[s + 1] += first[s];
    for (int32_t v = 0; v < p->form->n_values; v++)
        if (section_of(p, v) > -2)
            p->members[first[section_of(p, v) + 1]++] = v;
    for (int32_t s = n; s > 0; s--)
        first[s] = first[s - 1];
    first[0] = 0;
    return true;
}

static void begin_section(rni_emission *e, int32_t section)
{
    const rni_planner *p = e->planner;
    int32_t first = p->members_first[section + 1];
    e->section = section;
    rni_ready_begin(e->ready, p->members + first,
                    p->members_first[section + 2] - first);
}

// In falling time, rows of a state before the step that are looked at from
// outside the loop are copied as the loop goes.
static bool emit_state_copies(rni_emission *e, int32_t loop)
{
    rni_planner *p = e->planner;
    for (int32_t i = p->loop_states_first[loop];
         i < p->loop_states_first[loop + 1]; i++) {
        int32_t s = p->loop_states[i];
        const rni_form_state *state = p->form->states + s;
        if (p->buffer[state->prev] < 0)
            continue;
        const rni_plan_state *plan = p->plan->states + p->state[s];
        rni_plan_port load = {RNI_PORT_ROWS, 0, {plan->carry, -1, 0, 0}};
        rni_operand to = {p->buffer[state->prev], -1, 0, 0};
        if (!rni_emit_simple_tape(p, RNI_TAPE_COPY,
                                  p->form->values[state->prev].shape, &load, 1,
                                  to, false))
            return false;
    }
    return true;
}

// Copies of batch values in the order of ranks, before the stage that reads
// them row by row.
static bool rank_value(rni_planner *p, int32_t v, int32_t axis)
{
    while (p->form->values[v].op == RNI_FORM_VIEW)
        v = rni_planner_args(p, v)[0].value;
    v = p->homes[v].owner;
    if (p->form->values[v].shape.kind != RNI_BATCH ||
        rni_planner_ranked(p, v, axis) >= 0)
        return true;
    rni_buffer buffer = p->plan->buffers[p->buffer[v]];
    buffer.extent = RNI_EXTENT_RANK;
    buffer.axis = axis;
    int32_t ranked = rni_planner_buffer(p, buffer);
    if (ranked < 0 ||
        !rni_planner_reserve(p, (void **)&p->copies, &p->copies_capacity,
                             (int64_t)p->n_copies + 1, sizeof *p->copies))
        return false;
    p->copies[p->n_copies] = (rni_rank_copy){axis, ranked, p->ranked[v]};
    p->ranked[v] = p->n_copies++;
    rni_operand operands[2] = {{p->buffer[v], -1, 0, 0}, {ranked, -1, 0, 0}};
    rni_instruction rank = {.op = RNI_RUN_RANK,
                            .detail = -1,
                            .value = v,
                            .cols = p->form->values[v].shape.cols,
                            .integers = {axis, 0},
                            .batch = true};
    return rni_planner_instruction(p, rank, operands, 2);
}

static bool rank_args(rni_planner *p, int32_t v, int32_t axis)
{
    for (int32_t i = 0; i < p->form->values[v].n_args; i++) {
        int32_t arg = rni_planner_args(p, v)[i].value;
        if (arg >= 0 && !rank_value(p, arg, axis))
            return false;
    }
    return true;
}

static bool emit_ranks(rni_planner *p, int32_t index)
{
    const rni_stage *stage = p->plan->stages + index;
    if (index >= p->plan->n_stages || stage->axis < 0)
        return true;
    int32_t first = p->members_first[stage->first_section + 1];
    int32_t last =
        p->members_first[stage->first_section + stage->n_sections + 1];
    for (int32_t i = first; i < last; i++)
        if (!rank_args(p, p->members[i], stage->axis))
            return false;
    return true;
}

// ---- Gradients find their homes
// ---------------------------------------------------

static bool emit_gradient(rni_planner *p, rni_form_result gradient)
{
    const rni_shape *shape = &p->form->values[gradient.value].shape;
    int32_t from = p->buffer[p->homes[gradient.value].owner];
    if (p->plan->buffers[from].extent == RNI_EXTENT_GRADIENT)
        return true;
    rni_buffer home = {.extent = RNI_EXTENT_GRADIENT,
                       .axis = RNI_AXIS_NONE,
                       .type = RNI_FLOAT,
                       .index = gradient.index,
                       .rows = shape->rows,
                       .cols = shape->cols};
    rni_operand to = {rni_planner_buffer(p, home), -1, 0, 0};
    if (to.buffer < 0)
        return false;
    rni_plan_port loads[2] = {
        {RNI_PORT_ROWS, 0, to},
        {RNI_PORT_ROWS, 1, rni_planner_operand(p, gradient.value, -1)}};
    return rni_emit_simple_tape(p, RNI_TAPE_ADD, *shape, loads, 2, to, false);
}

static bool emit_gradients(rni_planner *p)
{
    for (int32_t i = 0; i < p->form->n_parameter_gradients; i++)
        if (!emit_gradient(p, p->form->parameter_gradients[i]))
            return false;
    return true;
}

// ---- The whole
// --------------------------------------------------------------------

static bool emit_section(rni_emission *e, int32_t section)
{
    rni_planner *p = e->planner;
    int32_t first = p->plan->n_instructions;
    int32_t stage = p->section_stage[section];
    int32_t loop = p->plan->sections[section].loop;
    begin_section(e, section);
    if (loop >= 0 && !emit_state_copies(e, loop))
        return false;
    if (!emit_members(e))
        return false;
    bool last_of_flat = p->plan->stages[stage].axis < 0 &&
                        section + 1 == p->plan->stages[stage].first_section +
                                           p->plan->stages[stage].n_sections;
    if (last_of_flat && !emit_ranks(p, stage + 1))
        return false;
    if (section + 1 == p->plan->n_sections && !emit_gradients(p))
        return false;
    p->plan->sections[section].first_instruction = first;
    p->plan->sections[section].n_instructions = p->plan->n_instructions - first;
    return true;
}

static bool emit_prepare(rni_emission *e)
{
    rni_planner *p = e->planner;
    begin_section(e, -1);
    if (!emit_members(e) || !RNI_PLAN_RESERVE(p, sections, 1))
        return false;
    p->plan->prepare = p->plan->n_sections;
    p->plan->sections[p->plan->n_sections] =
        (rni_section){.loop = -1, .n_instructions = p->plan->n_instructions};
    return true;
}

static bool emit_all(rni_emission *e)
{
    rnnc_plan *plan = e->planner->plan;
    if (!emit_prepare(e))
        return false;
    for (int32_t s = 0; s < plan->n_sections; s++)
        if (!emit_section(e, s))
            return false;
    plan->n_sections++; // the prepared one is behind the stages' own
    return true;
}

bool rni_plan_emit(rni_planner *p)
{
    size_t n = (size_t)p->form->n_values;
    bool *done = rni_memory_zeroed(p->memory, n, sizeof *done);
    p->members = rni_memory_zeroed(p->memory, n, sizeof *p->members);
    rni_ready ready = {.p = p};
    rni_emission e = {.planner = p, .ready = &ready, .done = done};
    bool good = done && p->members && list_members(p) &&
                rni_ready_init(&ready, p, done) && emit_all(&e);
    if (!good)
        rni_error_memory(p->error);
    rni_ready_fini(&ready);
    rni_memory_release(p->memory, done);
    return good;
}
