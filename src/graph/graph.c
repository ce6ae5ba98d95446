// SPDX-License-Identifier: MIT
// The graph's handle: what it owns, who holds it, and its axes.
#include "graph/names.h"
#include "graph/node.h"

#include <string.h>

static const char default_axis[] = "time";

// What a graph holds is freed here, also where it was only half made.
static void graph_free(rnnc_graph *graph)
{
    rnnc_context *context = graph->context;
    const rni_memory *memory = &context->memory;
    for (int32_t c = 0; c < graph->n_cells; c++) {
        rni_memory_release(memory, graph->cells[c]->inputs);
        rni_memory_release(memory, graph->cells[c]->states);
        rni_memory_release(memory, graph->cells[c]->outputs);
    }
    rni_memory_release(memory, graph->nodes);
    rni_memory_release(memory, graph->cells);
    rni_memory_release(memory, graph->parameters);
    rni_memory_release(memory, graph->axes);
    rni_memory_release(memory, graph->names);
    rni_arena_fini(&graph->arena);
    rni_memory_release(memory, graph);
    rni_context_drop(context);
}

rnnc_graph *rnnc_graph_create(rnnc_context *context)
{
    context = rni_context_hold(context);
    if (context == NULL)
        return NULL;
    rnnc_graph *graph = rni_memory_zeroed(&context->memory, 1, sizeof *graph);
    if (graph == NULL) {
        rni_context_drop(context);
        return NULL;
    }
    graph->context = context;
    graph->error = context->error;
    atomic_init(&graph->references, 1);
    rni_arena_init(&graph->arena, &context->memory);
    if (!rni_array_reserve(&context->memory, (void **)&graph->axes,
                           &graph->axes_capacity, 1, sizeof *graph->axes)) {
        graph_free(graph);
        return NULL;
    }
    graph->axes[graph->n_axes++] = default_axis;
    return graph;
}

rnnc_graph *rni_graph_hold(rnnc_graph *graph)
{
    if (graph != NULL)
        atomic_fetch_add_explicit(&graph->references, 1, memory_order_relaxed);
    return graph;
}

void rni_graph_drop(rnnc_graph *graph)
{
    if (graph != NULL && atomic_fetch_sub_explicit(&graph->references, 1,
                                                   memory_order_acq_rel) == 1)
        graph_free(graph);
}

void rnnc_graph_destroy(rnnc_graph *graph)
{
    rni_graph_drop(graph);
}

rnnc_status rnnc_graph_status(const rnnc_graph *graph)
{
    return graph == NULL ? RNNC_E_MEMORY : graph->error.status;
}

const char *rnnc_graph_message(const rnnc_graph *graph)
{
    return graph == NULL ? "out of memory" : graph->error.text;
}

rnnc_node *rnnc_graph_node(const rnnc_graph *graph, const char *name)
{
    if (graph == NULL || name == NULL)
        return NULL;
    return rni_graph_find(graph, NULL, name);
}

int32_t rnnc_graph_parameter_count(const rnnc_graph *graph)
{
    return graph == NULL ? 0 : graph->n_parameters;
}

rnnc_node *rnnc_graph_parameter(const rnnc_graph *graph, int32_t index)
{
    if (graph == NULL || index < 0 || index >= graph->n_parameters)
        return NULL;
    return graph->parameters[index]->node;
}

rni_parameter *rni_graph_parameter(const rnnc_graph *graph, const char *name)
{
    rnnc_node *node = rnnc_graph_node(graph, name);
    return node == NULL ? NULL : node->parameter;
}

int32_t rni_graph_axis(rnnc_graph *graph, const char *name)
{
    if (!rni_name_check(graph, "axis", name))
        return -1;
    for (int32_t axis = 0; axis < graph->n_axes; axis++)
        if (strcmp(graph->axes[axis], name) == 0)
            return axis;
    const char *copy = rni_arena_copy_string(&graph->arena, name);
    if (copy == NULL ||
        !rni_array_reserve(&graph->context->memory, (void **)&graph->axes,
                           &graph->axes_capacity, (int64_t)graph->n_axes + 1,
                           sizeof *graph->axes)) {
        rni_error_memory(&graph->error);
        return -1;
    }
    graph->axes[graph->n_axes] = copy;
    return graph->n_axes++;
}
