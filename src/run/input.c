// SPDX-License-Identifier: MIT
// Setting inputs, and checking that they fit the plan and each other.
#include "run/input.h"

#include <string.h>

// ---- What ids may be -------------------------------------------------------

// Which ids an instruction takes from operand `index`; limit 0: it takes none.
typedef struct id_rule {
    int32_t operand;
    int64_t limit;
    bool may_ignore;
    int32_t ignore;
} id_rule;

// The targets of a loss; INT32_MIN stands for none that is ignored.
static id_rule rule_of_targets(int32_t operand, int64_t limit,
                               const rni_instruction *i)
{
    const int32_t ignore = (int32_t)i->integers[0];
    return (id_rule){operand, limit, ignore != INT32_MIN, ignore};
}

static id_rule rule_of(const rnnc_plan *plan, const rni_instruction *i)
{
    switch (i->op) {
    case RNI_RUN_LOOKUP: {
        const rni_operand *table = plan->operands + i->first_operand + 1;
        int64_t rows = plan->buffers[table->buffer].rows - table->row;
        return (id_rule){0, rows, false, 0};
    }
    case RNI_RUN_CROSS_ENTROPY:
        return rule_of_targets(1, i->cols, i);
    case RNI_RUN_CROSS_ENTROPY_GRAD:
        return rule_of_targets(2, i->cols, i);
    case RNI_RUN_CROSS_ENTROPY_WEIGHT:
        return rule_of_targets(0, INT32_MAX, i);
    default:
        return (id_rule){0, 0, false, 0};
    }
}

static int32_t port_buffer(const rni_plan_port *ports, int32_t n, int32_t slot)
{
    for (int32_t k = 0; k < n; k++)
        if (ports[k].slot == slot)
            return ports[k].operand.buffer;
    return -1;
}

// The buffer that a tape copies `buffer` from; `buffer` where it does not.
// Ids are only ever copied, so every step on the way to a load is a copy.
static int32_t copied_from(const rnnc_plan *plan, const rni_plan_tape *tape,
                           int32_t buffer)
{
    const rni_plan_port *stores = plan->ports + tape->first_store;
    for (int32_t s = 0; s < tape->n_stores; s++) {
        if (stores[s].operand.buffer != buffer)
            continue;
        int32_t slot = stores[s].slot;
        for (int32_t c = tape->n_code - 1; c >= 0; c--) {
            const rni_tape_code *code = plan->code + tape->first_code + c;
            if (code->to == slot && code->op == RNI_TAPE_COPY)
                slot = code->a;
        }
        int32_t from =
            port_buffer(plan->ports + tape->first_load, tape->n_loads, slot);
        return from < 0 ? buffer : from;
    }
    return buffer;
}

// The buffer that ids come from, through copies at another time or in another
// order.
static int32_t origin(const rnnc_plan *plan, int32_t buffer)
{
    for (int32_t k = plan->n_instructions - 1; k >= 0; k--) {
        const rni_instruction *i = plan->instructions + k;
        const rni_operand *operands = plan->operands + i->first_operand;
        if (i->op == RNI_RUN_TAPE)
            buffer = copied_from(plan, plan->tapes + i->detail, buffer);
        else if ((i->op == RNI_RUN_REVERSE || i->op == RNI_RUN_RANK) &&
                 operands[1].buffer == buffer)
            buffer = operands[0].buffer;
    }
    return buffer;
}

static void add_rule(rni_input *input, const id_rule *rule)
{
    bool same =
        !input->ruled || (input->may_ignore && input->ignore == rule->ignore);
    input->may_ignore = rule->may_ignore && same;
    input->ignore = rule->ignore;
    input->ruled = true;
    if (rule->limit < input->limit)
        input->limit = rule->limit;
}

static rni_input *find_origin(const rni_inputs *inputs, int32_t buffer)
{
    buffer = origin(inputs->plan, buffer);
    for (int32_t k = 0; k < inputs->plan->n_inputs; k++)
        if (inputs->list[k].buffer == buffer)
            return inputs->list + k;
    return NULL;
}

static void find_rules(const rni_inputs *inputs)
{
    const rnnc_plan *plan = inputs->plan;
    for (int32_t k = 0; k < plan->n_instructions; k++) {
        const rni_instruction *i = plan->instructions + k;
        id_rule rule = rule_of(plan, i);
        if (rule.limit == 0)
            continue;
        const rni_operand *ids =
            plan->operands + i->first_operand + rule.operand;
        rni_input *input = find_origin(inputs, ids->buffer);
        if (input != NULL)
            add_rule(input, &rule);
    }
}

bool rni_inputs_init(rni_inputs *inputs, const rnnc_plan *plan,
                     const rni_memory *memory)
{
    *inputs = (rni_inputs){.plan = plan, .memory = memory};
    inputs->list =
        rni_memory_zeroed(memory, (size_t)plan->n_inputs, sizeof *inputs->list);
    inputs->axes =
        rni_memory_zeroed(memory, (size_t)plan->n_axes, sizeof *inputs->axes);
    if (inputs->list == NULL || inputs->axes == NULL)
        return false;
    for (int32_t k = 0; k < plan->n_inputs; k++) {
        rni_input *input = inputs->list + k;
        input->node = plan->graph->nodes[plan->inputs[k].node];
        input->buffer = plan->inputs[k].operand.buffer;
        input->limit = rni_node_limit(input->node);
    }
    find_rules(inputs);
    return true;
}

void rni_inputs_fini(rni_inputs *inputs)
{
    for (int32_t k = 0; inputs->list != NULL && k < inputs->plan->n_inputs; k++)
        rni_memory_release(inputs->memory, inputs->list[k].copy);
    rni_memory_release(inputs->memory, inputs->list);
    rni_memory_release(inputs->memory, inputs->axes);
}

// ---- Setting ---------------------------------------------------------------

rni_input *rni_inputs_find(const rni_inputs *inputs, const rnnc_node *node)
{
    for (int32_t k = 0; k < inputs->plan->n_inputs; k++)
        if (inputs->list[k].node == node)
            return inputs->list + k;
    return NULL;
}

const rni_input *rni_inputs_origin(const rni_inputs *inputs, int32_t buffer)
{
    return find_origin(inputs, buffer);
}

rnnc_status rni_inputs_check_node(const rni_inputs *inputs,
                                  const rnnc_node *node, int32_t kind,
                                  int32_t type, rni_error *error)
{
    static const char *const kinds[] = {"static", "batch", "sequence"};
    static const char *const types[] = {"floats", "ids"};
    char text[RNI_NODE_TEXT];
    if (node == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "the input is NULL");
    rni_node_print(node, text);
    if (node->graph != inputs->plan->graph)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "%s is a node of another graph than the plan's",
                             text);
    if (node->op != RNI_OP_INPUT)
        return rni_error_set(error, RNNC_E_ARGUMENT, "%s is not an input",
                             text);
    if (node->shape.kind != kind || (type >= 0 && node->shape.type != type))
        return rni_error_set(error, RNNC_E_SHAPE, "%s is set as a %s input%s%s",
                             text, kinds[kind], type < 0 ? "" : " of ",
                             type < 0 ? "" : types[type]);
    return RNNC_OK;
}

rnnc_status rni_inputs_set_sequence(rni_inputs *inputs, rnnc_node *node,
                                    const rnnc_sequence *sequence,
                                    rni_error *error)
{
    if (rni_inputs_check_node(inputs, node, RNI_SEQUENCE, -1, error) != RNNC_OK)
        return error->status;
    if (sequence == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "the sequence for \"%.80s\" is NULL", node->name);
    rni_input *input = rni_inputs_find(inputs, node);
    if (input == NULL) {
        // The graph may have got more axes since it was planned.
        if (node->shape.axis < inputs->plan->n_axes)
            inputs->axes[node->shape.axis] = sequence;
        return RNNC_OK;
    }
    input->sequence = sequence;
    input->set = true;
    return RNNC_OK;
}

static const rni_buffer *buffer_of(const rni_inputs *inputs,
                                   const rni_input *input)
{
    return inputs->plan->buffers + input->buffer;
}

static bool copy_bytes(const rni_inputs *inputs, const rni_input *input,
                       int64_t rows, size_t *bytes)
{
    int64_t cols = buffer_of(inputs, input)->cols;
    return rni_size_multiply((size_t)rows, (size_t)cols, bytes) &&
           rni_size_multiply(*bytes, sizeof(float), bytes) &&
           *bytes <= (size_t)PTRDIFF_MAX;
}

// Fresh room for so many rows, where what is there does not suffice.
static bool copy_reserve(const rni_inputs *inputs, rni_input *input,
                         int64_t rows)
{
    size_t bytes;
    if (!copy_bytes(inputs, input, rows, &bytes))
        return false;
    if (input->copy != NULL && bytes <= input->bytes)
        return true;
    input->fresh = rni_memory_allocate(inputs->memory, bytes);
    input->fresh_bytes = bytes;
    return input->fresh != NULL;
}

// Moves to the fresh room, with what is there already. False: there is none.
static bool copy_take(const rni_inputs *inputs, rni_input *input)
{
    if (input->fresh == NULL)
        return false;
    if (input->copy != NULL)
        memcpy(input->fresh, input->copy, input->bytes);
    rni_memory_release(inputs->memory, input->copy);
    input->copy = input->fresh;
    input->bytes = input->fresh_bytes;
    input->fresh = NULL;
    return true;
}

rnnc_status rni_inputs_set_rows(rni_inputs *inputs, rnnc_node *node,
                                const void *values, int64_t rows,
                                rni_error *error)
{
    rni_input *input = rni_inputs_find(inputs, node);
    if (rows < 0 || (values == NULL && rows > 0))
        return rni_error_set(
            error, RNNC_E_ARGUMENT, "input \"%.80s\": %lld rows%s", node->name,
            (long long)rows, values == NULL ? ", and the values are NULL" : "");
    if (input == NULL)
        return RNNC_OK;
    if (!copy_reserve(inputs, input, rows))
        return rni_error_memory(error);
    copy_take(inputs, input);
    int64_t cols = node->shape.cols, stride = buffer_of(inputs, input)->cols;
    const char *from = values;
    for (int64_t r = 0; r < rows; r++, from += (size_t)cols * sizeof(float))
        memcpy(input->copy + r * stride, from, (size_t)cols * sizeof(float));
    input->batch = rows;
    input->set = true;
    return RNNC_OK;
}

bool rni_inputs_reserve(rni_inputs *inputs, int64_t batch)
{
    for (int32_t k = 0; k < inputs->plan->n_inputs; k++)
        if (inputs->list[k].node->shape.kind == RNI_BATCH &&
            !copy_reserve(inputs, inputs->list + k, batch)) {
            rni_inputs_forget(inputs);
            return false;
        }
    return true;
}

bool rni_inputs_take(rni_inputs *inputs)
{
    bool moved = false;
    for (int32_t k = 0; k < inputs->plan->n_inputs; k++)
        moved = copy_take(inputs, inputs->list + k) || moved;
    return moved;
}

void rni_inputs_forget(rni_inputs *inputs)
{
    for (int32_t k = 0; k < inputs->plan->n_inputs; k++) {
        rni_memory_release(inputs->memory, inputs->list[k].fresh);
        inputs->list[k].fresh = NULL;
    }
}

int64_t rni_inputs_bytes(const rni_inputs *inputs)
{
    int64_t bytes = 0;
    for (int32_t k = 0; k < inputs->plan->n_inputs; k++) {
        const rni_input *input = inputs->list + k;
        bytes += (int64_t)(input->fresh ? input->fresh_bytes : input->bytes);
    }
    return bytes;
}

// An empty sequence may have no data at all.
static const float nothing[1];

void rni_inputs_place(const rni_inputs *inputs, const rnnc_plan *plan,
                      float **base)
{
    for (int32_t k = 0; k < plan->n_inputs; k++) {
        const rni_input *input = inputs->list + k;
        float **at = base + plan->inputs[k].operand.buffer;
        if (!input->set)
            continue;
        if (input->node->shape.kind == RNI_SEQUENCE)
            *at = input->sequence->data != NULL ? input->sequence->data
                                                : (float *)nothing;
        else
            *at = input->copy;
    }
}
