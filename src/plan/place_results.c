// SPDX-License-Identifier: MIT
// A training run keeps the results of activations, not their arguments: so a
// result takes the place of the columns that it alone is made from. For an
// LSTM i, f, g and o lie where the sums of products were. It is done where the
// whole sum then takes no more room than its results would, and within a stage,
// so that both can be made again.
#include "base/sort.h"
#include "plan/planner.h"

typedef struct search {
    rni_planner *p;
    bool *crosses;    // value -> the backward pass reads it
    bool *stays;      // value -> the same of it or of some of its columns
    int32_t *readers; // value -> how many read it, views left out
    int32_t *taker;   // value -> the result that may lie in its place, -1
    int32_t *first;   // value -> its first view that is read, -1: none
    int32_t *next;    // view -> the next one
    int64_t *col;     // view -> its first column in what it is a view of
    uint32_t *views;  // room for the views of one value
} search;

// What a value is a view of, and from which column on.
static int32_t root_of(const rni_planner *p, int32_t v, int64_t *col)
{
    *col = 0;
    while (p->form->values[v].op == RNI_FORM_VIEW) {
        *col += rni_planner_args(p, v)[0].col;
        v = rni_planner_args(p, v)[0].value;
    }
    return v;
}

// ---- Who reads what ---------------------------------------------------------

// A state before the step is read where its next is.
static void note_crossing(const search *s, int32_t v)
{
    const rni_form *form = s->p->form;
    int64_t col;
    int32_t root = root_of(s->p, v, &col);
    if (form->values[root].backward)
        return;
    s->crosses[v] = s->stays[root] = true;
    if (form->values[root].op == RNI_FORM_PREV)
        s->crosses[form->states[form->values[root].integers[0]].next] = true;
}

static void note_readers(const search *s)
{
    const rni_form *form = s->p->form;
    for (int32_t v = 0; v < form->n_values; v++) {
        const rni_value *value = form->values + v;
        if (!s->p->needed[v] || value->op == RNI_FORM_VIEW)
            continue;
        for (int32_t i = 0; i < value->n_args; i++) {
            int32_t arg = rni_planner_args(s->p, v)[i].value;
            if (arg < 0)
                continue;
            s->readers[arg]++;
            if (value->backward)
                note_crossing(s, arg);
        }
    }
}

static void list_views(const search *s)
{
    const rni_form *form = s->p->form;
    for (int32_t v = form->n_values - 1; v >= 0; v--) {
        if (!s->p->needed[v] || form->values[v].op != RNI_FORM_VIEW ||
            s->readers[v] == 0)
            continue;
        int32_t root = root_of(s->p, v, s->col + v);
        s->next[v] = s->first[root];
        s->first[root] = v;
    }
}

// ---- Results and what they are made from ------------------------------------

static bool same_rows(const rni_value *a, const rni_value *b)
{
    return a->shape.kind == RNI_SEQUENCE && b->shape.kind == RNI_SEQUENCE &&
           a->shape.axis == b->shape.axis && a->shape.cols == b->shape.cols;
}

static bool is_own(const search *s, int32_t v)
{
    return s->p->homes[v].owner == v && !s->p->kept[v];
}

typedef enum rank { NONE, ELEMENTS, PRODUCT, STAYING } rank;

// How good a place an argument of `v` is: only `v` may read it. The columns of
// a sum of products that stays are there anyway; an element-wise value may
// itself be made from one.
static rank rank_of(const search *s, int32_t arg, int32_t v)
{
    const rni_form *form = s->p->form;
    int64_t col;
    int32_t root = root_of(s->p, arg, &col);
    if (s->readers[arg] != 1 || s->p->uses[arg] != 1 ||
        s->p->stage[root] != s->p->stage[v] || s->p->whole[root] ||
        !same_rows(form->values + arg, form->values + v))
        return NONE;
    if (form->values[root].op == RNI_FORM_DOT)
        return s->stays[root] ? STAYING : PRODUCT;
    return form->values[arg].op == RNI_FORM_TAPE && is_own(s, arg) ? ELEMENTS
                                                                   : NONE;
}

// The best place among the arguments, -1: none.
static int32_t best_arg(const search *s, int32_t v, rank *best)
{
    int32_t found = -1;
    *best = NONE;
    for (int32_t i = 0; i < s->p->form->values[v].n_args; i++) {
        int32_t arg = rni_planner_args(s->p, v)[i].value;
        rank own = rank_of(s, arg, v);
        if (own <= *best)
            continue;
        *best = own;
        found = arg;
    }
    return found;
}

static void find_taker(const search *s, int32_t result)
{
    rank best = ELEMENTS;
    int32_t v = result;
    while (v >= 0 && best == ELEMENTS)
        v = best_arg(s, v, &best);
    if (v >= 0)
        s->taker[v] = result;
}

static void find_takers(const search *s)
{
    const rni_form *form = s->p->form;
    for (int32_t v = 0; v < form->n_values; v++)
        if (s->p->needed[v] && s->crosses[v] && !s->p->whole[v] &&
            !form->values[v].backward && form->values[v].op == RNI_FORM_TAPE &&
            s->p->homes[v].owner == v)
            find_taker(s, v);
}

// ---- Taking places ----------------------------------------------------------

static int32_t by_column(const void *user, uint32_t a, uint32_t b)
{
    const search *s = user;
    if (s->col[a] != s->col[b])
        return s->col[a] < s->col[b] ? -1 : 1;
    return a < b ? -1 : a > b;
}

// The views of `v` by column; those that overlap another keep what they see.
static int32_t sort_views(const search *s, int32_t v)
{
    int32_t n = 0;
    int64_t end = 0;
    for (int32_t view = s->first[v]; view >= 0; view = s->next[view])
        s->views[n++] = (uint32_t)view;
    rni_sort(s->views, (uint32_t)n, by_column, s);
    for (int32_t i = 0; i < n; i++) {
        uint32_t view = s->views[i];
        if (s->col[view] < end)
            s->taker[view] = s->taker[s->views[i - 1]] = -1;
        int64_t last = s->col[view] + s->p->form->values[view].shape.cols;
        end = last > end ? last : end;
    }
    return n;
}

// Whether v, with its results in its place, takes no more than they would.
static bool is_worth(const search *s, int32_t v, int32_t n)
{
    int64_t cols = 0;
    for (int32_t i = 0; i < n; i++)
        if (s->taker[s->views[i]] >= 0)
            cols += s->p->form->values[s->views[i]].shape.cols;
    return s->stays[v] || cols == s->p->form->values[v].shape.cols;
}

static void place_views(const search *s, int32_t v)
{
    int32_t n = sort_views(s, v);
    if (s->readers[v] > 0 || s->p->kept[v] || !is_worth(s, v, n))
        return;
    for (int32_t i = 0; i < n; i++) {
        uint32_t view = s->views[i];
        if (s->taker[view] >= 0)
            s->p->homes[s->taker[view]] = (rni_home){v, 0, s->col[view]};
    }
}

static void place_all(const search *s)
{
    const rni_form *form = s->p->form;
    for (int32_t v = 0; v < form->n_forward; v++) {
        if (!s->p->needed[v] || form->values[v].op != RNI_FORM_DOT)
            continue;
        if (s->first[v] >= 0)
            place_views(s, v);
        else if (s->taker[v] >= 0)
            s->p->homes[s->taker[v]] = (rni_home){v, 0, 0};
    }
}

static bool make_tables(search *s)
{
    const rni_memory *m = s->p->memory;
    size_t n = (size_t)s->p->form->n_values;
    s->crosses = rni_memory_zeroed(m, n, sizeof *s->crosses);
    s->stays = rni_memory_zeroed(m, n, sizeof *s->stays);
    s->readers = rni_memory_zeroed(m, n, sizeof *s->readers);
    s->taker = rni_memory_zeroed(m, n, sizeof *s->taker);
    s->first = rni_memory_zeroed(m, n, sizeof *s->first);
    s->next = rni_memory_zeroed(m, n, sizeof *s->next);
    s->col = rni_memory_zeroed(m, n, sizeof *s->col);
    s->views = rni_memory_zeroed(m, n, sizeof *s->views);
    if (!s->crosses || !s->stays || !s->readers || !s->taker || !s->first ||
        !s->next || !s->col || !s->views)
        return false;
    for (size_t v = 0; v < n; v++)
        s->taker[v] = s->first[v] = s->next[v] = -1;
    return true;
}

bool rni_plan_place_results(rni_planner *p)
{
    search s = {.p = p};
    if (p->plan->use != RNNC_TRAIN)
        return true;
    bool good = make_tables(&s);
    if (good) {
        note_readers(&s);
        list_views(&s);
        find_takers(&s);
        place_all(&s);
    } else {
        rni_error_memory(p->error);
    }
    rni_memory_release(p->memory, s.crosses);
    rni_memory_release(p->memory, s.stays);
    rni_memory_release(p->memory, s.readers);
    rni_memory_release(p->memory, s.taker);
    rni_memory_release(p->memory, s.first);
    rni_memory_release(p->memory, s.next);
    rni_memory_release(p->memory, s.col);
    rni_memory_release(p->memory, s.views);
    return good;
}
