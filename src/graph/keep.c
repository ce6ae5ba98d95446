// SPDX-License-Identifier: MIT
// What a training run keeps of its forward pass: states, results asked for,
// and of the rest the fewest floats a row from which everything the backward
// pass reads can be had without repeating a product (or, if asked, with
// repeating them: then hardly more than the states stay). That is a minimum cut
// between the values that cannot be made again and the values that are read;
// of two equal cuts the one nearer to the readers, the result of an activation
// rather than its argument. What is read but not kept is made again, by the
// same instructions and so with the same bits, where it is read.
#include <string.h>

#include "graph/form.h"

// The flow network has two nodes for each forward value, joined by an edge
// whose capacity is what keeping the value costs.
typedef struct edge {
    int32_t to, next; // next edge of the same node, -1 at the end
    int64_t room;     // capacity that is left; edge ^ 1 is the way back
} edge;

typedef struct network {
    rni_form *form;
    bool repeat; // products may be made again
    int32_t n_nodes;
    int32_t *first;   // node -> its first edge
    int32_t *current; // node -> the edge that is to be tried next
    int32_t *level;   // node -> its distance from a side, -1: not reached
    int32_t *queue;   // of nodes, or of the edges of a path
    int32_t n_edges, edges_capacity;
    edge *edges;
    int32_t *clones; // value -> the value made again, -1: none
    bool *kept;      // value -> on the cut
} network;

static const int64_t without_end = INT64_C(1) << 60;

static int32_t entry(int32_t value)
{
    return 2 + 2 * value;
}

static int32_t exit_of(int32_t value)
{
    return 3 + 2 * value;
}

static bool add_half(network *w, int32_t from, int32_t to, int64_t room)
{
    if (!rni_array_reserve(w->form->memory, (void **)&w->edges,
                           &w->edges_capacity, (int64_t)w->n_edges + 1,
                           sizeof *w->edges))
        return false;
    w->edges[w->n_edges] = (edge){to, w->first[from], room};
    w->first[from] = w->n_edges++;
    return true;
}

static bool join(network *w, int32_t from, int32_t to, int64_t room)
{
    return add_half(w, from, to, room) && add_half(w, to, from, 0);
}

// ---- The network
// ---------------------------------------------------------------

// Forward rows that the backward pass could make again.
static bool can_be_made_again(const network *w, const rni_value *value)
{
    switch (value->op) {
    case RNI_FORM_DOT:
        return w->repeat;
    case RNI_FORM_TAPE:
    case RNI_FORM_VIEW:
    case RNI_FORM_ASSEMBLE:
    case RNI_FORM_LOOKUP:
    case RNI_FORM_DROPOUT:
    case RNI_FORM_ROW_SUM:
    case RNI_FORM_SOFTMAX:
    case RNI_FORM_LOG_SOFTMAX:
    case RNI_FORM_NORMALIZE:
        return true;
    default:
        return false;
    }
}

static bool is_row(const network *w, int32_t v)
{
    return v >= 0 && v < w->form->n_forward &&
           w->form->values[v].shape.kind == RNI_SEQUENCE;
}

static bool join_value(network *w, int32_t v, const bool *free)
{
    const rni_value *value = w->form->values + v;
    int64_t cost = free[v] ? 0 : value->shape.cols;
    if (value->op == RNI_FORM_VIEW)
        cost = without_end; // it has no memory of its own
    if (!join(w, entry(v), exit_of(v), cost))
        return false;
    if (!can_be_made_again(w, value))
        return join(w, 0, entry(v), without_end);
    for (int32_t i = 0; i < value->n_args; i++) {
        int32_t arg = w->form->args[value->first_arg + i].value;
        if (is_row(w, arg) && !join(w, exit_of(arg), entry(v), without_end))
            return false;
    }
    return true;
}

// Inputs are there anyway, states are kept by rule, results were asked for.
static void find_free(const rni_form *form, bool *free)
{
    for (int32_t v = 0; v < form->n_forward; v++)
        free[v] = form->values[v].op == RNI_FORM_INPUT ||
                  form->values[v].op == RNI_FORM_PREV;
    for (int32_t s = 0; s < form->n_states; s++)
        if (form->states[s].next < form->n_forward)
            free[form->states[s].next] = true;
    for (int32_t i = 0; i < form->n_outputs; i++)
        if (form->outputs[i].value < form->n_forward)
            free[form->outputs[i].value] = true;
}

static bool build(network *w, bool *free)
{
    const rni_form *form = w->form;
    find_free(form, free);
    for (int32_t v = 0; v < form->n_forward; v++)
        if (is_row(w, v) && !join_value(w, v, free))
            return false;
    for (int32_t v = form->n_forward; v < form->n_values; v++) {
        const rni_value *value = form->values + v;
        for (int32_t i = 0; i < value->n_args; i++) {
            int32_t arg = form->args[value->first_arg + i].value;
            if (is_row(w, arg) && !join(w, exit_of(arg), 1, without_end))
                return false;
        }
    }
    return true;
}

// ---- The cut
// -------------------------------------------------------------------

// The distance of each node from node 0 along edges with room (Dinic's
// levels); false where 1 cannot be reached.
static bool find_levels(network *w)
{
    int32_t head = 0, tail = 0;
    for (int32_t n = 0; n < w->n_nodes; n++)
        w->level[n] = -1;
    w->level[0] = 0;
    w->queue[tail++] = 0;
    while (head < tail && w->level[1] < 0) {
        int32_t node = w->queue[head++];
        for (int32_t e = w->first[node]; e >= 0; e = w->edges[e].next) {
            int32_t to = w->edges[e].to;
            if (w->level[to] >= 0 || w->edges[e].room == 0)
                continue;
            w->level[to] = w->level[node] + 1;
            w->queue[tail++] = to;
        }
    }
    return w->level[1] >= 0;
}

// An edge from `node` one level on, or -1; those passed by are passed by for
// all paths of these levels.
static int32_t next_edge(network *w, int32_t node)
{
    int32_t *e = w->current + node;
    while (*e >= 0 && (w->edges[*e].room == 0 ||
                       w->level[w->edges[*e].to] != w->level[node] + 1))
        *e = w->edges[*e].next;
    return *e;
}

// Pushes what a path of n edges (in w->queue) can take; the first of its edges
// that is full then.
static int32_t push_flow(network *w, int32_t n)
{
    int64_t room = without_end;
    int32_t full = 0;
    for (int32_t i = 0; i < n; i++)
        if (w->edges[w->queue[i]].room < room)
            room = w->edges[w->queue[i]].room;
    for (int32_t i = n - 1; i >= 0; i--) {
        int32_t e = w->queue[i];
        w->edges[e].room -= room;
        w->edges[e ^ 1].room += room;
        if (w->edges[e].room == 0)
            full = i;
    }
    return full;
}

// All paths along the levels, each going on from where the last one was full.
static void push_flows(network *w)
{
    int32_t node = 0, n = 0;
    memcpy(w->current, w->first, (size_t)w->n_nodes * sizeof *w->current);
    for (;;) {
        int32_t e = next_edge(w, node);
        if (node == 1) {
            n = push_flow(w, n);
            node = w->edges[w->queue[n] ^ 1].to;
        } else if (e >= 0) {
            w->queue[n++] = e;
            node = w->edges[e].to;
        } else if (n > 0) {
            w->level[node] = -1; // no way on
            node = w->edges[w->queue[--n] ^ 1].to;
        } else {
            return;
        }
    }
}

// The nodes from which 1 can still be reached are on the readers' side; the
// cut runs where they begin.
static void find_cut(network *w)
{
    int32_t head = 0, tail = 0;
    for (int32_t n = 0; n < w->n_nodes; n++)
        w->level[n] = -1;
    w->queue[tail++] = 1;
    w->level[1] = 0;
    while (head < tail) {
        int32_t node = w->queue[head++];
        for (int32_t e = w->first[node]; e >= 0; e = w->edges[e].next) {
            int32_t to = w->edges[e].to;
            if (w->level[to] >= 0 || w->edges[e ^ 1].room == 0)
                continue;
            w->level[to] = 0;
            w->queue[tail++] = to;
        }
    }
    for (int32_t v = 0; v < w->form->n_forward; v++)
        w->kept[v] =
            is_row(w, v) && w->level[exit_of(v)] >= 0 && w->level[entry(v)] < 0;
}

// ---- Making again
// ----------------------------------------------------------------

// Whether every reader of `v` must have it made again: it lies behind the cut.
static bool is_behind(const network *w, int32_t v)
{
    return is_row(w, v) && !w->kept[v] && w->level[entry(v)] >= 0 &&
           can_be_made_again(w, w->form->values + v);
}

static int32_t clone(network *w, int32_t v)
{
    rni_form *form = w->form;
    rni_value value = form->values[v];
    rni_arg *args =
        rni_memory_zeroed(form->memory, (size_t)value.n_args, sizeof *args);
    if (!args) {
        rni_error_memory(form->error);
        return -1;
    }
    memcpy(args, form->args + value.first_arg,
           (size_t)value.n_args * sizeof *args);
    for (int32_t i = 0; i < value.n_args; i++)
        if (args[i].value >= 0 && w->clones[args[i].value] >= 0)
            args[i].value = w->clones[args[i].value];
    int32_t made =
        rni_form_value(form, value.op, value.shape, args, value.n_args);
    rni_memory_release(form->memory, args);
    if (made >= 0) {
        memcpy(form->values[made].integers, value.integers,
               sizeof value.integers);
        memcpy(form->values[made].numbers, value.numbers, sizeof value.numbers);
        form->values[made].again = true;
    }
    return made;
}

// Makes again what is behind the cut; readers in the backward pass then read
// that instead.
static bool make_again(network *w)
{
    rni_form *form = w->form;
    int32_t n_values = form->n_values, n_forward = form->n_forward;
    for (int32_t v = 0; v < n_forward; v++) {
        if (!is_behind(w, v))
            continue;
        w->clones[v] = clone(w, v);
        if (w->clones[v] < 0)
            return false;
    }
    for (int32_t v = n_forward; v < n_values; v++) {
        const rni_value *value = form->values + v;
        for (int32_t i = 0; i < value->n_args; i++) {
            int32_t *arg = &form->args[value->first_arg + i].value;
            if (*arg >= 0 && *arg < n_forward && w->clones[*arg] >= 0)
                *arg = w->clones[*arg];
        }
    }
    return true;
}

static bool run(network *w, bool *free)
{
    for (int32_t n = 0; n < w->n_nodes; n++)
        w->first[n] = -1;
    for (int32_t v = 0; v < w->form->n_forward; v++)
        w->clones[v] = -1;
    if (!build(w, free))
        return false;
    while (find_levels(w))
        push_flows(w);
    find_cut(w);
    return make_again(w);
}

rnnc_status rni_form_keep(rni_form *form, bool repeat)
{
    const rni_memory *memory = form->memory;
    network w = {
        .form = form, .repeat = repeat, .n_nodes = 2 + 2 * form->n_forward};
    size_t nodes = (size_t)w.n_nodes, values = (size_t)form->n_forward;
    bool *free = rni_memory_zeroed(memory, values, sizeof *free);
    w.first = rni_memory_zeroed(memory, nodes, sizeof *w.first);
    w.current = rni_memory_zeroed(memory, nodes, sizeof *w.current);
    w.level = rni_memory_zeroed(memory, nodes, sizeof *w.level);
    w.queue = rni_memory_zeroed(memory, nodes, sizeof *w.queue);
    w.clones = rni_memory_zeroed(memory, values, sizeof *w.clones);
    w.kept = rni_memory_zeroed(memory, values, sizeof *w.kept);
    bool good = free && w.first && w.current && w.level && w.queue &&
                w.clones && w.kept;
    if (!good || !run(&w, free))
        rni_error_memory(form->error);
    rni_memory_release(memory, free);
    rni_memory_release(memory, w.first);
    rni_memory_release(memory, w.current);
    rni_memory_release(memory, w.level);
    rni_memory_release(memory, w.queue);
    rni_memory_release(memory, w.edges);
    rni_memory_release(memory, w.clones);
    rni_memory_release(memory, w.kept);
    return form->error->status;
}
