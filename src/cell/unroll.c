// SPDX-License-Identifier: MIT
// Applying a cell to sequences, and what comes out besides its first output.
#include <string.h>

#include "graph/node.h"

// An error about the call itself, in the cell's graph.
static rnnc_node *refuse_count(const rnnc_cell *cell, const char *what,
                               int32_t have, int32_t want)
{
    rni_error_set(&cell->graph->error, RNNC_E_ARGUMENT,
                  "rnnc_unroll of cell \"%.60s\": %ld %s, expected %ld",
                  cell->name, (long)have, what, (long)want);
    return NULL;
}

rnnc_node *rnnc_unroll(rnnc_cell *cell, rnnc_node *x)
{
    return rnnc_unroll_with(cell, &x, 1, NULL, 0);
}

rnnc_node *rnnc_unroll_with(rnnc_cell *cell, rnnc_node *const *inputs,
                            int32_t n_inputs, rnnc_node *const *first,
                            int32_t n_first)
{
    if (cell == NULL || cell->graph->error.status != RNNC_OK)
        return NULL;
    if (n_inputs != cell->n_inputs || (n_inputs > 0 && inputs == NULL))
        return refuse_count(cell, "inputs are given", n_inputs, cell->n_inputs);
    if (n_first != 0 && (n_first != cell->n_states || first == NULL))
        return refuse_count(cell, "first states are given", n_first,
                            cell->n_states);
    size_t most = (size_t)n_inputs + (size_t)n_first;
    const rni_memory *memory = &cell->graph->context->memory;
    rnnc_node **all = rni_memory_zeroed(memory, most, sizeof *all);
    if (all == NULL) {
        rni_error_memory(&cell->graph->error);
        return NULL;
    }
    if (n_inputs > 0)
        memcpy(all, inputs, (size_t)n_inputs * sizeof *all);
    int64_t given = 0;
    for (int32_t s = 0; s < n_first; s++) {
        if (first[s] == NULL)
            continue;
        given |= (int64_t)1 << s;
        all[n_inputs++] = first[s];
    }
    rnnc_node draft = {.op = RNI_OP_UNROLL, .integers = {cell->id, given}};
    rnnc_node *node = rni_node_make(cell->graph, NULL, &draft, all, n_inputs);
    rni_memory_release(memory, all);
    return node;
}

// The unroll behind a node that came from one, or NULL with the error set.
static rnnc_node *find_unroll(rnnc_node *node, const char *call)
{
    if (node == NULL || node->graph->error.status != RNNC_OK)
        return NULL;
    bool part = node->op == RNI_OP_OUTPUT || node->op == RNI_OP_FINAL;
    rnnc_node *unroll = part ? node->inputs[0] : node;
    if (unroll->op == RNI_OP_UNROLL)
        return unroll;
    char text[RNI_NODE_TEXT];
    rni_node_print(node, text);
    rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                  "%s: %s, expected a node that rnnc_unroll returned", call,
                  text);
    return NULL;
}

rnnc_node *rnnc_unroll_output(rnnc_node *unrolled, int32_t index)
{
    rnnc_node *unroll = find_unroll(unrolled, "rnnc_unroll_output");
    if (unroll == NULL || index == 0)
        return unroll;
    rnnc_node draft = {.op = RNI_OP_OUTPUT, .integers = {index}};
    return rni_node_make(unroll->graph, NULL, &draft, &unroll, 1);
}

rnnc_node *rnnc_unroll_final(rnnc_node *unrolled, const char *state)
{
    rnnc_node *unroll = find_unroll(unrolled, "rnnc_unroll_final");
    if (unroll == NULL)
        return NULL;
    const rnnc_cell *cell = unroll->unrolled;
    for (int32_t s = 0; s < cell->n_states; s++) {
        if (state == NULL || strcmp(cell->states[s].name, state) != 0)
            continue;
        rnnc_node draft = {.op = RNI_OP_FINAL, .integers = {s}};
        return rni_node_make(unroll->graph, NULL, &draft, &unroll, 1);
    }
    rni_error_set(&unroll->graph->error, RNNC_E_NAME,
                  "rnnc_unroll_final: cell \"%.60s\" has no state \"%.60s\"",
                  cell->name, state == NULL ? "" : state);
    return NULL;
}
