// SPDX-License-Identifier: MIT
// Instructions, section by section: as soon as a value is ready, row
// operations first, then products (merged by their left side), then the
// longest tape there can be.
#include "plan/planner.h"

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

bool rni_emission_ready(const rni_emission *e, int32_t v)
{
    const rni_planner *p = e->planner;
    const rni_value *value = p->form->values + v;
    for (int32_t i = 0; i < value->n_args; i++) {
        int32_t arg = rni_planner_args(p, v)[i].value;
        while (arg >= 0 && p->form->values[arg].op == RNI_FORM_VIEW)
            arg = rni_planner_args(p, arg)[0].value;
        if (arg >= 0 && !e->done[arg] &&
            !rni_planner_is_leaf(p->form->values + arg))
            return false;
    }
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

static bool emit_row_operations(rni_emission *e, bool *some)
{
    const rni_form *form = e->planner->form;
    *some = false;
    for (int32_t i = 0; i < e->n_members; i++) {
        int32_t v = e->members[i];
        int32_t op = form->values[v].op;
        if (e->done[v] || op == RNI_FORM_DOT || op == RNI_FORM_TAPE ||
            !rni_emission_ready(e, v))
            continue;
        if (!(op == RNI_FORM_ASSEMBLE ? emit_assemble(e, v) : emit_plain(e, v)))
            return false;
        e->done[v] = *some = true;
    }
    return true;
}

static int32_t next_ready(const rni_emission *e, int32_t op)
{
    for (int32_t i = 0; i < e->n_members; i++) {
        int32_t v = e->members[i];
        if (!e->done[v] && e->planner->form->values[v].op == op &&
            rni_emission_ready(e, v))
            return v;
    }
    return -1;
}

static bool emit_members(rni_emission *e)
{
    for (;;) {
        bool some;
        if (!emit_row_operations(e, &some))
            return false;
        int32_t v = some ? -1 : next_ready(e, RNI_FORM_DOT);
        if (some)
            continue;
        if (v >= 0) {
            if (!rni_emit_product(e, v))
                return false;
        } else if ((v = next_ready(e, RNI_FORM_TAPE)) >= 0) {
            if (!rni_emit_tape(e, v))
                return false;
        } else {
            return true;
        }
    }
}

// The values that a section computes; members must have room for all.
static int32_t find_members(const rni_planner *p, int32_t section,
                            int32_t *members)
{
    int32_t n = 0;
    for (int32_t v = 0; v < p->form->n_values; v++)
        if (p->needed[v] && p->section[v] == section &&
            !(section < 0 && !p->prepared[v]) &&
            !rni_planner_is_leaf(p->form->values + v))
            members[n++] = v;
    return n;
}

// In falling time, rows of a state before the step that are looked at from
// outside the loop are copied as the loop goes.
static bool emit_state_copies(rni_emission *e, int32_t loop)
{
    rni_planner *p = e->planner;
    for (int32_t s = 0; s < p->form->n_states; s++) {
        const rni_form_state *state = p->form->states + s;
        if (!p->live[s] || state->loop != loop || p->buffer[state->prev] < 0)
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

static bool emit_ranks(rni_planner *p, int32_t stage)
{
    if (stage >= p->plan->n_stages || p->plan->stages[stage].axis < 0)
        return true;
    for (int32_t v = 0; v < p->form->n_values; v++) {
        if (!p->needed[v] || p->stage[v] != stage ||
            p->form->values[v].op == RNI_FORM_VIEW)
            continue;
        for (int32_t i = 0; i < p->form->values[v].n_args; i++) {
            int32_t arg = rni_planner_args(p, v)[i].value;
            if (arg >= 0 && !rank_value(p, arg, p->plan->stages[stage].axis))
                return false;
        }
    }
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

static bool emit_section(rni_emission *e, int32_t section, int32_t *members)
{
    rni_planner *p = e->planner;
    int32_t first = p->plan->n_instructions;
    e->section = section;
    e->members = members;
    e->n_members = find_members(p, section, members);
    int32_t stage = p->section_stage[section];
    int32_t loop = p->plan->sections[section].loop;
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

static bool emit_prepare(rni_emission *e, int32_t *members)
{
    rni_planner *p = e->planner;
    e->section = -1;
    e->members = members;
    e->n_members = find_members(p, -1, members);
    if (!emit_members(e) || !RNI_PLAN_RESERVE(p, sections, 1))
        return false;
    p->plan->prepare = p->plan->n_sections;
    p->plan->sections[p->plan->n_sections] =
        (rni_section){.loop = -1, .n_instructions = p->plan->n_instructions};
    return true;
}

bool rni_plan_emit(rni_planner *p)
{
    size_t n = (size_t)p->form->n_values;
    int32_t *members = rni_memory_zeroed(p->memory, n, sizeof *members);
    bool *done = rni_memory_zeroed(p->memory, n, sizeof *done);
    bool good = members && done;
    if (!good)
        rni_error_memory(p->error);
    rni_emission e = {.planner = p, .done = done};
    good = good && emit_prepare(&e, members);
    for (int32_t s = 0; good && s < p->plan->n_sections; s++)
        good = emit_section(&e, s, members);
    if (good && p->plan->prepare >= 0)
        p->plan->n_sections++; // the section behind the stages' own
    rni_memory_release(p->memory, members);
    rni_memory_release(p->memory, done);
    return good;
}
