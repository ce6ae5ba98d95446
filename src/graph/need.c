// SPDX-License-Identifier: MIT
// What nodes depend on: all that has to be there, and of that what their
// numbers are made from.
#include "graph/need.h"

// ---- All --------------------------------------------------------------------

// A site needs what its cell's states and outputs are made from.
static void need_cell(const rnnc_cell *cell, bool *needed)
{
    for (int32_t s = 0; s < cell->n_states; s++) {
        needed[cell->states[s].node->id] = true;
        needed[cell->states[s].next->id] = true;
        if (cell->states[s].first)
            needed[cell->states[s].first->id] = true;
    }
    for (int32_t o = 0; o < cell->n_outputs; o++)
        needed[cell->outputs[o].node->id] = true;
}

// Inputs have smaller ids than their users, and a cell's nodes smaller ones
// than its UNROLL, so one pass finds all.
void rni_need_all(const rnnc_graph *graph, int32_t n, bool *needed)
{
    for (int32_t i = n - 1; i >= 0; i--) {
        const rnnc_node *node = graph->nodes[i];
        if (!needed[i])
            continue;
        if (node->op == RNI_OP_UNROLL)
            need_cell(node->unrolled, needed);
        for (int32_t k = 0; k < node->n_inputs; k++)
            needed[node->inputs[k]->id] = true;
    }
}

// ---- What numbers are made from ---------------------------------------------

int32_t rni_need_inputs(const rnnc_node *node)
{
    // Of what a batch value is repeated along only the lengths count.
    return node->op == RNI_OP_REPEAT ? 1 : node->n_inputs;
}

const rnnc_node *rni_need_site(const rnnc_node *node)
{
    bool taken = node->op == RNI_OP_OUTPUT || node->op == RNI_OP_FINAL;
    return taken ? node->inputs[0] : node;
}

typedef struct walk {
    bool *marks;
    bool results; // from sources to results
    bool more;    // in the last pass something was marked
} walk;

static void join(walk *w, const rnnc_node *source, const rnnc_node *result)
{
    if (source == NULL)
        return;
    const rnnc_node *from = w->results ? source : result;
    const rnnc_node *to = w->results ? result : source;
    if (!w->marks[from->id] || w->marks[to->id])
        return;
    w->marks[to->id] = true;
    w->more = true;
}

// What a state begins with: an input of its site, the cell's own, or NULL.
static const rnnc_node *first_of(const rnnc_node *site, int64_t state)
{
    int32_t input = site->unrolled->n_inputs;
    for (int64_t s = 0; s < state; s++)
        input += (int32_t)(site->integers[1] >> s & 1);
    return site->integers[1] >> state & 1 ? site->inputs[input]
                                          : site->unrolled->states[state].first;
}

static void join_state(walk *w, const rnnc_node *site, int64_t state,
                       const rnnc_node *result)
{
    join(w, site->unrolled->states[state].next, result);
    join(w, first_of(site, state), result);
}

static void join_site(walk *w, const rnnc_node *site)
{
    const rnnc_cell *cell = site->unrolled;
    // Both have the same numbers.
    join(w, cell->outputs[0].node, site);
    join(w, site, cell->outputs[0].node);
    for (int32_t i = 0; i < cell->n_inputs; i++)
        join(w, site->inputs[i], cell->inputs[i]);
    for (int32_t s = 0; s < cell->n_states; s++)
        join_state(w, site, s, cell->states[s].node);
}

static void join_node(walk *w, const rnnc_node *node)
{
    const rnnc_node *site = rni_need_site(node);
    if (node->op == RNI_OP_UNROLL)
        join_site(w, node);
    else if (node->op == RNI_OP_OUTPUT)
        join(w, site->unrolled->outputs[node->integers[0]].node, node);
    else if (node->op == RNI_OP_FINAL)
        join_state(w, site, node->integers[0], node);
    else
        for (int32_t k = 0; k < rni_need_inputs(node); k++)
            join(w, node->inputs[k], node);
}

// States and inputs of a cell lead to nodes that a pass is through with.
static void go(const rnnc_graph *graph, int32_t n, const bool *needed, walk w)
{
    for (w.more = true; w.more;) {
        w.more = false;
        for (int32_t k = 0; k < n; k++) {
            int32_t id = w.results ? k : n - 1 - k;
            if (needed[id])
                join_node(&w, graph->nodes[id]);
        }
    }
}

void rni_need_sources(const rnnc_graph *graph, int32_t n, const bool *needed,
                      bool *marks)
{
    go(graph, n, needed, (walk){.marks = marks});
}

void rni_need_results(const rnnc_graph *graph, int32_t n, const bool *needed,
                      bool *marks)
{
    go(graph, n, needed, (walk){.marks = marks, .results = true});
}
