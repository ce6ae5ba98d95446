// SPDX-License-Identifier: MIT
// How long each value's rows live, and so how many there must be: those of a
// step, of a block, or of the whole axis. Then its buffer.
#include "plan/planner.h"

typedef struct span { // of all that makes or reads an owner's memory
    int32_t first_section, last_section;
    int32_t first_stage, last_stage;
    int32_t last_forward; // the last of those that are forward stages
    bool block;           // the rows of a block are read behind it
    bool whole;           // every row must stay
} span;

static void note_stage(const rni_planner *p, span *s, int32_t stage)
{
    if (stage < 0)
        return;
    if (stage < p->plan->n_forward && stage > s->last_forward)
        s->last_forward = stage;
    s->first_stage =
        s->first_stage < 0 || stage < s->first_stage ? stage : s->first_stage;
    s->last_stage = stage > s->last_stage ? stage : s->last_stage;
}

static void note(const rni_planner *p, span *s, int32_t section, int32_t stage)
{
    note_stage(p, s, stage);
    s->first_section = s->first_section < 0 || section < s->first_section
                           ? section
                           : s->first_section;
    s->last_section = section > s->last_section ? section : s->last_section;
}

static int32_t owner(const rni_planner *p, int32_t v)
{
    return p->homes[v].owner;
}

// A use of a state before the step, from outside its loop: of the rows that
// its next left behind, or, in falling time, of its own copy of them.
static int32_t seen_through(const rni_planner *p, int32_t v, int32_t section)
{
    int32_t own = owner(p, v);
    const rni_value *value = p->form->values + own;
    if (value->op != RNI_FORM_PREV)
        return own;
    const rni_form_state *state = p->form->states + value->integers[0];
    int32_t unit = p->form->n_values + state->loop;
    if (p->looped[state->loop] && p->section[unit] == section)
        return -1;
    return p->form->loops[state->loop].falling ? own : owner(p, state->next);
}

static void note_args(const rni_planner *p, span *spans, int32_t v)
{
    const rni_value *value = p->form->values + v;
    for (int32_t i = 0; i < value->n_args; i++) {
        int32_t arg = rni_planner_args(p, v)[i].value;
        if (arg < 0)
            continue;
        int32_t own = seen_through(p, arg, p->section[v]);
        if (own < 0)
            continue;
        note(p, spans + own, p->section[v], p->stage[v]);
        if (value->op == RNI_FORM_REVERSE)
            spans[own].whole = true;
    }
}

static void note_states(const rni_planner *p, span *spans)
{
    for (int32_t s = 0; s < p->form->n_states; s++) {
        const rni_form_state *state = p->form->states + s;
        int32_t unit = p->form->n_values + state->loop;
        if (!p->live[s])
            continue;
        span *next = spans + owner(p, state->next);
        if (p->section[unit] >= 0)
            note(p, next, p->section[unit], p->stage[unit]);
        else
            note_stage(p, next, p->stage[unit]);
        next->block |= p->section[unit] < 0;
        if (p->form->loops[state->loop].falling) // its copy is made there
            note(p, spans + state->prev, p->section[unit], p->stage[unit]);
    }
}

static void note_results(const rni_planner *p, span *spans)
{
    const rni_form *form = p->form;
    for (int32_t i = 0; i < form->n_outputs; i++)
        spans[owner(p, form->outputs[i].value)].whole = true;
    for (int32_t i = 0; i < form->n_input_gradients; i++)
        spans[owner(p, form->input_gradients[i].value)].whole = true;
}

// What one forward stage makes and only backward stages read can be made again
// segment by segment; what crosses over between two stages of one direction
// is there whole.
static int32_t row_extent(const rni_planner *p, const span *s)
{
    if (s->whole)
        return RNI_EXTENT_ALL;
    if (s->first_stage != s->last_stage)
        return s->first_stage == s->last_forward ? RNI_EXTENT_SEGMENT
                                                 : RNI_EXTENT_ALL;
    bool loop =
        s->first_section >= 0 && p->plan->sections[s->first_section].loop >= 0;
    return loop && !s->block && s->first_section == s->last_section
               ? RNI_EXTENT_RANK
               : RNI_EXTENT_BLOCK;
}

static rni_buffer describe(const rni_planner *p, int32_t v, const span *s)
{
    const rni_value *value = p->form->values + v;
    rni_buffer buffer = {.axis = RNI_AXIS_NONE,
                         .index = -1,
                         .type = value->shape.type,
                         .rows = value->shape.rows,
                         .cols = rni_planner_stride(value->shape.cols)};
    buffer.index = (int32_t)value->integers[0];
    if (value->op == RNI_FORM_PARAMETER || value->op == RNI_FORM_CONSTANT) {
        buffer.extent = value->op == RNI_FORM_PARAMETER ? RNI_EXTENT_PARAMETER
                                                        : RNI_EXTENT_CONSTANT;
        buffer.cols = value->shape.cols;
    } else if (value->shape.kind == RNI_STATIC) {
        buffer.extent =
            p->prepared[v] ? RNI_EXTENT_PREPARED : RNI_EXTENT_STATIC;
    } else if (value->shape.kind == RNI_BATCH) {
        buffer.extent = RNI_EXTENT_BATCH;
    } else {
        bool input = value->op == RNI_FORM_INPUT;
        buffer.extent = input ? RNI_EXTENT_INPUT : row_extent(p, s);
        buffer.axis = value->shape.axis;
        if (input)
            buffer.cols = value->shape.cols;
    }
    return buffer;
}

int32_t rni_planner_buffer(rni_planner *p, rni_buffer buffer)
{
    if (!RNI_PLAN_RESERVE(p, buffers, 1))
        return -1;
    p->plan->buffers[p->plan->n_buffers] = buffer;
    return p->plan->n_buffers++;
}

static bool make_constant(rni_planner *p, rni_buffer *buffer)
{
    const rni_form_constant *c = p->form->constants + buffer->index;
    int64_t count = c->rows * c->cols;
    if (!RNI_PLAN_RESERVE(p, constants, count))
        return false;
    buffer->index = p->plan->n_constants;
    for (int64_t i = 0; i < count; i++)
        p->plan->constants[p->plan->n_constants++] = c->data[i];
    return true;
}

// Falling states keep copies of their value before the step where something
// outside the loop looks at it; rising ones never do.
static bool has_memory(const rni_planner *p, int32_t v, const span *s)
{
    const rni_value *value = p->form->values + v;
    if (!p->needed[v] || p->homes[v].owner != v)
        return false;
    if (value->op != RNI_FORM_PREV)
        return true;
    int32_t loop = p->form->states[value->integers[0]].loop;
    return p->form->loops[loop].falling &&
           (s->first_section != s->last_section ||
            s->first_stage != s->last_stage || s->whole);
}

static bool make_buffers(rni_planner *p, const span *spans)
{
    for (int32_t v = 0; v < p->form->n_values; v++) {
        p->buffer[v] = -1;
        if (!has_memory(p, v, spans + v))
            continue;
        rni_buffer buffer = describe(p, v, spans + v);
        if (buffer.extent == RNI_EXTENT_CONSTANT && !make_constant(p, &buffer))
            return false;
        if ((p->buffer[v] = rni_planner_buffer(p, buffer)) < 0)
            return false;
    }
    return true;
}

// The gradient of a parameter that is one sum over rows goes straight home.
static void send_home(rni_planner *p)
{
    const rni_form *form = p->form;
    for (int32_t i = 0; i < form->n_parameter_gradients; i++) {
        int32_t v = form->parameter_gradients[i].value;
        if (!rni_planner_sums_rows(p, v) || p->uses[v] != 1 || p->kept[v] ||
            p->homes[v].owner != v || form->values[v].op == RNI_FORM_TOTAL)
            continue;
        rni_buffer *buffer = p->plan->buffers + p->buffer[v];
        buffer->extent = RNI_EXTENT_GRADIENT;
        buffer->index = form->parameter_gradients[i].index;
        buffer->cols = form->values[v].shape.cols;
    }
}

bool rni_plan_extents(rni_planner *p)
{
    span *spans =
        rni_memory_zeroed(p->memory, (size_t)p->form->n_values, sizeof *spans);
    if (!spans) {
        rni_error_memory(p->error);
        return false;
    }
    for (int32_t v = 0; v < p->form->n_values; v++)
        spans[v] = (span){-1, -1, -1, -1, -1, false, false};
    for (int32_t v = 0; v < p->form->n_values; v++) {
        if (!p->needed[v] || p->section[v] < 0)
            continue;
        if (p->buffer[v] = -1, p->form->values[v].op != RNI_FORM_VIEW)
            note(p, spans + owner(p, v), p->section[v], p->stage[v]);
        note_args(p, spans, v);
    }
    note_states(p, spans);
    note_results(p, spans);
    bool good = make_buffers(p, spans);
    rni_memory_release(p->memory, spans);
    if (good)
        send_home(p);
    return good;
}
