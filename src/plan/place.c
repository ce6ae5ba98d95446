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

static bool same_place(const rni_planner *p, int32_t a, int32_t b)
{
    const rni_value *x = p->form->values + a, *y = p->form->values + b;
    return x->shape.kind == y->shape.kind && x->shape.axis == y->shape.axis &&
           x->loop == y->loop && p->prepared[a] == p->prepared[b] &&
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
        if (part.value < v && is_free(p, part.value) &&
            (sums || same_place(p, part.value, v)))
            p->homes[part.value] = (rni_home){v, part.row, part.col};
    }
}

// A product that starts from a value nobody else needs goes on in its memory.
static void place_init(rni_planner *p, int32_t v)
{
    const rni_value *value = p->form->values + v;
    int32_t init = rni_planner_args(p, v)[0].value;
    if (init < 0 || !is_free(p, init) || p->uses[init] != 1)
        return;
    const rni_shape *from = &p->form->values[init].shape;
    if (from->kind == RNI_SEQUENCE && value->shape.kind == RNI_SEQUENCE &&
        from->cols == value->shape.cols)
        p->homes[init] = (rni_home){v, 0, 0};
}

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
    for (int32_t v = form->n_values - 1; v >= 0; v--) {
        if (!p->needed[v])
            continue;
        if (form->values[v].op == RNI_FORM_ASSEMBLE)
            place_parts(p, v);
        else if (form->values[v].op == RNI_FORM_DOT)
            place_init(p, v);
    }
    for (int32_t v = form->n_values - 1; v >= 0; v--)
        if (form->values[v].op != RNI_FORM_VIEW)
            settle(p, v);
    for (int32_t v = 0; v < form->n_values; v++)
        if (form->values[v].op == RNI_FORM_VIEW)
            settle(p, v);
    return true;
}
