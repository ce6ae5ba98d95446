// SPDX-License-Identifier: MIT
// Graphs and unrolled cells as text for Graphviz.
#include "rnnc/picture.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "graph/node.h"

// Text that may be longer than its room; `needed` goes on counting.
typedef struct sink {
    char *text;
    size_t size, needed;
} sink;

static void put(sink *out, const char *format, ...) RNI_FORMAT(2, 3);

static void put(sink *out, const char *format, ...)
{
    bool room = out->needed < out->size;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(room ? out->text + out->needed : NULL,
                           room ? out->size - out->needed : 0, format, values);
    va_end(values);
    out->needed += length > 0 ? (size_t)length : 0;
}

// Within the quotes of a label.
static void put_quoted(sink *out, const char *text)
{
    for (; *text != '\0'; text++)
        put(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
}

// ---- Nodes ----------------------------------------------------------------

// Where a node is drawn: once, or in one step of an unrolled cell.
enum { ONCE = -1 };

static void put_id(sink *out, const rnnc_node *node, int32_t step)
{
    if (step == ONCE)
        put(out, "n%ld", (long)node->id);
    else
        put(out, "t%ld_n%ld", (long)step, (long)node->id);
}

// "64", "3 x 4", "time x 64"
static void put_shape(sink *out, const rnnc_node *node)
{
    const rni_shape *shape = &node->shape;
    if (shape->kind == RNI_STATIC) {
        put(out, "%lld x ", (long long)shape->rows);
    } else if (shape->kind == RNI_SEQUENCE && shape->axis >= 0) {
        put_quoted(out, node->graph->axes[shape->axis]);
        put(out, " x ");
    }
    if (shape->type == RNI_IDS)
        put(out, "ids");
    else
        put(out, "%lld", (long long)shape->cols);
}

typedef struct style {
    const char *shape, *colour;
} style;

static style find_look(const rnnc_node *node)
{
    static const style of_kind[] = {
        [RNI_STATIC] = {"box", "#eeeeee"},
        [RNI_BATCH] = {"box", "#ffe8b8"},
        [RNI_SEQUENCE] = {"box", "#cfe2ff"},
    };
    style look = of_kind[node->shape.kind];
    if (node->op == RNI_OP_PARAMETER)
        look.shape = "ellipse";
    else if (node->op == RNI_OP_CONSTANT)
        look.shape = "plaintext";
    else if (node->op == RNI_OP_UNROLL)
        look.shape = "box3d";
    else if (node->op == RNI_OP_INPUT || node->op == RNI_OP_CELL_INPUT)
        look.shape = "invhouse";
    return look;
}

// "first 64", "rate 0.5": what an operation says besides its name.
static void put_attributes(sink *out, const rnnc_node *node)
{
    const rni_op_row *row = &rni_op_table[node->op];
    char word[RNI_WORD_TEXT];
    for (int32_t i = 0; rni_word(row->integers, i, word); i++)
        put(out, "\\n%s %lld", word, (long long)node->integers[i]);
    for (int32_t i = 0; rni_word(row->numbers, i, word); i++)
        put(out, "\\n%s %.6g", word, (double)node->numbers[i]);
}

static void put_constant(sink *out, const rnnc_node *node)
{
    if (node->shape.rows * node->shape.cols == 1)
        put(out, "%.6g", (double)node->data[0]);
    else
        put(out, "constant");
}

// What an unroll gives besides its first output.
static void put_part(sink *out, const rnnc_node *node)
{
    const rnnc_cell *cell = node->inputs[0]->unrolled;
    int64_t index = node->integers[0];
    const char *name = node->op == RNI_OP_FINAL ? cell->states[index].name
                                                : cell->outputs[index].name;
    put(out, "%s ", rni_op_table[node->op].name);
    if (name == NULL)
        put(out, "%lld", (long long)index);
    else
        put_quoted(out, name);
}

static void put_operation(sink *out, const rnnc_node *node)
{
    if (node->op == RNI_OP_CONSTANT) {
        put_constant(out, node);
    } else if (node->op == RNI_OP_CELL_INPUT) {
        put(out, "input %lld", (long long)node->integers[0]);
    } else if (node->op == RNI_OP_UNROLL) {
        put(out, "cell ");
        put_quoted(out, node->unrolled->name);
    } else if (node->op == RNI_OP_OUTPUT || node->op == RNI_OP_FINAL) {
        put_part(out, node);
    } else {
        put(out, "%s", rni_op_table[node->op].name);
        put_attributes(out, node);
    }
}

// Inputs, parameters and states go by their names alone.
static void put_label(sink *out, const rnnc_node *node)
{
    if (node->n_inputs == 0 && node->name != NULL) {
        put_quoted(out, node->name);
        put(out, "\\n");
        put_shape(out, node);
        return;
    }
    put_operation(out, node);
    if (node->name != NULL) {
        put(out, "\\n\\\"");
        put_quoted(out, node->name);
        put(out, "\\\"");
    }
}

static void put_node(sink *out, const rnnc_node *node, int32_t step)
{
    style look = find_look(node);
    put(out, "  ");
    put_id(out, node, step);
    put(out, " [label=\"");
    put_label(out, node);
    put(out, "\", shape=%s, fillcolor=\"%s\"];\n", look.shape, look.colour);
}

// ---- The graph ------------------------------------------------------------

static void put_head(sink *out, const char *direction)
{
    put(out,
        "digraph rnnc {\n"
        "  rankdir=%s;\n"
        "  node [style=filled, fillcolor=white, color=\"#666666\", "
        "fontname=\"sans-serif\", "
        "fontsize=11];\n"
        "  edge [color=\"#666666\", fontname=\"sans-serif\", fontsize=9];\n",
        direction);
}

static void put_edge(sink *out, const rnnc_node *from, const rnnc_node *to)
{
    put(out, "  n%ld -> n%ld [label=\"", (long)from->id, (long)to->id);
    put_shape(out, from);
    put(out, "\"];\n");
}

// True where an earlier node of the cell, or an earlier input of the same one,
// uses what input `i` of `node` is.
static bool used_before(const rnnc_node *node, int32_t i)
{
    const rnnc_node *what = node->inputs[i];
    for (int32_t id = what->id + 1; id <= node->id; id++) {
        const rnnc_node *other = node->graph->nodes[id];
        int32_t count = other == node ? i : other->n_inputs;
        for (int32_t j = 0; j < count && other->cell == node->cell; j++)
            if (other->inputs[j] == what)
                return true;
    }
    return false;
}

// What a cell takes from the graph besides its inputs.
static void put_cell_edges(sink *out, const rnnc_node *unroll)
{
    const rnnc_cell *cell = unroll->unrolled;
    for (int32_t id = 0; id < unroll->id; id++) {
        const rnnc_node *node = unroll->graph->nodes[id];
        for (int32_t i = 0; i < node->n_inputs && node->cell == cell; i++)
            if (node->inputs[i]->cell == NULL && !used_before(node, i))
                put_edge(out, node->inputs[i], unroll);
    }
    for (int32_t s = 0; s < cell->n_states; s++)
        if (cell->states[s].first != NULL)
            put_edge(out, cell->states[s].first, unroll);
}

size_t rnnc_graph_picture(const rnnc_graph *graph, char *text, size_t size)
{
    if (graph == NULL)
        return 0;
    sink out = {text, size, 0};
    put_head(&out, "TB");
    for (int32_t id = 0; id < graph->n_nodes; id++) {
        const rnnc_node *node = graph->nodes[id];
        if (node->cell != NULL)
            continue;
        put_node(&out, node, ONCE);
        for (int32_t i = 0; i < node->n_inputs; i++)
            put_edge(&out, node->inputs[i], node);
        if (node->op == RNI_OP_UNROLL)
            put_cell_edges(&out, node);
    }
    put(&out, "}\n");
    return out.needed;
}

// ---- An unrolled cell -----------------------------------------------------

typedef struct unrolling {
    sink *out;
    const rnnc_cell *cell;
    uint8_t *wanted; // [nodes of the graph]
    int32_t steps;
} unrolling;

// What a state is before step `step`: what was next in the step before, which
// may be a state again. A state without a next stays itself.
static const rnnc_node *resolve(const rnnc_node *node, int32_t *step)
{
    while (node->op == RNI_OP_CELL_STATE && *step > 0) {
        const rni_cell_state *state = &node->cell->states[node->integers[0]];
        if (state->next == NULL)
            break;
        node = state->next;
        --*step;
    }
    bool once = node->cell == NULL || (node->op == RNI_OP_CELL_INPUT &&
                                       node->shape.kind == RNI_BATCH);
    *step = once ? ONCE : *step;
    return node;
}

// An edge to what `to` names, from a node as it is seen in a step. What comes
// out of an earlier step is drawn strong, under the state's name.
static void put_step_edge(unrolling *u, const rnnc_node *from, int32_t step,
                          const char *to)
{
    int32_t when = step;
    const rnnc_node *source = resolve(from, &when);
    bool carried = from->op == RNI_OP_CELL_STATE && step > 0;
    put(u->out, "  ");
    put_id(u->out, source, when);
    put(u->out, " -> %s [label=\"", to);
    if (carried) {
        put_quoted(u->out, from->name);
        put(u->out, " ");
    }
    put_shape(u->out, source);
    put(u->out, "\"%s];\n", carried ? ", color=\"#c02020\", penwidth=2" : "");
}

// Nodes are made after their inputs, so one pass down finds all that is used.
static void mark_wanted(unrolling *u)
{
    const rnnc_cell *cell = u->cell;
    const rnnc_graph *graph = cell->graph;
    for (int32_t s = 0; s < cell->n_states; s++) {
        if (cell->states[s].first != NULL)
            u->wanted[cell->states[s].first->id] = 1;
        if (cell->states[s].next != NULL)
            u->wanted[cell->states[s].next->id] = 1;
    }
    for (int32_t o = 0; o < cell->n_outputs; o++)
        u->wanted[cell->outputs[o].node->id] = 1;
    for (int32_t id = graph->n_nodes - 1; id >= 0; id--) {
        const rnnc_node *node = graph->nodes[id];
        if (node->cell == cell)
            u->wanted[id] = 1;
        for (int32_t i = 0; i < node->n_inputs && u->wanted[id] != 0; i++)
            u->wanted[node->inputs[i]->id] = 1;
    }
}

// Static values, inputs that do not change with the step, first states.
static void put_shared(unrolling *u)
{
    const rnnc_graph *graph = u->cell->graph;
    for (int32_t id = 0; id < graph->n_nodes; id++) {
        const rnnc_node *node = graph->nodes[id];
        int32_t step = 0;
        resolve(node, &step);
        if (u->wanted[id] == 0 || step != ONCE)
            continue;
        put_node(u->out, node, ONCE);
        for (int32_t i = 0; i < node->n_inputs; i++)
            put_edge(u->out, node->inputs[i], node);
    }
    for (int32_t s = 0; s < u->cell->n_states; s++) {
        const rni_cell_state *state = &u->cell->states[s];
        put_node(u->out, state->node, 0);
        if (state->first != NULL)
            put(u->out, "  n%ld -> t0_n%ld [label=\"first\"];\n",
                (long)state->first->id, (long)state->node->id);
    }
}

// The nodes that are a step's own.
static bool in_step(const unrolling *u, const rnnc_node *node, int32_t step)
{
    if (node->cell != u->cell || (node->op == RNI_OP_CELL_STATE && step == 0))
        return false;
    int32_t when = step;
    return resolve(node, &when) == node && when == step;
}

static void put_step(unrolling *u, int32_t step)
{
    const rnnc_graph *graph = u->cell->graph;
    put(u->out,
        "  subgraph cluster_%ld {\n  label=\"step %ld\"; style=rounded; "
        "fontname=\"sans-serif\"; color=\"#999999\";\n",
        (long)step, (long)step + 1);
    for (int32_t id = 0; id < graph->n_nodes; id++)
        if (in_step(u, graph->nodes[id], step))
            put_node(u->out, graph->nodes[id], step);
    put(u->out, "  }\n");
    char to[64];
    for (int32_t id = 0; id < graph->n_nodes; id++) {
        const rnnc_node *node = graph->nodes[id];
        snprintf(to, sizeof to, "t%ld_n%ld", (long)step, (long)id);
        for (int32_t i = 0; i < node->n_inputs && in_step(u, node, step); i++)
            put_step_edge(u, node->inputs[i], step, to);
    }
    for (int32_t o = 0; o < u->cell->n_outputs; o++) {
        snprintf(to, sizeof to, "t%ld_o%ld", (long)step, (long)o);
        put(u->out, "  %s [label=\"output %ld\", shape=house];\n", to, (long)o);
        put_step_edge(u, u->cell->outputs[o].node, step, to);
    }
}

static void put_final(unrolling *u)
{
    char to[64];
    for (int32_t s = 0; s < u->cell->n_states; s++) {
        const rni_cell_state *state = &u->cell->states[s];
        snprintf(to, sizeof to, "final_%ld", (long)s);
        put(u->out, "  %s [label=\"", to);
        put_quoted(u->out, state->name);
        put(u->out, "\", shape=box];\n");
        put_step_edge(u, state->node, u->steps, to);
    }
}

enum { STEPS_MOST = 1000 };

size_t rnnc_cell_picture(const rnnc_cell *cell, int32_t steps, char *text,
                         size_t size)
{
    if (cell == NULL)
        return 0;
    const rni_memory *memory = &cell->graph->context->memory;
    sink out = {text, size, 0};
    unrolling u = {.out = &out, .cell = cell, .steps = steps};
    u.steps = steps < 1 ? 1 : steps > STEPS_MOST ? STEPS_MOST : steps;
    u.wanted = rni_memory_zeroed(memory, (size_t)cell->graph->n_nodes, 1);
    if (u.wanted == NULL)
        return 0;
    mark_wanted(&u);
    put_head(&out, "LR");
    put_shared(&u);
    for (int32_t step = 0; step < u.steps; step++)
        put_step(&u, step);
    put_final(&u);
    put(&out, "}\n");
    rni_memory_release(memory, u.wanted);
    return out.needed;
}
