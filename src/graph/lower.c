// SPDX-License-Identifier: MIT
// From the description to the normal form: one rule for each operation.
#include "graph/lower.h"

#include "graph/need.h"
#include "kernel/kernel.h"

// ---- What rules ask ---------------------------------------------------------

int32_t rni_lowered(const rni_lowering *l, const rnnc_node *node)
{
    int32_t value = node->cell ? l->scope[node->id] : l->root[node->id];
    return value - 1; // 0: not lowered
}

rni_shape rni_lowered_shape(const rni_lowering *l, const rnnc_node *node)
{
    rni_shape shape = node->shape;
    if (shape.kind == RNI_SEQUENCE && shape.axis == RNI_AXIS_STEP)
        shape.axis = l->axis;
    if (shape.kind != RNI_STATIC)
        shape.rows = 1;
    return shape;
}

static bool is_sum(const rnnc_node *node)
{
    return node->op == RNI_OP_ADD || node->op == RNI_OP_PROJECT ||
           node->op == RNI_OP_MATMUL;
}

bool rni_lowering_absorbed(const rni_lowering *l, const rnnc_node *node)
{
    int32_t user = l->users[node->id] - 1;
    if (user < 0 || !is_sum(node))
        return false;
    const rnnc_node *sum = l->graph->nodes[user];
    return sum->op == RNI_OP_ADD && sum->cell == node->cell &&
           sum->shape.cols == node->shape.cols &&
           (sum->shape.kind != RNI_STATIC ||
            sum->shape.rows == node->shape.rows);
}

// ---- Rules ------------------------------------------------------------------

static int32_t leaf(rni_lowering *l, const rnnc_node *node, int32_t op,
                    int64_t integer)
{
    int32_t value =
        rni_form_value(l->form, op, rni_lowered_shape(l, node), NULL, 0);
    if (value >= 0)
        l->form->values[value].integers[0] = integer;
    return value;
}

static int32_t lower_input(rni_lowering *l, const rnnc_node *node)
{
    return leaf(l, node, RNI_FORM_INPUT, node->id);
}

static int32_t lower_parameter(rni_lowering *l, const rnnc_node *node)
{
    return leaf(l, node, RNI_FORM_PARAMETER, node->parameter->index);
}

static int32_t lower_constant(rni_lowering *l, const rnnc_node *node)
{
    return rni_form_constant_rows(l->form, node->shape.rows, node->shape.cols,
                                  node->data);
}

static int32_t lower_cell_input(rni_lowering *l, const rnnc_node *node)
{
    return rni_lowered(l, l->site->inputs[node->integers[0]]);
}

static int32_t lower_cell_state(rni_lowering *l, const rnnc_node *node)
{
    int32_t state = l->first_state[l->site->id] + (int32_t)node->integers[0];
    return l->form->states[state].prev;
}

static int32_t lower_tape(rni_lowering *l, const rnnc_node *node)
{
    int32_t args[3] = {0};
    for (int32_t i = 0; i < node->n_inputs; i++)
        args[i] = rni_lowered(l, node->inputs[i]);
    return rni_form_tape(l->form, rni_op_table[node->op].tape, args,
                         node->n_inputs, node->numbers[0], node->numbers[1]);
}

static int32_t lower_lookup(rni_lowering *l, const rnnc_node *node)
{
    rni_arg args[2] = {{.value = rni_lowered(l, node->inputs[0])},
                       {.value = rni_lowered(l, node->inputs[1])}};
    return rni_form_value(l->form, RNI_FORM_LOOKUP, rni_lowered_shape(l, node),
                          args, 2);
}

static int32_t lower_concat(rni_lowering *l, const rnnc_node *node)
{
    rni_form *form = l->form;
    rni_shape shape = rni_lowered_shape(l, node);
    rni_arg *args =
        rni_memory_zeroed(form->memory, (size_t)node->n_inputs, sizeof *args);
    if (!args) {
        rni_error_memory(form->error);
        return -1;
    }
    int64_t col = 0;
    for (int32_t i = 0; i < node->n_inputs; i++) {
        rni_shape part = shape;
        part.cols = node->inputs[i]->shape.cols;
        args[i].value =
            rni_form_spread(form, rni_lowered(l, node->inputs[i]), part);
        args[i].col = col;
        col += part.cols;
    }
    int32_t value =
        rni_form_value(form, RNI_FORM_ASSEMBLE, shape, args, node->n_inputs);
    rni_memory_release(form->memory, args);
    return value;
}

static int32_t view(rni_lowering *l, const rnnc_node *node, int64_t row,
                    int64_t col)
{
    rni_arg arg = {rni_lowered(l, node->inputs[0]), false, row, col};
    return rni_form_value(l->form, RNI_FORM_VIEW, rni_lowered_shape(l, node),
                          &arg, 1);
}

static int32_t lower_slice(rni_lowering *l, const rnnc_node *node)
{
    return view(l, node, 0, node->integers[0]);
}

static int32_t lower_rows(rni_lowering *l, const rnnc_node *node)
{
    return view(l, node, node->integers[0], 0);
}

static int32_t one(rni_lowering *l, const rnnc_node *node, int32_t op)
{
    return rni_form_one(l->form, op, rni_lowered_shape(l, node),
                        rni_lowered(l, node->inputs[0]));
}

static int32_t lower_sum(rni_lowering *l, const rnnc_node *node)
{
    return one(l, node, RNI_FORM_ROW_SUM);
}

static int32_t lower_mean(rni_lowering *l, const rnnc_node *node)
{
    int32_t sum = one(l, node, RNI_FORM_ROW_SUM);
    float share = 1.0f / (float)node->inputs[0]->shape.cols;
    return rni_form_tape(l->form, RNI_TAPE_AFFINE, &sum, 1, share, 0);
}

static int32_t lower_softmax(rni_lowering *l, const rnnc_node *node)
{
    return one(l, node, RNI_FORM_SOFTMAX);
}

static int32_t lower_log_softmax(rni_lowering *l, const rnnc_node *node)
{
    return one(l, node, RNI_FORM_LOG_SOFTMAX);
}

static int32_t lower_layer_norm(rni_lowering *l, const rnnc_node *node)
{
    int32_t value = one(l, node, RNI_FORM_NORMALIZE);
    if (value < 0)
        return -1;
    l->form->values[value].numbers[0] = node->numbers[0];
    if (node->n_inputs < 3)
        return value;
    int32_t scaled[2] = {value, rni_lowered(l, node->inputs[1])};
    int32_t moved[2] = {rni_form_tape(l->form, RNI_TAPE_MUL, scaled, 2, 0, 0),
                        rni_lowered(l, node->inputs[2])};
    return rni_form_tape(l->form, RNI_TAPE_ADD, moved, 2, 0, 0);
}

static int32_t lower_dropout(rni_lowering *l, const rnnc_node *node)
{
    if (!l->form->train || !(node->numbers[0] > 0))
        return rni_lowered(l, node->inputs[0]);
    int32_t value = one(l, node, RNI_FORM_DROPOUT);
    if (value >= 0) {
        rni_value *v = l->form->values + value;
        v->integers[0] = node->id;
        v->integers[1] = l->site ? l->site->id : -1;
        v->numbers[0] = node->numbers[0];
    }
    return value;
}

// The names that the table of operations knows the shared rules by.
#define lower_add                  rni_lower_sum
#define lower_matmul               rni_lower_sum
#define lower_project              rni_lower_sum
#define lower_cross_entropy        rni_lower_cross_entropy
#define lower_binary_cross_entropy rni_lower_binary_cross_entropy
#define lower_mse                  rni_lower_mse
#define lower_huber                rni_lower_huber
#define lower_l2_penalty           rni_lower_l2_penalty
#define lower_total                rni_lower_total
#define lower_unroll               rni_lower_unroll
#define lower_output               rni_lower_output
#define lower_final                rni_lower_final
#define lower_pool                 rni_lower_pool
#define lower_repeat               rni_lower_repeat
#define lower_shift                rni_lower_shift
#define lower_reverse              rni_lower_reverse

static rni_lower_rule *const rules[RNI_OP_COUNT] = {
#define RNI_OP(id, name, fewest, most, shape, lower, ...)                      \
    [RNI_OP_##id] = lower_##lower,
#include "graph/ops.def"
#undef RNI_OP
};

// ---- The whole graph --------------------------------------------------------

static bool lower_node(rni_lowering *l, const rnnc_node *node)
{
    int32_t before = l->form->n_values;
    int32_t value = rules[node->op](l, node);
    if (value < 0)
        return false;
    if (value >= before)
        l->form->values[value].node = node->id;
    (node->cell ? l->scope : l->root)[node->id] = value + 1;
    return true;
}

bool rni_lower_nodes(rni_lowering *l, const rnnc_cell *cell)
{
    int32_t scope = cell ? cell->id + 1 : 0;
    for (int32_t i = l->first_node[scope]; i < l->first_node[scope + 1]; i++) {
        const rnnc_node *node = l->graph->nodes[l->nodes[i]];
        if (!rni_lowering_absorbed(l, node) && !lower_node(l, node))
            return false;
    }
    return true;
}

void rni_lower_forget(rni_lowering *l, const rnnc_cell *cell)
{
    for (int32_t i = l->first_node[cell->id + 1];
         i < l->first_node[cell->id + 2]; i++)
        l->scope[l->nodes[i]] = 0;
}

static int32_t scope_of(const rnnc_node *node)
{
    return node->cell ? node->cell->id + 1 : 0;
}

// The nodes of each cell that are needed, in order.
static void list_nodes(rni_lowering *l)
{
    const rnnc_graph *graph = l->graph;
    int32_t *first = l->first_node, n = graph->n_cells + 1;
    for (int32_t i = 0; i < graph->n_nodes; i++)
        first[scope_of(graph->nodes[i]) + 1] += l->needed[i];
    for (int32_t c = 0; c < n; c++)
        first[c + 1] += first[c];
    for (int32_t i = 0; i < graph->n_nodes; i++)
        if (l->needed[i])
            l->nodes[first[scope_of(graph->nodes[i])]++] = i;
    for (int32_t c = n; c > 0; c--)
        first[c] = first[c - 1];
    first[0] = 0;
}

// The one user of each node: its id + 1, 0 for none, -1 for several. Counted
// over the whole graph, so that a sum's order does not depend on what is
// asked for.
static void use(int32_t *users, const rnnc_node *node, int32_t user)
{
    if (node)
        users[node->id] = users[node->id] == 0 ? user + 1 : -1;
}

static void find_users(const rnnc_graph *graph, int32_t *users)
{
    for (int32_t i = 0; i < graph->n_nodes; i++)
        for (int32_t k = 0; k < graph->nodes[i]->n_inputs; k++)
            use(users, graph->nodes[i]->inputs[k], i);
    for (int32_t c = 0; c < graph->n_cells; c++) {
        const rnnc_cell *cell = graph->cells[c];
        for (int32_t s = 0; s < cell->n_states; s++) {
            use(users, cell->states[s].next, -2);
            use(users, cell->states[s].first, -2);
        }
        for (int32_t o = 0; o < cell->n_outputs; o++)
            use(users, cell->outputs[o].node, -2);
    }
}

// A result has rows of its own: a state's are gone after the step, and an
// input's belong to the caller, who may change them before he looks.
static int32_t own_rows(rni_form *form, int32_t value)
{
    int32_t root = value;
    while (root >= 0 && form->values[root].op == RNI_FORM_VIEW)
        root = rni_form_args(form, root)[0].value;
    if (root < 0 || form->values[root].op != RNI_FORM_INPUT ||
        form->values[root].shape.type != RNI_FLOAT)
        return rni_form_solid(form, value);
    return rni_form_tape(form, RNI_TAPE_COPY, &value, 1, 0, 0);
}

static bool enter_output(rni_lowering *l, const rnnc_node *node)
{
    rni_form *form = l->form;
    int32_t value = rni_lowered(l, node);
    if (value < 0) // part of a sum, but asked for by itself
        value = lower_node(l, node) ? rni_lowered(l, node) : -1;
    value = own_rows(form, value);
    if (value < 0 || !rni_array_reserve(form->memory, (void **)&form->outputs,
                                        &form->outputs_capacity,
                                        (int64_t)form->n_outputs + 1,
                                        sizeof *form->outputs)) {
        rni_error_memory(form->error);
        return false;
    }
    form->outputs[form->n_outputs++] = (rni_form_result){node->id, value};
    return true;
}

static bool lower_all(rni_lowering *l, const rni_form_wish *wish)
{
    for (int32_t i = 0; i < wish->n_outputs; i++)
        l->needed[wish->outputs[i]->id] = true;
    for (int32_t i = 0; i < wish->n_inputs; i++)
        l->needed[wish->inputs[i]->id] = true;
    if (wish->loss)
        l->needed[wish->loss->id] = true;
    rni_need_all(l->graph, l->graph->n_nodes, l->needed);
    list_nodes(l);
    find_users(l->graph, l->users);
    if (!rni_lower_nodes(l, NULL))
        return false;
    for (int32_t i = 0; i < wish->n_outputs; i++)
        if (!enter_output(l, wish->outputs[i]))
            return false;
    if (wish->loss && !enter_output(l, wish->loss))
        return false;
    if (wish->loss)
        l->form->loss = l->form->outputs[l->form->n_outputs - 1].value;
    return true;
}

static bool make_tables(rni_lowering *l)
{
    const rni_memory *memory = l->form->memory;
    size_t n = (size_t)l->graph->n_nodes;
    l->root = rni_memory_zeroed(memory, n, sizeof *l->root);
    l->users = rni_memory_zeroed(memory, n, sizeof *l->users);
    l->outputs = rni_memory_zeroed(memory, n, sizeof *l->outputs);
    l->first_state = rni_memory_zeroed(memory, n, sizeof *l->first_state);
    l->needed = rni_memory_zeroed(memory, n, sizeof *l->needed);
    l->scope = rni_memory_zeroed(memory, n, sizeof *l->scope);
    l->nodes = rni_memory_zeroed(memory, n, sizeof *l->nodes);
    l->first_node = rni_memory_zeroed(memory, (size_t)l->graph->n_cells + 2,
                                      sizeof *l->first_node);
    if (l->root && l->users && l->outputs && l->first_state && l->needed &&
        l->scope && l->nodes && l->first_node)
        return true;
    rni_error_memory(l->form->error);
    return false;
}

static void release_tables(rni_lowering *l)
{
    const rni_memory *memory = l->form->memory;
    rni_memory_release(memory, l->root);
    rni_memory_release(memory, l->users);
    rni_memory_release(memory, (void *)l->outputs);
    rni_memory_release(memory, l->first_state);
    rni_memory_release(memory, l->needed);
    rni_memory_release(memory, l->scope);
    rni_memory_release(memory, l->nodes);
    rni_memory_release(memory, l->first_node);
}

rnnc_status rni_form_init(rni_form *form, const rnnc_graph *graph,
                          rni_error *error, const rni_form_wish *wish)
{
    *form = (rni_form){.graph = graph,
                       .error = error,
                       .loss = -1,
                       .memory = &graph->context->memory,
                       .train = wish->train};
    rni_arena_init(&form->arena, form->memory);
    rni_lowering l = {
        .form = form, .graph = graph, .loop = -1, .axis = RNI_AXIS_NONE};
    if (make_tables(&l) && !lower_all(&l, wish))
        rni_error_memory(error); // unless a rule gave its reason
    release_tables(&l);
    form->n_forward = form->n_values;
    return error->status;
}
