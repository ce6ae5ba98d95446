// SPDX-License-Identifier: MIT
// Cells over cells: both directions, and several layers.
#include <stdio.h>

#include "base/options.h"
#include "cell/draft.h"
#include "graph/names.h"

static rnnc_node *merge_nodes(rnnc_node *a, rnnc_node *b, int32_t merge)
{
    switch (merge) {
    case RNNC_MERGE_SUM:
        return rnnc_add(a, b);
    case RNNC_MERGE_MUL:
        return rnnc_mul(a, b);
    case RNNC_MERGE_AVERAGE:
        return rnnc_affine(rnnc_add(a, b), 0.5f, 0);
    default:
        return rnnc_concat((rnnc_node *[]){a, b}, 2);
    }
}

static bool check_merge(rnnc_graph *graph, const char *call, int32_t merge)
{
    if (merge >= RNNC_MERGE_CONCAT && merge <= RNNC_MERGE_AVERAGE)
        return true;
    rni_error_set(&graph->error, RNNC_E_ARGUMENT,
                  "%s: merge is %ld, expected an RNNC_MERGE_", call,
                  (long)merge);
    return false;
}

rnnc_node *rnnc_bidirectional(rnnc_cell *forward, rnnc_cell *backward,
                              rnnc_node *x, int32_t merge)
{
    if (x == NULL || x->graph->error.status != RNNC_OK ||
        !check_merge(x->graph, "rnnc_bidirectional", merge))
        return NULL;
    rnnc_node *ahead = rnnc_unroll(forward, x);
    rnnc_node *behind = rnnc_unroll(backward, rnnc_reverse(x));
    return merge_nodes(ahead, rnnc_reverse(behind), merge);
}

// ---- Layers ---------------------------------------------------------------

typedef struct layer_stack {
    rnnc_graph *graph;
    const char *name;
    int32_t which;
    int64_t hidden;
    rnnc_layers_options options;
} layer_stack;

// One cell over `x`; the unroll is named "name.l{k}[_reverse]".
static rnnc_node *run_layer(const layer_stack *stack, rnnc_node *x,
                            int32_t layer, int32_t reverse)
{
    if (x == NULL)
        return NULL;
    rnnc_cell_options options = stack->options.cell;
    options.layer = layer;
    options.reverse = reverse;
    rnnc_cell *cell =
        rnnc_cell_make(stack->graph, stack->name, stack->which,
                       rnnc_node_cols(x), stack->hidden, &options);
    char text[RNI_NAME_MOST + 2];
    snprintf(text, sizeof text, "%s%sl%ld%s", stack->name,
             stack->name[0] == '\0' ? "" : ".", (long)layer,
             reverse != 0 ? "_reverse" : "");
    return rnnc_name(rnnc_unroll(cell, x), text);
}

static rnnc_node *add_layer(const layer_stack *stack, rnnc_node *x,
                            int32_t layer)
{
    rnnc_node *ahead = run_layer(stack, x, layer, 0);
    if (stack->options.bidirectional == 0)
        return ahead;
    rnnc_node *behind = run_layer(stack, rnnc_reverse(x), layer, 1);
    return merge_nodes(ahead, rnnc_reverse(behind), stack->options.merge);
}

static const size_t options_least = offsetof(rnnc_layers_options, cell) +
                                    offsetof(rnnc_cell_options, reserved) +
                                    sizeof(uint32_t);

// The options of the cell may be left at all zero.
static bool read_options(layer_stack *stack, const rnnc_layers_options *options)
{
    rnnc_graph *graph = stack->graph;
    const char *call = "rnnc_layers";
    rnnc_layers_options *known = &stack->options;
    if (options != NULL && rni_options_read(known, sizeof *known, options_least,
                                            options, &graph->error) != RNNC_OK)
        return false;
    rnnc_cell_options cell = known->cell;
    cell.struct_size = sizeof cell;
    if (!rni_cell_options_read(graph, call, &known->cell, &cell) ||
        !check_merge(graph, call, known->merge))
        return false;
    if (known->layers == 0)
        known->layers = 1;
    if (known->layers < 0 || known->bidirectional < 0 ||
        known->bidirectional > 1 || known->reserved != 0)
        rni_error_set(&graph->error, RNNC_E_ARGUMENT,
                      "%s: layers is %ld, bidirectional %ld, reserved %lu; "
                      "expected 0 or more, 0 or 1, and 0",
                      call, (long)known->layers, (long)known->bidirectional,
                      (unsigned long)known->reserved);
    return graph->error.status == RNNC_OK;
}

rnnc_node *rnnc_layers(rnnc_node *x, const char *name, int32_t which,
                       int64_t hidden, const rnnc_layers_options *options)
{
    if (x == NULL || x->graph->error.status != RNNC_OK)
        return NULL;
    layer_stack stack = {.graph = x->graph,
                         .name = name == NULL ? "" : name,
                         .which = which,
                         .hidden = hidden};
    if (!read_options(&stack, options))
        return NULL;
    for (int32_t layer = 0; layer < stack.options.layers && x != NULL;
         layer++) {
        if (layer > 0 && stack.options.dropout != 0)
            x = rnnc_dropout(x, stack.options.dropout);
        x = add_layer(&stack, x, layer);
    }
    return x;
}
