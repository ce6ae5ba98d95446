// SPDX-License-Identifier: MIT
// The order of the work. Flat stages take what is static or has a row for each
// sequence; an axis' stage takes, block after block, all that is causal on the
// axis: row sections for what is outside the loops, one section for each loop.
// A stage ends where something needs the end of a sequence first.
#include "plan/planner.h"

bool rni_planner_sums_rows(const rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    if (value->op != RNI_FORM_OUTER && value->op != RNI_FORM_COL_SUM &&
        value->op != RNI_FORM_TOTAL && value->op != RNI_FORM_LOOKUP_GRAD)
        return false;
    int32_t arg = rni_planner_args(p, v)[0].value;
    return p->form->values[arg].shape.kind == RNI_SEQUENCE;
}

bool rni_planner_is_flat(const rni_planner *p, int32_t unit)
{
    return unit < p->form->n_values &&
           p->form->values[unit].shape.kind != RNI_SEQUENCE &&
           !rni_planner_sums_rows(p, unit);
}

static int32_t unit_axis(const rni_planner *p, int32_t unit)
{
    int32_t n = p->form->n_values;
    if (unit >= n)
        return p->form->loops[unit - n].axis;
    if (rni_planner_sums_rows(p, unit))
        unit = rni_planner_args(p, unit)[0].value;
    return p->form->values[unit].shape.axis;
}

static bool unit_backward(const rni_planner *p, int32_t unit)
{
    int32_t n = p->form->n_values;
    return unit < n ? p->form->values[unit].backward
                    : p->form->loops[unit - n].falling;
}

static bool unit_moving(const rni_planner *p, int32_t unit)
{
    int32_t n = p->form->n_values;
    if (p->plan->use != RNNC_STREAM)
        return true;
    return unit < n ? p->moving[unit]
                    : p->form->loops[unit - n].axis == p->plan->stream_axis;
}

// ---- What a unit waits for --------------------------------------------------

// Whether the value is known in `stage`: from an earlier stage, or, unless
// `whole`, block by block from a section before.
static bool known(const rni_planner *p, int32_t v, int32_t stage, bool whole)
{
    const rni_value *value = p->form->values + v;
    while (value->op == RNI_FORM_VIEW) {
        v = rni_planner_args(p, v)[0].value;
        value = p->form->values + v;
    }
    if (p->prepared[v] || value->op == RNI_FORM_INPUT)
        return true;
    int32_t unit = rni_planner_unit(p, v);
    if (value->op == RNI_FORM_PREV || value->op == RNI_FORM_FINAL)
        unit = p->form->n_values + p->form->states[value->integers[0]].loop;
    whole |= value->op == RNI_FORM_FINAL || rni_planner_sums_rows(p, v);
    int32_t at = p->stage[unit];
    return at >= 0 && (at < stage || (at == stage && !whole));
}

static bool args_known(const rni_planner *p, int32_t v, int32_t stage,
                       int32_t own_loop)
{
    const rni_value *value = p->form->values + v;
    for (int32_t i = 0; i < value->n_args; i++) {
        int32_t arg = rni_planner_args(p, v)[i].value;
        if (arg < 0)
            continue;
        const rni_value *a = p->form->values + arg;
        while (own_loop >= 0 && a->op == RNI_FORM_VIEW)
            a = p->form->values + p->form->args[a->first_arg].value;
        bool own = own_loop >= 0 &&
                   (a->loop == own_loop ||
                    (a->op == RNI_FORM_PREV &&
                     p->form->states[a->integers[0]].loop == own_loop));
        if (!own && !known(p, arg, stage, value->op == RNI_FORM_REVERSE))
            return false;
    }
    return true;
}

static bool states_known(const rni_planner *p, int32_t loop, int32_t stage)
{
    for (int32_t i = p->loop_states_first[loop];
         i < p->loop_states_first[loop + 1]; i++) {
        const rni_form_state *state = p->form->states + p->loop_states[i];
        if (p->form->values[state->next].loop != loop &&
            !known(p, state->next, stage, false))
            return false;
        if (state->first >= 0 && !known(p, state->first, stage, true))
            return false;
    }
    return true;
}

static bool loop_known(const rni_planner *p, int32_t loop, int32_t stage)
{
    for (int32_t i = p->loop_values_first[loop];
         i < p->loop_values_first[loop + 1]; i++)
        if (!args_known(p, p->loop_values[i], stage, loop))
            return false;
    return states_known(p, loop, stage);
}

static bool is_ready(const rni_planner *p, int32_t unit, int32_t stage)
{
    int32_t n = p->form->n_values;
    if (p->stage[unit] >= 0)
        return false;
    if (unit >= n)
        return loop_known(p, unit - n, stage);
    return args_known(p, unit, stage, -1);
}

// Units that have work of their own.
static bool takes_part(const rni_planner *p, int32_t unit)
{
    int32_t n = p->form->n_values;
    if (unit < n)
        return p->needed[unit] && !p->prepared[unit] &&
               p->form->values[unit].loop < 0 &&
               !rni_planner_is_leaf(p->form->values + unit);
    const int32_t *first = p->loop_states_first + (unit - n);
    return first[1] > first[0];
}

// ---- Stages
// -------------------------------------------------------------------

static int32_t open_stage(rni_planner *p, int32_t axis, bool falling)
{
    if (!RNI_PLAN_RESERVE(p, stages, 1))
        return -1;
    p->plan->stages[p->plan->n_stages] = (rni_stage){
        .axis = axis, .falling = falling, .first_section = p->plan->n_sections};
    return p->plan->n_stages++;
}

static int32_t open_section(rni_planner *p, int32_t stage, int32_t loop)
{
    int32_t n = p->plan->n_sections;
    if (!RNI_PLAN_RESERVE(p, sections, 1) ||
        !rni_planner_reserve(p, (void **)&p->section_stage,
                             &p->section_stage_capacity, (int64_t)n + 1,
                             sizeof *p->section_stage))
        return -1;
    p->plan->sections[n] = (rni_section){.loop = loop};
    p->section_stage[n] = stage;
    p->plan->stages[stage].n_sections++;
    return p->plan->n_sections++;
}

typedef struct wish { // which units a section may take
    int32_t axis;     // -1: flat ones
    bool backward;
    bool moving;
} wish;

static bool fits(const rni_planner *p, int32_t unit, const wish *w)
{
    if (unit_backward(p, unit) != w->backward || !takes_part(p, unit))
        return false;
    if (rni_planner_is_flat(p, unit))
        return w->axis < 0 && unit_moving(p, unit) == w->moving;
    return unit_axis(p, unit) == w->axis;
}

// Takes all values that are ready into one section; -1 on an error.
static int32_t take_values(rni_planner *p, int32_t stage, const wish *w)
{
    int32_t taken = 0, section = -1, before;
    do {
        before = taken;
        for (int32_t v = 0; v < p->form->n_values; v++) {
            if (p->stage[v] >= 0 || !fits(p, v, w) || !is_ready(p, v, stage))
                continue;
            if (section < 0 && (section = open_section(p, stage, -1)) < 0)
                return -1;
            p->stage[v] = stage;
            p->section[v] = section;
            taken++;
        }
    } while (taken > before);
    return taken;
}

static int32_t take_loops(rni_planner *p, int32_t stage, const wish *w)
{
    int32_t taken = 0;
    for (int32_t l = 0; l < p->form->n_loops; l++) {
        int32_t unit = p->form->n_values + l;
        if (p->stage[unit] >= 0 || !fits(p, unit, w) ||
            !is_ready(p, unit, stage))
            continue;
        p->stage[unit] = stage;
        if (p->looped[l] && (p->section[unit] = open_section(p, stage, l)) < 0)
            return -1;
        taken++;
    }
    return taken;
}

static int32_t flat_stage(rni_planner *p, bool backward, bool moving)
{
    wish w = {-1, backward, moving};
    int32_t stage = open_stage(p, -1, false);
    if (stage < 0)
        return -1;
    p->plan->stages[stage].once = p->plan->use == RNNC_STREAM && !moving;
    return take_values(p, stage, &w);
}

// The first unit that could begin a stage of its axis, -1: none.
static int32_t find_start(const rni_planner *p, bool backward, int32_t stage)
{
    for (int32_t unit = 0; unit < p->n_units; unit++)
        if (takes_part(p, unit) && !rni_planner_is_flat(p, unit) &&
            unit_backward(p, unit) == backward && is_ready(p, unit, stage))
            return unit;
    return -1;
}

// A flat stage for copies of batch values in rank order, then the stage.
static int32_t axis_stage(rni_planner *p, bool backward)
{
    int32_t start = find_start(p, backward, p->plan->n_stages);
    if (start < 0)
        return 0;
    wish w = {unit_axis(p, start), backward, unit_moving(p, start)};
    int32_t flat = open_stage(p, -1, false);
    if (flat < 0 || open_section(p, flat, -1) < 0)
        return -1;
    int32_t stage = open_stage(p, w.axis, backward);
    if (stage < 0)
        return -1;
    p->plan->stages[flat].once = p->plan->stages[stage].once =
        p->plan->use == RNNC_STREAM && !w.moving;
    for (int32_t taken = 1; taken > 0;) {
        int32_t values = take_values(p, stage, &w);
        int32_t loops = values < 0 ? -1 : take_loops(p, stage, &w);
        if (loops < 0)
            return -1;
        taken = values + loops;
    }
    return 1;
}

static bool run_phase(rni_planner *p, bool backward)
{
    for (int32_t taken = 1; taken > 0;) {
        taken = flat_stage(p, backward, false);
        int32_t more = taken < 0 ? -1 : flat_stage(p, backward, true);
        int32_t axis = more < 0 ? -1 : axis_stage(p, backward);
        if (axis < 0)
            return false;
        taken += more + axis;
    }
    return true;
}

// ---- The whole
// -----------------------------------------------------------------

// From the number of items of each loop, in first[loop + 1], to where they
// begin, in first[loop].
static void add_up(int32_t *first, int32_t n_loops)
{
    for (int32_t l = 0; l < n_loops; l++)
        first[l + 1] += first[l];
}

// Moves the places behind the last items, first[loop], back to the first ones.
static void move_back(int32_t *first, int32_t n_loops)
{
    for (int32_t l = n_loops; l > 0; l--)
        first[l] = first[l - 1];
    first[0] = 0;
}

static void list_values(rni_planner *p)
{
    const rni_form *form = p->form;
    int32_t *first = p->loop_values_first;
    for (int32_t v = 0; v < form->n_values; v++)
        if (p->needed[v] && form->values[v].loop >= 0)
            first[form->values[v].loop + 1]++;
    add_up(first, form->n_loops);
    for (int32_t v = 0; v < form->n_values; v++)
        if (p->needed[v] && form->values[v].loop >= 0)
            p->loop_values[first[form->values[v].loop]++] = v;
    move_back(first, form->n_loops);
}

static void list_states(rni_planner *p)
{
    const rni_form *form = p->form;
    int32_t *first = p->loop_states_first;
    for (int32_t s = 0; s < form->n_states; s++)
        first[form->states[s].loop + 1] += p->live[s];
    add_up(first, form->n_loops);
    for (int32_t s = 0; s < form->n_states; s++)
        if (p->live[s])
            p->loop_states[first[form->states[s].loop]++] = s;
    move_back(first, form->n_loops);
}

static void find_looped(rni_planner *p)
{
    for (int32_t l = 0; l < p->form->n_loops; l++)
        p->looped[l] = p->loop_values_first[l + 1] > p->loop_values_first[l] ||
                       p->form->loops[l].falling;
}

static bool check_all(const rni_planner *p)
{
    for (int32_t unit = 0; unit < p->n_units; unit++)
        if (takes_part(p, unit) && p->stage[unit] < 0) {
            rni_error_set(p->error, RNNC_E_UNSUPPORTED,
                          "the graph depends on itself other than through a "
                          "state (value %d)",
                          unit);
            return false;
        }
    return true;
}

static void spread_sections(rni_planner *p)
{
    for (int32_t v = 0; v < p->form->n_values; v++)
        if (p->form->values[v].loop >= 0) {
            int32_t unit = rni_planner_unit(p, v);
            p->section[v] = p->section[unit];
            p->stage[v] = p->stage[unit];
        }
}

bool rni_plan_schedule(rni_planner *p)
{
    list_values(p);
    list_states(p);
    find_looped(p);
    for (int32_t unit = 0; unit < p->n_units; unit++)
        p->stage[unit] = p->section[unit] = -1;
    if (!run_phase(p, false))
        return false;
    p->plan->n_forward = p->plan->n_stages;
    if (!run_phase(p, true))
        return false;
    int32_t last = open_stage(p, -1, false); // gradients find their homes
    if (last < 0 || open_section(p, last, -1) < 0)
        return false;
    spread_sections(p);
    return check_all(p);
}
