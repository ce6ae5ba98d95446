// SPDX-License-Identifier: MIT
// States: where they are kept between steps, blocks and runs. And operands:
// how a value is found from a section.
#include "plan/planner.h"

static rni_operand at_home(const rni_planner *p, int32_t v)
{
    rni_home home = p->homes[v];
    return (rni_operand){p->buffer[home.owner], -1, home.row, home.col};
}

// A state before the step. In its own loop it is the carry, or the rows that
// its next left one step ago; outside, those rows, or in falling time the
// copies that the loop made.
static rni_operand before_step(const rni_planner *p, int32_t v, int32_t section)
{
    rni_home home = p->homes[v];
    int32_t s = (int32_t)p->form->values[home.owner].integers[0];
    const rni_form_state *state = p->form->states + s;
    const rni_plan_state *plan = p->plan->states + p->state[s];
    int32_t own = p->section[p->form->n_values + state->loop];
    if (section == own && section >= 0 && plan->mode == RNI_STATE_STEP)
        return (rni_operand){plan->carry, -1, 0, home.col};
    if (plan->falling)
        return at_home(p, v);
    rni_operand operand = plan->next;
    operand.state = p->state[s];
    operand.col += home.col;
    return operand;
}

int32_t rni_planner_ranked(const rni_planner *p, int32_t v, int32_t axis)
{
    int32_t i = p->ranked[v];
    while (i >= 0 && p->copies[i].axis != axis)
        i = p->copies[i].next;
    return i < 0 ? -1 : p->copies[i].buffer;
}

rni_operand rni_planner_operand(const rni_planner *p, int32_t v,
                                int32_t section)
{
    if (v < 0)
        return rni_operand_none();
    int32_t own = p->homes[v].owner;
    const rni_value *value = p->form->values + own;
    if (value->op == RNI_FORM_PREV)
        return before_step(p, v, section);
    rni_operand operand = at_home(p, v);
    if (value->shape.kind != RNI_BATCH || section < 0)
        return operand;
    int32_t axis = p->plan->stages[p->section_stage[section]].axis;
    if (axis >= 0)
        operand.buffer = rni_planner_ranked(p, own, axis);
    return operand;
}

bool rni_planner_by_step(const rni_planner *p, int32_t section,
                         const rni_operand *operands, int32_t n_operands)
{
    if (section < 0 || p->plan->sections[section].loop >= 0 ||
        p->plan->stages[p->section_stage[section]].axis < 0)
        return false;
    for (int32_t i = 0; i < n_operands; i++) {
        if (operands[i].buffer < 0)
            continue;
        int32_t extent = p->plan->buffers[operands[i].buffer].extent;
        if (operands[i].state >= 0 || extent == RNI_EXTENT_RANK ||
            extent == RNI_EXTENT_CARRY)
            return true;
    }
    return false;
}

static int32_t state_mode(const rni_planner *p, const rni_form_state *state)
{
    int32_t buffer = p->buffer[p->homes[state->next].owner];
    int32_t extent = p->plan->buffers[buffer].extent;
    if (p->form->loops[state->loop].falling || extent == RNI_EXTENT_RANK)
        return RNI_STATE_STEP;
    if (extent == RNI_EXTENT_SEGMENT)
        return RNI_STATE_SEGMENT;
    return extent == RNI_EXTENT_BLOCK ? RNI_STATE_BLOCK : RNI_STATE_ALL;
}

static bool make_state(rni_planner *p, int32_t s)
{
    const rni_form_state *state = p->form->states + s;
    const rni_loop *loop = p->form->loops + state->loop;
    rni_buffer carry = {.extent = RNI_EXTENT_CARRY,
                        .axis = loop->axis,
                        .type = RNI_FLOAT,
                        .index = -1,
                        .rows = 1,
                        .cols = rni_planner_stride(state->cols)};
    int32_t buffer = rni_planner_buffer(p, carry);
    if (buffer < 0 || !RNI_PLAN_RESERVE(p, states, 1))
        return false;
    bool read = state->final >= 0 && p->needed[state->final];
    p->state[s] = p->plan->n_states;
    p->plan->states[p->plan->n_states++] = (rni_plan_state){
        .loop = state->loop,
        .axis = loop->axis,
        .falling = loop->falling,
        .kept = state->kept,
        .mode = state_mode(p, state),
        .cols = state->cols,
        .carry = buffer,
        .border = -1,
        .next = at_home(p, state->next),
        .first =
            state->first < 0 ? rni_operand_none() : at_home(p, state->first),
        .final = read ? at_home(p, state->final) : rni_operand_none()};
    return true;
}

static bool list_state(rni_planner *p, int32_t state)
{
    if (!RNI_PLAN_RESERVE(p, state_list, 1))
        return false;
    p->plan->state_list[p->plan->n_state_list++] = state;
    return true;
}

static bool list_loop(rni_planner *p, int32_t loop)
{
    for (int32_t i = p->loop_states_first[loop];
         i < p->loop_states_first[loop + 1]; i++)
        if (!list_state(p, p->state[p->loop_states[i]]))
            return false;
    return true;
}

// Loops by their stages, those of a stage in rising order; `first` has a place
// for each stage and one more.
static void sort_loops(const rni_planner *p, int32_t *loops, int32_t *first)
{
    int32_t n = p->plan->n_stages;
    const int32_t *stages = p->stage + p->form->n_values;
    for (int32_t l = 0; l < p->form->n_loops; l++)
        if (stages[l] >= 0)
            first[stages[l] + 1]++;
    for (int32_t i = 0; i < n; i++)
        first[i + 1] += first[i];
    for (int32_t l = 0; l < p->form->n_loops; l++)
        if (stages[l] >= 0)
            loops[first[stages[l]]++] = l;
    for (int32_t i = n; i > 0; i--)
        first[i] = first[i - 1];
    first[0] = 0;
}

static bool list_stages(rni_planner *p, const int32_t *loops,
                        const int32_t *first)
{
    for (int32_t i = 0; i < p->plan->n_stages; i++) {
        rni_stage *stage = p->plan->stages + i;
        stage->first_state = p->plan->n_state_list;
        for (int32_t k = first[i]; k < first[i + 1]; k++)
            if (!list_loop(p, loops[k]))
                return false;
        stage->n_states = p->plan->n_state_list - stage->first_state;
    }
    return true;
}

static bool list_sections(rni_planner *p)
{
    for (int32_t i = 0; i < p->plan->n_sections; i++) {
        rni_section *section = p->plan->sections + i;
        section->first_state = p->plan->n_state_list;
        if (section->loop >= 0 && !list_loop(p, section->loop))
            return false;
        section->n_states = p->plan->n_state_list - section->first_state;
    }
    return true;
}

bool rni_plan_states(rni_planner *p)
{
    for (int32_t s = 0; s < p->form->n_states; s++) {
        p->state[s] = -1;
        if (p->live[s] && !make_state(p, s))
            return false;
    }
    const rni_memory *m = p->memory;
    int32_t *loops =
        rni_memory_zeroed(m, (size_t)p->form->n_loops, sizeof *loops);
    int32_t *first =
        rni_memory_zeroed(m, (size_t)p->plan->n_stages + 1, sizeof *first);
    bool good = loops && first;
    if (good)
        sort_loops(p, loops, first);
    good = good && list_sections(p) && list_stages(p, loops, first);
    if (!good)
        rni_error_memory(p->error);
    rni_memory_release(m, loops);
    rni_memory_release(m, first);
    return good;
}
