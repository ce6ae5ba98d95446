// SPDX-License-Identifier: MIT
// Where values live. Views lie in what they are views of; the parts of an
// assembled value are computed in their place; a sum that continues another
// continues it in the same memory.
#include "plan/planner.h"

static bool is_free(const rni_planner *p, int32_t v)
{
    return !rni_planner_is_leaf(p->form->values + v) &&
           p->homes[v].owner == v && !p->kept[v];
}

// What belongs to the forward pass and what to the backward pass do not mix:
// segments are made again of the one alone.
static bool same_place(const rni_planner *p, int32_t a, int32_t b)
{
    const rni_value *x = p->form->values + a, *y = p->form->values + b;
    return x->shape.kind == y->shape.kind && x->shape.axis == y->shape.axis &&
           x->loop == y->loop && x->backward == y->backward &&
           p->prepared[a] == p->prepared[b] &&
           rni_planner_sums_rows(p, a) == rni_planner_sums_rows(p, b);
}

static bool covers(const rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    int64_t area = 0;
    for (int32_t i = 0; i < value->n_args; i++) {
        const rni_shape *part =
            &p->form->values[rni_planner_args(p, v)[i].value].shape;
        area += part->rows * part->cols;
    }
    return area == value->shape.rows * value->shape.cols;
}

// Parts that fill a value are computed where they belong. Static parts that
// are sums over rows of sequences may fill a static value that is not.
static void place_parts(rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    if (!covers(p, v))
        return;
    for (int32_t i = 0; i < value->n_args; i++) {
        rni_arg part = rni_planner_args(p, v)[i];
        bool sums = value->shape.kind == RNI_STATIC && !p->prepared[v] &&
                    rni_planner_sums_rows(p, part.value);
        if (part.value >= v || !is_free(p, part.value) ||
            !(sums || same_place(p, part.value, v)))
            continue;
        p->homes[part.value] = (rni_home){v, part.row, part.col};
        p->whole[part.value] |= p->whole[v];
    }
}

// A product that starts from a value nobody else needs goes on in its memory.
// What is made again segment by segment begins anew then: so not in rows that
// are there to the end, and not from one stage to another.
static void place_init(rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    int32_t init = rni_planner_args(p, v)[0].value;
    if (init < 0 || !is_free(p, init) || p->uses[init] != 1)
        return;
    const rni_shape *from = &p->form->values[init].shape;
    if (from->kind == RNI_SEQUENCE && value->shape.kind == RNI_SEQUENCE &&
        from->cols == value->shape.cols && p->stage[init] == p->stage[v] &&
        !p->whole[v])
        p->homes[init] = (rni_home){v, 0, 0};
}

// ---- Rows that are there to the end -----------------------------------------

static void mark_whole(rni_planner *p, int32_t v)
{
    while (p->form->values[v].op == RNI_FORM_VIEW)
        v = rni_planner_args(p, v)[0].value;
    if (p->form->values[v].op == RNI_FORM_PREV)
        v = p->form->states[p->form->values[v].integers[0]].next;
    p->whole[v] = true;
}

// Where rows are made: those of a state before the step by what makes its next.
static int32_t made_in(const rni_planner *p, int32_t v)
{
    while (p->form->values[v].op == RNI_FORM_VIEW)
        v = rni_planner_args(p, v)[0].value;
    if (p->form->values[v].op == RNI_FORM_PREV)
        v = p->form->states[p->form->values[v].integers[0]].next;
    return p->stage[v];
}

static void mark_args(rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    for (int32_t i = 0; i < value->n_args; i++) {
        int32_t arg = rni_planner_args(p, v)[i].value;
        if (arg >= 0 &&
            (value->op == RNI_FORM_REVERSE || made_in(p, arg) != p->stage[v]))
            mark_whole(p, arg);
    }
}

static void find_whole(rni_planner *p)
{
    const rni_form *form = p->form;
    for (int32_t i = 0; i < form->n_outputs; i++)
        mark_whole(p, form->outputs[i].value);
    for (int32_t v = 0; v < form->n_values; v++)
        if (p->needed[v] && p->stage[v] >= 0 &&
            p->stage[v] < p->plan->n_forward)
            mark_args(p, v);
    for (int32_t s = 0; s < form->n_states; s++) {
        int32_t unit = form->n_values + form->states[s].loop;
        if (p->live[s] && p->stage[unit] != made_in(p, form->states[s].next))
            mark_whole(p, form->states[s].next);
    }
}

// ---- Homes ------------------------------------------------------------------

// Follows homes to the end: the value that owns the memory.
static void settle(rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    rni_home home = p->homes[v];
    if (value->op == RNI_FORM_VIEW) {
        rni_arg of = rni_planner_args(p, v)[0];
        home = (rni_home){of.value, of.row, of.col};
    }
    while (p->homes[home.owner].owner != home.owner) {
        rni_home next = p->homes[home.owner];
        home = (rni_home){next.owner, home.row + next.row, home.col + next.col};
    }
    p->homes[v] = home;
}

bool rni_plan_place(rni_planner *p)
{
    const rni_form *form = p->form;
    for (int32_t v = 0; v < form->n_values; v++)
        p->homes[v] = (rni_home){v, 0, 0};
    if (p->plan->use == RNNC_TRAIN)
        find_whole(p);
    for (int32_t v = form->n_values - 1; v >= 0; v--) {
        if (!p->needed[v])
            continue;
        if (form->values[v].op == RNI_FORM_ASSEMBLE)
            place_parts(p, v);
        else if (form->values[v].op == RNI_FORM_DOT)
            place_init(p, v);
    }
    if (!rni_plan_place_results(p))
        return false;
    for (int32_t v = form->n_values - 1; v >= 0; v--)
        if (form->values[v].op != RNI_FORM_VIEW)
            settle(p, v);
    for (int32_t v = 0; v < form->n_values; v++)
        if (form->values[v].op == RNI_FORM_VIEW)
            settle(p, v);
    return true;
}
