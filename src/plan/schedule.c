// SPDX-License-Identifier: MIT
// The order of the work. Flat stages take what is static or has a row for each
// sequence; an axis' stage takes, block after block, all that is causal on the
// axis: row sections for what is outside the loops, one section for each loop.
// A stage ends where something needs the end of a sequence first.
#include "base/heap.h"
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

// ---- Stages -----------------------------------------------------------------

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

// ---- Units that wait
// ---------------------------------------------------------

// Who waits for a unit, and whether for the end of its stage.
typedef struct waiter {
    int32_t unit;
    bool whole;
} waiter;

// Units that are ready lie in heaps by what may take them: of each phase
// flat ones that move or do not, values and loops of each axis. Those that may
// begin an axis' stage are also in a heap of the phase.
typedef struct schedule {
    rni_planner *p;
    int32_t *first; // unit -> its first waiter, [n_units + 1]
    waiter *waiters;
    int32_t *pending;  // unit -> how many it waits for
    int32_t *earliest; // unit -> stage from which on it is ready
    int32_t *items;    // of the heaps, two for each unit
    rni_heap *heaps;   // [kinds]
    rni_heap starts[2];
    int32_t stage;   // that units become ready for
    int32_t n_later; // ready from the next stage on
    int32_t *later;
    int32_t *passed; // loops that wait for the next round
} schedule;

static int32_t kinds_of_phase(const rni_planner *p)
{
    return 2 + 2 * p->form->graph->n_axes;
}

static rni_heap *heap_of(const schedule *s, int32_t unit)
{
    const rni_planner *p = s->p;
    rni_heap *phase =
        s->heaps + (unit_backward(p, unit) ? kinds_of_phase(p) : 0);
    if (rni_planner_is_flat(p, unit))
        return phase + unit_moving(p, unit);
    bool loop = unit >= p->form->n_values;
    return phase + 2 + 2 * unit_axis(p, unit) + loop;
}

static void make_ready(schedule *s, int32_t unit)
{
    const rni_planner *p = s->p;
    if (s->earliest[unit] > s->stage) {
        s->later[s->n_later++] = unit;
        return;
    }
    rni_heap_push(heap_of(s, unit), unit);
    if (!rni_planner_is_flat(p, unit))
        rni_heap_push(s->starts + unit_backward(p, unit), unit);
}

// All that has waited for the stage that will be opened next is ready.
static void expect_stage(schedule *s)
{
    int32_t n = s->n_later;
    s->stage = s->p->plan->n_stages;
    s->n_later = 0;
    for (int32_t i = 0; i < n; i++)
        make_ready(s, s->later[i]);
}

static int32_t begin_stage(schedule *s, int32_t axis, bool falling)
{
    expect_stage(s);
    return open_stage(s->p, axis, falling);
}

static void place(schedule *s, int32_t unit, int32_t stage, int32_t section)
{
    rni_planner *p = s->p;
    p->stage[unit] = stage;
    p->section[unit] = section;
    for (int32_t i = s->first[unit]; i < s->first[unit + 1]; i++) {
        waiter w = s->waiters[i];
        if (s->earliest[w.unit] < stage + w.whole)
            s->earliest[w.unit] = stage + w.whole;
        if (--s->pending[w.unit] == 0)
            make_ready(s, w.unit);
    }
}

// ---- What a unit waits for --------------------------------------------------

typedef void dependence(schedule *s, int32_t unit, waiter w);

// For a value: block by block from a section before, or, where it is known at
// the end alone (or `whole` is asked for), from an earlier stage.
static void wait_for(schedule *s, int32_t v, waiter w, dependence *found)
{
    const rni_planner *p = s->p;
    const rni_value *value = p->form->values + v;
    while (value->op == RNI_FORM_VIEW) {
        v = rni_planner_args(p, v)[0].value;
        value = p->form->values + v;
    }
    if (p->prepared[v] || value->op == RNI_FORM_INPUT)
        return;
    int32_t unit = rni_planner_unit(p, v);
    if (value->op == RNI_FORM_PREV || value->op == RNI_FORM_FINAL)
        unit = p->form->n_values + p->form->states[value->integers[0]].loop;
    w.whole |= value->op == RNI_FORM_FINAL || rni_planner_sums_rows(p, v);
    found(s, unit, w);
}

// Whether the value is made by the loop, or one of its states before the step.
static bool is_own(const rni_planner *p, int32_t v, int32_t loop)
{
    const rni_value *value = p->form->values + v;
    while (value->op == RNI_FORM_VIEW)
        value = p->form->values + p->form->args[value->first_arg].value;
    return value->loop == loop ||
           (value->op == RNI_FORM_PREV &&
            p->form->states[value->integers[0]].loop == loop);
}

static void wait_for_args(schedule *s, int32_t v, int32_t unit, int32_t loop,
                          dependence *found)
{
    const rni_planner *p = s->p;
    const rni_value *value = p->form->values + v;
    waiter w = {unit, value->op == RNI_FORM_REVERSE};
    for (int32_t i = 0; i < value->n_args; i++) {
        int32_t arg = rni_planner_args(p, v)[i].value;
        if (arg >= 0 && !(loop >= 0 && is_own(p, arg, loop)))
            wait_for(s, arg, w, found);
    }
}

static void wait_for_loop(schedule *s, int32_t loop, dependence *found)
{
    const rni_planner *p = s->p;
    int32_t unit = p->form->n_values + loop;
    for (int32_t i = p->loop_values_first[loop];
         i < p->loop_values_first[loop + 1]; i++)
        wait_for_args(s, p->loop_values[i], unit, loop, found);
    for (int32_t i = p->loop_states_first[loop];
         i < p->loop_states_first[loop + 1]; i++) {
        const rni_form_state *state = p->form->states + p->loop_states[i];
        if (p->form->values[state->next].loop != loop)
            wait_for(s, state->next, (waiter){unit, false}, found);
        if (state->first >= 0)
            wait_for(s, state->first, (waiter){unit, true}, found);
    }
}

static void wait_for_all(schedule *s, dependence *found)
{
    const rni_planner *p = s->p;
    for (int32_t unit = 0; unit < p->n_units; unit++) {
        if (!takes_part(p, unit))
            continue;
        if (unit < p->form->n_values)
            wait_for_args(s, unit, unit, -1, found);
        else
            wait_for_loop(s, unit - p->form->n_values, found);
    }
}

static void count_waiter(schedule *s, int32_t unit, waiter w)
{
    (void)w;
    s->first[unit + 1]++;
}

static void list_waiter(schedule *s, int32_t unit, waiter w)
{
    s->waiters[s->first[unit]++] = w;
    s->pending[w.unit]++;
}

// ---- Taking what is ready ---------------------------------------------------

// Takes all values that are ready into one section; -1 on an error.
static int32_t take_values(schedule *s, int32_t stage, rni_heap *heap)
{
    int32_t taken = 0, section = -1;
    for (int32_t v; (v = rni_heap_pop(heap)) >= 0; taken++) {
        if (section < 0 && (section = open_section(s->p, stage, -1)) < 0)
            return -1;
        place(s, v, stage, section);
    }
    return taken;
}

// One after another in rising order; what becomes ready behind waits for the
// next round.
static int32_t take_loops(schedule *s, int32_t stage, rni_heap *heap)
{
    rni_planner *p = s->p;
    int32_t taken = 0, last = -1, n_passed = 0;
    for (int32_t unit; (unit = rni_heap_pop(heap)) >= 0;) {
        if (unit < last) {
            s->passed[n_passed++] = unit;
            continue;
        }
        int32_t l = unit - p->form->n_values, section = -1;
        if (p->looped[l] && (section = open_section(p, stage, l)) < 0)
            return -1;
        place(s, unit, stage, section);
        last = unit;
        taken++;
    }
    for (int32_t i = 0; i < n_passed; i++)
        rni_heap_push(heap, s->passed[i]);
    return taken;
}

static int32_t flat_stage(schedule *s, bool backward, bool moving)
{
    rni_planner *p = s->p;
    int32_t stage = begin_stage(s, -1, false);
    if (stage < 0)
        return -1;
    p->plan->stages[stage].once = p->plan->use == RNNC_STREAM && !moving;
    int32_t phase = backward ? kinds_of_phase(p) : 0;
    return take_values(s, stage, s->heaps + phase + moving);
}

// The first unit that could begin a stage of its axis, -1: none.
static int32_t find_start(schedule *s, bool backward)
{
    int32_t unit = rni_heap_pop(s->starts + backward);
    while (unit >= 0 && s->p->stage[unit] >= 0)
        unit = rni_heap_pop(s->starts + backward);
    return unit;
}

// Takes what is ready on the axis until nothing is.
static bool fill_stage(schedule *s, int32_t stage, int32_t axis, bool backward)
{
    int32_t phase = backward ? kinds_of_phase(s->p) : 0;
    rni_heap *heap = s->heaps + phase + 2 + 2 * axis;
    for (int32_t taken = 1; taken > 0;) {
        int32_t values = take_values(s, stage, heap);
        int32_t loops = values < 0 ? -1 : take_loops(s, stage, heap + 1);
        if (loops < 0)
            return false;
        taken = values + loops;
    }
    return true;
}

// A flat stage for copies of batch values in rank order, then the stage.
static int32_t axis_stage(schedule *s, bool backward)
{
    rni_planner *p = s->p;
    expect_stage(s);
    int32_t start = find_start(s, backward);
    if (start < 0)
        return 0;
    int32_t axis = unit_axis(p, start);
    bool once = p->plan->use == RNNC_STREAM && !unit_moving(p, start);
    int32_t flat = open_stage(p, -1, false);
    if (flat < 0 || open_section(p, flat, -1) < 0)
        return -1;
    int32_t stage = begin_stage(s, axis, backward);
    if (stage < 0)
        return -1;
    p->plan->stages[flat].once = p->plan->stages[stage].once = once;
    return fill_stage(s, stage, axis, backward) ? 1 : -1;
}

static bool run_phase(schedule *s, bool backward)
{
    for (int32_t taken = 1; taken > 0;) {
        taken = flat_stage(s, backward, false);
        int32_t more = taken < 0 ? -1 : flat_stage(s, backward, true);
        int32_t axis = more < 0 ? -1 : axis_stage(s, backward);
        if (axis < 0)
            return false;
        taken += more + axis;
    }
    return true;
}

// ---- The whole
// ---------------------------------------------------------------

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

// Memory for a heap of each kind, and of those that may begin a stage.
static void place_heaps(schedule *s)
{
    const rni_planner *p = s->p;
    int32_t *at = s->items;
    for (int32_t unit = 0; unit < p->n_units; unit++)
        if (takes_part(p, unit)) {
            heap_of(s, unit)->n++;
            s->starts[unit_backward(p, unit)].n++;
        }
    for (int32_t k = 0; k < 2 * kinds_of_phase(p); k++) {
        s->heaps[k].items = at;
        at += s->heaps[k].n;
        s->heaps[k].n = 0;
    }
    for (int32_t k = 0; k < 2; k++) {
        s->starts[k].items = at;
        at += s->starts[k].n;
        s->starts[k].n = 0;
    }
}

// Who waits for whom; those that wait for nobody are ready.
static bool find_waiters(schedule *s)
{
    const rni_planner *p = s->p;
    int32_t n = p->n_units;
    wait_for_all(s, count_waiter);
    add_up(s->first, n);
    s->waiters =
        rni_memory_zeroed(p->memory, (size_t)s->first[n], sizeof *s->waiters);
    if (!s->waiters)
        return false;
    wait_for_all(s, list_waiter);
    move_back(s->first, n);
    for (int32_t unit = 0; unit < n; unit++)
        if (takes_part(p, unit) && s->pending[unit] == 0)
            make_ready(s, unit);
    return true;
}

static bool make_schedule(schedule *s)
{
    const rni_planner *p = s->p;
    const rni_memory *m = p->memory;
    size_t n = (size_t)p->n_units;
    s->first = rni_memory_zeroed(m, n + 1, sizeof *s->first);
    s->pending = rni_memory_zeroed(m, n, sizeof *s->pending);
    s->earliest = rni_memory_zeroed(m, n, sizeof *s->earliest);
    s->items = rni_memory_zeroed(m, 2 * n, sizeof *s->items);
    s->heaps =
        rni_memory_zeroed(m, 2 * (size_t)kinds_of_phase(p), sizeof *s->heaps);
    s->later = rni_memory_zeroed(m, n, sizeof *s->later);
    s->passed =
        rni_memory_zeroed(m, (size_t)p->form->n_loops, sizeof *s->passed);
    if (!s->first || !s->pending || !s->earliest || !s->items || !s->heaps ||
        !s->later || !s->passed)
        return false;
    place_heaps(s);
    return find_waiters(s);
}

static void release_schedule(schedule *s)
{
    void *const tables[] = {s->first, s->waiters, s->pending, s->earliest,
                            s->items, s->heaps,   s->later,   s->passed};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        rni_memory_release(s->p->memory, tables[i]);
}

static bool run_phases(schedule *s)
{
    rni_planner *p = s->p;
    if (!run_phase(s, false))
        return false;
    p->plan->n_forward = p->plan->n_stages;
    return run_phase(s, true);
}

bool rni_plan_schedule(rni_planner *p)
{
    schedule s = {.p = p};
    list_values(p);
    list_states(p);
    find_looped(p);
    for (int32_t unit = 0; unit < p->n_units; unit++)
        p->stage[unit] = p->section[unit] = -1;
    bool good = make_schedule(&s) && run_phases(&s);
    if (!good)
        rni_error_memory(p->error);
    release_schedule(&s);
    if (!good)
        return false;
    int32_t last = open_stage(p, -1, false); // gradients find their homes
    if (last < 0 || open_section(p, last, -1) < 0)
        return false;
    spread_sections(p);
    return check_all(p);
}
