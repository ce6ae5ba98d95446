// SPDX-License-Identifier: MIT
// Reverse-mode differentiation of a normal form. The gradient of a recurrence
// is a recurrence in falling time, whose state is the gradient of the state
// before the step; it is sorted and planned like any other.
#include "graph/gradient.h"

#include "kernel/kernel.h"

// ---- What takes part
// ----------------------------------------------------------

static bool is_wanted(const rni_form *form, const rni_value *value,
                      const rni_form_wish *wish)
{
    if (value->op == RNI_FORM_PARAMETER)
        return !form->graph->parameters[value->integers[0]]->frozen;
    if (value->op != RNI_FORM_INPUT)
        return false;
    for (int32_t i = 0; i < wish->n_inputs; i++)
        if (wish->inputs[i]->id == value->integers[0])
            return true;
    return false;
}

// Values whose neighbours are still to be marked.
typedef struct open_list {
    bool *marks;
    int32_t n;
    int32_t *values;
} open_list;

static void mark(open_list *open, int32_t value)
{
    if (value < 0 || open->marks[value])
        return;
    open->marks[value] = true;
    open->values[open->n++] = value;
}

// The loss depends on the value.
static void find_useful(const rni_form *form, open_list *open)
{
    mark(open, form->loss);
    while (open->n > 0) {
        const rni_value *value = form->values + open->values[--open->n];
        for (int32_t i = 0; i < value->n_args; i++)
            mark(open, form->args[value->first_arg + i].value);
        if (value->op != RNI_FORM_PREV && value->op != RNI_FORM_FINAL)
            continue;
        const rni_form_state *state = form->states + value->integers[0];
        mark(open, state->next);
        mark(open, state->first);
    }
}

// Who depends on a value at once: a list for each, of values and, as ~state, of
// states whose next or first it is.
typedef struct readers {
    int32_t *first; // [n_values + 1]
    int32_t *list;
} readers;

static void note_reader(readers *r, int32_t value, int32_t reader)
{
    if (value < 0)
        return;
    if (r->list)
        r->list[r->first[value]++] = reader;
    else
        r->first[value + 1]++;
}

static void note_readers(const rni_form *form, readers *r)
{
    for (int32_t v = 0; v < form->n_values; v++)
        for (int32_t i = 0; i < form->values[v].n_args; i++)
            note_reader(r, form->args[form->values[v].first_arg + i].value, v);
    for (int32_t s = 0; s < form->n_states; s++) {
        note_reader(r, form->states[s].next, ~s);
        note_reader(r, form->states[s].first, ~s);
    }
}

static bool find_readers(const rni_form *form, readers *r)
{
    int32_t n = form->n_values;
    *r = (readers){
        rni_memory_zeroed(form->memory, (size_t)n + 1, sizeof *r->first), NULL};
    if (!r->first)
        return false;
    note_readers(form, r);
    for (int32_t v = 0; v < n; v++)
        r->first[v + 1] += r->first[v];
    r->list =
        rni_memory_zeroed(form->memory, (size_t)r->first[n], sizeof *r->list);
    if (!r->list)
        return false;
    note_readers(form, r);
    for (int32_t v = n; v > 0; v--)
        r->first[v] = r->first[v - 1];
    r->first[0] = 0;
    return true;
}

// The value depends on something whose gradient is wanted.
static void find_moving(const rni_form *form, const readers *r,
                        const rni_form_wish *wish, open_list *open)
{
    for (int32_t v = 0; v < form->n_values; v++)
        if (is_wanted(form, form->values + v, wish))
            mark(open, v);
    while (open->n > 0) {
        int32_t v = open->values[--open->n];
        for (int32_t i = r->first[v]; i < r->first[v + 1]; i++) {
            int32_t reader = r->list[i];
            if (reader < 0) {
                mark(open, form->states[~reader].prev);
                mark(open, form->states[~reader].final);
            } else {
                mark(open, reader);
            }
        }
    }
}

static bool find_active(rni_gradient *g, const rni_form_wish *wish)
{
    rni_form *form = g->form;
    size_t n = (size_t)form->n_values;
    readers r;
    bool good = find_readers(form, &r);
    open_list moving = {rni_memory_zeroed(form->memory, n, 1), 0,
                        rni_memory_zeroed(form->memory, n, sizeof(int32_t))};
    open_list useful = {g->active, 0, moving.values};
    good = good && moving.marks && moving.values;
    if (good) {
        find_moving(form, &r, wish, &moving);
        find_useful(form, &useful);
        for (int32_t v = 0; v < form->n_values; v++)
            g->active[v] = g->active[v] && moving.marks[v] &&
                           form->values[v].shape.type == RNI_FLOAT;
    } else {
        rni_error_memory(form->error);
    }
    rni_memory_release(form->memory, r.first);
    rni_memory_release(form->memory, r.list);
    rni_memory_release(form->memory, moving.marks);
    rni_memory_release(form->memory, moving.values);
    return good;
}

// ---- States
// -------------------------------------------------------------------

// The gradient of a state's value after the step has a part that comes from
// the step behind it: the mirrored state before the (falling) step.
static bool mirror_state(rni_gradient *g, int32_t s)
{
    rni_form *form = g->form;
    rni_form_state state = form->states[s];
    bool read =
        g->active[state.prev] || (state.final >= 0 && g->active[state.final]);
    bool made =
        g->active[state.next] || (state.first >= 0 && g->active[state.first]);
    if (!read || !made)
        return true;
    if (g->loops[state.loop] < 0)
        g->loops[state.loop] =
            rni_form_loop_make(form, form->loops[state.loop].axis, true);
    g->mirror[s] =
        rni_form_state_make(form, g->loops[state.loop], state.cols, -1, false);
    if (g->mirror[s] < 0)
        return false;
    return !g->active[state.next] ||
           rni_gradient_add(
               g, state.next,
               (rni_piece){.kind = RNI_PIECE_VALUE,
                           .value = form->states[g->mirror[s]].prev});
}

// Loops in falling order, so that a gradient's loops too come after those
// that they depend on.
static bool mirror_states(rni_gradient *g, int32_t n_states)
{
    for (int32_t s = n_states - 1; s >= 0; s--)
        if (!mirror_state(g, s))
            return false;
    return true;
}

// A first state gets the gradient of the rows that began from it.
static bool give_first(rni_gradient *g, int32_t s)
{
    rni_form *form = g->form;
    int32_t first = form->states[s].first;
    if (first < 0 || !g->active[first])
        return true;
    int32_t final = rni_form_final(form, g->mirror[s]);
    if (final < 0)
        return false;
    rni_shape shape = form->values[final].shape;
    int32_t fresh = rni_form_one(form, RNI_FORM_FRESH, shape, final);
    return rni_gradient_give(g, first, fresh);
}

// The gradient of a state before the step becomes the mirrored state after
// the falling step; it is zero where the state was only looked at in the end.
static bool close_mirror(rni_gradient *g, int32_t prev)
{
    rni_form *form = g->form;
    int32_t s = (int32_t)form->values[prev].integers[0];
    if (g->mirror[s] < 0)
        return true;
    int32_t d = rni_gradient_sum(g, prev);
    if (d == -2) {
        int32_t zero =
            rni_form_constant_rows(form, 1, form->states[s].cols, NULL);
        d = rni_form_spread(form, zero, form->values[prev].shape);
    }
    d = rni_form_solid(form, d);
    form->states[g->mirror[s]].next = d;
    return d >= 0 && give_first(g, s);
}

static bool rule_final(rni_gradient *g, int32_t value, int32_t d)
{
    int32_t mirror = g->mirror[g->form->values[value].integers[0]];
    if (mirror >= 0)
        g->form->states[mirror].first = d;
    return true;
}

// ---- Rules of the operations
// ----------------------------------------------------

static int32_t tape2(rni_form *form, int32_t op, int32_t a, int32_t b)
{
    return rni_form_tape(form, op, (int32_t[2]){a, b}, 2, 0, 0);
}

static bool give_weight(rni_gradient *g, int32_t d, rni_arg a, rni_arg w)
{
    rni_form *form = g->form;
    rni_arg pair[2] = {{.value = w.transposed ? d : a.value},
                       {.value = w.transposed ? a.value : d}};
    rni_shape shape = {RNI_STATIC, RNI_FLOAT, RNI_AXIS_NONE,
                       form->values[pair[0].value].shape.cols,
                       form->values[pair[1].value].shape.cols};
    return rni_gradient_give(
        g, w.value, rni_form_value(form, RNI_FORM_OUTER, shape, pair, 2));
}

static bool rule_dot(rni_gradient *g, int32_t value, int32_t d)
{
    rni_form *form = g->form;
    int32_t first = form->values[value].first_arg;
    int32_t n_args = form->values[value].n_args;
    int32_t init = form->args[first].value;
    if (init >= 0 && g->active[init] && !rni_gradient_give(g, init, d))
        return false;
    for (int32_t i = 1; i < n_args; i += 2) {
        rni_arg a = form->args[first + i], w = form->args[first + i + 1];
        if (g->active[a.value] &&
            !rni_gradient_add(g, a.value,
                              (rni_piece){.kind = RNI_PIECE_TERM,
                                          .value = d,
                                          .weight = w.value,
                                          .transposed = !w.transposed}))
            return false;
        if (g->active[w.value] && !give_weight(g, d, a, w))
            return false;
    }
    return true;
}

static int32_t first_arg(const rni_gradient *g, int32_t value)
{
    return rni_form_args(g->form, value)[0].value;
}

static bool rule_spread(rni_gradient *g, int32_t value, int32_t d)
{
    int32_t x = first_arg(g, value);
    return rni_gradient_give(
        g, x, rni_form_spread(g->form, d, g->form->values[x].shape));
}

static bool rule_softmax(rni_gradient *g, int32_t value, int32_t d)
{
    rni_form *form = g->form;
    rni_shape column = form->values[value].shape;
    column.cols = 1;
    int32_t sum = rni_form_one(form, RNI_FORM_ROW_SUM, column,
                               tape2(form, RNI_TAPE_MUL, d, value));
    int32_t rest = tape2(form, RNI_TAPE_SUB, d, sum);
    return rni_gradient_give(g, first_arg(g, value),
                             tape2(form, RNI_TAPE_MUL, value, rest));
}

static bool rule_log_softmax(rni_gradient *g, int32_t value, int32_t d)
{
    rni_form *form = g->form;
    rni_shape column = form->values[value].shape;
    column.cols = 1;
    int32_t sum = rni_form_one(form, RNI_FORM_ROW_SUM, column, d);
    int32_t p = rni_form_tape(form, RNI_TAPE_EXP, &value, 1, 0, 0);
    int32_t share = tape2(form, RNI_TAPE_MUL, p, sum);
    return rni_gradient_give(g, first_arg(g, value),
                             tape2(form, RNI_TAPE_SUB, d, share));
}

static bool rule_normalize(rni_gradient *g, int32_t value, int32_t d)
{
    rni_form *form = g->form;
    rni_arg args[2] = {{.value = d}, {.value = first_arg(g, value)}};
    int32_t made = rni_form_value(form, RNI_FORM_NORMALIZE_GRAD,
                                  form->values[value].shape, args, 2);
    if (made >= 0)
        form->values[made].numbers[0] = form->values[value].numbers[0];
    return rni_gradient_give(g, args[1].value, made);
}

static bool rule_lookup(rni_gradient *g, int32_t value, int32_t d)
{
    rni_form *form = g->form;
    rni_arg args[2] = {rni_form_args(form, value)[0], {.value = d}};
    int32_t table = rni_form_args(form, value)[1].value;
    if (!g->active[table])
        return true;
    return rni_gradient_give(g, table,
                             rni_form_value(form, RNI_FORM_LOOKUP_GRAD,
                                            form->values[table].shape, args,
                                            2));
}

static bool rule_cross_entropy(rni_gradient *g, int32_t value, int32_t d)
{
    rni_form *form = g->form;
    rni_value v = form->values[value];
    rni_arg args[4] = {{.value = d}};
    for (int32_t i = 0; i < v.n_args; i++)
        args[i + 1] = form->args[v.first_arg + i];
    if (!g->active[args[1].value])
        return true;
    int32_t made =
        rni_form_value(form, RNI_FORM_CROSS_ENTROPY_GRAD,
                       form->values[args[1].value].shape, args, v.n_args + 1);
    if (made >= 0) {
        form->values[made].integers[0] = v.integers[0];
        form->values[made].numbers[0] = v.numbers[0];
    }
    return rni_gradient_give(g, args[1].value, made);
}

static bool rule_view(rni_gradient *g, int32_t value, int32_t d)
{
    rni_arg arg = rni_form_args(g->form, value)[0];
    return rni_gradient_add(g, arg.value,
                            (rni_piece){.kind = RNI_PIECE_PART,
                                        .value = d,
                                        .row = arg.row,
                                        .col = arg.col});
}

static bool rule_assemble(rni_gradient *g, int32_t value, int32_t d)
{
    rni_form *form = g->form;
    int32_t first = form->values[value].first_arg;
    int32_t n_args = form->values[value].n_args;
    for (int32_t i = 0; i < n_args; i++) {
        rni_arg part = form->args[first + i];
        rni_arg from = {d, false, part.row, part.col};
        if (!g->active[part.value])
            continue;
        rni_shape shape = form->values[part.value].shape;
        if (!rni_gradient_give(
                g, part.value,
                rni_form_value(form, RNI_FORM_VIEW, shape, &from, 1)))
            return false;
    }
    return true;
}

// The operation is its own derivative: reversal, a dropout mask.
static bool rule_again(rni_gradient *g, int32_t value, int32_t d)
{
    rni_form *form = g->form;
    rni_value v = form->values[value];
    int32_t made = rni_form_one(form, v.op, v.shape, rni_form_solid(form, d));
    if (made >= 0) {
        form->values[made].integers[0] = v.integers[0];
        form->values[made].integers[1] = v.integers[1];
        form->values[made].numbers[0] = v.numbers[0];
    }
    return rni_gradient_give(g, first_arg(g, value), made);
}

typedef bool rule(rni_gradient *g, int32_t value, int32_t d);

// NULL: leaves, and what has no gradient.
static rule *const rules[RNI_FORM_OP_COUNT] = {
    [RNI_FORM_TAPE] = rni_gradient_tape,
    [RNI_FORM_DOT] = rule_dot,
    [RNI_FORM_TOTAL] = rule_spread,
    [RNI_FORM_ROW_SUM] = rule_spread,
    [RNI_FORM_SOFTMAX] = rule_softmax,
    [RNI_FORM_LOG_SOFTMAX] = rule_log_softmax,
    [RNI_FORM_NORMALIZE] = rule_normalize,
    [RNI_FORM_LOOKUP] = rule_lookup,
    [RNI_FORM_CROSS_ENTROPY] = rule_cross_entropy,
    [RNI_FORM_VIEW] = rule_view,
    [RNI_FORM_ASSEMBLE] = rule_assemble,
    [RNI_FORM_REVERSE] = rule_again,
    [RNI_FORM_DROPOUT] = rule_again,
    [RNI_FORM_FINAL] = rule_final,
};

// ---- The sweep
// -----------------------------------------------------------------

static bool enter(rni_form *form, rni_form_result **list, int32_t *n,
                  int32_t *capacity, rni_form_result result)
{
    if (!rni_array_reserve(form->memory, (void **)list, capacity,
                           (int64_t)*n + 1, sizeof **list)) {
        rni_error_memory(form->error);
        return false;
    }
    (*list)[(*n)++] = result;
    return true;
}

static bool enter_leaf(rni_form *form, const rni_value *value, int32_t d)
{
    d = rni_form_solid(form, d);
    if (d < 0)
        return false;
    rni_form_result result = {(int32_t)value->integers[0], d};
    if (value->op == RNI_FORM_PARAMETER)
        return enter(form, &form->parameter_gradients,
                     &form->n_parameter_gradients,
                     &form->parameter_gradients_capacity, result);
    return enter(form, &form->input_gradients, &form->n_input_gradients,
                 &form->input_gradients_capacity, result);
}

static bool has_gradient(const rni_form *form, int32_t node)
{
    for (int32_t i = 0; i < form->n_input_gradients; i++)
        if (form->input_gradients[i].index == node)
            return true;
    return false;
}

// An input that the loss does not depend on has a gradient of zeros, with as
// many rows as the input.
static bool enter_zero(rni_form *form, int32_t v)
{
    int32_t zero = rni_form_scalar(form, 0);
    int32_t args[3] = {zero, v, zero};
    int32_t zeros = rni_form_tape(form, RNI_TAPE_SELECT, args, 3, 0, 0);
    rni_value input = form->values[v];
    return zeros >= 0 && enter_leaf(form, &input, zeros);
}

static bool enter_zeros(rni_form *form, const rni_form_wish *wish)
{
    for (int32_t i = 0; i < wish->n_inputs; i++)
        for (int32_t v = 0; v < form->n_forward; v++)
            if (form->values[v].op == RNI_FORM_INPUT &&
                form->values[v].integers[0] == wish->inputs[i]->id &&
                !has_gradient(form, wish->inputs[i]->id) &&
                !enter_zero(form, v))
                return false;
    return true;
}

static bool differentiate_value(rni_gradient *g, int32_t v)
{
    rni_form *form = g->form;
    int32_t d = rni_gradient_sum(g, v);
    if (d == -2)
        return true;
    if (d < 0)
        return false;
    rni_value value = form->values[v];
    if (value.op == RNI_FORM_PARAMETER || value.op == RNI_FORM_INPUT)
        return enter_leaf(form, &value, d);
    return !rules[value.op] || rules[value.op](g, v, d);
}

static bool sweep(rni_gradient *g)
{
    rni_form *form = g->form;
    int32_t one = rni_form_scalar(form, 1);
    if (!mirror_states(g, form->n_states) ||
        !rni_gradient_give(g, form->loss, one))
        return false;
    for (int32_t v = form->n_forward - 1; v >= 0; v--) {
        if (form->values[v].op == RNI_FORM_PREV) {
            if (!close_mirror(g, v))
                return false;
        } else if (g->active[v] && !differentiate_value(g, v)) {
            return false;
        }
    }
    return true;
}

static int32_t *filled(const rni_form *form, int32_t n)
{
    int32_t *list = rni_memory_allocate(form->memory, (size_t)n * sizeof *list);
    for (int32_t i = 0; list && i < n; i++)
        list[i] = -1;
    return list;
}

rnnc_status rni_form_differentiate(rni_form *form, const rni_form_wish *wish)
{
    rni_gradient g = {.form = form};
    g.active = rni_memory_zeroed(form->memory, (size_t)form->n_values,
                                 sizeof *g.active);
    g.first = filled(form, form->n_values);
    g.last = filled(form, form->n_values);
    g.mirror = filled(form, form->n_states);
    g.loops = filled(form, form->n_loops);
    bool good = g.active && g.first && g.last && g.mirror && g.loops &&
                find_active(&g, wish) && sweep(&g) && enter_zeros(form, wish);
    if (!good)
        rni_error_memory(form->error); // unless another reason stands
    rni_memory_release(form->memory, g.active);
    rni_memory_release(form->memory, g.first);
    rni_memory_release(form->memory, g.last);
    rni_memory_release(form->memory, g.pieces);
    rni_memory_release(form->memory, g.mirror);
    rni_memory_release(form->memory, g.loops);
    return form->error->status;
}
