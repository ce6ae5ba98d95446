// SPDX-License-Identifier: MIT
// Heaps of what is ready. What has ceased to be ready stays where it lies and
// is thrown out when it comes up.
#include "plan/ready.h"

#include "base/sort.h"

enum { IN_KIND = 1, IN_GROUP = 2 };

static int32_t op_of(const rni_ready *r, int32_t v)
{
    return r->p->form->values[v].op;
}

static bool is_grouped(const rni_ready *r, int32_t v)
{
    return op_of(r, v) == RNI_FORM_DOT || op_of(r, v) == RNI_FORM_TAPE;
}

// ---- Who reads what ---------------------------------------------------------

// What an instruction computes of an argument: views and leaves are no work.
static int32_t root_of(const rni_planner *p, int32_t v)
{
    while (v >= 0 && p->form->values[v].op == RNI_FORM_VIEW)
        v = rni_planner_args(p, v)[0].value;
    return v < 0 || rni_planner_is_leaf(p->form->values + v) ? -1 : v;
}

static void visit_readers(rni_ready *r, bool list)
{
    const rni_form *form = r->p->form;
    for (int32_t v = 0; v < form->n_values; v++) {
        const rni_value *value = form->values + v;
        if (!r->p->needed[v] || rni_planner_is_leaf(value))
            continue;
        for (int32_t i = 0; i < value->n_args; i++) {
            int32_t arg = rni_planner_args(r->p, v)[i].value;
            int32_t root = root_of(r->p, arg);
            if (root >= 0 && list)
                r->users[r->first[root]++] = root == arg ? v : ~v;
            else if (root >= 0)
                r->first[root + 1]++;
        }
    }
}

static bool list_readers(rni_ready *r)
{
    int32_t n = r->p->form->n_values;
    visit_readers(r, false);
    for (int32_t v = 0; v < n; v++)
        r->first[v + 1] += r->first[v];
    r->users =
        rni_memory_zeroed(r->p->memory, (size_t)r->first[n], sizeof *r->users);
    if (!r->users)
        return false;
    visit_readers(r, true);
    for (int32_t v = n; v > 0; v--)
        r->first[v] = r->first[v - 1];
    r->first[0] = 0;
    return true;
}

bool rni_ready_init(rni_ready *r, rni_planner *p, const bool *done)
{
    const rni_memory *m = p->memory;
    size_t n = (size_t)p->form->n_values;
    *r = (rni_ready){.p = p, .done = done};
    r->first = rni_memory_zeroed(m, n + 1, sizeof *r->first);
    r->missing = rni_memory_zeroed(m, n, sizeof *r->missing);
    r->place = rni_memory_zeroed(m, n, sizeof *r->place);
    r->taken = rni_memory_zeroed(m, n, sizeof *r->taken);
    r->queued = rni_memory_zeroed(m, n, sizeof *r->queued);
    r->group = rni_memory_zeroed(m, n, sizeof *r->group);
    r->order = rni_memory_zeroed(m, n, sizeof *r->order);
    r->items = rni_memory_zeroed(m, 2 * n, sizeof *r->items);
    r->groups = rni_memory_zeroed(m, n, sizeof *r->groups);
    r->together = rni_memory_zeroed(m, n, sizeof *r->together);
    if (!r->first || !r->missing || !r->place || !r->taken || !r->queued ||
        !r->group || !r->order || !r->items || !r->groups || !r->together)
        return false;
    for (size_t v = 0; v < n; v++)
        r->place[v] = -1;
    return list_readers(r);
}

void rni_ready_fini(rni_ready *r)
{
    void *const tables[] = {r->first, r->users,  r->missing, r->place,
                            r->taken, r->queued, r->group,   r->order,
                            r->items, r->groups, r->together};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        rni_memory_release(r->p->memory, tables[i]);
}

// ---- What may go together ---------------------------------------------------

static int32_t compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int32_t compare_shapes(const rni_shape *a, const rni_shape *b)
{
    int32_t order = compare(a->kind, b->kind);
    order = order ? order : compare(a->axis, b->axis);
    order = order ? order : compare(a->cols, b->cols);
    return order || a->kind != RNI_STATIC ? order : compare(a->rows, b->rows);
}

static int32_t compare_products(const rni_planner *p, int32_t a, int32_t b)
{
    const rni_value *x = p->form->values + a, *y = p->form->values + b;
    int32_t order = compare(x->n_args, y->n_args);
    order = order ? order : compare(x->shape.kind, y->shape.kind);
    order = order ? order
                  : compare(rni_planner_is_packed(p, a),
                            rni_planner_is_packed(p, b));
    for (int32_t i = 1; order == 0 && i < x->n_args; i += 2)
        order = compare(rni_planner_args(p, a)[i].value,
                        rni_planner_args(p, b)[i].value);
    return order;
}

static int32_t compare_members(const rni_ready *r, uint32_t a, uint32_t b)
{
    int32_t v = r->members[a], w = r->members[b];
    int32_t order = compare(op_of(r, v), op_of(r, w));
    if (order)
        return order;
    return op_of(r, v) == RNI_FORM_DOT
               ? compare_products(r->p, v, w)
               : compare_shapes(&r->p->form->values[v].shape,
                                &r->p->form->values[w].shape);
}

static int32_t by_group(const void *user, uint32_t a, uint32_t b)
{
    int32_t order = compare_members(user, a, b);
    return order ? order : compare(a, b);
}

// A heap for each group, behind one another.
static void find_groups(rni_ready *r, int32_t *items)
{
    uint32_t n = 0;
    int32_t group = -1;
    for (int32_t i = 0; i < r->n; i++)
        if (is_grouped(r, r->members[i]))
            r->order[n++] = (uint32_t)i;
    rni_sort(r->order, n, by_group, r);
    for (uint32_t i = 0; i < n; i++) {
        if (i == 0 || compare_members(r, r->order[i - 1], r->order[i]) != 0)
            r->groups[++group] = (rni_heap){items + i, 0};
        r->group[r->order[i]] = group;
    }
}

// ---- What is ready ----------------------------------------------------------

static rni_heap *kind_of(rni_ready *r, int32_t v)
{
    if (op_of(r, v) == RNI_FORM_DOT)
        return &r->products;
    return op_of(r, v) == RNI_FORM_TAPE ? &r->tapes : &r->rows;
}

static void queue(rni_ready *r, int32_t place)
{
    int32_t v = r->members[place];
    if (r->taken[place] || r->missing[v] > 0)
        return;
    if (!(r->queued[place] & IN_KIND))
        rni_heap_push(kind_of(r, v), place);
    if (is_grouped(r, v) && !(r->queued[place] & IN_GROUP))
        rni_heap_push(r->groups + r->group[place], place);
    r->queued[place] = IN_KIND | IN_GROUP;
}

static int32_t take(rni_ready *r, rni_heap *heap, uint8_t which)
{
    for (int32_t place; (place = rni_heap_pop(heap)) >= 0;) {
        r->queued[place] &= (uint8_t)~which;
        if (r->taken[place] || r->missing[r->members[place]] > 0)
            continue;
        r->taken[place] = true;
        return r->members[place];
    }
    return -1;
}

int32_t rni_ready_row(rni_ready *r)
{
    return take(r, &r->rows, IN_KIND);
}

int32_t rni_ready_product(rni_ready *r)
{
    return take(r, &r->products, IN_KIND);
}

int32_t rni_ready_tape(rni_ready *r)
{
    return take(r, &r->tapes, IN_KIND);
}

int32_t rni_ready_alike(rni_ready *r, int32_t v)
{
    return take(r, r->groups + r->group[r->place[v]], IN_GROUP);
}

static void release(rni_ready *r, int32_t user)
{
    if (r->place[user] >= 0 && --r->missing[user] == 0)
        queue(r, r->place[user]);
}

void rni_ready_compute(rni_ready *r, int32_t v)
{
    for (int32_t i = r->first[v]; i < r->first[v + 1]; i++)
        if (r->users[i] >= 0)
            release(r, r->users[i]);
}

void rni_ready_store(rni_ready *r, int32_t v)
{
    for (int32_t i = r->first[v]; i < r->first[v + 1]; i++)
        if (r->users[i] < 0)
            release(r, ~r->users[i]);
}

void rni_ready_give_back(rni_ready *r, int32_t v)
{
    for (int32_t i = r->first[v]; i < r->first[v + 1]; i++)
        if (r->users[i] >= 0)
            r->missing[r->users[i]] += r->place[r->users[i]] >= 0;
    r->taken[r->place[v]] = false;
    queue(r, r->place[v]);
}

void rni_ready_begin(rni_ready *r, const int32_t *members, int32_t n)
{
    for (int32_t i = 0; i < r->n; i++)
        r->place[r->members[i]] = -1;
    r->members = members;
    r->n = n;
    r->rows = r->products = r->tapes = (rni_heap){r->items, 0};
    int32_t rows = 0, products = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t v = members[i];
        r->place[v] = i;
        r->taken[i] = false;
        r->queued[i] = 0;
        rows += !is_grouped(r, v);
        products += op_of(r, v) == RNI_FORM_DOT;
        r->missing[v] = 0;
        for (int32_t k = 0; k < r->p->form->values[v].n_args; k++) {
            int32_t arg = root_of(r->p, rni_planner_args(r->p, v)[k].value);
            r->missing[v] += arg >= 0 && !r->done[arg];
        }
    }
    r->products.items += rows;
    r->tapes.items += rows + products;
    find_groups(r, r->items + n);
    for (int32_t i = 0; i < n; i++)
        queue(r, i);
}
